import Foundation
import GatewayTesting
import JSON
import Synchronization
import Testing

/// A client that asks for tokens without pause while an operator takes something from it. Whatever remembers who it was must
/// not outlive the command that took it.
@Suite("Attack: a client outruns its removal", .tags(.timed))
struct OutrunRemovalTests {
    /// What takes something away, and whether the client is gone with it.
    enum Removal: String, CaseIterable, Sendable {
        case byCommand = "client remove"
        case byInterface = "DELETE /admin/v1/clients/ID"
        case ofSecret = "client secret remove"
    }

    @Test(
        "nothing that it obtains counts once the removal has returned, and it obtains nothing more",
        arguments: Removal.allCases)
    func outrun(_ removal: Removal) async throws {
        try await AdminHarness.run { harness in
            for _ in 0..<2 {
                let client = try await AdminHarness.add("billing", scopes: ["orders:read"], in: harness.base)
                if removal == .ofSecret { #expect(try await Self.command(harness, "secret", "add", "billing") == 0) }
                let requests = Requests()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 { group.addTask { try await requests.ask(harness, client) } }
                    try await eventually("tokens") { requests.tokens.count > 5 }
                    switch removal {
                    case .byCommand: #expect(try await Self.command(harness, "remove", "billing") == 0)
                    case .byInterface:
                        #expect(try await harness.send("DELETE", "clients/billing", ifMatch: "*").status == 204)
                    case .ofSecret: #expect(try await Self.command(harness, "secret", "remove", "billing") == 0)
                    }
                    let returned = ContinuousClock.now
                    // A token of before, of the very end, and what the second after brings.
                    if removal != .ofSecret {
                        for token in [requests.tokens.first, requests.tokens.last] {
                            let answer = try await harness.base.answer("/orders/1", token: token ?? "")
                            #expect(answer.status == 401 && answer.code == "revoked_token")
                        }
                    }
                    try await Task.sleep(for: .milliseconds(2_500))
                    requests.stop()
                    try await group.waitForAll()
                    let later = requests.answers.filter { $0.began > returned }
                    #expect(later.count > 5)
                    #expect(later.allSatisfy { $0.status == 401 || $0.status == 429 }, "\(Set(later.map(\.status)))")
                }
                guard removal != .ofSecret else { break }
                for token in requests.tokens {
                    #expect(try await harness.base.answer("/orders/1", token: token).status == 401)
                }
            }
        }
    }

    private static func command(_ harness: AdminHarness, _ words: String...) async throws -> Int32 {
        try await Portcullis.run(["client"] + words, in: harness.base.gateway.folder).status
    }

    /// What the client asked for and heard.
    private final class Requests: Sendable {
        struct Answer: Sendable {
            let began: ContinuousClock.Instant
            let status: Int
            let token: String?
        }
        private let state = Mutex<(answers: [Answer], isOver: Bool)>(([], false))

        var answers: [Answer] { state.withLock { $0.answers } }
        var tokens: [String] { answers.compactMap(\.token) }
        func stop() { state.withLock { $0.isOver = true } }

        func ask(_ harness: AdminHarness, _ client: AdminHarness.Client) async throws {
            let http = try harness.base.client()
            var request = harness.base.request(
                "/oauth2/token", method: "POST",
                fields: [
                    HeaderField("Content-Type", "application/x-www-form-urlencoded"),
                    HeaderField(
                        "Authorization", "Basic " + Data("\(client.id):\(client.secret)".utf8).base64EncodedString()),
                ])
            request.body = .text("grant_type=client_credentials")
            while !state.withLock({ $0.isOver }) {
                let began = ContinuousClock.now
                let answer = try await http.send(request)
                let token = (try? JSON.parse(answer.body))?.object?["access_token"]?.string
                state.withLock { $0.answers.append(Answer(began: began, status: answer.status, token: token)) }
                // As many as there may be within three seconds of wrong secrets, and more than one in each memory.
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
