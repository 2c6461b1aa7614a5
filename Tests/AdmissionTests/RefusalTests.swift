import HTTP
import Testing

@testable import Admission

@Suite("The table of refusals")
struct RefusalTests {
    @Test("every code has a word of its own")
    func words() {
        let words = RefusalCode.allCases.map { $0.facts.word.description }
        #expect(Set(words).count == words.count)
        #expect(words.allSatisfy { $0.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") } })
    }

    @Test(
        "the words of the pipeline, and the statuses that it promises",
        arguments: [
            ("bad_framing", 400), ("head_too_large", 431), ("body_too_large", 413), ("bad_path", 400),
            ("no_route", 404),
            ("method_not_allowed", 405), ("misdirected", 421), ("missing_token", 401), ("malformed_token", 401),
            ("bad_signature", 401), ("wrong_issuer", 401), ("wrong_audience", 401), ("expired_token", 401),
            ("inactive_token", 401), ("wrong_certificate", 401), ("keys_unavailable", 503),
            ("introspection_unavailable", 503),
            ("insufficient_scope", 403), ("claim_mismatch", 403), ("rate_limited", 429), ("too_many_in_flight", 503),
            ("no_healthy_upstream", 503), ("upstream_unreachable", 502), ("upstream_timeout", 504),
        ])
    func pipeline(word: String, status: Int) throws {
        let code = try #require(RefusalCode.allCases.first { $0.facts.word.description == word })
        #expect(code.facts.status == status)
    }

    @Test(
        "RS-007 RS-012 RS-013 RS-014 RS-015 RS-056 the challenge goes with the status", arguments: RefusalCode.allCases)
    func challenges(code: RefusalCode) {
        switch code.facts.challenge {
        case .noError: #expect(code == .missingToken && code.facts.status == 401)
        case .invalidRequest: #expect(code.facts.status == 400)
        case .invalidToken: #expect(code.facts.status == 401)
        case .insufficientScope: #expect(code.facts.status == 403)
        case .insufficientUserAuthentication: #expect(code.facts.status == 401)
        case .invalidProof: #expect(code.facts.status == 401)
        case .useNonce: #expect(code == .nonceRequired && code.facts.status == 401)
        case .absent: #expect(code.facts.status != 401)
        }
        // What the gateway or an upstream is to blame for is never said to be the client's credentials.
        if code.facts.fault != .client { #expect(code.facts.status >= 500) }
        if code.facts.status == 503 { #expect((code.facts.retryAfterSeconds ?? 0) > 0) }
    }

    @Test("the status of gRPC goes with that of HTTP", arguments: RefusalCode.allCases)
    func grpcStatuses(code: RefusalCode) {
        let expected: GRPCStatus? =
            switch code.facts.status {
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 408, 504: .deadlineExceeded
            case 404, 405, 501: .unimplemented
            case 413, 414, 429, 431: .resourceExhausted
            case 421, 502, 503: .unavailable
            // Credentials that are malformed are none; everything else is malformed itself.
            case 400: code.facts.challenge == .absent ? .internalError : .unauthenticated
            case 417, 505: .internalError
            default: nil
            }
        #expect(code.facts.grpcStatus == expected)
    }

    @Test(
        "gRPC's statuses have their registered numbers and names",
        arguments: [
            (4, "DEADLINE_EXCEEDED"), (7, "PERMISSION_DENIED"), (8, "RESOURCE_EXHAUSTED"), (12, "UNIMPLEMENTED"),
            (13, "INTERNAL"), (14, "UNAVAILABLE"), (16, "UNAUTHENTICATED"),
        ] as [(UInt8, String)])
    func grpcNumbers(number: UInt8, word: String) throws {
        #expect(try #require(GRPCStatus(rawValue: number)).word.description == word)
        #expect(GRPCStatus.allCases.count == 7)
    }

    @Test("RS-011 every detail is fit for error_description as it is", arguments: RefusalCode.allCases)
    func details(code: RefusalCode) {
        #expect(code.facts.detail.description.utf8.allSatisfy(ChallengeText.isAllowed))
        #expect(code.facts.detail.description.hasSuffix("."))
        #expect(!code.facts.title.description.isEmpty)
    }

    @Test("every defect of HTTP has a code with its status and word", arguments: HeadError.allCases)
    func headErrors(error: HeadError) {
        let facts = RefusalCode(error).facts
        #expect(facts.status == error.status)
        #expect(facts.word.description == error.code.description)
    }
}

@Suite("Challenges (RFC 6750 §3)")
struct ChallengeTests {
    private func challenge(_ refusal: Refusal) -> String {
        var out: [UInt8] = []
        let written = refusal.appendChallenge(to: &out)
        #expect(written == !out.isEmpty)
        return out.text
    }

    @Test("RS-008 RS-012 without credentials there is a realm and no error")
    func noCredentials() {
        #expect(challenge(Refusal(.missingToken)) == #"Bearer realm="portcullis""#)
        #expect(
            challenge(Refusal(.missingToken, scope: Array("a b".utf8))) == #"Bearer realm="portcullis", scope="a b""#)
    }

    @Test("RS-013 a malformed request is invalid_request")
    func invalidRequest() {
        #expect(
            challenge(Refusal(.malformedCredentials))
                == #"Bearer realm="portcullis", error="invalid_request", error_description="The Authorization header is malformed.""#
        )
    }

    @Test("RS-014 a bad token is invalid_token")
    func invalidToken() {
        #expect(
            challenge(Refusal(.expiredToken))
                == #"Bearer realm="portcullis", error="invalid_token", error_description="The access token has expired.""#
        )
    }

    @Test("RS-015 RS-130 a missing scope is named")
    func insufficientScope() {
        #expect(
            challenge(Refusal(.insufficientScope, scope: Array("orders:read".utf8)))
                == #"Bearer realm="portcullis", error="insufficient_scope", error_description="The access token lacks a scope that this resource needs.", scope="orders:read""#
        )
    }

    @Test(
        "no challenge where none belongs",
        arguments: [RefusalCode.noRoute, .keysUnavailable, .rateLimited, .certificateRequired])
    func absent(code: RefusalCode) {
        #expect(challenge(Refusal(code)) == "")
    }

    @Test(
        "RS-010 a scope with an octet that may not stand there is left out",
        arguments: [(["a", "b\"c", "d\\e", "f g", "h\r\ni", "é", "", "orders:read"], "a orders:read"), ([], "")])
    func scopes(scopes: [String], expected: String) {
        #expect(ChallengeText.scopeAttribute(scopes).text == expected)
    }

    @Test("RS-123 the address of the resource's metadata comes last, and loses what a quoted string cannot hold")
    func resourceMetadata() {
        func challenge(_ code: RefusalCode, _ url: String) -> String {
            var out: [UInt8] = []
            Refusal(code).appendChallenge(resourceMetadata: Array(url.utf8), to: &out)
            return out.text
        }
        let url = "https://api.example.com/.well-known/oauth-protected-resource"
        #expect(challenge(.missingToken, url) == #"Bearer realm="portcullis", resource_metadata="\#(url)""#)
        #expect(challenge(.expiredToken, url).hasSuffix(#"expired.", resource_metadata="\#(url)""#))
        #expect(
            challenge(.missingToken, "https://a\"b\\c\r\nd e")
                == #"Bearer realm="portcullis", resource_metadata="https://abcde""#)
        #expect(challenge(.missingToken, "") == #"Bearer realm="portcullis""#)
        #expect(challenge(.noRoute, url) == "")
    }

    @Test("RS-009 RS-011 a realm loses what a quoted string cannot hold, and no parameter comes twice")
    func realm() {
        var out: [UInt8] = []
        Refusal(.badSignature, scope: Array("a".utf8)).appendChallenge(realm: "a\"b\\c\r\nd", to: &out)
        #expect(out.text.hasPrefix(#"Bearer realm="abcd", error="#))
        for parameter in ["realm=", "error=", "error_description=", "scope="] {
            #expect(out.text.components(by: parameter) == 2)
        }
    }
}

extension String {
    /// How many parts this text falls into at `separator`.
    func components(by separator: String) -> Int {
        var count = 1
        var rest = self[...]
        while let first = rest.firstIndex(of: separator.first ?? " ") {
            rest = rest[first...]
            if rest.hasPrefix(separator) { count += 1 }
            rest = rest.dropFirst()
        }
        return count
    }
}
