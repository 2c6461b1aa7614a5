import JSON
import Octets
import Policy

/// How, and how lately, a route wants its users to have been authenticated (RFC 9470).
struct StepUp: Sendable {
    /// One of these; empty: any.
    let acr: [String]
    /// Seconds; nil: however long ago.
    let maxAgeSeconds: Int64?
    /// `acr_values="…", max_age="…"`: the whole demand, also where only one half of it is not met, so that one new
    /// authentication is enough.
    let attributes: [UInt8]

    /// nil: the route demands nothing.
    init?(_ require: Requirement?) {
        guard let require, !require.acr.isEmpty || require.maxAge != nil else { return nil }
        acr = require.acr
        maxAgeSeconds = require.maxAge?.components.seconds
        var attributes: [UInt8] = []
        let values = ChallengeText.scopeAttribute(acr)
        if !values.isEmpty {
            ChallengeText.append("acr_values=\"", to: &attributes)
            attributes.append(contentsOf: values)
            ChallengeText.append("\"", to: &attributes)
        }
        if let maxAgeSeconds {
            if !attributes.isEmpty { ChallengeText.append(", ", to: &attributes) }
            ChallengeText.append("max_age=\"", to: &attributes)
            attributes.append(contentsOf: String(maxAgeSeconds).utf8)
            ChallengeText.append("\"", to: &attributes)
        }
        self.attributes = attributes
    }

    /// What the token has of what is demanded, where that is not enough.
    func difference(from facts: TokenFacts, at unixSeconds: Int64, skew: Int64) -> Difference {
        let held = facts.claims["acr"]
        guard acr.isEmpty || acr.contains(where: { held?.string?.hasSameOctets(as: $0) == true }) else {
            return Difference(found: "acr: \(Difference.text(held))", expected: "acr: \(Difference.words(acr))")
        }
        let earliest = unixSeconds.saturatingSubtract(maxAgeSeconds ?? 0).saturatingSubtract(skew)
        return Difference(
            found: "auth_time \(Difference.written(facts.claims["auth_time"]))",
            expected: "from \(earliest) to \(unixSeconds.saturatingAdd(skew))")
    }

    /// A token that does not say how or when its user was authenticated does not meet a demand about it (RFC 9470
    /// §6.1).
    /// - Parameter skew: seconds; as for the token's own times.
    func isMet(by facts: TokenFacts, at unixSeconds: Int64, skew: Int64) -> Bool {
        if !acr.isEmpty {
            guard let held = facts.claims["acr"]?.string, acr.contains(where: held.hasSameOctets) else { return false }
        }
        if let maxAgeSeconds {
            guard let authenticated = facts.authenticatedAt, authenticated <= unixSeconds.saturatingAdd(skew),
                unixSeconds.saturatingSubtract(authenticated) <= maxAgeSeconds.saturatingAdd(skew)
            else { return false }
        }
        return true
    }
}
