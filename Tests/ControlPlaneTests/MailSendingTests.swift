import AuthorizationRecords
import GatewayTesting
import LogIn
import Logging
import Octets
import Outgoing
import Policy
import Synchronization
import Testing

@testable import Gateway

@Suite("Sending mail to users")
struct MailSendingTests {
    /// Takes mail, or does not, as it is told; remembers pauses in place of waiting.
    private final class Server: MailDelivery {
        private let state: Mutex<(faults: [MailFault?], attempts: Int, pauses: [Int64])>
        init(_ faults: [MailFault?]) { state = Mutex((faults, 0, [])) }

        var attempts: Int { state.withLock { $0.attempts } }
        var pauses: [Int64] { state.withLock { $0.pauses } }
        let recorded = RecordedLog()
        var log: String { recorded.text }
        var logger: Logger { recorded.logger }
        func pause(_ seconds: Int64) { state.withLock { $0.pauses.append(seconds) } }

        func deliver(_ message: MailMessage) async throws(MailFault) {
            let fault: MailFault? = state.withLock { state in
                state.attempts += 1
                return state.faults.isEmpty ? nil : state.faults.removeFirst()
            }
            if let fault { throw fault }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var faults: [MailFault?]
        var attempts: Int
        var pauses: [Int64]
        var sent = 0
        var failed = 0
        var lastFault: String?
        var log: String
    }

    private static let busy = MailFault.refused(stage: "RCPT", "451 try again", isPermanent: false)
    private static let unknown = MailFault.refused(stage: "RCPT", "550 no such user", isPermanent: true)

    static let cases: [Case] = [
        Case(
            testDescription: "what is taken at once is sent once", faults: [], attempts: 1, pauses: [], sent: 1,
            log: "info mail was sent kind=reset server=mail.example:587"),
        Case(
            testDescription: "what is not taken for now is tried again, and sent", faults: [busy, .timeout],
            attempts: 3,
            pauses: [15, 90], sent: 1, lastFault: "timeout",
            log:
                "warning mail was not sent yet, and is tried again attempt=1 kind=reset reason=refused RCPT: 451 try again"
        ),
        Case(
            testDescription: "after three further attempts it is given up, and the log says so",
            faults: [busy, busy, busy, busy, busy], attempts: 4, pauses: [15, 90, 600], failed: 1, lastFault: "refused",
            log: "error mail was not sent attempt=4 kind=reset reason=refused RCPT: 451 try again"),
        Case(
            testDescription: "what is refused for good is not tried again", faults: [unknown], attempts: 1, pauses: [],
            failed: 1, lastFault: "refused",
            log: "error mail was not sent attempt=1 kind=reset reason=refused RCPT: 550 no such user"),
    ]

    @Test("attempts, pauses, counts and the log", arguments: cases)
    func attempts(_ test: Case) async throws {
        let server = Server(test.faults)
        let from = try #require(MailAddress("accounts@login.example"))
        let to = try #require(MailAddress("alice@mail.example"))
        let sending = try MailSending(
            MailSettings(host: "mail.example", port: 587, security: .startTLS, from: from), host: "login.example",
            logger: server.logger, clock: { 1_767_225_600 }, pause: { server.pause($0) }, server: server)
        let running = Task { try await sending.run() }
        #expect(sending.later { _ in [UserMail(kind: "reset", to: to, subject: "s", text: "t")] })
        while sending.counts.sent + sending.counts.failed == 0 { await Task.yield() }
        running.cancel()
        try await running.value
        #expect(server.attempts == test.attempts)
        #expect(server.pauses == test.pauses)
        #expect(sending.counts.sent == test.sent && sending.counts.failed == test.failed)
        #expect(sending.counts.lastFault == test.lastFault)
        #expect(server.log.contains(test.log), "\(server.log)")
        // Nobody reads in a log whom the mail was for.
        #expect(!server.log.contains("alice"))
    }

    @Test("of what waits, so much is taken and no more; what cannot be prepared is counted and logged")
    func bounds() async throws {
        let server = Server([])
        let from = try #require(MailAddress("accounts@login.example"))
        let sending = try MailSending(
            MailSettings(host: "mail.example", port: 587, security: .startTLS, from: from), host: "login.example",
            logger: server.logger, clock: { 1_767_225_600 }, pause: { _ in }, server: server)
        struct Broken: Error {}
        for number in 0..<(MailSending.waitingMax + 3) {
            #expect(sending.later { _ in throw Broken() } == (number < MailSending.waitingMax))
        }
        #expect(sending.counts.dropped == 3)
        let running = Task { try await sending.run() }
        while sending.counts.failed < MailSending.waitingMax { await Task.yield() }
        running.cancel()
        try await running.value
        #expect(server.attempts == 0 && server.log.contains("error mail cannot be prepared"))
    }
}
