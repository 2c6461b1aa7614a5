import HTTP

/// What one HTTP/1.1 connection to an upstream is doing, and what follows from what happens to it: which timer runs,
/// whether it serves again, how an exchange has ended. A value without I/O and without a clock; the handler
/// (`HTTP1UpstreamConnection`) tells it each event and does what it answers.
///
/// An event and what is done about it are apart: nobody is called in the middle of a change, so whoever is called may
/// come back with the next event.
struct HTTP1UpstreamState: ~Copyable {
    enum Phase {
        case connecting
        /// Open, and lent to nobody.
        case idle
        /// The request is being sent, or its answer is awaited.
        case awaitingHead
        /// In the middle of an answer whose end its framing tells.
        case readingBody
        /// In the middle of an answer that ends with the connection.
        case readingUntilClose
        case tunnel
        /// Of no more use; perhaps its socket still closes.
        case closed
    }

    /// What happens to the deadline. How long each takes is not decided here.
    enum Timer {
        case unchanged
        case off
        case connect
        /// From the request's last octet to the answer's first one.
        case firstByte
        /// Nothing moves in the middle of a message.
        case stall
        case idle
        case tunnel
    }

    private(set) var phase = Phase.connecting
    /// As the channel last said: asking it goes through four objects.
    private(set) var isWritable = true
    /// Why the connection will end, where its end alone does not tell.
    private var failure: ForwardFailure.Reason?
    /// Exchanges that have begun here.
    private(set) var served = 0
    private var requestSent = false
    /// Octets of the request's body that were written.
    private var sentBytes = 0
    /// Octets that the upstream had acknowledged when they were last looked at.
    private var takenBytes: UInt64 = 0
    /// Octets of a body that may leave long after they were written: the system keeps them for an upstream that is slow.
    private static let largeBytesMin = 16_384
    var isLarge: Bool { sentBytes >= Self.largeBytesMin }
    /// The request is the first one on this connection, and nothing of its answer has come.
    var awaitsFirstAnswer: Bool { served == 1 && phase == .awaitingHead && !answerBegun }
    /// An octet of the answer, or of an interim one, has arrived.
    private var answerBegun = false
    /// Answer and request permit another exchange.
    private var reusableAfter = false
    private var readingPaused = false
    /// A read was asked for while reading was paused.
    private var readWanted = false
    /// An answer that ends with the connection cannot be told from one that broke off.
    private var unclean = false
}

// MARK: - Connecting

extension HTTP1UpstreamState {
    /// The other end has proved who it is; false: nobody waits for that any more.
    mutating func opened() -> Bool {
        guard phase == .connecting else { return false }
        phase = .idle
        return true
    }

    /// The connection is about to be closed, and this is why.
    mutating func willFail(_ reason: ForwardFailure.Reason) { failure = reason }

    /// There is no socket. nil: that is of no interest any more.
    mutating func connectFailed(timedOut: Bool, forWant: Bool = false) -> ForwardFailure.Reason? {
        guard phase == .connecting else { return nil }
        phase = .closed
        return failure ?? (forWant ? .noResources : timedOut ? .connectTimeout : .unreachable)
    }
}

// MARK: - Being lent

extension HTTP1UpstreamState {
    /// What follows where reading goes on: the timer, and whether a read is to be asked for now.
    struct Resumption: Equatable {
        var timer: Timer
        var read: Bool
    }

    /// A request's head is written.
    mutating func begin(awaitsContinue: Bool) -> Resumption {
        phase = .awaitingHead
        served &+= 1
        requestSent = false
        sentBytes = 0
        answerBegun = false
        failure = nil
        // The exchange before may have ended while its client was slow to read.
        let read = resume().read
        // The answer's first octet is due once the request's last one has left: `sentEnd` begins to count. A client
        // that waits for 100 waits for the upstream.
        return Resumption(timer: awaitsContinue ? .firstByte : .off, read: read)
    }

    /// A part of the request's body is written.
    mutating func sentBody(_ count: Int) -> Timer {
        sentBytes &+= count
        return progress
    }

    /// Octets that the upstream has acknowledged until now.
    mutating func markProgress(taken: UInt64) { takenBytes = taken }

    /// The request is written to its end.
    mutating func sentEnd() -> Timer {
        requestSent = true
        return phase == .awaitingHead ? .firstByte : .unchanged
    }

    /// The exchange is over before its answer was: what is on the wire belongs to nobody, so the connection ends.
    /// False: it has ended already.
    mutating func abandon() -> Bool {
        guard phase != .closed else { return false }
        phase = .closed
        return true
    }

    /// The client has left its tunnel. nil: there is none.
    mutating func finishTunnel() -> Resumption? {
        guard phase == .tunnel else { return nil }
        phase = .closed
        return Resumption(timer: .stall, read: resume().read)
    }

    /// Back in its pool.
    mutating func becomeIdle() -> Resumption {
        phase = .idle
        return Resumption(timer: .idle, read: resume().read)
    }

    /// False: it is not idle.
    mutating func closeIdle() -> Bool {
        guard phase == .idle else { return false }
        phase = .closed
        return true
    }
}

// MARK: - Back-pressure

extension HTTP1UpstreamState {
    /// While the client is slow, the upstream is not to blame.
    mutating func pause() -> Timer {
        readingPaused = true
        return .off
    }

    mutating func resume() -> Resumption {
        guard readingPaused else { return Resumption(timer: .unchanged, read: false) }
        readingPaused = false
        let read = readWanted
        readWanted = false
        let timer: Timer =
            switch phase {
            case .readingBody, .readingUntilClose: .stall
            case .tunnel: .tunnel
            case .connecting, .idle, .awaitingHead, .closed: .unchanged
            }
        return Resumption(timer: timer, read: read)
    }

    /// A read is asked for after each read; false: while paused it is remembered instead of passed on.
    mutating func mayRead() -> Bool {
        if readingPaused { readWanted = true }
        return !readingPaused
    }

    mutating func writabilityChanged(_ writable: Bool) -> Timer {
        isWritable = writable
        return phase == .awaitingHead ? progress : .unchanged
    }

    /// Octets went one way or the other. Before the answer, and until the request is sent, whoever is waited for has
    /// the clock: the upstream while it does not take octets, else the client.
    private var progress: Timer {
        if readingPaused { return .unchanged }
        guard phase == .awaitingHead else { return .stall }
        return requestSent ? .firstByte : isWritable ? .off : .stall
    }
}

// MARK: - Reading an answer

extension HTTP1UpstreamState {
    /// Something has come from the upstream, whatever it is.
    mutating func octetsArrived() { answerBegun = true }

    mutating func interim() -> Timer { progress }

    /// The final head. A body of no octets ends without another event than `ended`.
    /// - Parameter keepsAlive: the upstream lets the connection serve again.
    mutating func head(framing: BodyFraming, keepsAlive: Bool) -> Timer {
        reusableAfter = keepsAlive
        switch framing {
        case .none, .length(0):
            phase = .readingBody
            return .unchanged
        case .length, .chunked:
            phase = .readingBody
        case .untilClose, .tunnel:
            phase = .readingUntilClose
            reusableAfter = false
        }
        return .stall
    }

    /// The upstream has switched protocols (101).
    mutating func switched() -> Timer {
        phase = .tunnel
        return .tunnel
    }

    /// A part of the body, or of what delimits it.
    mutating func bodyPart(isLast: Bool) -> Timer { isLast ? .unchanged : progress }

    /// The answer is whole.
    /// - Parameter trailing: octets that came behind it, which nobody asked for.
    /// - Returns: whether the connection can serve again; else it is closed.
    mutating func ended(trailing: Int) -> Bool {
        // Only a request that was sent to its end leaves nothing on the wire.
        let reusable = reusableAfter && requestSent && trailing == 0
        phase = reusable ? .idle : .closed
        return reusable
    }

    /// What came is not an answer.
    mutating func malformed() { phase = .closed }
}

// MARK: - Ending

extension HTTP1UpstreamState {
    /// An error of the channel, which closes it. True: its pool must not lend it meanwhile, since TLS may take its time
    /// to close.
    mutating func errorCaught(_ fault: UpstreamFault) -> Bool {
        switch phase {
        case .connecting:
            if failure == nil { failure = fault == .connection ? .unreachable : .tlsFailed }
        case .idle:
            phase = .closed
            return true
        case .awaitingHead where !answerBegun && fault == .tlsAlert:
            // An alert after the handshake: in TLS 1.3 that is how a server refuses our certificate (RFC 8446
            // §4.4.2.4).
            failure = .tlsFailed
        case .awaitingHead, .readingBody, .readingUntilClose, .tunnel, .closed:
            unclean = true
        }
        return false
    }

    enum Expiry: Equatable {
        /// The connection is closed without waiting for the other side.
        case closeHard
        /// It is idle and nobody needs it.
        case leaveIdle
        /// Its time begins anew.
        case goOn(Timer)
    }

    /// Nothing happened for too long.
    /// - Parameter taken: octets that the upstream has acknowledged until now; nil: unknown, or the request is small. An
    ///   upload that goes on is not at an end, however slowly it leaves: the answer's time counts from the last octet that
    ///   left.
    mutating func deadlineReached(taken: UInt64?) -> Expiry {
        if let taken, taken > takenBytes, phase == .awaitingHead {
            takenBytes = taken
            return .goOn(requestSent ? .firstByte : .stall)
        }
        switch phase {
        case .connecting: failure = .connectTimeout
        case .idle: return .leaveIdle
        case .awaitingHead, .readingBody, .tunnel: failure = .firstByteTimeout
        case .readingUntilClose:
            failure = .firstByteTimeout
            unclean = true
        case .closed: break
        }
        return .closeHard
    }

    /// The pipeline is gone.
    mutating func removed() { isWritable = false }

    /// What the end of a socket means for whoever used it.
    enum Ending: Equatable {
        /// Nobody used it any more.
        case unnoticed
        case neverOpened(ForwardFailure.Reason)
        case idle
        /// It is how the answer ends.
        case answered
        case tunnelClosed
        case failed(ForwardFailure.Reason, onReusedConnection: Bool)
    }

    /// The socket is closed.
    mutating func channelClosed() -> Ending {
        let was = phase
        phase = .closed
        switch was {
        case .connecting: return .neverOpened(failure ?? .unreachable)
        case .closed: return .unnoticed
        case .idle: return .idle
        case .readingUntilClose:
            return unclean ? .failed(failure ?? .closedEarly, onReusedConnection: false) : .answered
        case .tunnel: return .tunnelClosed
        case .awaitingHead, .readingBody:
            return .failed(failure ?? .closedEarly, onReusedConnection: served > 1 && !answerBegun)
        }
    }
}
