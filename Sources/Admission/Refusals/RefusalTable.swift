extension RefusalCode {
    /// The row of this code. "The token is bad" is 401, "we cannot decide right now" is 503, never the other way
    /// round.
    ///
    /// Two choices that no RFC makes for us: a missing or foreign client certificate is 403, because a 401 must
    /// carry a challenge that the client can answer in HTTP (RFC 9110 §15.5.2) and TLS has none; and a claim that
    /// does not fit is `insufficient_scope`, RFC 6750's only word for "higher privileges than the token provides".
    ///
    /// The word for gRPC follows what its clients do with it: `UNAVAILABLE` may be tried again, `UNAUTHENTICATED` wants
    /// another token, `INTERNAL` is what they make of a 400 themselves.
    package var facts: RefusalFacts {
        switch self {
        case .badFraming:
            .init(
                "bad_framing", 400, .internalError, .absent, .client, "Bad request",
                "The request is not well-formed HTTP.")
        case .badHost:
            .init(
                "bad_host", 400, .internalError, .absent, .client, "Bad request",
                "The host of the request is missing or not valid.")
        case .headTooLarge:
            .init(
                "head_too_large", 431, .resourceExhausted, .absent, .client, "Request header fields too large",
                "The head of the request is too large.")
        case .targetTooLong:
            .init(
                "target_too_long", 414, .resourceExhausted, .absent, .client, "URI too long",
                "The request target is too long.")
        case .versionNotSupported:
            .init(
                "version_not_supported", 505, .internalError, .absent, .client, "HTTP version not supported",
                "Only HTTP/1.1 and HTTP/1.0 are understood.")
        case .methodNotSupported:
            .init(
                "method_not_supported", 501, .unimplemented, .absent, .client, "Not implemented",
                "The gateway does not implement what the request asks for.")
        case .badPath:
            .init(
                "bad_path", 400, .internalError, .absent, .client, "Bad path",
                "The path has a spelling that is not accepted here.")
        case .bodyTooLarge:
            .init(
                "body_too_large", 413, .resourceExhausted, .absent, .client, "Content too large",
                "The body of the request is too large.")
        case .requestTimeout:
            .init(
                "request_timeout", 408, .deadlineExceeded, .absent, .client, "Request timeout",
                "The request did not arrive in time.")
        case .bodyTooSlow:
            .init(
                "body_too_slow", 408, .deadlineExceeded, .absent, .client, "Request timeout",
                "The body of the request came too slowly.")
        case .expectationFailed:
            .init(
                "expectation_failed", 417, .internalError, .absent, .client, "Expectation failed",
                "The only expectation understood is 100-continue.")

        case .auditUnavailable:
            .init(
                "audit_unavailable", 503, .unavailable, .absent, .gateway, retryAfter: 5, "Service unavailable",
                "The gateway cannot serve requests at the moment.")
        case .signingFailed:
            .init(
                "signing_failed", 503, .unavailable, .absent, .gateway, retryAfter: 5, "Service unavailable",
                "The gateway cannot serve requests at the moment.")

        case .noRoute:
            .init("no_route", 404, .unimplemented, .absent, .client, "Not found", "There is nothing at this address.")
        case .methodNotAllowed:
            .init(
                "method_not_allowed", 405, .unimplemented, .absent, .client, "Method not allowed",
                "This resource does not have this method.")
        case .misdirected:
            .init(
                "misdirected", 421, .unavailable, .absent, .client, "Misdirected request",
                "This host is not served on a connection made for another one.")

        case .missingToken:
            .init(
                "missing_token", 401, .unauthenticated, .noError, .client, "Authentication required",
                "An access token is required.")
        case .malformedCredentials:
            .init(
                "malformed_credentials", 400, .unauthenticated, .invalidRequest, .client, "Bad request",
                "The Authorization header is malformed.")
        case .ambiguousCredentials:
            .init(
                "ambiguous_credentials", 400, .unauthenticated, .invalidRequest, .client, "Bad request",
                "Credentials were sent more than once or in more than one way.")
        case .tooManyBadTokens:
            .init(
                "too_many_bad_tokens", 429, .resourceExhausted, .absent, .client, "Too many requests",
                "Too many invalid tokens came from this address.")

        case .malformedToken: badToken("malformed_token", "The access token is malformed.")
        case .tokenTooComplex:
            badToken("token_too_complex", "The access token has more claims, or deeper ones, than are read.")
        case .unsupportedAlgorithm:
            badToken("unsupported_algorithm", "The access token is signed with an algorithm that is not accepted.")
        case .wrongType: badToken("wrong_type", "The token is not an access token.")
        case .wrongIssuer: badToken("wrong_issuer", "The issuer of the access token is not accepted here.")
        case .unknownKey: badToken("unknown_key", "The key of the access token is unknown.")
        case .badSignature: badToken("bad_signature", "The signature of the access token is invalid.")
        case .malformedClaims:
            badToken("malformed_claims", "The access token lacks a claim or has one of the wrong type.")
        case .expiredToken: badToken("expired_token", "The access token has expired.")
        case .notYetValid: badToken("not_yet_valid", "The access token is not valid yet.")
        case .issuedInFuture: badToken("issued_in_future", "The access token was issued in the future.")
        case .wrongAudience: badToken("wrong_audience", "The access token is meant for another audience.")
        case .inactiveToken: badToken("inactive_token", "The access token is not active.")
        case .introspectionMismatch:
            badToken("introspection_mismatch", "The access token and what its issuer says of it do not agree.")
        case .revokedToken: badToken("revoked_token", "The access token was revoked.")
        case .wrongCertificate:
            badToken(
                "wrong_certificate",
                "The access token is bound to a client certificate that this connection has not shown.")
        case .missingProof:
            badToken("missing_proof", "The access token is bound to a key whose possession was not shown.")
        case .unknownConfirmation:
            badToken("unknown_confirmation", "The access token is bound in a way that is not understood.")

        case .unboundToken:
            badToken("unbound_token", "The access token is not bound as this resource or the scheme demands.")
        case .wrongProofKey: badToken("wrong_proof_key", "The access token is bound to another key.")

        case .malformedProof: badProof("malformed_proof", "The DPoP proof is malformed or lacks something.")
        case .badProofKey: badProof("bad_proof_key", "The key in the DPoP proof cannot be used.")
        case .badProofSignature: badProof("bad_proof_signature", "The signature of the DPoP proof is invalid.")
        case .wrongProofTarget: badProof("wrong_proof_target", "The DPoP proof was made for another request.")
        case .wrongProofToken: badProof("wrong_proof_token", "The DPoP proof was made for another access token.")
        case .staleProof: badProof("stale_proof", "The DPoP proof was not made just now.")
        case .replayedProof: badProof("replayed_proof", "The DPoP proof was used before.")
        case .nonceRequired:
            .init(
                "nonce_required", 401, .unauthenticated, .useNonce, .client, "Nonce required",
                "The DPoP proof must have the nonce that comes with this answer.")

        case .keysUnavailable: cannotCheck("keys_unavailable")
        case .introspectionUnavailable: cannotCheck("introspection_unavailable")
        case .proofsUnavailable: cannotCheck("proofs_unavailable")
        case .signatureCheckUnavailable: cannotCheck("signature_check_unavailable", retryAfter: 1)

        case .insufficientScope:
            .init(
                "insufficient_scope", 403, .permissionDenied, .insufficientScope, .client, "Forbidden",
                "The access token lacks a scope that this resource needs.")
        case .claimMismatch:
            .init(
                "claim_mismatch", 403, .permissionDenied, .insufficientScope, .client, "Forbidden",
                "The access token does not have the claims that this resource needs.")
        case .insufficientUserAuthentication:
            .init(
                "insufficient_user_authentication", 401, .unauthenticated, .insufficientUserAuthentication, .client,
                "Authentication required",
                "The authentication behind the access token is too weak or too long ago for this resource.")
        case .certificateRequired:
            .init(
                "certificate_required", 403, .permissionDenied, .absent, .client, "Client certificate required",
                "This resource needs a client certificate.")
        case .wrongClientIdentity:
            .init(
                "wrong_client_identity", 403, .permissionDenied, .absent, .client, "Forbidden",
                "The client certificate is not accepted for this resource.")

        case .rateLimited:
            .init(
                "rate_limited", 429, .resourceExhausted, .absent, .client, "Too many requests",
                "The rate limit is exceeded.")
        case .tooManyInFlight:
            .init(
                "too_many_in_flight", 503, .unavailable, .absent, .gateway, retryAfter: 1, "Service unavailable",
                "Too many requests are being served.")

        case .noHealthyUpstream:
            .init(
                "no_healthy_upstream", 503, .unavailable, .absent, .upstream, retryAfter: 5, "Service unavailable",
                "No instance of the service is available.")
        case .upstreamUnreachable:
            .init(
                "upstream_unreachable", 502, .unavailable, .absent, .upstream, "Bad gateway",
                "The service could not be reached.")
        case .upstreamTimeout:
            .init(
                "upstream_timeout", 504, .deadlineExceeded, .absent, .upstream, "Gateway timeout",
                "The service did not answer in time.")
        case .upstreamBadResponse:
            .init(
                "upstream_bad_response", 502, .unavailable, .absent, .upstream, "Bad gateway",
                "The service gave an answer that is not well-formed.")
        case .wrongUpstreamIdentity:
            .init(
                "wrong_upstream_identity", 502, .unavailable, .absent, .upstream, "Bad gateway",
                "The service could not prove its identity.")
        }
    }

    /// Expired, revoked, malformed, or invalid for other reasons: all one to the client (RFC 6750 §3.1).
    private func badToken(_ word: StaticString, _ detail: StaticString) -> RefusalFacts {
        .init(word, 401, .unauthenticated, .invalidToken, .client, "Invalid token", detail)
    }

    /// The token may be good, what came with it is not (RFC 9449 §7.1).
    private func badProof(_ word: StaticString, _ detail: StaticString) -> RefusalFacts {
        .init(word, 401, .unauthenticated, .invalidProof, .client, "Invalid proof", detail)
    }

    private func cannotCheck(_ word: StaticString, retryAfter: Int = 5) -> RefusalFacts {
        .init(
            word, 503, .unavailable, .absent, .gateway, retryAfter: retryAfter, "Service unavailable",
            "The access token cannot be checked at the moment.")
    }
}
