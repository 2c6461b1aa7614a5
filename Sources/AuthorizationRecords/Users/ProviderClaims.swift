package import JSON

/// What an OpenID provider said of a user at the last log-in, as far as something here depends on it. What the provider
/// says no longer is gone with the next log-in.
package struct ProviderClaims: Sendable, Equatable {
    /// What `routes.yaml` calls the provider's issuer: what another one said does not count for it.
    package let provider: String
    /// Each a text, a number, a truth value, or a list of texts.
    package let claims: JSONObject
    /// Lists of them of which something was left out.
    package let cut: [String]

    /// Claims at most.
    package static let countMax = 64
    /// Octets of a text at most; one that is longer is left out.
    package static let textBytesMax = 512
    /// Octets of all, as they are stored, at most.
    package static let bytesMax = 8_192
    /// Texts of a list at most.
    package static let listMax = 256
    /// Values and texts of lists at most: an account's record has room for so many besides what else is in it.
    package static let valuesMax = 512

    package init(provider: String, claims: JSONObject, cut: [String] = []) {
        self.provider = provider
        self.claims = claims
        self.cut = cut
    }

    /// The texts that a claim has, if it is one or a list of them.
    package func texts(_ claim: String) -> [String] {
        guard let value = claims[claim] else { return [] }
        return value.string.map { [$0] } ?? (value.array ?? []).compactMap(\.string)
    }

    var json: JSON {
        var members: JSONObject = ["provider": .string(provider), "claims": .object(claims)]
        if !cut.isEmpty { members["cut"] = .strings(cut) }
        return .object(members)
    }

    /// nil: it is damaged, and as good as absent: nothing follows from it.
    init?(_ object: JSONObject) {
        guard let provider = object["provider"]?.string, let claims = object["claims"]?.object else { return nil }
        self.init(provider: provider, claims: claims, cut: (object["cut"]?.array ?? []).compactMap(\.string))
    }
}
