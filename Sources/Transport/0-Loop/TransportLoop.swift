package import HTTP
import NIOCore

/// One event loop and what lives on it. Everything in here is touched from that loop only.
package final class TransportLoop {
    /// Position among the loops, from 0.
    package let index: Int
    /// Where heads of answers are written before they are handed to a socket; reused for every message on this loop.
    var writer = ByteWriter()
    /// What the delegate adds to an answer that an upstream gave; reused for every message on this loop.
    private var extraFields = FieldList()

    /// `Date` as a line, for every answer of this loop (RFC 9110 §6.6.1). Made anew when the second has changed, which
    /// the sweep looks at four times in each: no request reads the clock or writes a date.
    private(set) var dateLine: [UInt8] = []
    /// Seconds since 1970 UTC, as of the last sweep.
    package private(set) var unixSeconds: Int64 = -1

    let eventLoop: any EventLoop
    let allocator = ByteBufferAllocator()
    let deadlines = Deadlines()
    let connections = ConnectionRegistry()
    let pipelineTurns = PipelineTurns()
    let closingReads = ClosingReads()
    let lateOctets = LateOctets()
    let clientShares = ClientShares()
    /// nil: in memory.
    private(set) var afterSockets: AfterSockets?
    private let flushList = FlushList()
    /// Replaced on reload; a deadline that is running keeps the time that it was set with.
    package var timeouts: TransportTimeouts
    /// Octets of a request's body up to which it is whole before a connection to the upstream is taken; 0: none is waited for.
    /// Only bodies whose length is known. Replaced on reload.
    package var gatheredBytesMax = 65_536
    /// The connection whose ClientHello is being read at this moment; the SNI callback has no other way to find it.
    var handshaking: HTTP1ServerConnection?
    /// Called a little while after `wakeSoon`: the audit journal hands over its batch here.
    package var onPause: (() -> Void)?
    private var pauseScheduled = false
    /// Long enough that a busy loop pays for it once in many requests, short enough that a record is soon on its way.
    private static let pauseMilliseconds: Int64 = 10
    private var nextSweep: Scheduled<Void>?

    /// What time it is for everything on this loop, in monotonic nanoseconds: nothing in here reads another clock.
    package func now() -> Int64 { timeOfTest ?? Clock.monotonicNanoseconds() }
    /// Tests stop the clock and move it; nil: it runs.
    var timeOfTest: Int64?

    /// Of all loops.
    let faults: ResourceFaults

    init(
        index: Int, eventLoop: any EventLoop, timeouts: TransportTimeouts, faults: ResourceFaults = ResourceFaults()
    ) {
        self.faults = faults
        self.index = index
        self.eventLoop = eventLoop
        self.timeouts = timeouts
        tellDate(unixSeconds: Clock.wallNanoseconds() / 1_000_000_000)
    }

    /// What answers say from now on.
    func tellDate(unixSeconds: Int64) {
        guard unixSeconds != self.unixSeconds else { return }
        self.unixSeconds = unixSeconds
        var line = Array("Date: ".utf8)
        HTTPDate.append(unixSeconds, to: &line)
        line += [0x0D, 0x0A]
        dateLine = line
    }

    /// Makes the way to do something after the loop has looked at its sockets.
    func openAfterSockets() -> EventLoopFuture<Void> {
        AfterSockets.open(on: eventLoop) { [unowned self] in pipelineTurns.take(self) }.assumeIsolated()
            .map { self.afterSockets = $0.value }.nonisolated()
    }

    /// A handle that may be kept and used on other threads to come back to this loop.
    package var handle: LoopHandle { LoopHandle(eventLoop: eventLoop) }

    /// An empty list. Give it back.
    func takeExtraFields() -> FieldList {
        var taken = FieldList()
        swap(&taken, &extraFields)
        taken.clear()
        return taken
    }

    func give(extraFields: consuming FieldList) { self.extraFields = extraFields }

    func startSweeping() {
        nextSweep = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Deadlines.sweepMilliseconds)) {
            self.tellDate(unixSeconds: Clock.wallNanoseconds() / 1_000_000_000)
            self.deadlines.sweep(now: self.now())
            self.onPause?()
            self.startSweeping()
        }
    }

    func stopSweeping() {
        nextSweep?.cancel()
        nextSweep = nil
    }

    /// Sends what a connection has written at the end of this turn of the loop.
    func flushSoon(_ connection: Timed) {
        guard flushList.add(connection) else { return }
        let list = flushList
        eventLoop.assumeIsolated().execute { list.flushAll() }
    }

    /// A small buffer to write a head into. Give it back when the socket's handlers have taken what it holds.
    func takeBuffer() -> ByteBuffer {
        guard var buffer = spareBuffers.popLast() else { return allocator.buffer(capacity: Self.spareBufferBytes) }
        // Should somebody still hold it, this makes another one.
        buffer.clear()
        return buffer
    }

    func give(_ buffer: ByteBuffer) {
        if spareBuffers.count < Self.spareBuffersMax, buffer.capacity <= 4 * Self.spareBufferBytes {
            spareBuffers.append(buffer)
        }
    }

    /// A head to parse a request into, with the memory of an earlier one. Connections that wait for a request have
    /// none.
    func takeHead() -> RequestHead { spareHeads.popLast() ?? RequestHead() }

    /// Takes the head of an exchange that is over, and leaves an empty one.
    func giveHead(of exchange: Exchange) {
        var head = RequestHead()
        swap(&head, &exchange.head)
        if spareHeads.count < Self.spareHeadsMax { spareHeads.append(consume head) }
    }
    /// A head to write a request for an upstream into, with the memory of an earlier one. `Exchange.forward` takes it.
    package func takeUpstreamHead() -> UpstreamHeadBuffer { spareUpstreamHeads.popLast() ?? UpstreamHeadBuffer() }

    /// The request that it belongs to is over.
    func give(_ head: UpstreamHeadBuffer) {
        if spareUpstreamHeads.count < Self.spareHeadsMax { spareUpstreamHeads.append(head) }
    }
    private var spareUpstreamHeads: [UpstreamHeadBuffer] = []
    private var spareHeads: [RequestHead] = []
    /// Of all requests that are on their way at a time; 2 KiB each when they are of ordinary size, 20 KiB at most.
    private static let spareHeadsMax = 64

    private var spareBuffers: [ByteBuffer] = []
    /// A head or a small answer of ordinary size.
    private static let spareBufferBytes = 2_048
    /// Of all requests that are on their way at a time; at most half a mebibyte.
    private static let spareBuffersMax = 64

    /// Runs something on this loop a while later. Off the request path: for what waits.
    package func run(afterNanoseconds delay: Int64, _ work: @escaping () -> Void) {
        _ = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay), work)
    }

    /// Something waits to be handed over (an audit record in the journal).
    package func wakeSoon() {
        guard !pauseScheduled else { return }
        pauseScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.pauseMilliseconds)) {
            self.pauseScheduled = false
            self.onPause?()
        }
    }
}

/// A request head for an upstream that is lent: by the loop to the exchange, which gives it back when it is over.
package final class UpstreamHeadBuffer {
    package var head = UpstreamRequestHead()
    init() {}
}

/// The way back to an event loop, from anywhere.
package struct LoopHandle: Sendable {
    let eventLoop: any EventLoop

    /// Runs the work on the loop's thread, after what is already queued there. May be called from any thread; work that
    /// comes after the loop has shut down is not run.
    package func execute(_ work: @escaping @Sendable () -> Void) {
        eventLoop.execute(work)
    }
}

/// Times without progress after which the transport gives up; nanoseconds.
package struct TransportTimeouts: Sendable {
    /// From a connection's begin to the end of its handshake.
    package var tlsHandshake: Int64 = 10_000_000_000
    /// From the first octet of a head, or from the handshake, to the head's end.
    package var headerRead: Int64 = 10_000_000_000
    /// No octet of a body moved from or to the client.
    package var bodyStall: Int64 = 30_000_000_000
    /// How slow a client may be in the long run; no time without progress. A request's route may have its own.
    package var transfer = TransferLimits.unlimited
    /// Between two requests of a client's connection.
    package var keepAliveIdle: Int64 = 300_000_000_000
    /// For a connection to an upstream, TCP and TLS together; also how long a request waits for a free one.
    package var upstreamConnect: Int64 = 2_000_000_000
    /// An upstream connection that is in the pool and unused.
    package var upstreamIdle: Int64 = 50_000_000_000
    /// From an upstream connection's begin until it takes no further request.
    package var upstreamLifetime: Int64 = 300_000_000_000
    /// No time, but what else ends an upstream connection: requests that it serves.
    package var upstreamRequestsMax = 10_000
    package init() {}
}

/// Times without progress of one request to an upstream; nanoseconds. What is asked for tells how long it may be silent, so
/// the delegate gives them with each request.
package struct UpstreamTimes: Sendable {
    /// From the request's last octet that left to the answer's first one.
    package var firstByte: Int64
    /// No octet moved from or to the upstream, except while the first octet of its answer is awaited.
    package var stall: Int64
    /// The same in an answer that is an event stream (`text/event-stream`).
    package var eventStreamIdle: Int64
    /// A tunnel without an octet in either direction.
    package var tunnelIdle: Int64

    package init(
        firstByte: Int64 = 15_000_000_000, stall: Int64 = 30_000_000_000, eventStreamIdle: Int64 = 300_000_000_000,
        tunnelIdle: Int64 = 300_000_000_000
    ) {
        self.firstByte = firstByte
        self.stall = stall
        self.eventStreamIdle = eventStreamIdle
        self.tunnelIdle = tunnelIdle
    }
}
