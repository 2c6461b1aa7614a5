import GatewayTesting
import JSON

extension TokenDefect {
    /// Signs with that key, and says so in the header.
    static func signs(_ draft: inout TokenDraft, _ key: TestSigningKey) throws {
        draft.header["alg"] = .string(key.algorithm.rawValue)
        draft.header["kid"] = .string(key.kid)
        draft.signer = .key(key)
    }

    /// `iat` of the draft: the time at which it was made.
    static func issued(_ draft: TokenDraft) -> Int64 { draft.claims["iat"]?.int ?? 0 }

    /// The object as text with one more member at its end, which may be there already.
    static func withMember(_ member: String, in object: JSONObject) -> [UInt8] {
        JSON.object(object).serialized().dropLast() + Array(",\(member)}".utf8)
    }

    /// The claims with an `exp` that JSON may not know.
    static func withExpiry(_ text: String, in claims: JSONObject) -> [UInt8] {
        var claims = claims
        claims["exp"] = nil
        return withMember("\"exp\":\(text)", in: claims)
    }

    /// The text with another in place of the first place where `part` stands.
    static func replaced(_ text: String, _ part: Character, by other: String) -> String {
        guard let place = text.firstIndex(of: part) else { return text }
        return String(text[..<place]) + other + text[text.index(after: place)...]
    }

    static func replacedOctets(_ octets: [UInt8], _ text: String, by other: [UInt8]) -> [UInt8] {
        let part = Array(text.utf8)
        guard let place = octets.indices.first(where: { octets[$0...].starts(with: part) }) else { return octets }
        return octets[..<place] + other + octets[(place + part.count)...]
    }

    /// The last character of a signature of 64 octets carries two bits; this turns one of the four that must be 0.
    @Sendable static func withLeftOverBit(_ token: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        guard let last = token.last, let value = alphabet.firstIndex(of: last) else { return token }
        return token.dropLast() + String(alphabet[value ^ 1])
    }

    /// An Ed25519 signature with S + L in place of S: the same equation holds, but RFC 8032 §5.1.7 refuses it.
    @Sendable static func withOrderAdded(_ signature: [UInt8]) -> [UInt8] {
        let order: [UInt8] = [
            0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ]
        var result = signature
        var carry = 0
        for index in 0..<min(32, signature.count - 32) {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            result[32 + index] = UInt8(sum & 0xFF)
            carry = sum >> 8
        }
        return result
    }
}
