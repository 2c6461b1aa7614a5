import JOSE
import JSON
import Testing

@testable import Authenticators
@testable import AuthorizationTesting

/// A relying party, and what authenticators bring to it.
struct Ceremony {
    static let challenge = "Y2hhbGxlbmdl-_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    let party: RelyingParty
    var authenticator: SoftwareAuthenticator

    init(_ algorithm: Algorithm = .es256, origin: String = "https://login.example") throws {
        party = try #require(RelyingParty(origin: origin))
        authenticator = try SoftwareAuthenticator(origin: origin, algorithm: algorithm)
    }

    func register(verifiesUser: Bool = true, challenge: String = Ceremony.challenge) throws -> NewPasskey {
        try party.newPasskey(
            PasskeyRegistration(authenticator.registration(challenge: Self.challenge)), challenge: challenge,
            verifiesUser: verifiesUser)
    }

    mutating func use(_ passkey: KnownPasskey, verifiesUser: Bool = true, challenge: String = Ceremony.challenge) throws
        -> PasskeyUse
    {
        try party.judge(
            PasskeyAssertion(try authenticator.assertion(challenge: Self.challenge)), of: passkey,
            challenge: challenge, verifiesUser: verifiesUser)
    }
}

extension KnownPasskey {
    init(_ new: NewPasskey) {
        self.init(
            credentialID: new.credentialID, key: new.key, signatureCount: new.signatureCount,
            isBackupEligible: new.isBackupEligible)
    }
}

@Suite("Passkeys (WebAuthn)")
struct PasskeyTests {
    @Test("a passkey that was made is recognised when it is used", arguments: PasskeyKey.algorithms)
    func everyAlgorithm(_ algorithm: Algorithm) throws {
        var ceremony = try Ceremony(algorithm)
        let new = try ceremony.register()
        #expect(new.key.algorithm == algorithm)
        #expect(new.transports == ["internal"])
        let stored = try #require(PasskeyKey(jwk: new.key.jwk))
        let known = KnownPasskey(
            credentialID: new.credentialID, key: stored, signatureCount: 0, isBackupEligible: false)
        #expect(
            try ceremony.use(known) == PasskeyUse(isUserVerified: true, signatureCount: 1, isBackedUp: false))
    }

    @Test(
        "passkeys are for the host of an https origin, and for no address",
        arguments: [
            ("https://login.example", "login.example"), ("https://localhost:8443", "localhost"),
            ("https://a.b.example:444", "a.b.example"), ("http://login.example", nil), ("https://127.0.0.1", nil),
            ("https://[::1]:8443", nil), ("https://192.0.2.1:8443", nil), ("https://", nil),
        ])
    func identifiers(_ origin: String, _ id: String?) {
        #expect(RelyingParty(origin: origin)?.id == id)
    }

    @Test("any format of attestation is taken, and none is verified", arguments: ["none", "packed", "tpm", "apple"])
    func attestation(_ format: String) throws {
        let ceremony = try Ceremony()
        let statement: CBORText =
            format == "none" ? .map([]) : .map([(.text("alg"), .number(-7)), (.text("sig"), .bytes([1, 2, 3]))])
        let text = ceremony.authenticator.registration(
            challenge: Ceremony.challenge, format: format, statement: statement)
        _ = try ceremony.party.newPasskey(
            PasskeyRegistration(text), challenge: Ceremony.challenge, verifiesUser: true)
    }

    @Test("who is only present counts where the authenticator need not verify them")
    func presence() throws {
        var ceremony = try Ceremony()
        ceremony.authenticator.flags = 0x01
        let new = try ceremony.register(verifiesUser: false)
        #expect(throws: PasskeyFault.userNotVerified) { try ceremony.register() }
        #expect(try ceremony.use(KnownPasskey(new), verifiesUser: false).isUserVerified == false)
        #expect(throws: PasskeyFault.userNotVerified) { try ceremony.use(KnownPasskey(new)) }
    }

    @Test("a passkey that is copied between devices says so each time")
    func backup() throws {
        var ceremony = try Ceremony()
        ceremony.authenticator.flags = 0x0D
        ceremony.authenticator.step = 0
        let new = try ceremony.register()
        #expect(new.isBackupEligible && !new.isBackedUp)
        ceremony.authenticator.flags = 0x1D
        for _ in 0..<2 { #expect(try ceremony.use(KnownPasskey(new)).isBackedUp) }
    }

    @Test("extensions of authenticators are read over")
    func extensions() throws {
        var ceremony = try Ceremony()
        ceremony.authenticator.flags = 0x85
        ceremony.authenticator.authenticatorData = { data in
            data += CBORText.map([(.text("credProtect"), .number(2))]).octets
        }
        let new = try ceremony.register()
        _ = try ceremony.use(KnownPasskey(new))
    }

    @Test(
        "what the page cannot have sent is malformed",
        arguments: [
            "", "{", "[]", "{}", #"{"id":"","clientData":"e30","authenticatorData":"AA","signature":"AA"}"#,
            #"{"id":"AA","id":"AA","clientData":"e30","authenticatorData":"AA","signature":"AA"}"#,
            #"{"id":"A=","clientData":"e30","authenticatorData":"AA","signature":"AA"}"#,
            #"{"id":"AA","clientData":7,"authenticatorData":"AA","signature":"AA"}"#,
            #"{"id":"AA","clientData":"e30","authenticatorData":"AA","signature":"AA","userHandle":7}"#,
        ])
    func malformed(_ text: String) {
        #expect(throws: PasskeyFault.malformed) { try PasskeyAssertion(text) }
        #expect(throws: PasskeyFault.malformed) { try PasskeyRegistration(text) }
    }
}
