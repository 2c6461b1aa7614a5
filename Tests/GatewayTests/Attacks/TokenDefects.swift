import GatewayTesting
import JSON

extension TokenDefect {
    /// Every defect, for a route that demands a token of the issuer and the scope `orders:read`.
    static let all: [TokenDefect] =
        forms + headers + algorithms + keys + signatures + times + parties + types + scopes + bindings

    /// RS-018 … RS-023: the compact form, base64url, JSON
    static let forms: [TokenDefect] = [
        .init("RS-018 one part", .bad("malformed_token")) { draft, _ in draft.changeToken = { _ in "opaque" } },
        .init("RS-018 two parts", .bad("malformed_token")) { draft, _ in
            draft.changeToken = { $0.split(separator: ".").dropLast().joined(separator: ".") }
        },
        .init("RS-018 four parts", .bad("malformed_token")) { draft, _ in draft.changeToken = { "\($0).AAAA" } },
        .init("RS-018 five parts: a JWE", .bad("malformed_token")) { draft, _ in
            draft.changeToken = { "\($0).AAAA.AAAA" }
        },
        .init("RS-018 only dots", .bad("malformed_token")) { draft, _ in draft.changeToken = { _ in ".." } },
        .init("RS-018 JSON serialisation", .noCredentials) { draft, _ in
            draft.changeToken = { token in
                let parts = token.split(separator: ".")
                return "{\"protected\":\"\(parts[0])\",\"payload\":\"\(parts[1])\",\"signature\":\"\(parts[2])\"}"
            }
        },
        .init("RS-019 padding", .bad("malformed_token")) { draft, _ in draft.changeToken = { "\($0)==" } },
        .init("RS-019 padding in the middle", .noCredentials) { draft, _ in
            draft.changeToken = { replaced($0, ".", by: "=.") }
        },
        .init("RS-019 a plus sign", .bad("malformed_token")) { draft, _ in draft.changeToken = { "\($0.dropLast())+" }
        },
        .init("RS-019 a slash", .bad("malformed_token")) { draft, _ in draft.changeToken = { "\($0.dropLast())/" } },
        .init("RS-019 white space inside", .noCredentials) { draft, _ in
            draft.changeToken = { replaced($0, ".", by: " .") }
        },
        .init("RS-019 octets that no token has", .noCredentials) { draft, _ in draft.changeToken = { "\($0)é" } },
        .init("RS-020 bits left over at the end", .bad("malformed_token")) { draft, _ in
            draft.changeToken = withLeftOverBit
        },
        .init("RS-021 a member twice in the header", .bad("malformed_token")) { draft, _ in
            draft.headerOctets = withMember("\"alg\":\"ES256\"", in: draft.header)
        },
        .init("RS-021 a member twice in the claims", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = withMember("\"sub\":\"root\"", in: draft.claims)
        },
        .init("RS-021 a member twice, one of them escaped", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = withMember("\"\\u0073ub\":\"root\"", in: draft.claims)
        },
        .init("more claims than are read", .bad("token_too_complex")) { draft, _ in
            draft.claims["roles"] = .array((0..<1_100).map { .integer(Int64($0)) })
        },
        .init("RS-022 octets after the claims", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = JSON.object(draft.claims).serialized() + Array("{}".utf8)
        },
        .init("RS-022 a NUL after the header", .bad("malformed_token")) { draft, _ in
            draft.headerOctets = JSON.object(draft.header).serialized() + [0]
        },
        .init("RS-023 a byte order mark", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = [0xEF, 0xBB, 0xBF] + JSON.object(draft.claims).serialized()
        },
        .init("RS-023 UTF-16", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = JSON.object(draft.claims).serialized().flatMap { [0, $0] }
        },
        .init("RS-023 octets that are no UTF-8", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = replacedOctets(JSON.object(draft.claims).serialized(), "alice", by: [0xC0, 0xAF])
        },
        .init("claims that are an array", .bad("malformed_token")) { draft, _ in draft.claimsOctets = Array("[]".utf8)
        },
        .init("claims nested a hundred deep", .bad("token_too_complex")) { draft, _ in
            draft.claimsOctets = withMember(
                "\"x\":\(String(repeating: "[", count: 100))\(String(repeating: "]", count: 100))", in: draft.claims)
        },
        .init("empty claims", .bad("malformed_token")) { draft, _ in draft.claimsOctets = [] },
    ]

    /// RS-024 … RS-028: members of the header
    static let headers: [TokenDefect] = [
        .init("RS-024 crit names an extension", .bad("malformed_token")) { draft, _ in
            draft.header["crit"] = ["x"]
            draft.header["x"] = true
        },
        .init("RS-024 crit is empty", .bad("malformed_token")) { draft, _ in draft.header["crit"] = [] },
        .init("RS-024 crit is no array", .bad("malformed_token")) { draft, _ in draft.header["crit"] = "exp" },
        .init("RS-024 crit names what is not there", .bad("malformed_token")) { draft, _ in draft.header["crit"] = ["x"]
        },
        .init("RS-025 crit names alg", .bad("malformed_token")) { draft, _ in draft.header["crit"] = ["alg"] },
        .init("RS-026 b64 is false", .bad("malformed_token")) { draft, _ in draft.header["b64"] = false },
        .init("RS-027 a token in the token", .bad("malformed_token")) { draft, _ in draft.header["cty"] = "JWT" },
        .init("RS-027 a header of encryption", .bad("malformed_token")) { draft, _ in draft.header["enc"] = "A256GCM" },
        .init("RS-028 no alg", .bad("malformed_token")) { draft, _ in draft.header["alg"] = nil },
        .init("RS-028 alg is a number", .bad("malformed_token")) { draft, _ in draft.header["alg"] = 256 },
        .init("RS-028 alg is an array", .bad("malformed_token")) { draft, _ in draft.header["alg"] = ["ES256"] },
        .init("kid is a number", .bad("malformed_token")) { draft, _ in draft.header["kid"] = 7 },
    ]

    /// RS-029 … RS-031, RS-035: algorithms
    static let algorithms: [TokenDefect] =
        ["none", "None", "NONE", "nOnE"].flatMap { name -> [TokenDefect] in
            [
                .init("RS-029 alg \(name) without a signature", .bad("unsupported_algorithm")) { draft, _ in
                    draft.header["alg"] = .string(name)
                    draft.signer = .octets([])
                },
                .init("RS-029 alg \(name) with a signature", .bad("unsupported_algorithm")) { draft, _ in
                    draft.header["alg"] = .string(name)
                },
            ]
        } + [
            .init("RS-029 alg is empty", .bad("malformed_token")) { draft, _ in draft.header["alg"] = "" },
            .init("RS-030 alg in small letters", .bad("unsupported_algorithm")) { draft, _ in
                draft.header["alg"] = "es256"
            },
            .init("RS-030 alg with a space", .bad("unsupported_algorithm")) { draft, _ in draft.header["alg"] = "ES256 "
            },
            .init("RS-031 an algorithm that is not on the issuer's list", .bad("unsupported_algorithm")) {
                draft, issuer in
                let key = try issuer.key(.rs256)
                draft.header["alg"] = "RS384"
                draft.header["kid"] = .string(key.kid)
                draft.signer = .key(key, as: .rs384)
            },
            .init("RS-035 HS256 with the public key as its secret", .bad("unsupported_algorithm")) { draft, issuer in
                draft.header["alg"] = "HS256"
                draft.signer = .hmac(secret: Array(try issuer.key(.es256).publicPEM.utf8))
            },
            .init("RS-035 HS256 with the JWK as its secret", .bad("unsupported_algorithm")) { draft, issuer in
                draft.header["alg"] = "HS256"
                draft.signer = .hmac(secret: try issuer.key(.es256).jwk.serialized())
            },
            .init("RS-035 HMAC under the name of RS256", .bad("bad_signature")) { draft, issuer in
                let key = try issuer.key(.rs256)
                draft.header["alg"] = "RS256"
                draft.header["kid"] = .string(key.kid)
                draft.signer = .hmac(secret: Array(try key.publicPEM.utf8))
            },
            .init("RS-070 HS256 with a secret that the issuer has published", .bad("unsupported_algorithm")) {
                draft, _ in
                draft.header["alg"] = "HS256"
                draft.header["kid"] = "secret"
                draft.signer = .hmac(secret: try UnusableKeys.shared.get().secret)
            },
        ]

    /// RS-032 … RS-038, RS-049, RS-065: which key
    static let keys: [TokenDefect] = [
        .init("RS-032 RS256 by a key for PS256", .bad("unknown_key")) { draft, issuer in
            let key = try issuer.key(.ps256)
            draft.header["alg"] = "RS256"
            draft.header["kid"] = .string(key.kid)
            draft.signer = .key(key, as: .rs256)
        },
        .init("RS-033 the kid of a key of another kind", .bad("unknown_key")) { draft, issuer in
            draft.header["kid"] = .string(try issuer.key(.es384).kid)
        },
        .init("RS-033 a key for encryption", .bad("unknown_key")) { draft, _ in
            try signs(&draft, try UnusableKeys.shared.get().encryption)
        },
        .init("RS-034 a key that may not verify", .bad("unknown_key")) { draft, _ in
            try signs(&draft, try UnusableKeys.shared.get().withoutVerify)
        },
        .init("RS-036 its own key in the header", .bad("unknown_key")) { draft, _ in
            let key = try TestSigningKey(.es256, kid: "mine")
            try signs(&draft, key)
            draft.header["jwk"] = try key.jwk
        },
        .init("RS-036 its own key in the header, under a known kid", .bad("bad_signature")) { draft, issuer in
            let key = try TestSigningKey(.es256, kid: try issuer.key(.es256).kid)
            try signs(&draft, key)
            draft.header["jwk"] = try key.jwk
        },
        .init("RS-036 the address of its own keys", .bad("unknown_key")) { draft, _ in
            try signs(&draft, try TestSigningKey(.es256, kid: "mine"))
            draft.header["jku"] = "https://127.0.0.1:1/keys"
            draft.header["x5u"] = "https://127.0.0.1:1/chain"
        },
        .init("RS-037 a kid that is a path", .bad("unknown_key")) { draft, _ in
            draft.header["kid"] = "../../../../dev/null"
        },
        .init("RS-037 a kid with quotes", .bad("unknown_key")) { draft, _ in draft.header["kid"] = "' OR 1=1 -- \"" },
        .init("RS-037 a kid with NUL and line ends", .bad("unknown_key")) { draft, _ in
            draft.header["kid"] = "a\u{0}b\r\nc"
        },
        .init("RS-037 a kid of 4 KiB", .bad("unknown_key")) { draft, _ in
            draft.header["kid"] = .string(String(repeating: "k", count: 4_096))
        },
        .init("RS-038 an RSA key of 1024 bits", .bad("unknown_key")) { draft, _ in
            try signs(&draft, try UnusableKeys.shared.get().weak)
        },
        .init("RS-049 a key of another issuer", .bad("unknown_key")) { draft, _ in
            try signs(&draft, try TestSigningKey(.es256, kid: "other-es256"))
        },
        .init("RS-065 no kid, and one key that fits", .good) { draft, _ in draft.header["kid"] = nil },
    ]

    /// RS-040, RS-043: signatures
    static let signatures: [TokenDefect] =
        TestAlgorithm.allCases.filter { $0 != .rs384 }.flatMap { algorithm -> [TokenDefect] in
            [
                .init("signed with \(algorithm.rawValue)", .good) { draft, issuer in
                    try signs(&draft, try issuer.key(algorithm))
                },
                .init("\(algorithm.rawValue) with a bit of the signature turned", .bad("bad_signature")) {
                    draft, issuer in
                    try signs(&draft, try issuer.key(algorithm))
                    draft.changeSignature = { [$0[0] ^ 1] + $0.dropFirst() }
                },
                .init("\(algorithm.rawValue) with a signature one octet short", .bad("bad_signature")) {
                    draft, issuer in
                    try signs(&draft, try issuer.key(algorithm))
                    draft.changeSignature = { Array($0.dropLast()) }
                },
                .init("\(algorithm.rawValue) with a signature one octet long", .bad("bad_signature")) { draft, issuer in
                    try signs(&draft, try issuer.key(algorithm))
                    draft.changeSignature = { $0 + [0] }
                },
            ]
        } + [
            .init("no signature", .bad("bad_signature")) { draft, _ in draft.signer = .octets([]) },
            .init("claims changed after signing", .bad("bad_signature")) { draft, _ in
                var changed = draft.claims
                changed["sub"] = "root"
                let claims = Base64URLText.encode(JSON.object(changed).serialized())
                draft.changeToken = { token in
                    var parts = token.split(separator: ".").map(String.init)
                    parts[1] = claims
                    return parts.joined(separator: ".")
                }
            },
            .init("RS-040 ECDSA in DER", .bad("bad_signature")) { draft, issuer in
                draft.signer = .keyInDER(try issuer.key(.es256))
            },
            .init("RS-040 r and s are 0", .bad("bad_signature")) { draft, _ in
                draft.signer = .octets([UInt8](repeating: 0, count: 64))
            },
            .init("RS-040 r and s are beyond the order", .bad("bad_signature")) { draft, _ in
                draft.signer = .octets([UInt8](repeating: 0xFF, count: 64))
            },
            .init("RS-043 EdDSA with S beyond the order", .bad("bad_signature")) { draft, issuer in
                try signs(&draft, try issuer.key(.edDSA))
                draft.changeSignature = withOrderAdded
            },
        ]

    /// RS-044 … RS-047: times. Differences are far larger than what a slow test takes, or point away from it.
    static let times: [TokenDefect] = [
        .init("RS-044 expired an hour ago", .bad("expired_token")) { draft, _ in
            draft.claims["exp"] = .integer(issued(draft) - 3_600)
        },
        .init("RS-044 expired just beyond the skew", .bad("expired_token")) { draft, _ in
            draft.claims["exp"] = .integer(issued(draft) - 16)
        },
        .init("RS-044 no exp", .bad("malformed_claims")) { draft, _ in draft.claims["exp"] = nil },
        .init("RS-045 exp is a string", .bad("malformed_claims")) { draft, _ in
            draft.claims["exp"] = .string("\(issued(draft) + 300)")
        },
        .init("RS-045 exp is null", .bad("malformed_claims")) { draft, _ in draft.claims["exp"] = .null },
        .init("RS-045 exp is true", .bad("malformed_claims")) { draft, _ in draft.claims["exp"] = true },
        .init("RS-045 exp is 1e300", .bad("malformed_claims")) { draft, _ in draft.claims["exp"] = 1e300 },
        .init("RS-045 exp is 1e400", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = withExpiry("1e400", in: draft.claims)
        },
        .init("RS-045 exp is NaN", .bad("malformed_token")) { draft, _ in
            draft.claimsOctets = withExpiry("NaN", in: draft.claims)
        },
        .init("RS-045 exp is the smallest number", .bad("malformed_claims")) { draft, _ in
            draft.claims["exp"] = .integer(.min)
        },
        .init("RS-045 exp has a fraction", .good) { draft, _ in
            draft.claims["exp"] = .number(Double(issued(draft)) + 300.5)
        },
        .init("RS-046 valid in an hour", .bad("not_yet_valid")) { draft, _ in
            draft.claims["nbf"] = .integer(issued(draft) + 3_600)
        },
        .init("RS-045 nbf is a string", .bad("malformed_claims")) { draft, _ in draft.claims["nbf"] = "0" },
        .init("RS-046 issued in an hour", .bad("issued_in_future")) { draft, _ in
            draft.claims["iat"] = .integer(issued(draft) + 3_600)
        },
        .init("RS-047 nbf and iat within the skew", .good) { draft, _ in
            draft.claims["nbf"] = .integer(issued(draft) + 10)
            draft.claims["iat"] = .integer(issued(draft) + 10)
        },
    ]

    /// RS-048, RS-050, RS-051, RS-054: whose, for whom, about whom
    static let parties: [TokenDefect] =
        [
            "https://login.partner.example/", "https://LOGIN.partner.example", "https://login.partner.example:443",
            "http://login.partner.example", "https://login.partner.example.evil.example", "",
        ].map { name in
            .init("RS-048 issuer \"\(name)\"", .bad("wrong_issuer")) { draft, _ in draft.claims["iss"] = .string(name) }
        } + [
            .init("RS-048 no issuer", .bad("wrong_issuer")) { draft, _ in draft.claims["iss"] = nil },
            .init("RS-048 the issuer is an array", .bad("malformed_claims")) { draft, issuer in
                draft.claims["iss"] = [.string(issuer.identifier)]
            },
            .init("RS-050 another audience", .bad("wrong_audience")) { draft, _ in
                draft.claims["aud"] = "https://other.example.com"
            },
            .init("RS-050 an audience that begins like ours", .bad("wrong_audience")) { draft, _ in
                draft.claims["aud"] = "https://api.example.com.evil.example"
            },
            .init("RS-050 an audience that ours begins like", .bad("wrong_audience")) { draft, _ in
                draft.claims["aud"] = "https://api.example"
            },
            .init("RS-050 no audience", .bad("malformed_claims")) { draft, _ in draft.claims["aud"] = nil },
            .init("RS-050 no audience in the array", .bad("malformed_claims")) { draft, _ in draft.claims["aud"] = [] },
            .init("RS-051 the audience is a number", .bad("malformed_claims")) { draft, _ in draft.claims["aud"] = 1 },
            .init("RS-051 the audience is an object", .bad("malformed_claims")) { draft, issuer in
                draft.claims["aud"] = [issuer.audience: true] as JSON
            },
            .init("RS-051 a number among the audiences", .bad("malformed_claims")) { draft, issuer in
                draft.claims["aud"] = [.string(issuer.audience), 1]
            },
            .init("RS-050 ours among several audiences", .good) { draft, issuer in
                draft.claims["aud"] = ["https://other.example.com", .string(issuer.audience)]
            },
        ]
        + ["sub", "client_id", "iat", "jti"].map { name in
            .init("RS-054 no \(name)", .bad("malformed_claims")) { draft, _ in draft.claims[name] = nil }
        }
        + ["sub", "client_id", "jti", "scope"].map { name in
            .init("RS-054 \(name) is a number", .bad("malformed_claims")) { draft, _ in draft.claims[name] = 1 }
        }

    /// RS-052, RS-053: what kind of token
    static let types: [TokenDefect] =
        [
            "JWT", "logout+jwt", "secevent+jwt", "dpop+jwt", "client-authentication+jwt", "oauth-authz-req+jwt",
            "token-introspection+jwt", "at+jwt2", "application/application/at+jwt",
        ].map { type in
            .init("RS-053 typ \(type)", .bad("wrong_type")) { draft, _ in draft.header["typ"] = .string(type) }
        } + [
            .init("RS-052 no typ", .bad("wrong_type")) { draft, _ in draft.header["typ"] = nil },
            .init("RS-052 typ is a number", .bad("malformed_token")) { draft, _ in draft.header["typ"] = 1 },
            .init("RS-052 typ application/at+jwt", .good) { draft, _ in draft.header["typ"] = "application/at+jwt" },
            .init("RS-052 typ AT+JWT", .good) { draft, _ in draft.header["typ"] = "AT+JWT" },
        ]

    /// RS-055: how much
    static let scopes: [TokenDefect] =
        [
            "", "orders", "orders:rea", "orders:read2", "Orders:Read", "orders:write", "orders:read,orders:write",
            "orders:\u{0}read",
        ].map { scope in
            .init("RS-055 scope \"\(scope)\"", .tooLittle) { draft, _ in draft.claims["scope"] = .string(scope) }
        } + [
            .init("RS-055 no scope", .tooLittle) { draft, _ in draft.claims["scope"] = nil },
            .init("RS-055 scopes in an array", .bad("malformed_claims")) { draft, _ in
                draft.claims["scope"] = ["orders:read"]
            },
            .init("RS-055 the scope among others", .good) { draft, _ in
                draft.claims["scope"] = "orders:write orders:read openid"
            },
        ]

    /// RS-081 … RS-088: tokens that are bound to something which the request does not show
    static let bindings: [TokenDefect] = [
        .init("RS-082 bound to a certificate", .bad("wrong_certificate")) { draft, _ in
            draft.claims["cnf"] = ["x5t#S256": .string(Base64URLText.encode([UInt8](repeating: 7, count: 32)))]
        },
        .init("RS-087 bound to a key", .bad("missing_proof")) { draft, _ in
            draft.claims["cnf"] = ["jkt": .string(Base64URLText.encode([UInt8](repeating: 7, count: 32)))]
        },
        .init("RS-087 bound in a way that nobody knows", .bad("unknown_confirmation")) { draft, _ in
            draft.claims["cnf"] = ["jku": "https://127.0.0.1:1/"]
        },
        .init("RS-087 bound to nothing", .bad("unknown_confirmation")) { draft, _ in draft.claims["cnf"] = [:] },
        .init("RS-083 a thumbprint that is none", .bad("malformed_claims")) { draft, _ in
            draft.claims["cnf"] = ["x5t#S256": "short"]
        },
        .init("RS-087 cnf is a string", .bad("malformed_claims")) { draft, _ in draft.claims["cnf"] = "x" },
    ]
}
