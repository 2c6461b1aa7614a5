import Crypto
import JSON
import Octets

@testable import Authenticators
@testable import JOSE

/// An authenticator and the browser in front of it, as far as a relying party sees them; whatever they say can be made to
/// be something else.
struct SoftwareAuthenticator {
    var relyingPartyID: String
    var origin: String
    var credentialID: [UInt8]
    var count: UInt32 = 0
    /// How much the count grows with each use; 0: it does not count.
    var step: UInt32 = 1
    /// UP and UV.
    var flags: UInt8 = 0x05
    var userHandle: [UInt8]?
    var key: SigningKey
    /// Changes what the browser says.
    var clientData: @Sendable (inout JSONObject) -> Void = { _ in }
    /// Changes what the authenticator says, before it is signed.
    var authenticatorData: @Sendable (inout [UInt8]) -> Void = { _ in }

    init(
        origin: String, algorithm: Algorithm = .es256, credentialID: [UInt8] = Array(1...32), userHandle: String? = nil
    ) throws {
        self.origin = origin
        relyingPartyID = String(origin.dropFirst(8).prefix { $0 != ":" && $0 != "/" })
        self.credentialID = credentialID
        self.userHandle = userHandle.map { Array($0.utf8) }
        key = try SigningKey.generate(algorithm)
    }

    /// What the script of the page sends when a passkey is made.
    func registration(challenge: String, format: String = "none", statement: CBORText = .map([])) -> String {
        let object = CBORText.map([
            (.text("fmt"), .text(format)), (.text("attStmt"), statement),
            (.text("authData"), .bytes(data(attested: true))),
        ])
        return json([
            "clientData": .string(Base64URL.encode(client("webauthn.create", challenge))),
            "attestation": .string(Base64URL.encode(object.octets)), "transports": ["internal"],
        ])
    }

    /// What it sends when it is used.
    mutating func assertion(challenge: String, ceremony: String = "webauthn.get") throws -> String {
        count += step
        let client = client(ceremony, challenge)
        let data = data(attested: false)
        let signed = data + Array(SHA256.hash(data: client))
        var members: JSONObject = [
            "id": .string(Base64URL.encode(credentialID)), "clientData": .string(Base64URL.encode(client)),
            "authenticatorData": .string(Base64URL.encode(data)),
            "signature": .string(Base64URL.encode(try signature(signed))),
        ]
        members["userHandle"] = userHandle.map { .string(Base64URL.encode($0)) }
        return json(members)
    }

    private func signature(_ message: [UInt8]) throws -> [UInt8] {
        let raw = try key.material.signature(of: message, key.algorithm.facts)
        guard key.algorithm == .es256 else { return raw }
        return Array(try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
    }

    private func client(_ type: String, _ challenge: String) -> [UInt8] {
        var members: JSONObject = [
            "type": .string(type), "challenge": .string(challenge), "origin": .string(origin), "crossOrigin": false,
        ]
        clientData(&members)
        return JSON.object(members).serialized()
    }

    private func data(attested: Bool) -> [UInt8] {
        var octets = Array(SHA256.hash(data: Array(relyingPartyID.utf8)))
        octets.append(flags | (attested ? 0x40 : 0))
        octets += (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * UInt32($0))) }
        if attested {
            octets += [UInt8](repeating: 0, count: 16)
            octets += [UInt8(credentialID.count >> 8), UInt8(credentialID.count & 0xFF)] + credentialID
            octets += coseKey.octets
        }
        authenticatorData(&octets)
        return octets
    }

    /// RFC 9052 §7.
    var coseKey: CBORText {
        let members = key.publicJWK.object ?? [:]
        func octets(_ name: String) -> CBORText { .bytes(members[name]?.string.flatMap { Base64URL.decode($0) } ?? []) }
        switch key.algorithm {
        case .edDSA:
            return .map([
                (.number(1), .number(1)), (.number(3), .number(-8)), (.number(-1), .number(6)),
                (.number(-2), octets("x")),
            ])
        case .rs256:
            return .map([
                (.number(1), .number(3)), (.number(3), .number(-257)), (.number(-1), octets("n")),
                (.number(-2), octets("e")),
            ])
        default:
            return .map([
                (.number(1), .number(2)), (.number(3), .number(-7)), (.number(-1), .number(1)),
                (.number(-2), octets("x")), (.number(-3), octets("y")),
            ])
        }
    }

    private func json(_ members: JSONObject) -> String {
        String(decoding: JSON.object(members).serialized(), as: UTF8.self)
    }
}

/// CBOR to be written; what is wrong with it, too.
indirect enum CBORText {
    case number(Int64)
    case bytes([UInt8])
    case text(String)
    case array([CBORText])
    case map([(CBORText, CBORText)])
    /// As they are.
    case raw([UInt8])

    var octets: [UInt8] {
        switch self {
        case .number(let number): number < 0 ? Self.head(1, UInt64(-1 - number)) : Self.head(0, UInt64(number))
        case .bytes(let octets): Self.head(2, UInt64(octets.count)) + octets
        case .text(let text): Self.head(3, UInt64(text.utf8.count)) + Array(text.utf8)
        case .array(let values): Self.head(4, UInt64(values.count)) + values.flatMap(\.octets)
        case .map(let members): Self.head(5, UInt64(members.count)) + members.flatMap { $0.0.octets + $0.1.octets }
        case .raw(let octets): octets
        }
    }

    private static func head(_ major: UInt8, _ number: UInt64) -> [UInt8] {
        func octets(_ count: UInt64) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
        }
        switch number {
        case ..<24: return [major << 5 | UInt8(number)]
        case ..<0x100: return [major << 5 | 24] + octets(1)
        case ..<0x1_0000: return [major << 5 | 25] + octets(2)
        case ..<0x1_0000_0000: return [major << 5 | 26] + octets(4)
        default: return [major << 5 | 27] + octets(8)
        }
    }
}
