import JSON
import Testing

@testable import AuthorizationRecords

@Suite("Interactions")
struct InteractionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var subject: Interaction.Subject
        var first: FirstFactor?
        var testDescription: String { name }

        init(_ name: String, _ subject: Interaction.Subject, first: FirstFactor? = nil) {
            self.name = name
            self.first = first
            self.subject = subject
        }
    }

    private static let digest = SecretDigest.text(of: "x")
    private static let ada = AuthenticatedUser(
        id: "user-1", UserAuthentication(time: 1_767_225_600, acr: "pwd", methods: ["pwd", "otp"]))
    private static let bob = AuthenticatedUser(id: "user-2", UserAuthentication(time: UserAuthentication.unknownTime))

    private static let first = FirstFactor(
        userID: "user-1", authentication: UserAuthentication(time: 1_767_225_600, acr: "pwd", methods: ["pwd"]),
        epoch: 3, endsAt: 1_767_226_200)

    /// The least that a request has.
    private static let plain = AuthorizationRequest(
        clientID: "shop", redirectURI: "https://shop.example/back", scopes: [], resources: ["https://api.example.com"],
        codeChallenge: digest)

    /// With all that a request can have.
    private static let full: AuthorizationRequest = {
        var request = plain
        request.scopes = ["openid", "orders:read"]
        request.resources = ["https://api.example.com", "https://other.example.com"]
        request.state = "st/ate\u{301}"
        request.nonce = "n"
        request.prompts = [.login, .consent]
        request.maxAge = 0
        request.acrValues = ["pwd", "otp"]
        request.loginHint = "ada"
        request.authorizationDetails = [["type": "payment", "amount": 1]]
        request.keyThumbprint = digest
        return request
    }()
    private static let pushed = PushedReference(key: digest, version: 3)

    static let all = [
        Case("begun", .authorization(plain, pushed: nil, .begun)),
        Case("begun, with everything", .authorization(full, pushed: pushed, .begun)),
        Case("logged in", .authorization(plain, pushed: nil, .loggedIn(ada))),
        Case("logged in at some time", .authorization(full, pushed: pushed, .loggedIn(bob))),
        Case("agreed", .authorization(full, pushed: pushed, .decided(ada, .given))),
        Case("not agreed", .authorization(plain, pushed: nil, .decided(ada, .refused))),
        Case("turned away", .authorization(full, pushed: pushed, .turnedAway(.denied))),
        Case("turned away for want of acr", .authorization(plain, pushed: nil, .turnedAway(.unmet))),
        Case("device", .device(userCode: "WDJBMJHT", user: nil)),
        Case("device, logged in", .device(userCode: "WDJBMJHT", user: ada)),
        Case("a second factor is due", .authorization(full, pushed: pushed, .begun), first: first),
        Case("a second factor is due for a device", .device(userCode: "WDJBMJHT", user: nil), first: first),
        Case("a second factor is due for the account", .account(.factors, user: nil), first: first),
    ]

    private static func interaction(_ example: Case) -> Interaction {
        var interaction = Interaction(
            id: "i", clientID: "shop", browserKey: digest, subject: example.subject, expiresAt: 1_800)
        interaction.firstFactor = example.first
        return interaction
    }

    @Test("what is stored is read again", arguments: all)
    func roundTrip(_ example: Case) throws {
        let interaction = Self.interaction(example)
        var record = interaction.record
        #expect(Interaction(record, id: "i") == interaction)
        #expect(record.subject == interaction.user?.id ?? example.first?.userID)
        #expect(record.key == RandomText.interaction.key(of: "i"))
        // Through its text, as a store keeps it.
        record.body = try #require(try JSON.parse(JSON.object(record.body).serialized()).object)
        record.version = 7
        let read = try #require(Interaction(record, id: "i"))
        #expect(read.subject == example.subject)
        #expect(read.firstFactor == example.first)
        #expect(read.version == 7)
        #expect(read.record == record)
    }

    @Test("a member that is missing, of another type or unknown damages the record", arguments: all)
    func members(_ example: Case) {
        let record = Self.interaction(example).record
        // Without these, it is another one that could have been stored.
        let optional: Set<String> = [
            "pushed", "consent", "state", "nonce", "prompt", "max_age", "acr_values",
            "login_hint", "authorization_details", "dpop_jkt", "auth_time", "acr", "amr", "login_refused",
        ]
        for (place, damaged) in Self.damages(.object(record.body), optional) {
            var copy = record
            copy.body = damaged.object ?? [:]
            #expect(Interaction(copy, id: "i") == nil, "\(place)")
        }
    }

    /// Every object inside with one member less, one of another type, and one too many.
    private static func damages(_ value: JSON, _ optional: Set<String>, at place: String = "") -> [(String, JSON)] {
        guard let object = value.object else { return [] }
        var all: [(String, JSON)] = []
        func add(_ what: String, _ name: String, _ value: JSON?) {
            var copy = object
            copy[name] = value
            all.append(("\(place)/\(name) \(what)", .object(copy)))
        }
        add("unknown", "more", true)
        for (name, member) in object.members {
            if !optional.contains(name) { add("missing", name, nil) }
            for other in [true, -1, "", ["x", 1], [:], .null] as [JSON] where other != member {
                // Texts that may be empty, lists that may be, an authentication of which nothing is known, and details
                // of whatever kind.
                let isFine =
                    switch (name, other) {
                    case ("scope", ""), ("state", ""), ("nonce", ""), ("login_hint", ""), ("prompt", ""), ("acr", ""),
                        ("redirect_uri", ""), ("code_challenge", ""), ("dpop_jkt", ""), ("authentication", [:]),
                        ("authorization_details", ["x", 1]):
                        true
                    default: false
                    }
                if !isFine { add("\(other)", name, other) }
            }
            for (inner, damaged) in damages(member, optional, at: place + "/" + name) {
                var copy = object
                copy[name] = damaged
                all.append((inner, .object(copy)))
            }
        }
        return all
    }

    @Test("what cannot be true at the same time damages the record")
    func contradictions() {
        func damaged(_ subject: Interaction.Subject, _ change: (inout StoredRecord) -> Void) -> Bool {
            var record = Self.interaction(Case("", subject)).record
            change(&record)
            return Interaction(record, id: "i") == nil
        }
        let begun = Interaction.Subject.authorization(Self.plain, pushed: nil, .begun)
        let loggedIn = Interaction.Subject.authorization(Self.plain, pushed: nil, .loggedIn(Self.ada))
        let device = Interaction.Subject.device(userCode: "WDJBMJHT", user: Self.ada)
        #expect(!damaged(begun) { _ in })
        #expect(damaged(begun) { $0.body["consent"] = "given" })
        #expect(damaged(begun) { $0.subject = "user-1" })
        #expect(damaged(begun) { $0.body["authentication"] = [:] })
        #expect(damaged(loggedIn) { $0.subject = nil })
        #expect(damaged(loggedIn) { $0.body["login_refused"] = "access_denied" })
        #expect(damaged(loggedIn) { $0.body["user_code"] = "WDJBMJHT" })
        #expect(damaged(device) { $0.body["consent"] = "given" })
        #expect(damaged(device) { $0.body["request"] = .object(Self.plain.json) })
        #expect(damaged(device) { $0.body["user_code"] = "wdjb-mjht" })
        for change: (inout StoredRecord) -> Void in [
            { $0.kind = .session }, { $0.client = nil }, { $0.expiresAt = nil }, { $0.key = Self.digest },
        ] { #expect(damaged(begun, change)) }
    }

    @Test(
        "words and numbers outside their lists and bounds damage the record",
        arguments: [
            ("prompt", "login sing"), ("prompt", "login login"), ("max_age", -1), ("max_age", 10_000_000_000),
            ("nonce", .string(String(repeating: "n", count: 513))),
            ("login_hint", .string(String(repeating: "n", count: 513))),
            ("code_challenge", .string(String(repeating: "c", count: 129))),
            ("dpop_jkt", .string(String(repeating: "c", count: 44))),
            ("state", .string(String(repeating: "s", count: 131_073))), ("resource", []),
            ("acr_values", .array([JSON](repeating: "a", count: 16_385))), ("authorization_details", [:]),
        ] as [(String, JSON)])
    func bounds(member: String, value: JSON) {
        var record = Self.interaction(Case("", .authorization(Self.full, pushed: nil, .begun))).record
        var request = Self.full.json
        request[member] = value
        record.body["request"] = .object(request)
        #expect(Interaction(record, id: "i") == nil)
    }

    @Test(
        "words of users and providers outside their lists damage the record", arguments: ["consent", "login_refused"])
    func words(member: String) {
        let progress: Interaction.Progress = member == "consent" ? .decided(Self.ada, .given) : .turnedAway(.denied)
        var record = Self.interaction(Case("", .authorization(Self.plain, pushed: nil, progress))).record
        record.body[member] = "perhaps"
        #expect(Interaction(record, id: "i") == nil)
    }

    @Test("who logs in anew has not answered yet; whom the provider has turned away stays so")
    func progress() {
        /// - Parameter change: says whether it could be made.
        func after(_ progress: Interaction.Progress, isMade: Bool = true, _ change: (inout Interaction) -> Bool)
            -> Interaction.Subject
        {
            var interaction = Self.interaction(Case("", .authorization(Self.plain, pushed: Self.pushed, progress)))
            let made = change(&interaction)
            #expect(made == isMade)
            return interaction.subject
        }
        func logIn(_ interaction: inout Interaction) -> Bool {
            interaction.logIn(Self.ada)
            return true
        }
        func subject(_ progress: Interaction.Progress) -> Interaction.Subject {
            .authorization(Self.plain, pushed: Self.pushed, progress)
        }
        #expect(after(.begun) { logIn(&$0) } == subject(.loggedIn(Self.ada)))
        #expect(after(.decided(Self.bob, .given)) { logIn(&$0) } == subject(.loggedIn(Self.ada)))
        #expect(after(.turnedAway(.unmet)) { logIn(&$0) } == subject(.turnedAway(.unmet)))
        #expect(after(.begun, isMade: false) { $0.decide(.given) } == subject(.begun))
        #expect(after(.loggedIn(Self.ada)) { $0.decide(.refused) } == subject(.decided(Self.ada, .refused)))
        #expect(after(.begun) { $0.turnAway(.denied) } == subject(.turnedAway(.denied)))
        var device = Self.interaction(Case("", .device(userCode: "WDJBMJHT", user: nil)))
        device.logIn(Self.ada)
        #expect(device.subject == .device(userCode: "WDJBMJHT", user: Self.ada))
        let asItWas = device
        let isDecided = device.decide(.given)
        let isTurnedAway = device.turnAway(.denied)
        #expect(!isDecided)
        #expect(!isTurnedAway)
        #expect(device == asItWas)
    }
}
