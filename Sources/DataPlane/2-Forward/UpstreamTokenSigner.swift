import Admission
import HTTP
import JOSE
package import JSON
import Octets
package import Policy
import Synchronization

/// Signs what services get instead of the client's token: who calls, for one service, for a short time.
///
/// An access token by RFC 9068, so that any library for such tokens can check it. `sub_id` (RFC 9493) names the issuer
/// that the subject belongs to, `act` (RFC 8693 §4.1) the client that acts for a user, and behind it whom the client's
/// own token named there.
package struct UpstreamTokenSigner: Sendable {
    private let issuer: String
    private let key: SigningKey
    private let lifetimeSeconds: Int64
    /// All public keys, for `UpstreamTokenRoutes.jwksPath`.
    package let keySet: JSON

    /// Why it cannot sign.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter read: gives the octets of a file.
    package init(_ settings: UpstreamTokenSettings, read: (String) -> [UInt8]?) throws {
        let keys = try settings.keys.map { path in
            guard let octets = read(path), let key = try? SigningKey(pem: String(decoding: octets, as: UTF8.self))
            else {
                throw Failure(description: "\(path): the private key cannot be read")
            }
            return key
        }
        guard let first = keys.first else { throw Failure(description: "upstream_tokens has no key") }
        issuer = settings.issuer.text
        key = first
        lifetimeSeconds = settings.lifetime.components.seconds
        keySet = ["keys": .array(keys.map(\.publicJWK))]
    }

    /// A new token. It does not live longer than the client's own, but for the seconds that a request takes.
    func sign(
        for facts: borrowing TokenFacts, audience: String, unixSeconds: Int64, random: inout FastRandom
    ) throws(Refusal) -> UpstreamToken {
        let wanted = unixSeconds + lifetimeSeconds
        let expires = max(min(wanted, facts.expires), unixSeconds + 5)
        let subject = facts.subject ?? facts.clientID ?? ""
        var claims: JSONObject = [
            "iss": .string(issuer), "aud": .string(audience), "sub": .string(subject),
            "client_id": .string(facts.clientID ?? subject), "iat": .integer(unixSeconds), "exp": .integer(expires),
            "jti": .string(Hex.text(random.next()) + Hex.text(random.next())),
            "sub_id": ["format": "iss_sub", "iss": .string(facts.issuer), "sub": .string(subject)],
        ]
        if !facts.scope.isEmpty { claims["scope"] = .string(facts.scope) }
        claims["act"] = Self.actor(facts)
        guard let token = try? key.sign(header: ["typ": "at+jwt"], claims: claims) else {
            throw Refusal(.signingFailed)
        }
        // The last quarter of its life is left to the service's clock; there is none when the client's token ends
        // first.
        return UpstreamToken(
            text: FieldValue(token), reusableUntil: expires == wanted ? expires - lifetimeSeconds / 4 : expires - 2)
    }

    /// nil: nobody acts for anybody.
    private static func actor(_ facts: borrowing TokenFacts) -> JSON? {
        let earlier = facts.claims["act"].flatMap { $0.object == nil ? nil : $0 }
        guard let client = facts.clientID, facts.subject != nil, !facts.isClientItself else { return earlier }
        var actor: JSONObject = ["sub": .string(client)]
        actor["act"] = earlier
        return .object(actor)
    }
}

/// A token for one service.
struct UpstreamToken: Sendable {
    let text: FieldValue
    /// Seconds since 1970.
    let reusableUntil: Int64
}

/// The tokens that were signed for one principal: one for each service, so that requests do not wait for signatures.
final class UpstreamTokens: Sendable {
    private struct Entry {
        let upstream: Int
        /// Of the snapshot: keys, audiences and places of upstreams may be others in the next.
        let generation: Int
        let token: UpstreamToken
    }
    /// As many as there are upstreams at most.
    private let entries = Mutex<[Entry]>([])

    /// One that is good for some time yet.
    func find(upstream: Int, generation: Int, unixSeconds: Int64) -> FieldValue? {
        entries.withLock { entries in
            for entry in entries where entry.upstream == upstream && entry.generation == generation {
                return entry.token.reusableUntil > unixSeconds ? entry.token.text : nil
            }
            return nil
        }
    }

    func keep(_ token: UpstreamToken, upstream: Int, generation: Int) {
        entries.withLock { entries in
            entries.removeAll { $0.upstream == upstream || $0.generation != generation }
            entries.append(Entry(upstream: upstream, generation: generation, token: token))
        }
    }
}
