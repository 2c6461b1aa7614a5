extension Refusal {
    /// Appends the value of `WWW-Authenticate` (RFC 6750 §3), and says whether there is one.
    ///
    /// `Bearer realm="…"` or `DPoP realm="…"`, then at most once each `error`, `error_description`, `scope`, for DPoP
    /// `algs` (RFC 9449 §7.1), `acr_values`, `max_age` (RFC 9470) and `resource_metadata` (RFC 9728 §5.1). A request
    /// that showed no credentials gets no error code (RFC 6750 §3.1). Nothing of what the client sent is part of it,
    /// but for the host in the URL of the metadata, which is one that the route serves or the strict parser has let
    /// pass.
    /// - Parameters:
    ///   - realm: what the operator calls this gateway; octets that a quoted string cannot hold are left out.
    ///   - resourceMetadata: a URL; empty: none. Octets that a quoted string cannot hold are left out.
    @discardableResult
    package func appendChallenge(
        realm: StaticString = "portcullis", resourceMetadata: [UInt8] = [], to out: inout [UInt8]
    ) -> Bool {
        let facts = told.facts
        let error: StaticString
        switch facts.challenge {
        case .absent: return false
        case .noError: error = ""
        case .invalidRequest: error = "invalid_request"
        case .invalidToken: error = "invalid_token"
        case .insufficientScope: error = "insufficient_scope"
        case .insufficientUserAuthentication: error = "insufficient_user_authentication"
        case .invalidProof: error = "invalid_dpop_proof"
        case .useNonce: error = "use_dpop_nonce"
        }
        if case .dpop = challenge {
            ChallengeText.append("DPoP realm=\"", to: &out)
        } else {
            ChallengeText.append("Bearer realm=\"", to: &out)
        }
        ChallengeText.appendAllowed(realm, to: &out)
        if error.utf8CodeUnitCount > 0 {
            ChallengeText.append("\", error=\"", to: &out)
            ChallengeText.append(error, to: &out)
            ChallengeText.append("\", error_description=\"", to: &out)
            ChallengeText.appendAllowed(facts.detail, to: &out)
        }
        if !scope.isEmpty {
            ChallengeText.append("\", scope=\"", to: &out)
            out.append(contentsOf: scope)
        }
        if case .dpop(let algorithms) = challenge { ChallengeText.append(algorithms: algorithms, to: &out) }
        out.append(UInt8(ascii: "\""))
        appendGuidance(resourceMetadata, to: &out)
        if case .bearerOrDPoP(let algorithms) = challenge {
            ChallengeText.append(", DPoP realm=\"", to: &out)
            ChallengeText.appendAllowed(realm, to: &out)
            ChallengeText.append(algorithms: algorithms, to: &out)
            out.append(UInt8(ascii: "\""))
            appendGuidance(resourceMetadata, to: &out)
        }
        return true
    }

    /// How a token that does can be had: part of each challenge, since a client reads only the one that it understands.
    private func appendGuidance(_ resourceMetadata: [UInt8], to out: inout [UInt8]) {
        if !authentication.isEmpty {
            ChallengeText.append(", ", to: &out)
            out.append(contentsOf: authentication)
        }
        if !resourceMetadata.isEmpty {
            ChallengeText.append(", resource_metadata=\"", to: &out)
            for octet in resourceMetadata where ChallengeText.isScopeOctet(octet) { out.append(octet) }
            out.append(UInt8(ascii: "\""))
        }
    }
}

/// Which octets may stand inside a challenge.
enum ChallengeText {
    /// `error_description`: %x20-21 / %x23-5B / %x5D-7E (RFC 6750 §3): neither quote nor backslash, no control, no
    /// octet above ASCII.
    static func isAllowed(_ octet: UInt8) -> Bool {
        (0x20...0x7E).contains(octet) && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "\\")
    }

    static func append(algorithms: [UInt8], to out: inout [UInt8]) {
        guard !algorithms.isEmpty else { return }
        append("\", algs=\"", to: &out)
        out.append(contentsOf: algorithms)
    }

    /// `scope-token` of RFC 6749 §3.3: as above, without the space.
    static func isScopeOctet(_ octet: UInt8) -> Bool {
        isAllowed(octet) && octet != 0x20
    }

    /// The `scope` attribute for these scopes; one that holds an octet that may not stand there is left out whole.
    static func scopeAttribute(_ scopes: [String]) -> [UInt8] {
        var out: [UInt8] = []
        for scope in scopes where !scope.isEmpty && scope.utf8.allSatisfy(isScopeOctet) {
            if !out.isEmpty { out.append(0x20) }
            out.append(contentsOf: scope.utf8)
        }
        return out
    }

    static func append(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    static func appendAllowed(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { octets in
            for octet in octets where isAllowed(octet) { out.append(octet) }
        }
    }
}
