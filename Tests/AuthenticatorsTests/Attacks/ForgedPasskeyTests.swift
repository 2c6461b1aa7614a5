import JOSE
import JSON
import Octets
import Testing

@testable import Authenticators
@testable import AuthorizationTesting

@Suite("Attack: a passkey is forged, replayed, or used elsewhere")
struct ForgedPasskeyTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let what: String
        let fault: PasskeyFault
        let change: @Sendable (inout SoftwareAuthenticator) throws -> Void
        var testDescription: String { what }

        init(
            _ what: String, _ fault: PasskeyFault,
            _ change: @escaping @Sendable (inout SoftwareAuthenticator) throws -> Void
        ) {
            self.what = what
            self.fault = fault
            self.change = change
        }

        static func client(_ what: String, _ fault: PasskeyFault, _ name: String, _ value: JSON?) -> Attack {
            Attack(what, fault) { $0.clientData = { $0[name] = value } }
        }
    }

    /// Wrong in making and in using a passkey alike.
    static let both: [Attack] = [
        .client("another site", .wrongOrigin, "origin", "https://login.example.evil.example"),
        .client("another port", .wrongOrigin, "origin", "https://login.example:444"),
        .client("without TLS", .wrongOrigin, "origin", "http://login.example"),
        .client("a host below", .wrongOrigin, "origin", "https://a.login.example"),
        .client("an origin in capitals", .wrongOrigin, "origin", "https://LOGIN.example"),
        .client("an origin with a path", .wrongOrigin, "origin", "https://login.example/"),
        .client("no origin", .badClientData, "origin", nil),
        .client("in a frame of another site", .crossOrigin, "crossOrigin", true),
        .client("below another site", .crossOrigin, "topOrigin", "https://evil.example"),
        .client("a word for a flag", .badClientData, "crossOrigin", "false"),
        .client("another challenge", .wrongChallenge, "challenge", "Y2hhbGxlbmdl-_baaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        .client("an empty challenge", .wrongChallenge, "challenge", ""),
        .client("no challenge", .badClientData, "challenge", nil),
        .client("a payment", .wrongCeremony, "type", "payment.get"),
        Attack("for another relying party", .wrongRelyingParty) { $0.relyingPartyID = "example" },
        Attack("for a relying party below", .wrongRelyingParty) { $0.relyingPartyID = "a.login.example" },
        Attack("nobody was there", .userNotPresent) { $0.flags = 0x04 },
        Attack("nobody was verified", .userNotVerified) { $0.flags = 0x01 },
        Attack("copied, and not to be copied", .badBackupState) { $0.flags = 0x15 },
        Attack("something behind", .badAuthenticatorData) { $0.authenticatorData = { $0.append(0) } },
        Attack("too short", .badAuthenticatorData) { $0.authenticatorData = { $0 = Array($0.prefix(36)) } },
        Attack("extensions that are not there", .badAuthenticatorData) { $0.authenticatorData = { $0[32] |= 0x80 } },
        Attack("extensions that are no map", .badAuthenticatorData) { authenticator in
            authenticator.authenticatorData = {
                $0[32] |= 0x80
                $0.append(1)
            }
        },
    ]

    @Test("making one", arguments: both)
    func registration(_ attack: Attack) throws {
        var ceremony = try Ceremony()
        try attack.change(&ceremony.authenticator)
        let text = ceremony.authenticator.registration(challenge: Ceremony.challenge)
        #expect(throws: attack.fault) {
            try ceremony.party.newPasskey(
                PasskeyRegistration(text), challenge: Ceremony.challenge, verifiesUser: true)
        }
    }

    static let uses: [Attack] = [
        Attack("signed by another key", .badSignature) { $0.key = try SigningKey.generate(.es256) },
        Attack("signed by another algorithm", .badSignature) { $0.key = try SigningKey.generate(.edDSA) },
        Attack("signed by RSA", .badSignature) { $0.key = try SigningKey.generate(.rs256) },
        Attack("another credential of the same key", .unknownCredential) { $0.credentialID = [9] },
        Attack("a count that stands still", .countWentBack) { $0.step = 0 },
        Attack("a count that goes back", .countWentBack) { $0.count = 3 },
        Attack("a count that is no longer there", .countWentBack) {
            $0.count = 0
            $0.step = 0
        },
        Attack("copied between devices all of a sudden", .badBackupState) { $0.flags = 0x1D },
        Attack("a key inside", .badAuthenticatorData) { $0.authenticatorData = { $0[32] |= 0x40 } },
    ]

    @Test("using one", arguments: both + uses)
    func assertion(_ attack: Attack) throws {
        var ceremony = try Ceremony()
        ceremony.authenticator.count = 6
        let known = KnownPasskey(try ceremony.register())
        try attack.change(&ceremony.authenticator)
        #expect(throws: attack.fault) { try ceremony.use(known) }
    }

    @Test("an answer counts for its own challenge only, and for its own ceremony")
    func replayed() throws {
        var ceremony = try Ceremony()
        let known = KnownPasskey(try ceremony.register())
        let other = Base64URL.encode([UInt8](repeating: 1, count: 32))
        #expect(throws: PasskeyFault.wrongChallenge) { try ceremony.use(known, challenge: other) }
        #expect(throws: PasskeyFault.wrongChallenge) { try ceremony.register(challenge: other) }
        let text = try ceremony.authenticator.assertion(
            challenge: Ceremony.challenge, ceremony: "webauthn.create")
        #expect(throws: PasskeyFault.wrongCeremony) {
            try ceremony.party.judge(
                PasskeyAssertion(text), of: known, challenge: Ceremony.challenge, verifiesUser: true)
        }
    }

    @Test("no octet of an answer can be changed")
    func everyOctet() throws {
        var ceremony = try Ceremony()
        let known = KnownPasskey(try ceremony.register())
        let members = try #require(
            try JSON.parse(Array(ceremony.authenticator.assertion(challenge: Ceremony.challenge).utf8)).object)
        for name in ["clientData", "authenticatorData", "signature"] {
            let octets = try #require(members[name]?.string.flatMap { Base64URL.decode($0) })
            for index in octets.indices {
                var changed = members
                var other = octets
                other[index] ^= 1
                changed[name] = .string(Base64URL.encode(other))
                let answer = try PasskeyAssertion(
                    String(decoding: JSON.object(changed).serialized(), as: UTF8.self))
                #expect(throws: PasskeyFault.self, "\(name) \(index)") {
                    try ceremony.party.judge(answer, of: known, challenge: Ceremony.challenge, verifiesUser: true)
                }
            }
        }
    }

    @Test("a signature has one spelling")
    func spelling() throws {
        var ceremony = try Ceremony()
        let known = KnownPasskey(try ceremony.register())
        let members = try #require(
            try JSON.parse(Array(ceremony.authenticator.assertion(challenge: Ceremony.challenge).utf8)).object)
        let der = try #require(members["signature"]?.string.flatMap { Base64URL.decode($0) })
        for other in [der + [0], [der[0], 0x81] + der.dropFirst(), Array(der.dropLast())] {
            var changed = members
            changed["signature"] = .string(Base64URL.encode(other))
            let answer = try PasskeyAssertion(String(decoding: JSON.object(changed).serialized(), as: UTF8.self))
            #expect(throws: PasskeyFault.badSignature) {
                try ceremony.party.judge(answer, of: known, challenge: Ceremony.challenge, verifiesUser: true)
            }
        }
    }

    struct Key: Sendable, CustomTestStringConvertible {
        let what: String
        let members: @Sendable () -> CBORText
        var testDescription: String { what }
    }
    private static let x = [UInt8](repeating: 1, count: 32)
    static let keys: [Key] = [
        Key(what: "no algorithm") { .map([(.number(1), .number(2)), (.number(-1), .number(1))]) },
        Key(what: "a key of ES256 for RS256") {
            .map([
                (.number(1), .number(2)), (.number(3), .number(-257)), (.number(-1), .number(1)),
                (.number(-2), .bytes(x)), (.number(-3), .bytes(x)),
            ])
        },
        Key(what: "ES384") {
            .map([
                (.number(1), .number(2)), (.number(3), .number(-35)), (.number(-1), .number(2)),
                (.number(-2), .bytes(x)), (.number(-3), .bytes(x)),
            ])
        },
        Key(what: "RSA with SHA-1") {
            .map([
                (.number(1), .number(3)), (.number(3), .number(-65_535)), (.number(-1), .bytes(x)),
                (.number(-2), .bytes([1, 0, 1])),
            ])
        },
        Key(what: "RSA of 256 bits") {
            .map([
                (.number(1), .number(3)), (.number(3), .number(-257)), (.number(-1), .bytes(x)),
                (.number(-2), .bytes([1, 0, 1])),
            ])
        },
        Key(what: "a point that is not on the curve") {
            .map([
                (.number(1), .number(2)), (.number(3), .number(-7)), (.number(-1), .number(1)),
                (.number(-2), .bytes(x)), (.number(-3), .bytes(x)),
            ])
        },
        Key(what: "a point of small order") {
            .map([
                (.number(1), .number(1)), (.number(3), .number(-8)), (.number(-1), .number(6)),
                (.number(-2), .bytes([UInt8](repeating: 0, count: 32))),
            ])
        },
        Key(what: "a symmetric key") {
            .map([(.number(1), .number(4)), (.number(3), .number(5)), (.number(-1), .bytes(x))])
        },
        Key(what: "an array") { .array([.number(1)]) },
    ]

    @Test("a key of another kind, or a weak one, is refused", arguments: keys)
    func badKeys(_ key: Key) throws {
        #expect(throws: PasskeyFault.unsupportedKey) { try PasskeyKey(cose: CBOR.parse(key.members().octets)) }
    }

    @Test("a private key inside the key is refused, and so is whatever else is too much")
    func surplus() throws {
        let authenticator = try SoftwareAuthenticator(origin: "https://login.example")
        guard case .map(let members) = authenticator.coseKey else { return }
        for label: Int64 in [-4, 2, 4, 5] {
            let more = CBORText.map(members + [(.number(label), .bytes(Self.x))])
            #expect(throws: PasskeyFault.unsupportedKey) { try PasskeyKey(cose: CBOR.parse(more.octets)) }
        }
    }
}
