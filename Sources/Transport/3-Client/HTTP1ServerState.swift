import HTTP
import NIOCore

/// HTTP/1.1 towards a client (RFC 9112) without its socket: which octet means what, when the next request may begin, when
/// the connection ends, and until when something has to happen. An `HTTP1ServerConnection` tells it what happened and
/// does what it says.
struct HTTP1ServerState: ~Copyable {
    enum Reading: Equatable {
        case handshake
        /// Waiting for, or in the middle of, a request head.
        case head
        case body(left: Int)
        case chunks
        /// The request is read; its answer is not finished. What follows waits.
        case answering
        /// Octets pass through.
        case tunnel
        /// Only the end is awaited; what comes is dropped.
        case closing
    }

    /// Octets of a body that are read and dropped after an early answer, rather than closing the connection.
    static let dropBytesMax = 65_536
    /// Octets of pipelined requests kept while an answer is outstanding; above it, reading pauses, until half of them are
    /// answered. What one read brings may come on top of it (32 KiB).
    static let pipelineBytesMax = 32_768
    /// Octets that may still arrive while reading is paused: what was read already, and what the socket holds when the
    /// client ends, for then all of it is read at once.
    static let pausedBytesMax = 262_144
    /// Octets of answers that wait for the client to take them, above which a request that was pipelined is not begun: small
    /// answers that go out one by one cost a buffer of 16 KiB each while they wait.
    static let unsentBytesMax = 16_384
    /// Octets of answers that are put together before they go out.
    static let pendingBytesMax = 65_536
    /// Pipelined requests that are begun in one read, the first one included. Further ones are begun one at a time, in turn
    /// with those of other connections (`PipelineTurns`).
    static let pipelinedAtOnceMax = 4
    /// How long an idle connection is kept open while the gateway goes down: a request may be on its way.
    static let drainIdleNanoseconds: Int64 = 2_000_000_000
    /// How long the client may take to agree to the end.
    static let lingerNanoseconds: Int64 = 2_000_000_000

    private(set) var reading = Reading.handshake
    /// Monotonic nanoseconds; `Int64.max`: nothing has to happen.
    var deadline = Int64.max
    private var parser: HeadParser
    private var chunkDecoder = ChunkedDecoder()
    /// When the first octet of a head came that is not whole yet; 0: none.
    private var headStartedAt: Int64 = 0
    private var pauses = Pauses()
    /// Octets that came meanwhile.
    private var pausedBytes = 0
    /// The rest of a request's body is of no interest: its answer is there.
    private(set) var dropping = false
    private var droppedBytes = 0
    private(set) var closeAfterAnswer = false
    private(set) var draining = false
    /// The process ends and waits no longer: what is under way is cut off by the gateway, not by the client.
    private(set) var isCutOff = false
    /// The next request is not begun before the client has taken the answers that it has.
    private(set) var waitsForRoom = false
    /// What waits is not looked at before the connection's turn comes.
    private(set) var waitsForTurn = false
    /// The client sends no more, and still gets its answers (RFC 9112 §9.6).
    private var isHalfClosed = false
    /// Octets that the client had acknowledged when the deadline was set.
    private var takenBytes: UInt64 = 0

    // While a request is read and answered, the deadline is the earlier one of these two, and `Int64.max` where that side
    // is not waited for.
    /// Until when the client must send more of the body, and until when any of it, however little.
    private var bodyDue = Int64.max
    private var bodyStallsAt = Int64.max
    /// Until when it must have taken more of the answer, and until when any of it.
    private var answerDue = Int64.max
    private var answerStallsAt = Int64.max
    private var bodyClock = TransferClock(.unlimited)
    /// nil: the client has taken what there was of this answer until now.
    private var answerClock: TransferClock?
    /// Of the route; nil: those of all.
    private var transferLimits: TransferLimits?
    /// The client sends no body before it is told to.
    private var awaitsContinue = false

    private var tunnelIdle: Int64 = 0
    /// How the answer's body is delimited.
    private(set) var answerFraming = BodyFraming.none
    private var answerChunked = false
    /// Of the request that is answered; as long as nothing is known of it, it is a GET by HTTP/1.1.
    private(set) var request = Request()

    /// What an answer needs to know of its request.
    struct Request: Equatable {
        private(set) var isHTTP10 = false
        private(set) var isHEAD = false
        fileprivate var expectsContinue = false

        init() {}

        init(_ head: borrowing RequestHead) {
            isHTTP10 = head.isHTTP10
            isHEAD = head.method == .head
            expectsContinue = head.expectsContinue
        }
    }

    init(limits: HeadLimits) { parser = HeadParser(limits: limits) }

    // MARK: The connection begins

    mutating func handshakeBegan(now: Int64, _ timeouts: TransportTimeouts) {
        deadline = now &+ timeouts.tlsHandshake
    }

    mutating func opened(now: Int64, _ timeouts: TransportTimeouts) {
        reading = .head
        deadline = now &+ timeouts.headerRead
    }

    // MARK: Reading

    enum Step {
        /// Nothing can be said of what is left, now or at all.
        case stop
        /// A request's head is read. `isWhole`: it declares a body of no octets.
        case request(isWhole: Bool)
        /// What came is not a request. Nothing behind it is read.
        case refused(HeadError)
        case body(ByteBuffer, isLast: Bool)
        /// The body in chunks is whole, and this is its last part; `trailers` of this state has what came behind it.
        case chunksEnded(ByteBuffer?)
        /// The body is not well framed. Nothing behind it is read.
        case bodyMalformed(HeadError)
        /// Octets of a body that nobody wants.
        case dropped
        /// The last ones.
        case droppedAll
        /// Too much would have to be dropped.
        case closeLingering
    }

    /// Reads on. `head` is refilled with the head of a request.
    mutating func next(
        _ octets: inout ByteBuffer, into head: inout RequestHead, now: Int64, _ timeouts: TransportTimeouts
    ) -> Step {
        switch reading {
        case .head: readHead(&octets, into: &head, now: now, timeouts)
        case .body(let left): readBody(&octets, left: left, now: now, timeouts)
        case .chunks: readChunks(&octets, now: now, timeouts)
        case .handshake, .answering, .tunnel, .closing: .stop
        }
    }

    private mutating func readHead(
        _ octets: inout ByteBuffer, into head: inout RequestHead, now: Int64, _ timeouts: TransportTimeouts
    ) -> Step {
        do {
            guard let consumed = try parser.parseRequest(octets.readableBytesUInt8Span, into: &head) else {
                // The clock of a head starts with its first octet and is not restarted by later ones.
                if headStartedAt == 0 {
                    headStartedAt = now
                    deadline = now &+ timeouts.headerRead
                }
                return .stop
            }
            octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
        } catch {
            request = Request(head)
            reading = .answering
            headStartedAt = 0
            deadline = .max
            closeAfterAnswer = true
            octets.clear()
            return .refused(error)
        }
        request = Request(head)
        headStartedAt = 0
        dropping = false
        droppedBytes = 0
        answerDue = .max
        answerClock = nil
        transferLimits = nil
        closeAfterAnswer = draining || !head.keepAlive
        switch head.framing {
        case .length(let length) where length > 0:
            reading = .body(left: length)
            bodyBegins(now: now, timeouts)
        case .chunked:
            reading = .chunks
            chunkDecoder = ChunkedDecoder()
            bodyBegins(now: now, timeouts)
        default:
            bodyDue = .max
            reading = .answering
            deadline = .max
        }
        return .request(isWhole: head.framing == .length(0))
    }

    private mutating func bodyBegins(now: Int64, _ timeouts: TransportTimeouts) {
        awaitsContinue = request.expectsContinue
        bodyClock = TransferClock(timeouts.transfer.body)
        timeBody(now: now, timeouts)
    }

    /// The route has limits of its own.
    mutating func limitTransfer(_ limits: TransferLimits, now: Int64, _ timeouts: TransportTimeouts) {
        transferLimits = limits
        guard isReadingBody else { return }
        bodyClock = TransferClock(limits.body)
        timeBody(now: now, timeouts)
    }

    /// The client has been told to send its body.
    mutating func toldToContinue(now: Int64, _ timeouts: TransportTimeouts) {
        guard awaitsContinue else { return }
        awaitsContinue = false
        if isReadingBody { timeBody(now: now, timeouts) }
    }

    /// Some of the body has come.
    private mutating func bodyMoved(_ count: Int, now: Int64, _ timeouts: TransportTimeouts) {
        awaitsContinue = false
        bodyClock.moved(count, now: now, transferLimits?.body ?? timeouts.transfer.body)
        timeBody(now: now, timeouts)
    }

    private mutating func bodyEnds() {
        bodyDue = .max
        deadline = answerDue
    }

    /// While nothing is read, nothing can come.
    private mutating func timeBody(now: Int64, _ timeouts: TransportTimeouts) {
        if readingPaused {
            bodyClock.stop(now: now)
            bodyDue = .max
        } else {
            if !awaitsContinue { bodyClock.run(now: now) }
            bodyStallsAt = now &+ timeouts.bodyStall
            bodyDue = min(bodyStallsAt, bodyClock.deadline)
        }
        deadline = min(bodyDue, answerDue)
    }

    private var isReadingBody: Bool {
        switch reading {
        case .body, .chunks: true
        case .handshake, .head, .answering, .tunnel, .closing: false
        }
    }

    /// A request is read or answered: each of both sides has its time.
    private var isExchanging: Bool { isReadingBody || reading == .answering }

    private mutating func readBody(
        _ octets: inout ByteBuffer, left: Int, now: Int64, _ timeouts: TransportTimeouts
    ) -> Step {
        let count = min(left, octets.readableBytes)
        guard let part = octets.readSlice(length: count) else { return .stop }
        let rest = left &- count
        reading = rest == 0 ? .answering : .body(left: rest)
        if rest == 0 { bodyEnds() } else { bodyMoved(count, now: now, timeouts) }
        guard dropping else { return .body(part, isLast: rest == 0) }
        droppedBytes &+= count
        return rest == 0 ? .droppedAll : .dropped
    }

    private mutating func readChunks(_ octets: inout ByteBuffer, now: Int64, _ timeouts: TransportTimeouts) -> Step {
        do {
            let (part, hasEnded) = try chunkDecoder.nextPart(&octets)
            if !hasEnded { bodyMoved(part?.readableBytes ?? 0, now: now, timeouts) }
            if let part, dropping {
                droppedBytes &+= part.readableBytes
                if droppedBytes > Self.dropBytesMax { return .closeLingering }
            }
            guard hasEnded else {
                guard let part else { return .stop }
                return dropping ? .dropped : .body(part, isLast: false)
            }
            reading = .answering
            bodyEnds()
            return dropping ? .droppedAll : .chunksEnded(part)
        } catch {
            closeAfterAnswer = true
            octets.clear()
            if dropping { return .closeLingering }
            reading = .answering
            bodyEnds()
            return .bodyMalformed(error)
        }
    }

    /// The trailer fields of a body in chunks, those that `keeps` accepts.
    func trailers(_ keeps: (borrowing FieldBlock, Field) -> Bool) -> FieldList { chunkDecoder.trailerFields(keeps) }

    /// What becomes of octets that cannot be read on yet.
    enum Rest: Equatable {
        case drop
        /// They pass through.
        case tunnel
        case keep
        /// There are too many of them already.
        case keepAndPause
    }

    func rest(_ count: Int) -> Rest {
        switch reading {
        case .closing, .handshake: .drop
        case .tunnel: .tunnel
        case .answering: count > Self.pipelineBytesMax ? .keepAndPause : .keep
        // A head that is only too long is refused before it is kept: the bound is that of what waits.
        case .head: isWaiting && count > Self.pipelineBytesMax ? .keepAndPause : .keep
        case .body, .chunks: .keep
        }
    }

    /// What arrives is kept, and not looked at now.
    var isWaiting: Bool { waitsForTurn || waitsForRoom }

    /// What is kept is not looked at before the connection's turn comes.
    mutating func waitForTurn() { waitsForTurn = true }

    /// The connection's turn has come. False: it does not wait for one any more.
    mutating func takeTurn() -> Bool {
        defer { waitsForTurn = false }
        return waitsForTurn && reading == .head
    }

    /// Octets pass through a tunnel, one way or the other.
    mutating func tunnelMoved(now: Int64) { deadline = now &+ tunnelIdle }

    mutating func becomeTunnel(idleNanoseconds: Int64, now: Int64) {
        reading = .tunnel
        tunnelIdle = idleNanoseconds
        tunnelMoved(now: now)
    }

    /// Why octets are left in the socket; each reason ends by itself.
    struct Pauses: OptionSet {
        let rawValue: UInt8
        /// The exchange has no use for more of the request's body now.
        static let exchange = Pauses(rawValue: 1)
        /// Enough is kept that waits to be looked at.
        static let backlog = Pauses(rawValue: 2)
        /// The client does not take its answers.
        static let room = Pauses(rawValue: 4)
    }

    var readingPaused: Bool { !pauses.isEmpty }

    enum Arrival: Equatable {
        case welcome
        /// Too many, although reading is paused: they may be kept if there is room for them.
        case late
        /// The connection is not worth its memory.
        case tooMany
    }

    /// Octets have come.
    mutating func arrived(_ count: Int) -> Arrival {
        guard readingPaused else { return .welcome }
        pausedBytes &+= count
        if pausedBytes <= Self.pausedBytesMax { return .welcome }
        switch reading {
        case .body, .chunks, .tunnel: return pausedBytes <= LateOctets.connectionMax ? .late : .tooMany
        case .handshake, .head, .answering, .closing: return .tooMany
        }
    }

    mutating func pauseReading(_ reason: Pauses, now: Int64, _ timeouts: TransportTimeouts) {
        pauses.insert(reason)
        if isReadingBody { timeBody(now: now, timeouts) }
    }

    /// True: nothing keeps the connection from being read any more.
    mutating func resumeReading(_ reason: Pauses, now: Int64, _ timeouts: TransportTimeouts) -> Bool {
        guard !pauses.isDisjoint(with: reason) else { return false }
        pauses.subtract(reason)
        guard pauses.isEmpty else { return false }
        pausedBytes = 0
        if isReadingBody { timeBody(now: now, timeouts) }
        return true
    }

    /// So many octets are kept, and nothing of them can be read now. True: there is room for more of them again.
    func backlogFell(to count: Int) -> Bool { pauses.contains(.backlog) && count <= Self.pipelineBytesMax / 2 }

    // MARK: Answering

    /// The request's body is not read to its end, and what is missing is too much to be read and dropped.
    private var isUnfinishedTooLong: Bool {
        switch reading {
        case .body(let left): left > Self.dropBytesMax || request.expectsContinue
        case .chunks: true
        default: false
        }
    }

    /// An answer begins whose body an upstream delimits by `framing`. Returns how it is delimited here.
    mutating func answer(framing: BodyFraming) -> BodyFraming {
        var framing = framing
        if framing == .untilClose || framing == .chunked {
            if request.isHTTP10 {
                framing = .untilClose
                closeAfterAnswer = true
            } else {
                framing = .chunked
            }
        }
        answerFraming = framing
        answerChunked = framing == .chunked
        if framing != .tunnel, isUnfinishedTooLong { closeAfterAnswer = true }
        return framing
    }

    /// An answer begins whose body is this long.
    mutating func answer(bodyBytes: Int, close: Bool) {
        if close || isUnfinishedTooLong { closeAfterAnswer = true }
        answerFraming = .length(bodyBytes)
        answerChunked = false
    }

    /// Whether the client is told that the connection ends with this answer.
    var announcesClose: Bool { closeAfterAnswer || draining }
    /// Parts of the answer's body go out as chunks.
    var writesChunks: Bool { answerChunked }

    enum Finish: Equatable {
        case none
        case nextRequest
        /// What is left of the request's body is read and dropped first.
        case dropRest
        case closeLingering
    }

    /// The answer is whole.
    mutating func finish() -> Finish {
        answerChunked = false
        answerDue = .max
        if isReadingBody { deadline = bodyDue }
        switch reading {
        case .answering:
            return announcesClose ? .closeLingering : .nextRequest
        case .body(let left):
            guard !announcesClose, left <= Self.dropBytesMax else { return .closeLingering }
            dropping = true
            return .dropRest
        case .chunks:
            guard !announcesClose else { return .closeLingering }
            dropping = true
            return .dropRest
        case .head, .handshake, .tunnel, .closing:
            return .none
        }
    }

    /// Ready for the next request.
    mutating func nextRequest(now: Int64, _ timeouts: TransportTimeouts) {
        dropping = false
        request = Request()
        reading = .head
        answerDue = .max
        // Of a head that is not whole, the time goes on: it stood still while the client was not read from.
        if headStartedAt != 0 { headStartedAt = now }
        deadline =
            now
            &+ (headStartedAt != 0
                ? timeouts.headerRead : draining ? Self.drainIdleNanoseconds : timeouts.keepAliveIdle)
    }

    // MARK: The client takes what it is sent, or does not

    /// Counts the time in which the client must take some of what is written.
    /// - Parameter taken: octets that it has acknowledged until now.
    mutating func awaitClient(taken: UInt64, now: Int64, _ timeouts: TransportTimeouts) {
        let before = takenBytes
        takenBytes = taken
        guard isExchanging else {
            deadline = now &+ timeouts.bodyStall
            return
        }
        let limits = transferLimits?.answer ?? timeouts.transfer.answer
        var clock = answerClock ?? TransferClock(limits)
        clock.run(now: now)
        // What it had taken before this answer says nothing of this one.
        if answerClock != nil, taken > before { clock.moved(Int(clamping: taken &- before), now: now, limits) }
        answerClock = clock
        answerStallsAt = now &+ timeouts.bodyStall
        answerDue = min(answerStallsAt, clock.deadline)
        deadline = min(bodyDue, answerDue)
    }

    /// What the client, which had its time, has taken of what is written.
    enum Taking: Equatable {
        /// Enough: its time begins anew. It may take long to have taken all.
        case enough
        case nothing
        /// It is too slow in the long run.
        case tooLittle
    }

    mutating func clientTook(until taken: UInt64, now: Int64, _ timeouts: TransportTimeouts) -> Taking {
        guard taken > takenBytes else {
            return isExchanging && now < answerStallsAt ? .tooLittle : .nothing
        }
        awaitClient(taken: taken, now: now, timeouts)
        return isExchanging && answerDue <= now ? .tooLittle : .enough
    }

    /// The client is waited for, to take more of the answer.
    var awaitsClient: Bool { answerDue != .max }

    /// Whether another request may be begun: a client that sends requests and does not read the answers is not read from.
    mutating func room(isWritable: Bool) -> Bool {
        waitsForRoom = !isWritable
        return isWritable
    }

    enum Pace: Equatable {
        case none
        case awaitClient
        /// The client has taken its answers: its next request may begin.
        case roomCame
    }

    mutating func writabilityChanged(_ writable: Bool, now: Int64) -> Pace {
        switch reading {
        case .answering, .body, .chunks:
            return answerMoves(writable, now: now)
        case .head:
            return waitsForRoom && writable ? .roomCame : .none
        case .handshake, .tunnel, .closing:
            return .none
        }
    }

    private mutating func answerMoves(_ writable: Bool, now: Int64) -> Pace {
        guard writable else { return .awaitClient }
        answerClock?.stop(now: now)
        answerDue = .max
        deadline = bodyDue
        return .none
    }

    /// A request that was pipelined is to be begun. False: the client has not taken enough of its answers.
    mutating func roomForPipelined(unsentBytes: Int) -> Bool {
        guard reading == .head, unsentBytes > Self.unsentBytesMax else { return true }
        waitsForRoom = true
        return false
    }

    /// The room that was waited for has come. False: nobody waits for it any more.
    mutating func takeRoom(isWritable: Bool) -> Bool {
        guard waitsForRoom, isWritable else { return false }
        waitsForRoom = false
        return true
    }

    // MARK: The connection ends

    enum Expiry: Equatable {
        case handshakeTimedOut
        /// Nothing was begun: it ends without an answer.
        case closeLingering
        case headTimedOut
        case exchangeTimedOut
        /// The body comes, but too slowly in the long run.
        case bodyTooSlow
        /// The client has had its time to take what is written. Has it taken some?
        case askClient(otherwise: Otherwise)
    }
    enum Otherwise: Equatable { case closeHard, exchangeTimedOut }

    /// The deadline has passed. `hasLeftover`: some of a head is there.
    mutating func expired(hasLeftover: Bool, now: Int64) -> Expiry {
        deadline = .max
        switch reading {
        case .handshake:
            reading = .closing
            return .handshakeTimedOut
        case .head:
            if waitsForRoom { return .askClient(otherwise: .closeHard) }
            guard hasLeftover else { return .closeLingering }
            headStartedAt = 0
            reading = .answering
            closeAfterAnswer = true
            return .headTimedOut
        case .body, .chunks:
            if answerDue <= now { return .askClient(otherwise: .exchangeTimedOut) }
            return now >= bodyStallsAt ? .exchangeTimedOut : .bodyTooSlow
        case .tunnel:
            return .exchangeTimedOut
        case .answering:
            return .askClient(otherwise: .exchangeTimedOut)
        case .closing:
            return .askClient(otherwise: .closeHard)
        }
    }

    enum InputEnd: Equatable {
        case none
        /// What was begun cannot come to its end.
        case close
        case closeLingering
        /// The requests that are there are answered; then the connection ends.
        case answer
    }

    /// The client has said that it sends no more.
    mutating func inputClosed() -> InputEnd {
        switch reading {
        case .handshake, .tunnel: return .close
        case .body, .chunks: return dropping ? .closeLingering : .close
        case .head:
            isHalfClosed = true
            return isWaiting ? .answer : .closeLingering
        case .answering:
            isHalfClosed = true
            return .answer
        case .closing: return .none
        }
    }

    /// All requests of a client that sends no more are answered.
    var hasAnsweredAll: Bool { isHalfClosed && reading == .head && !isWaiting }

    /// No new request is taken.
    mutating func drain(now: Int64, hasLeftover: Bool) {
        draining = true
        closeAfterAnswer = true
        // Not closed at once: a request may be on its way. It is answered with `Connection: close`.
        if reading == .head, !hasLeftover { deadline = min(deadline, now &+ Self.drainIdleNanoseconds) }
    }

    /// It ends now, because the process does.
    mutating func closeNow() {
        draining = true
        isCutOff = true
    }

    /// No more is read or answered; only the end is awaited.
    mutating func close() {
        reading = .closing
        dropping = false
        pauses = []
        waitsForRoom = false
        waitsForTurn = false
    }

    /// What comes is dropped, what is written still goes out: the answer breaks off.
    mutating func abort() { reading = .closing }

    /// Everything is written; the client has a moment to agree.
    mutating func linger(now: Int64) {
        // Whatever it takes now gains it no time.
        takenBytes = .max
        deadline = now &+ Self.lingerNanoseconds
    }
}
