package import JSON
import Octets

/// A JSON Web Signature in compact form (RFC 7515 §7.1) whose payload is a set of claims: parsed, not trusted.
///
/// Header and claims are parsed here and never again. Whoever wants to rely on them asks for `verified(by:allowing:)`.
package struct CompactJWS: Sendable {
    /// Octets of a token at most: as many as a whole request head may have.
    package static let bytesMax = 16_384

    package let header: JOSEHeader
    /// What the token says of itself: a claim that is `null` says nothing, and is not there. Nothing vouches for it: it may choose the issuer whose keys are tried, no more.
    package let unverifiedClaims: JSONObject
    /// The octets of the claims.
    package let payload: [UInt8]

    /// What is signed: header and payload as they came, with the dot between them (RFC 7515 §5.2).
    let signingInput: [UInt8]
    let signature: [UInt8]

    /// Members and elements of the claims at most, in all depths.
    package static let claimsMembersMax = 1_024
    /// Objects and arrays inside one another.
    package static let claimsDepthMax = 16

    private static let claimsLimits = JSONLimits(
        bytesMax: bytesMax, depthMax: claimsDepthMax, membersMax: claimsMembersMax)

    /// Parses a token of ASCII octets. Only its form is checked: neither the signature nor any claim.
    package init(_ token: Span<UInt8>) throws(JOSEError) { try self.init(token, payload: .claims) }

    /// What a payload may be.
    package enum PayloadRule: Sendable {
        /// A set of claims, as of every token.
        case claims
        /// Any octets (RFC 7515 §2), for signatures that are no tokens. Where it is no set of claims there are none, so
        /// whoever judges claims finds nothing.
        case any
    }

    /// - Parameter rule: nothing that decides about requests says `any`.
    package init(_ token: [UInt8], payload rule: PayloadRule) throws(JOSEError) {
        try self.init(token.span, payload: rule)
    }

    private init(_ token: Span<UInt8>, payload rule: PayloadRule) throws(JOSEError) {
        guard token.count <= Self.bytesMax else { throw .malformed(.tooLarge) }
        let (first, second) = try Self.dots(token)
        let headerOctets = try Self.decode(token.extracting(0..<first))
        payload = try Self.decode(token.extracting((first &+ 1)..<second))
        signature = try Self.decode(token.extracting((second &+ 1)..<token.count))
        header = try JOSEHeader(headerOctets)
        switch rule {
        case .claims: unverifiedClaims = try Self.claims(payload).withoutNulls
        case .any: unverifiedClaims = (try? Self.claims(payload).withoutNulls) ?? [:]
        }
        signingInput = token.extracting(0..<second).withUnsafeBufferPointer { Array($0) }
    }

    package init(_ token: [UInt8]) throws(JOSEError) { try self.init(token.span) }

    /// The places of the two dots.
    private static func dots(_ token: Span<UInt8>) throws(JOSEError) -> (Int, Int) {
        var first: Int?
        var second: Int?
        for index in 0..<token.count where token[index] == UInt8(ascii: ".") {
            if first == nil {
                first = index
            } else if second == nil {
                second = index
            } else {
                throw .malformed(.notCompact)
            }
        }
        guard let first, let second, first > 0 else { throw .malformed(.notCompact) }
        return (first, second)
    }

    private static func decode(_ part: Span<UInt8>) throws(JOSEError) -> [UInt8] {
        guard let octets = Base64URL.decode(part) else { throw .malformed(.badBase64URL) }
        return octets
    }

    private static func claims(_ octets: [UInt8]) throws(JOSEError) -> JSONObject {
        let value: JSON
        do throws(JSONError) {
            value = try JSON.parse(octets, limits: claimsLimits)
        } catch {
            switch error {
            case .duplicateMember: throw .malformed(.claimsDuplicateMember)
            case .tooLarge, .tooDeep: throw .tooComplex
            case .syntax, .notUTF8, .loneSurrogate, .numberOutOfRange: throw .malformed(.claimsNotJSON)
            }
        }
        guard let claims = value.object else { throw .malformed(.claimsNotObject) }
        return claims
    }
}
