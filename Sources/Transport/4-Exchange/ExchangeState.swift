import HTTP
import NIOCore

/// What is known of one request and its answer, and what follows from each thing that happens: no input, no output, no
/// clock. An `Exchange` tells it what happened and does what it says.
///
/// The next request begins with a new value: nothing is reset field by field.
struct ExchangeState: ~Copyable {
    enum Phase: Equatable {
        /// Between requests.
        case idle
        /// The delegate has the request and has not decided.
        case deciding
        /// The delegate asked for the whole body.
        case collecting
        /// The request will be forwarded when its body is whole.
        case gathering
        /// Waiting for an upstream's stream.
        case connecting
        /// The request is on its way; no final head yet.
        case forwarded
        /// The final head is there, and the delegate asked for the whole answer.
        case collectingAnswer
        /// The final head was passed on.
        case responding
        case tunnel
        /// Answered by the gateway or ended; the rest of the request, if any, is read and dropped.
        case answered
    }

    private(set) var phase = Phase.idle
    /// Tells the requests of a connection apart for answers that come from other threads.
    private(set) var generation = 0

    /// What is counted for the record.
    private(set) var figures = ExchangeFigures()

    /// Body octets at most; nil: unbounded.
    var bodyBytesMax: Int?
    /// Octets of an answer's body that are collected at most; nil: it goes to the client as it comes.
    var answerBytesMax: Int?

    private var requestBodyEnded = true
    private var bodyForwarded = false
    /// What arrived before there was somebody to send it to: one read at most, since reading pauses.
    private var held: ByteBuffer?
    private var heldTrailers: FieldList?
    private var collected: [UInt8] = []
    private var clientReadingPaused = false

    /// Before the first request.
    init() {}

    private init(generation: Int, startedAt: Int64, framing: BodyFraming) {
        self.generation = generation
        figures.startedAt = startedAt
        phase = .deciding
        requestBodyEnded = framing == .none
    }

    // MARK: A request begins and ends

    /// A request has come, or what should have been one: `framing` is how its body is delimited.
    mutating func begin(framing: BodyFraming, now: Int64) {
        self = ExchangeState(generation: generation &+ 1, startedAt: now, framing: framing)
    }

    /// It is over. True: the client's stream, which was paused, is to be read again.
    mutating func end() -> Bool {
        held = nil
        collected = []
        return resumesClient()
    }

    /// The client's codec is ready for the next request.
    mutating func reset() { phase = .idle }

    /// Nothing that comes back from elsewhere finds anybody any more.
    mutating func connectionClosed() { generation &+= 1 }

    /// Whether an answer that was promised for this request can still be given.
    func isCurrent(_ generation: Int) -> Bool { generation == self.generation && phase != .answered }

    // MARK: What the delegate decides

    /// False: there is an answer already, or nobody to answer.
    mutating func answer(status: Int, bodyBytes: Int) -> Bool {
        switch phase {
        case .deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer: break
        case .idle, .responding, .tunnel, .answered: return false
        }
        phase = .answered
        figures.status = status
        figures.bodyBytesOut = bodyBytes
        return true
    }

    /// The request is to be sent to an upstream, for the first time or again. False: this is not the time to decide.
    mutating func attempt(now: Int64) -> Bool {
        guard phase == .deciding else { return false }
        phase = .connecting
        figures.upstreamAttempts += 1
        figures.upstreamStartedAt = now
        return true
    }

    /// Whether the body is waited for before the request is forwarded. `bytesMax`: of a body for which it is. A body whose
    /// length is not known may be a conversation, and one whose client waits for 100 may never come.
    mutating func gather(_ framing: BodyFraming, expectsContinue: Bool, bytesMax: Int) -> Bool {
        guard phase == .deciding, !requestBodyEnded, !expectsContinue, case .length(let length) = framing,
            length <= bytesMax
        else { return false }
        phase = .gathering
        return true
    }

    /// The request's body, which was collected, is replaced. False: it is not whole, or somebody has seen it.
    mutating func replaceBody(_ body: [UInt8], _ allocator: ByteBufferAllocator) -> Bool {
        guard phase == .deciding, requestBodyEnded, !bodyForwarded else { return false }
        held = body.isEmpty ? nil : allocator.buffer(bytes: body)
        heldTrailers = nil
        return true
    }

    /// The answer that was collected goes out after all, its body perhaps another one. False: there is none.
    mutating func passAnswer(bodyBytes: Int) -> Bool {
        guard phase == .deciding, collectedStatus != 0 else { return false }
        phase = .responding
        figures.status = collectedStatus
        figures.bodyBytesOut = bodyBytes
        return true
    }
    /// Of the answer that was collected; 0: none was.
    private var collectedStatus = 0

    /// No stream was there at once. True: the client's stream is to be paused meanwhile.
    mutating func mustWait() -> Bool { requestBodyEnded ? false : pausesClient() }

    enum Collection: Equatable {
        case ignore
        /// The rest is to be read on.
        case goOn(resumesClient: Bool)
        /// There is no more.
        case whole([UInt8])
    }

    mutating func collectBody() -> Collection {
        guard phase == .deciding else { return .ignore }
        phase = .collecting
        if let held {
            self.held = nil
            collected.append(contentsOf: held.readableBytesView)
        }
        guard requestBodyEnded else { return .goOn(resumesClient: resumesClient()) }
        return .whole(takeCollected())
    }

    private mutating func takeCollected() -> [UInt8] {
        phase = .deciding
        let body = collected
        collected = []
        return body
    }

    // MARK: What comes from the client

    /// What becomes of an exchange whose request went wrong.
    enum Fault: Equatable {
        case ignore
        /// There is no answer yet: the delegate gives one. Whatever was begun with an upstream is given up.
        case tellDelegate
        /// The answer has begun: it is broken off.
        case breakOff(ExchangeEnding)
        /// Nobody decides here any more.
        case abortClient
    }

    enum Body: Equatable {
        case none
        case pauseClient
        /// To the upstream.
        case send
        case tooLarge(Fault)
    }

    mutating func receivedBody(_ octets: ByteBuffer, _ allocator: ByteBufferAllocator) -> Body {
        let (count, overflow) = figures.bodyBytesIn.addingReportingOverflow(octets.readableBytes)
        figures.bodyBytesIn = overflow ? .max : count
        if let most = bodyBytesMax, figures.bodyBytesIn > most { return .tooLarge(bodyTooLarge()) }
        switch phase {
        case .collecting:
            collected.append(contentsOf: octets.readableBytesView)
            return .none
        case .deciding, .connecting, .gathering:
            if held == nil { held = allocator.buffer(capacity: octets.readableBytes) }
            var octets = octets
            held?.writeBuffer(&octets)
            return phase != .gathering && pausesClient() ? .pauseClient : .none
        case .forwarded, .collectingAnswer, .responding:
            bodyForwarded = true
            return .send
        case .tunnel, .idle, .answered:
            return .none
        }
    }

    private mutating func bodyTooLarge() -> Fault {
        collected = []
        held = nil
        switch phase {
        case .deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer, .responding:
            return failed(.clientGone)
        case .tunnel, .idle, .answered: return .ignore
        }
    }

    enum BodyEnd {
        case none
        /// To the upstream.
        case send
        case collected([UInt8])
        /// The request can be forwarded.
        case gathered
    }

    mutating func receivedBodyEnd(trailers: FieldList) -> BodyEnd {
        requestBodyEnded = true
        switch phase {
        case .collecting:
            return .collected(takeCollected())
        case .gathering:
            heldTrailers = trailers
            phase = .deciding
            return .gathered
        case .deciding, .connecting:
            heldTrailers = trailers
            return .none
        case .forwarded, .collectingAnswer, .responding:
            return .send
        case .tunnel, .idle, .answered:
            return .none
        }
    }

    /// The request cannot be read to its end. `ending` is that of an answer that has begun.
    mutating func failed(_ ending: ExchangeEnding) -> Fault {
        switch phase {
        case .deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer:
            phase = .deciding
            collectedStatus = 0
            return .tellDelegate
        case .responding, .tunnel:
            phase = .answered
            return .breakOff(ending)
        case .idle, .answered:
            return .abortClient
        }
    }

    /// Octets of a tunnel. True: they go to the upstream.
    mutating func receivedTunnel(_ count: Int) -> Bool {
        figures.bodyBytesIn &+= count
        return phase == .tunnel
    }

    enum Departure: Equatable {
        case none
        /// What the client sent through the tunnel still goes out.
        case finishTunnel
        case dropUpstream
    }

    /// The client's connection is gone.
    mutating func clientGone() -> Departure {
        let was = phase
        phase = .idle
        return switch was {
        case .idle, .answered: .none
        case .tunnel: .finishTunnel
        case .deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer, .responding: .dropUpstream
        }
    }

    /// Octets go from the upstream to the client, which takes them or does not.
    var isAnswering: Bool { phase == .responding || phase == .tunnel }

    // MARK: What comes from the upstream

    enum Connected {
        /// Nobody needs the stream any more.
        case giveBack
        /// What was held follows the head; `end`: then the request is whole.
        case begin(held: ByteBuffer?, end: FieldList?, resumesClient: Bool)
    }

    mutating func connected(verified: Bool) -> Connected {
        guard phase == .connecting else { return .giveBack }
        phase = .forwarded
        figures.upstreamVerified = verified
        let held = self.held
        self.held = nil
        if held != nil { bodyForwarded = true }
        return .begin(
            held: held, end: requestBodyEnded ? heldTrailers ?? FieldList() : nil, resumesClient: resumesClient())
    }

    enum Failure: Equatable {
        case ignore
        case tellDelegate(ForwardFailure)
        case breakOff(ExchangeEnding)
    }

    mutating func upstreamFailed(
        _ reason: ForwardFailure.Reason, detail: UpstreamFailure? = nil, onReusedConnection: Bool
    ) -> Failure {
        switch phase {
        case .connecting, .forwarded, .collectingAnswer:
            collected = []
            collectedStatus = 0
            let failure = ForwardFailure(
                reason: reason, onReusedConnection: onReusedConnection, bodyUntouched: !bodyForwarded,
                clientOwedBody: !requestBodyEnded && !clientReadingPaused && held == nil,
                nothingSent: phase == .connecting, detail: UpstreamFailure(reason, detail: detail))
            phase = .deciding
            return .tellDelegate(failure)
        case .responding, .tunnel:
            phase = .answered
            return .breakOff(reason == .firstByteTimeout ? .stalled : .upstreamBrokeOff)
        case .idle, .deciding, .collecting, .gathering, .answered:
            return .ignore
        }
    }

    enum Head: Equatable {
        /// Nobody waits for one.
        case ignore
        /// To the client.
        case pass
        /// To the client, and octets pass through from here on.
        case tunnel
        /// It is kept until the body is whole.
        case keep
    }

    /// A final head.
    mutating func upstreamHead(status: Int, now: Int64) -> Head {
        guard phase == .forwarded else { return .ignore }
        figures.upstreamFirstByteAt = now
        if answerBytesMax != nil, status != 101 {
            phase = .collectingAnswer
            collectedStatus = status
            collected = []
            return .keep
        }
        figures.status = status
        phase = status == 101 ? .tunnel : .responding
        return status == 101 ? .tunnel : .pass
    }

    enum AnswerBody: Equatable {
        case none
        case pass
        case tunnel
        /// More than was asked for: the delegate answers instead.
        case tooLarge
    }

    mutating func upstreamBody(_ octets: ByteBuffer) -> AnswerBody {
        switch phase {
        case .responding:
            figures.bodyBytesOut &+= octets.readableBytes
            return .pass
        case .tunnel:
            figures.bodyBytesOut &+= octets.readableBytes
            return .tunnel
        case .collectingAnswer:
            guard octets.readableBytes <= (answerBytesMax ?? 0) &- collected.count else {
                collected = []
                collectedStatus = 0
                phase = .deciding
                return .tooLarge
            }
            collected.append(contentsOf: octets.readableBytesView)
            return .none
        case .idle, .deciding, .collecting, .gathering, .connecting, .forwarded, .answered:
            return .none
        }
    }

    enum AnswerEnd: Equatable {
        /// It is nobody's any more.
        case ignore
        case finish
        case collected([UInt8])
    }

    /// The answer is whole.
    mutating func upstreamEnded() -> AnswerEnd {
        switch phase {
        case .responding:
            phase = .answered
            return .finish
        case .collectingAnswer:
            return .collected(takeCollected())
        case .idle, .deciding, .collecting, .gathering, .connecting, .forwarded, .tunnel, .answered:
            return .ignore
        }
    }

    /// The collected answer has been written. It ends as one that an upstream ended.
    mutating func passedAnswer() { phase = .answered }

    /// The upstream left the tunnel. False: there is none.
    mutating func upstreamTunnelClosed() -> Bool {
        guard phase == .tunnel else { return false }
        phase = .answered
        return true
    }

    // MARK: How fast the request is read

    /// True: the client's stream is to be paused now.
    mutating func pausesClient() -> Bool {
        guard !clientReadingPaused else { return false }
        clientReadingPaused = true
        return true
    }

    /// True: the client's stream is to be read again now.
    mutating func resumesClient() -> Bool {
        guard clientReadingPaused else { return false }
        clientReadingPaused = false
        return true
    }
}
