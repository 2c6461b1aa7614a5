import HTTP
import Testing

@testable import Transport

/// What can happen to a connection to an upstream.
private enum Event: Sendable {
    case opened, wrongIdentity, connectFailed(timedOut: Bool)
    case begin, beginAwaitingContinue, sentBody, sentLarge, sentEnd, octets, marked(UInt64)
    case interim, head(BodyFraming), headThenClose(BodyFraming), switched, part, lastPart, ended(trailing: Int),
        malformed
    case pause, resume, read, writable(Bool)
    case abandon, finishTunnel, becomeIdle, closeIdle
    case error(UpstreamFault), deadline, deadlineTaken(UInt64), closed
}

/// What the state answers.
private enum Answer: Equatable, Sendable {
    case nothing
    case yes
    case no
    case timer(HTTP1UpstreamState.Timer)
    case goesOn(HTTP1UpstreamState.Timer, read: Bool)
    case failed(ForwardFailure.Reason?)
    case ending(HTTP1UpstreamState.Ending)

    init(_ flag: Bool) { self = flag ? .yes : .no }
    init(_ expiry: HTTP1UpstreamState.Expiry) {
        self =
            switch expiry {
            case .closeHard: .yes
            case .leaveIdle: .no
            case .goOn(let timer): .timer(timer)
            }
    }
    init(_ resumption: HTTP1UpstreamState.Resumption?) {
        self = resumption.map { .goesOn($0.timer, read: $0.read) } ?? .no
    }
}

extension HTTP1UpstreamState {
    fileprivate mutating func apply(_ event: Event) -> Answer {
        switch event {
        case .opened: return Answer(opened())
        case .wrongIdentity: willFail(.wrongIdentity)
        case .connectFailed(let timedOut): return .failed(connectFailed(timedOut: timedOut))
        case .begin: return Answer(begin(awaitsContinue: false))
        case .beginAwaitingContinue: return Answer(begin(awaitsContinue: true))
        case .sentBody: return .timer(sentBody(1))
        case .sentLarge: return .timer(sentBody(100_000))
        case .marked(let taken): markProgress(taken: taken)
        case .sentEnd: return .timer(sentEnd())
        case .octets: octetsArrived()
        case .interim:
            octetsArrived()
            return .timer(interim())
        case .head(let framing):
            octetsArrived()
            return .timer(head(framing: framing, keepsAlive: true))
        case .headThenClose(let framing):
            octetsArrived()
            return .timer(head(framing: framing, keepsAlive: false))
        case .switched: return .timer(switched())
        case .part: return .timer(bodyPart(isLast: false))
        case .lastPart: return .timer(bodyPart(isLast: true))
        case .ended(let trailing): return Answer(ended(trailing: trailing))
        case .malformed: malformed()
        case .pause: return .timer(pause())
        case .resume: return Answer(resume())
        case .read: return Answer(mayRead())
        case .writable(let writable): return .timer(writabilityChanged(writable))
        case .abandon: return Answer(abandon())
        case .finishTunnel: return Answer(finishTunnel())
        case .becomeIdle: return Answer(becomeIdle())
        case .closeIdle: return Answer(closeIdle())
        case .error(let fault): return Answer(errorCaught(fault))
        case .deadline: return Answer(deadlineReached(taken: nil))
        case .deadlineTaken(let taken): return Answer(deadlineReached(taken: isLarge ? taken : nil))
        case .closed: return .ending(channelClosed())
        }
        return .nothing
    }
}

/// One row: what happens, and what the last event is answered with.
private struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let events: [Event]
    let answer: Answer

    init(_ title: String, _ events: [Event], _ answer: Answer) {
        testDescription = title
        self.events = events
        self.answer = answer
    }

    /// The same behind an exchange that ended well, so that the connection has served before.
    func reused() -> [Event] { Self.served + events }

    static let served: [Event] = [.opened, .begin, .sentEnd, .head(.length(5)), .lastPart, .ended(trailing: 0)]

    func play(after earlier: [Event] = []) -> Answer {
        var state = HTTP1UpstreamState()
        var answer = Answer.nothing
        for event in earlier + events { answer = state.apply(event) }
        return answer
    }
}

@Suite("a connection to an upstream, as a value")
struct HTTP1UpstreamStateTests {
    @Test(
        "times whoever is waited for",
        arguments: [
            Row("nobody while the client sends its request", [.begin], .goesOn(.off, read: false)),
            Row(
                "the upstream whose 100 the client waits for", [.beginAwaitingContinue],
                .goesOn(.firstByte, read: false)),
            Row("the client, while the upstream takes the body", [.begin, .sentBody], .timer(.off)),
            Row("the upstream that does not take the body", [.begin, .writable(false)], .timer(.stall)),
            Row("it still, with each part that is written", [.begin, .writable(false), .sentBody], .timer(.stall)),
            Row("the client again when it takes it", [.begin, .writable(false), .writable(true)], .timer(.off)),
            Row("the upstream once the request is sent", [.begin, .sentEnd], .timer(.firstByte)),
            Row(
                "it anew as long as it takes what was written",
                [.begin, .sentLarge, .sentEnd, .marked(10), .deadlineTaken(11)], .timer(.firstByte)),
            Row(
                "it no longer when it has taken nothing more",
                [.begin, .sentLarge, .sentEnd, .marked(10), .deadlineTaken(11), .deadlineTaken(11)], .yes),
            Row(
                "it anew while it takes what the client still sends",
                [.begin, .sentLarge, .writable(false), .marked(10), .deadlineTaken(11)], .timer(.stall)),
            Row(
                "it once where the request is small, which leaves at once",
                [.begin, .sentBody, .sentEnd, .deadlineTaken(11)], .yes),
            Row("it anew with an interim answer", [.begin, .sentEnd, .interim], .timer(.firstByte)),
            Row("the client, after an interim answer to half a request", [.begin, .interim], .timer(.off)),
            Row("the upstream in the middle of its answer", [.begin, .sentEnd, .head(.chunked)], .timer(.stall)),
            Row("it anew with each part", [.begin, .sentEnd, .head(.chunked), .part], .timer(.stall)),
            Row(
                "nobody when the answer is whole", [.begin, .sentEnd, .head(.length(1)), .lastPart], .timer(.unchanged)),
            Row("nobody for an answer without a body", [.begin, .sentEnd, .head(.none)], .timer(.unchanged)),
            Row("nobody for an empty body", [.begin, .sentEnd, .head(.length(0))], .timer(.unchanged)),
            Row(
                "the answer, not the rest of a request that it overtook", [.begin, .head(.chunked), .sentEnd],
                .timer(.unchanged)),
            Row(
                "the answer with each part of the request that it overtook", [.begin, .head(.chunked), .sentBody],
                .timer(.stall)),
            Row(
                "the answer, whether or not the upstream takes the rest", [.begin, .head(.chunked), .writable(false)],
                .timer(.unchanged)),
            Row("a tunnel", [.begin, .sentEnd, .switched], .timer(.tunnel)),
            Row("a connection that idles", [.becomeIdle], .goesOn(.idle, read: false)),
        ])
    private func timers(row: Row) { #expect(row.play(after: [.opened]) == row.answer) }

    @Test(
        "does not count time that a slow client takes",
        arguments: [
            Row("pausing stops the clock", [.begin, .sentEnd, .head(.chunked), .pause], .timer(.off)),
            Row("parts do not start it", [.begin, .sentEnd, .head(.chunked), .pause, .part], .timer(.unchanged)),
            Row("resuming does", [.begin, .sentEnd, .head(.chunked), .pause, .resume], .goesOn(.stall, read: false)),
            Row(
                "with the body until the end too", [.begin, .sentEnd, .head(.untilClose), .pause, .resume],
                .goesOn(.stall, read: false)),
            Row("and in a tunnel", [.begin, .sentEnd, .switched, .pause, .resume], .goesOn(.tunnel, read: false)),
            Row("a read while paused waits", [.begin, .sentEnd, .head(.chunked), .pause, .read], .no),
            Row(
                "until reading goes on", [.begin, .sentEnd, .head(.chunked), .pause, .read, .resume],
                .goesOn(.stall, read: true)),
            Row(
                "and is asked for once", [.begin, .sentEnd, .head(.chunked), .pause, .read, .resume, .pause, .resume],
                .goesOn(.stall, read: false)),
            Row("without a pause reads pass", [.begin, .read], .yes),
            Row(
                "and resuming changes nothing", [.begin, .sentEnd, .head(.chunked), .resume],
                .goesOn(.unchanged, read: false)),
            Row(
                "a connection that comes back paused reads on",
                [.begin, .sentEnd, .head(.length(1)), .pause, .read, .ended(trailing: 0), .becomeIdle],
                .goesOn(.idle, read: true)),
            Row(
                "also where the next exchange begins at once",
                [.begin, .sentEnd, .head(.length(1)), .pause, .read, .ended(trailing: 0), .begin],
                .goesOn(.off, read: true)),
        ])
    private func pausing(row: Row) { #expect(row.play(after: [.opened]) == row.answer) }

    @Test(
        "serves again only if nothing is left on the wire",
        arguments: [
            Row("request and answer were whole", [.sentEnd, .head(.length(1)), .lastPart, .ended(trailing: 0)], .yes),
            Row("the answer had no body", [.sentEnd, .head(.none), .ended(trailing: 0)], .yes),
            Row("its chunks were whole", [.sentEnd, .head(.chunked), .part, .ended(trailing: 0)], .yes),
            Row("the request was sent whole while it came", [.head(.chunked), .sentEnd, .ended(trailing: 0)], .yes),
            Row("the request was not sent whole", [.head(.length(0)), .ended(trailing: 0)], .no),
            Row("something came behind the answer", [.sentEnd, .head(.length(0)), .ended(trailing: 1)], .no),
            Row("the upstream wants to close", [.sentEnd, .headThenClose(.length(0)), .ended(trailing: 0)], .no),
            Row("the body ends with the connection", [.sentEnd, .head(.untilClose), .ended(trailing: 0)], .no),
        ])
    private func reuse(row: Row) {
        #expect(row.play(after: [.opened, .begin]) == row.answer)
        #expect(row.play(after: Row.served + [.begin]) == row.answer)
    }

    @Test(
        "that was never open says why",
        arguments: [
            Row("the socket closed", [.closed], .ending(.neverOpened(.unreachable))),
            Row("an error of the socket", [.error(.connection), .closed], .ending(.neverOpened(.unreachable))),
            Row("an error of TLS", [.error(.tls), .closed], .ending(.neverOpened(.tlsFailed))),
            Row("an alert of TLS", [.error(.tlsAlert), .closed], .ending(.neverOpened(.tlsFailed))),
            Row(
                "the first of two errors", [.error(.connection), .error(.tls), .closed],
                .ending(.neverOpened(.unreachable))),
            Row("somebody else answered", [.wrongIdentity, .closed], .ending(.neverOpened(.wrongIdentity))),
            Row(
                "whatever the handshake says then", [.wrongIdentity, .error(.tls), .closed],
                .ending(.neverOpened(.wrongIdentity))),
            Row("it took too long", [.deadline, .closed], .ending(.neverOpened(.connectTimeout))),
            Row("no address answered in time", [.connectFailed(timedOut: true)], .failed(.connectTimeout)),
            Row("no address answered", [.connectFailed(timedOut: false)], .failed(.unreachable)),
            Row(
                "no address answered, though an error said more", [.error(.tls), .connectFailed(timedOut: true)],
                .failed(.tlsFailed)),
            Row("once", [.connectFailed(timedOut: false), .closed], .ending(.unnoticed)),
            Row("not when it is open", [.opened, .connectFailed(timedOut: true)], .failed(nil)),
            Row("it is opened once", [.opened, .opened], .no),
        ])
    private func connecting(row: Row) { #expect(row.play() == row.answer) }

    @Test(
        "that ends in the middle of an exchange says how",
        arguments: [
            Row(
                "before the answer", [.begin, .sentEnd, .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row(
                "before the request was whole", [.begin, .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row(
                "in the middle of the body", [.begin, .sentEnd, .head(.length(9)), .part, .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row(
                "too late", [.begin, .sentEnd, .deadline, .closed],
                .ending(.failed(.firstByteTimeout, onReusedConnection: false))),
            Row(
                "too slow", [.begin, .sentEnd, .head(.chunked), .deadline, .closed],
                .ending(.failed(.firstByteTimeout, onReusedConnection: false))),
            Row(
                "refused by an alert", [.begin, .error(.tlsAlert), .closed],
                .ending(.failed(.tlsFailed, onReusedConnection: false))),
            Row(
                "an alert after the answer began", [.begin, .octets, .error(.tlsAlert), .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row(
                "another error of TLS", [.begin, .error(.tls), .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row("as the answer's end", [.begin, .sentEnd, .head(.untilClose), .part, .closed], .ending(.answered)),
            Row(
                "as an end that TLS did not announce", [.begin, .sentEnd, .head(.untilClose), .error(.tls), .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row(
                "as an end that was not waited for", [.begin, .sentEnd, .head(.untilClose), .deadline, .closed],
                .ending(.failed(.firstByteTimeout, onReusedConnection: false))),
            Row("a tunnel", [.begin, .sentEnd, .switched, .closed], .ending(.tunnelClosed)),
            Row(
                "a tunnel that nothing came through", [.begin, .sentEnd, .switched, .deadline, .closed],
                .ending(.tunnelClosed)),
            Row("an abandoned one", [.begin, .sentEnd, .abandon, .closed], .ending(.unnoticed)),
            Row("a malformed one", [.begin, .sentEnd, .malformed, .closed], .ending(.unnoticed)),
            Row(
                "one that is over", [.begin, .sentEnd, .headThenClose(.none), .ended(trailing: 0), .closed],
                .ending(.unnoticed)),
            Row(
                "a tunnel that the client left", [.begin, .sentEnd, .switched, .finishTunnel, .closed],
                .ending(.unnoticed)),
            Row("none", [.closed], .ending(.idle)),
            Row("none, closed by us", [.closeIdle, .closed], .ending(.unnoticed)),
            Row("none, after an error", [.error(.connection), .closed], .ending(.unnoticed)),
        ])
    private func ending(row: Row) { #expect(row.play(after: [.opened]) == row.answer) }

    @Test(
        "that served before may have been closed before the request came, unless an octet came back",
        arguments: [
            Row(
                "before the request was whole", [.begin, .closed],
                .ending(.failed(.closedEarly, onReusedConnection: true))),
            Row("after it", [.begin, .sentEnd, .closed], .ending(.failed(.closedEarly, onReusedConnection: true))),
            Row(
                "half a head came", [.begin, .sentEnd, .octets, .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row(
                "an interim answer came", [.begin, .sentEnd, .interim, .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
            Row(
                "a head came", [.begin, .sentEnd, .head(.chunked), .closed],
                .ending(.failed(.closedEarly, onReusedConnection: false))),
        ])
    private func reusedEnding(row: Row) { #expect(row.play(after: Row.served) == row.answer) }

    @Test("that is idle leaves its pool at the first error, and at its deadline")
    func idleFaults() {
        #expect(Row("", [.error(.connection)], .yes).play(after: [.opened]) == .yes)
        #expect(Row("", [.deadline], .no).play(after: [.opened]) == .no)
        #expect(Row("", [.deadline], .yes).play(after: [.opened, .begin]) == .yes)
        #expect(Row("", [.error(.connection)], .no).play(after: [.opened, .begin]) == .no)
    }

    @Test("lets its tunnel end as long as what was sent takes to leave, and only a tunnel")
    func finishing() {
        #expect(
            Row("", [.begin, .switched, .finishTunnel], .no).play(after: [.opened]) == .goesOn(.stall, read: false))
        #expect(
            Row("", [.begin, .switched, .pause, .read, .finishTunnel], .no).play(after: [.opened])
                == .goesOn(.stall, read: true))
        #expect(Row("", [.begin, .finishTunnel], .no).play(after: [.opened]) == .no)
    }

    @Test("is abandoned once")
    func abandoning() {
        #expect(Row("", [.begin, .abandon], .yes).play(after: [.opened]) == .yes)
        #expect(Row("", [.begin, .abandon, .abandon], .no).play(after: [.opened]) == .no)
    }
}
