import Foundation
import GatewayTesting
import JSON
import Synchronization
import Testing

/// Somebody who goes on with a session, a consent page, codes, devices and tokens while an operator takes the account away
/// or gives it another password.
@Suite("Attack: a user outruns what ends it", .tags(.timed))
struct OutrunEndingTests {
    enum Way: String, CaseIterable, Sendable {
        case disableByCommand = "user disable"
        case passwordByCommand = "user password"
        case removeByCommand = "user remove"
        case disableByInterface = "PATCH disabled"
        case passwordByInterface = "PATCH password"

        var isPassword: Bool { self == .passwordByCommand || self == .passwordByInterface }
    }

    private static let old = "correct horse battery staple"
    private static let new = "a quite new password"

    @Test("nothing that was begun before goes on once the command has returned", arguments: Way.allCases)
    func outrun(_ way: Way) async throws {
        try await AdminHarness.run { harness in
            let folder = harness.base.gateway.folder
            let added = try await Portcullis.run(["user", "add", "alice"], in: folder, input: Self.old + "\n")
            let id = try #require(added.output.split(separator: " ").last?.trimmingCharacters(in: .newlines))
            let secret = try await Person.addShop(harness.base, more: "--first-party")
            let otherSecret = try await Person.addShop(harness.base, id: "asks")
            let person = try Person(harness.base)
            let first = try await person.logIn(password: Self.old)
            let before = try #require(
                Self.access(try await person.redeem(first.parameter("code") ?? "", secret: secret)))
            #expect(try await person.userInfo(before) == 200)

            // What waits: pages with a question, a code, a device that was let in and one that was not.
            var consents: [Person.Shown] = []
            for _ in 0..<40 {
                let asked = try await person.authorize(client: "asks")
                consents.append(try await person.get(asked.location ?? ""))
            }
            let code = try #require(try await person.authorize().parameter("code"))
            let approved = try await Self.device(person, secret)
            #expect(try await person.send(approved.page, [("decision", "allow")]).text.contains("Device connected"))
            let waiting = try await Self.device(person, secret)

            let seen = Seen()
            try await withThrowingTaskGroup(of: Void.self) { group in
                let pages = consents
                group.addTask {
                    while !seen.isOver {
                        let began = ContinuousClock.now
                        let code = try await person.authorize([("prompt", "none")]).parameter("code")
                        let token =
                            if let code { Self.access(try await person.redeem(code, secret: secret)) } else {
                                String?.none
                            }
                        seen.note(began, code != nil, token)
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                group.addTask {
                    for page in pages where !seen.isOver {
                        let began = ContinuousClock.now
                        let answer = try await person.send(page, [("decision", "allow")])
                        let code = try await person.get(answer.location ?? "/").parameter("code")
                        let token =
                            if let code {
                                Self.access(try await person.redeem(code, client: "asks", secret: otherSecret))
                            } else { String?.none }
                        seen.note(began, code != nil, token)
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                try await eventually("tokens") { seen.tokens.count > 5 }
                try await Self.take(way, id, harness)
                let returned = ContinuousClock.now

                #expect(try await harness.base.answer("/orders/1", token: before).status == 401)
                let last = seen.tokens.last ?? ""
                #expect(try await harness.base.answer("/orders/1", token: last).status == 401)
                #expect(try await person.userInfo(last) == 401)
                #expect(try await person.redeem(code, secret: secret).status == 400)
                let fetched = try await person.token(
                    [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", approved.code)],
                    secret: secret)
                #expect(fetched.status == 400)
                #expect(try await !person.send(waiting.page, [("decision", "allow")]).text.contains("connected"))
                if way.isPassword {
                    // What is granted by the new password counts at once.
                    let owner = try Person(harness.base)
                    let answer = try await owner.logIn(password: Self.new)
                    let token = Self.access(
                        try await owner.redeem(answer.parameter("code") ?? "", secret: secret))
                    #expect(try await owner.userInfo(token ?? "") == 200)
                    #expect(try await harness.base.answer("/orders/1", token: token).status == 200)
                }
                try await Task.sleep(for: .milliseconds(1_500))
                seen.end()
                try await group.waitForAll()
                #expect(seen.all.count { $0.began > returned } > 5)
                #expect(seen.all.allSatisfy { $0.began < returned || (!$0.hasCode && $0.token == nil) })
            }
            for token in seen.tokens {
                #expect(try await person.userInfo(token) == 401)
                let answer = try await person.application("/oauth2/introspect", [("token", token)], secret: secret)
                #expect(answer.object["active"] == false)
            }
        }
    }

    private static func take(_ way: Way, _ id: String, _ harness: AdminHarness) async throws {
        func command(_ word: String, input: String = "") async throws {
            let run = try await Portcullis.run(
                ["user", word, "alice"], in: harness.base.gateway.folder, input: input)
            #expect(run.status == 0, "\(run.errors)")
            #expect(
                run.output.contains(/; ended: sessions 1, .*devices 1, grants [0-9]+/))
        }
        func patch(_ change: JSONObject) async throws {
            let answer = try await harness.send("PATCH", "users/\(id)", change, ifMatch: "*")
            #expect(answer.status == 200)
            #expect(answer.object["ended"]?.object?["sessions"] == 1)
        }
        switch way {
        case .disableByCommand: try await command("disable")
        case .passwordByCommand: try await command("password", input: new + "\n")
        case .removeByCommand: try await command("remove")
        case .disableByInterface: try await patch(["disabled": true])
        case .passwordByInterface: try await patch(["password": .string(new)])
        }
    }

    /// A device at the page that asks whether to let it in.
    private static func device(_ person: Person, _ secret: String) async throws -> (code: String, page: Person.Shown) {
        let answer = try await person.application(
            "/oauth2/device_authorization", [("scope", "orders:read")], secret: secret)
        let code = try #require(answer.object["device_code"]?.string)
        let entry = try await person.get("/oauth2/device")
        let typed = try await person.send(entry, [("user_code", answer.object["user_code"]?.string ?? "")])
        return (code, try await person.get(typed.location ?? ""))
    }

    private static func access(_ answer: CurlResponse) -> String? { answer.object["access_token"]?.string }

    private final class Seen: Sendable {
        struct Attempt: Sendable {
            let began: ContinuousClock.Instant
            let hasCode: Bool
            let token: String?
        }
        private let state = Mutex<(all: [Attempt], isOver: Bool)>(([], false))
        var all: [Attempt] { state.withLock { $0.all } }
        var tokens: [String] { all.compactMap(\.token) }
        var isOver: Bool { state.withLock { $0.isOver } }
        func end() { state.withLock { $0.isOver = true } }
        func note(_ began: ContinuousClock.Instant, _ hasCode: Bool, _ token: String?) {
            state.withLock { $0.all.append(Attempt(began: began, hasCode: hasCode, token: token)) }
        }
    }
}
