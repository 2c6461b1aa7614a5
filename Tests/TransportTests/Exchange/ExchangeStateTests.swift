import HTTP
import NIOCore
import Testing

@testable import Transport

/// Events in their order, and what follows from each: without sockets, loops or clocks.
@Suite("What becomes of an exchange")
struct ExchangeStateTests {
    typealias Phase = ExchangeState.Phase

    private static let phases: [Phase] = [
        .idle, .deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer, .responding, .tunnel,
        .answered,
    ]

    /// An exchange that has come this far with a request whose body has four octets, none of which has arrived.
    private static func reached(_ phase: Phase, framing: BodyFraming = .length(4)) -> ExchangeState {
        var state = ExchangeState()
        guard phase != .idle else { return state }
        state.begin(framing: framing, now: 10)
        switch phase {
        case .idle, .deciding: break
        case .collecting: _ = state.collectBody()
        case .gathering: _ = state.gather(framing, expectsContinue: false, bytesMax: 4)
        case .answered: _ = state.answer(status: 403, bodyBytes: 7)
        case .connecting, .forwarded, .collectingAnswer, .responding, .tunnel:
            if phase == .collectingAnswer { state.answerBytesMax = 4 }
            _ = state.attempt(now: 20)
            if phase == .connecting { break }
            _ = state.connected(verified: true)
            if phase == .forwarded { break }
            _ = state.upstreamHead(status: phase == .tunnel ? 101 : 200, now: 30)
        }
        return state
    }

    private func buffer(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private func body(_ text: String, to state: inout ExchangeState) -> ExchangeState.Body {
        state.receivedBody(buffer(text), ByteBufferAllocator())
    }

    @Test("the helper reaches each phase", arguments: phases)
    func reachesPhases(_ phase: Phase) {
        let state = Self.reached(phase)
        #expect(state.phase == phase)
    }

    @Test("there is at most one answer, and none once one has begun", arguments: phases)
    func oneAnswer(_ phase: Phase) {
        var state = Self.reached(phase)
        let isOpen = [.deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer].contains(phase)
        #expect(state.answer(status: 503, bodyBytes: 3) == isOpen)
        #expect(state.answer(status: 500, bodyBytes: 4) == false)
        if isOpen { #expect(state.figures.status == 503 && state.figures.bodyBytesOut == 3) }
        // Nothing of an upstream can follow.
        guard isOpen else { return }
        #expect(state.upstreamHead(status: 200, now: 40) == .ignore)
        #expect(state.upstreamBody(buffer("x")) == .none)
        #expect(state.upstreamEnded() == .ignore)
    }

    @Test(
        "a request that fails is told to the delegate before the answer, and breaks the answer off after",
        arguments: phases)
    func faults(_ phase: Phase) {
        var state = Self.reached(phase)
        let fault = state.failed(.stalled)
        switch phase {
        case .deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer:
            #expect(fault == .tellDelegate)
            #expect(state.phase == .deciding)
        case .responding, .tunnel: #expect(fault == .breakOff(.stalled) && state.phase == .answered)
        case .idle, .answered: #expect(fault == .abortClient && state.phase == phase)
        }
    }

    @Test("a client that leaves drops what was begun for it, and finishes a tunnel", arguments: phases)
    func departures(_ phase: Phase) {
        var state = Self.reached(phase)
        let departure = state.clientGone()
        switch phase {
        case .idle, .answered: #expect(departure == .none)
        case .tunnel: #expect(departure == .finishTunnel)
        default: #expect(departure == .dropUpstream)
        }
        #expect(state.phase == .idle)
        // It leaves once.
        #expect(state.clientGone() == .none)
    }

    @Test(
        "an upstream that fails is told to the delegate before the answer, and breaks the answer off after",
        arguments: phases)
    func upstreamFailures(_ phase: Phase) {
        var state = Self.reached(phase)
        let failure = state.upstreamFailed(.closedEarly, onReusedConnection: true)
        switch phase {
        case .connecting, .forwarded, .collectingAnswer:
            #expect(
                failure
                    == .tellDelegate(
                        ForwardFailure(
                            reason: .closedEarly, onReusedConnection: true, bodyUntouched: true, clientOwedBody: true,
                            nothingSent: phase == .connecting, detail: UpstreamFailure(.closedEarly))))
            #expect(state.phase == .deciding)
        case .responding, .tunnel:
            #expect(failure == .breakOff(.upstreamBrokeOff))
        case .idle, .deciding, .collecting, .gathering, .answered:
            #expect(failure == .ignore)
            #expect(state.phase == phase)
        }
    }

    @Test("a client owes its body as long as it has sent less than it announced, and nobody holds back what it sends")
    func owedBody() {
        func owes(_ change: (inout ExchangeState) -> Void) -> Bool? {
            var state = Self.reached(.forwarded)
            change(&state)
            guard case .tellDelegate(let failure) = state.upstreamFailed(.closedEarly, onReusedConnection: false) else {
                return nil
            }
            return failure.clientOwedBody
        }
        #expect(owes { _ in } == true)
        #expect(owes { _ = body("ab", to: &$0) } == true)
        #expect(owes { _ = $0.receivedBodyEnd(trailers: FieldList()) } == false)
        #expect(owes { _ = $0.pausesClient() } == false)
    }

    @Test("an answer that stands still is stalled, not broken off by the upstream")
    func stalled() {
        var state = Self.reached(.responding)
        #expect(state.upstreamFailed(.firstByteTimeout, onReusedConnection: false) == .breakOff(.stalled))
    }

    @Test("octets of a body that an upstream has seen forbid to send the request again", arguments: [true, false])
    func bodyUntouched(_ isHeld: Bool) {
        var state = Self.reached(isHeld ? .connecting : .forwarded)
        _ = body("ab", to: &state)
        if isHeld { _ = state.connected(verified: false) }
        guard case .tellDelegate(let failure) = state.upstreamFailed(.closedEarly, onReusedConnection: true) else {
            Issue.record("the delegate hears nothing")
            return
        }
        #expect(!failure.bodyUntouched)
        #expect(!failure.nothingSent)
    }

    @Test("a body that comes before a stream is held, the client paused once, and read again with the stream")
    func heldBody() {
        var state = Self.reached(.deciding)
        #expect(body("ab", to: &state) == .pauseClient)
        #expect(body("c", to: &state) == .none)
        #expect(state.attempt(now: 20) == true)
        #expect(state.mustWait() == false)
        guard case .begin(let held, let end, let resumesClient) = state.connected(verified: false) else {
            Issue.record("the stream was not wanted")
            return
        }
        #expect(held == buffer("abc") && end == nil && resumesClient)
        #expect(body("d", to: &state) == .send)
        guard case .send = state.receivedBodyEnd(trailers: FieldList()) else {
            Issue.record("the end is not sent")
            return
        }
    }

    @Test("a request that is whole before there is a stream goes out whole, with its trailers, and nobody is paused")
    func wholeBeforeStream() {
        var state = Self.reached(.deciding)
        _ = body("abcd", to: &state)
        var trailers = FieldList()
        trailers.append("Sum", "1")
        _ = state.receivedBodyEnd(trailers: trailers)
        #expect(state.attempt(now: 20) == true)
        #expect(state.mustWait() == false)
        guard case .begin(let held, let end, _) = state.connected(verified: false) else {
            Issue.record("the stream was not wanted")
            return
        }
        #expect(held == buffer("abcd"))
        #expect(end.map { $0.entries.map { entry in trailers.text(entry.value) } } == ["1"])
    }

    @Test("a request without a body is whole at once, and its client is not paused while it waits", arguments: [1, 2])
    func noBody(_ attempts: Int) {
        var state = Self.reached(.deciding, framing: .none)
        for attempt in 1...attempts {
            #expect(state.attempt(now: 20) == true)
            #expect(state.mustWait() == false)
            guard case .begin(nil, let end?, false) = state.connected(verified: false) else {
                Issue.record("it is not whole")
                return
            }
            #expect(end.isEmpty)
            if attempt < attempts { _ = state.upstreamFailed(.closedEarly, onReusedConnection: true) }
        }
        #expect(state.figures.upstreamAttempts == attempts)
    }

    @Test("a client whose body is not there yet is paused while its request waits for a stream")
    func pausedMeanwhile() {
        var state = Self.reached(.connecting)
        #expect(state.mustWait() == true)
        #expect(state.mustWait() == false)
        guard case .begin(nil, nil, true) = state.connected(verified: false) else {
            Issue.record("it is not read again")
            return
        }
    }

    @Test("a stream that nobody waits for any more is given back", arguments: phases)
    func unwantedStream(_ phase: Phase) {
        guard phase != .connecting else { return }
        var state = Self.reached(phase)
        guard case .giveBack = state.connected(verified: true) else {
            Issue.record("it was taken")
            return
        }
        #expect(state.phase == phase)
    }

    @Test("a body is collected from what came before and what comes after it was asked for")
    func collected() {
        var state = Self.reached(.deciding)
        #expect(body("ab", to: &state) == .pauseClient)
        #expect(state.collectBody() == .goOn(resumesClient: true))
        #expect(body("cd", to: &state) == .none)
        guard case .collected(let octets) = state.receivedBodyEnd(trailers: FieldList()) else {
            Issue.record("it was not collected")
            return
        }
        #expect(octets == Array("abcd".utf8) && state.phase == .deciding)
    }

    @Test("a body that is there already, or of which there is none, is collected at once")
    func collectedAtOnce() {
        var state = Self.reached(.deciding)
        _ = body("abcd", to: &state)
        _ = state.receivedBodyEnd(trailers: FieldList())
        #expect(state.collectBody() == .whole(Array("abcd".utf8)))
        var none = Self.reached(.deciding, framing: .none)
        #expect(none.collectBody() == .whole([]))
        #expect(none.phase == .deciding)
    }

    @Test(
        "a body of more octets than are allowed is told once there is no answer, and dropped after", arguments: phases)
    func tooLarge(_ phase: Phase) {
        var state = Self.reached(phase)
        state.bodyBytesMax = 3
        let allowed = body("abc", to: &state)
        #expect([.none, .send, .pauseClient].contains(allowed))
        let one = body("d", to: &state)
        switch phase {
        case .deciding, .collecting, .gathering, .connecting, .forwarded, .collectingAnswer:
            #expect(one == .tooLarge(.tellDelegate))
        case .responding: #expect(one == .tooLarge(.breakOff(.clientGone)))
        case .tunnel, .idle, .answered: #expect(one == .tooLarge(.ignore))
        }
        #expect(state.figures.bodyBytesIn == 4)
    }

    @Test("what is held of a body that is too large is forgotten")
    func tooLargeForgotten() {
        var state = Self.reached(.deciding)
        state.bodyBytesMax = 3
        _ = body("abc", to: &state)
        _ = body("d", to: &state)
        #expect(state.attempt(now: 20) == true)
        guard case .begin(nil, _, _) = state.connected(verified: false) else {
            Issue.record("something was kept")
            return
        }
    }

    @Test("the end of a request frees its client from a pause, once")
    func endResumes() {
        var state = Self.reached(.connecting)
        _ = state.mustWait()
        #expect(state.end() == true)
        #expect(state.end() == false)
    }

    @Test("nothing of one request is left for the next, whether that is one or what cannot be read as one")
    func nothingLeft() {
        for framing in [BodyFraming.none, .length(4)] {
            var state = Self.reached(.forwarded)
            state.bodyBytesMax = 10
            _ = body("ab", to: &state)
            _ = state.upstreamHead(status: 200, now: 30)
            _ = state.upstreamBody(buffer("12345"))
            _ = state.pausesClient()
            _ = state.upstreamEnded()
            _ = state.end()
            state.reset()
            #expect(state.phase == .idle)

            state.begin(framing: framing, now: 90)
            #expect(state.phase == .deciding)
            #expect(state.figures.startedAt == 90)
            #expect(state.figures.bodyBytesIn == 0)
            #expect(state.figures.bodyBytesOut == 0)
            #expect(state.figures.status == 0)
            #expect(state.figures.upstreamStartedAt == 0)
            #expect(state.figures.upstreamFirstByteAt == 0)
            #expect(state.figures.upstreamAttempts == 0)
            #expect(state.figures.upstreamVerified == false)
            #expect(state.bodyBytesMax == nil)
            #expect(state.resumesClient() == false)
            let whole: ExchangeState.Collection = framing == .none ? .whole([]) : .goOn(resumesClient: false)
            #expect(state.collectBody() == whole)
        }
    }

    @Test("an answer from another thread finds its own request only, and only while it has none")
    func generations() {
        var state = Self.reached(.deciding)
        let first = state.generation
        #expect(state.isCurrent(first) == true)
        _ = state.answer(status: 200, bodyBytes: 0)
        #expect(state.isCurrent(first) == false)
        state.reset()
        state.begin(framing: .none, now: 50)
        #expect(state.isCurrent(first) == false)
        #expect(state.isCurrent(state.generation) == true)
        let second = state.generation
        state.connectionClosed()
        #expect(state.isCurrent(second) == false)
    }

    @Test("an answer is collected up to its bound, and nothing of it is counted as sent")
    func collectedAnswer() {
        var state = Self.reached(.collectingAnswer)
        #expect(state.upstreamBody(buffer("ab")) == .none)
        #expect(state.upstreamBody(buffer("cd")) == .none)
        #expect(state.upstreamEnded() == .collected(Array("abcd".utf8)))
        #expect(state.phase == .deciding)
        #expect(state.figures.status == 0)
        #expect(state.figures.bodyBytesOut == 0)
        #expect(state.passAnswer(bodyBytes: 3) == true)
        #expect(state.figures.status == 200)
        #expect(state.figures.bodyBytesOut == 3)
        #expect(state.passAnswer(bodyBytes: 3) == false)
    }

    @Test("an answer that is too large, or breaks off, leaves nothing to pass on", arguments: [true, false])
    func uncollectedAnswer(_ isTooLarge: Bool) {
        var state = Self.reached(.collectingAnswer)
        if isTooLarge {
            #expect(state.upstreamBody(buffer("abcde")) == .tooLarge)
        } else {
            _ = state.upstreamBody(buffer("ab"))
            _ = state.upstreamFailed(.closedEarly, onReusedConnection: false)
        }
        #expect(state.phase == .deciding)
        #expect(state.passAnswer(bodyBytes: 3) == false)
    }

    @Test("a tunnel is never collected")
    func collectedTunnel() {
        var state = Self.reached(.forwarded)
        state.answerBytesMax = 4
        #expect(state.upstreamHead(status: 101, now: 30) == .tunnel)
    }

    @Test("a body can be replaced once it is whole, and not after somebody has seen it")
    func replacedBody() {
        let allocator = ByteBufferAllocator()
        var early = Self.reached(.deciding)
        #expect(early.replaceBody([1], allocator) == false)
        var state = Self.reached(.collecting)
        _ = body("abcd", to: &state)
        _ = state.receivedBodyEnd(trailers: FieldList())
        #expect(state.replaceBody(Array("xy".utf8), allocator) == true)
        #expect(state.attempt(now: 20) == true)
        guard case .begin(let held, let end, false) = state.connected(verified: false) else {
            Issue.record("the stream was not wanted")
            return
        }
        #expect(held == buffer("xy"))
        #expect(end != nil)
        _ = state.upstreamFailed(.closedEarly, onReusedConnection: true)
        #expect(state.replaceBody([1], allocator) == false)
    }

    @Test("octets that pass through a tunnel are counted both ways")
    func tunnelCounts() {
        var state = Self.reached(.tunnel)
        #expect(state.receivedTunnel(3) == true)
        _ = state.upstreamBody(buffer("12345"))
        #expect(state.figures.bodyBytesIn == 3)
        #expect(state.figures.bodyBytesOut == 5)
        #expect(state.upstreamTunnelClosed() == true)
        #expect(state.upstreamTunnelClosed() == false)
        #expect(state.receivedTunnel(3) == false)
    }
}
