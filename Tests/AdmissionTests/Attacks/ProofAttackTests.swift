import Crypto
import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Admission

/// Attacks on proofs of possession (RFC 9449 §11).
@Suite("Proofs that are not good")
struct ProofAttackTests {
    let harness: ProofHarness

    init() throws { harness = try ProofHarness() }

    @Test(
        "RS-091 what is not a well-formed JWT is no proof",
        arguments: [
            "", "x", "a.b", "a.b.c", "..", "e30.e30.", "e30.e30.e30.e30", "eyJ0eXAiOiJkcG9wK2p3dCJ9", "a.b.c, d.e.f",
        ])
    func garbage(proof: String) throws {
        let word = try harness.outcome(ProofHarness.fields(try harness.token(), proof))
        #expect(word == "malformed_proof")
    }

    @Test("RS-091 two proofs in one field, and octets behind a proof, are no proof")
    func joined() throws {
        let token = try harness.token()
        let proof = try harness.client.proof(token)
        for spoiled in ["\(proof), \(proof)", "\(proof),", "\(proof) x", "\(proof)=", "\(proof)."] {
            #expect(
                try harness.outcome(ProofHarness.fields(token, spoiled)) == "malformed_proof", "\(spoiled.suffix(5))")
        }
    }

    @Test("RS-092 a member of the header that is missing", arguments: ["typ", "alg", "jwk"])
    func missingMember(name: String) throws {
        #expect(try harness.outcome(header: [name: nil]) == "malformed_proof")
    }

    @Test("RS-092 a claim that is missing, empty or of another type", arguments: ["jti", "htm", "htu", "iat", "ath"])
    func missingClaim(name: String) throws {
        let values: [JSON?] = [nil, "", .null, ["a"], ["a": 1], true]
        for value in values { #expect(try harness.outcome(claims: [name: value]) == "malformed_proof") }
    }

    @Test(
        "RS-093 another type of token is no proof",
        arguments: ["JWT", "at+jwt", "dpop", "dpop+jwts", "xdpop+jwt", "", "dpop+jwt;a=b", 7, .null] as [JSON])
    func types(typ: JSON) throws {
        #expect(try harness.outcome(header: ["typ": typ]) == "malformed_proof")
    }

    @Test("RS-093 an access token is not its own proof, nor another's")
    func tokenAsProof() throws {
        let token = try harness.token()
        #expect(try harness.outcome(ProofHarness.fields(token, token)) == "malformed_proof")
    }

    @Test(
        "RS-094 only asymmetric algorithms that the policy allows",
        arguments: ["none", "None", "HS256", "HS512", "es256", "ES512", "RS256", "dir", ""] as [JSON])
    func algorithms(alg: JSON) throws {
        #expect(try harness.outcome(header: ["alg": alg]) == "malformed_proof")
    }

    @Test("RS-094 an algorithm that the issuer's entry does not allow for proofs is refused")
    func policy() throws {
        let harness = try ProofHarness(dpopAlgorithms: [.edDSA, .ps256])
        #expect(try harness.outcome() == "malformed_proof")
    }

    @Test("RS-094 a shared secret in jwk makes no proof")
    func secret() throws {
        let secret = [UInt8](repeating: 7, count: 32)
        let token = try harness.token()
        let header = JSON.object([
            "typ": "dpop+jwt", "alg": "HS256", "jwk": ["kty": "oct", "k": .string(Base64URL.encode(secret))],
        ])
        let claims = JSON.object(["jti": "a", "htm": "GET", "htu": "https://api.example.com/", "iat": 1100, "ath": "x"])
        let input = [header, claims].map { Base64URL.encode($0.serialized()) }.joined(separator: ".")
        let code = HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: SymmetricKey(data: secret))
        let word = try harness.outcome(ProofHarness.fields(token, "\(input).\(Base64URL.encode(Array(code)))"))
        #expect(word == "malformed_proof" || word == "bad_proof_key")
    }

    @Test("RS-095 a signature of another key, or none, is refused")
    func signatures() throws {
        let token = try harness.token()
        let forged = try harness.client.proof(token, signedBy: ProofMaker())
        #expect(try harness.outcome(ProofHarness.fields(token, forged)) == "bad_proof_signature")
        let proof = try harness.client.proof(token)
        let unsigned = proof.split(separator: ".").prefix(2).joined(separator: ".") + "."
        #expect(try harness.outcome(ProofHarness.fields(token, unsigned)) == "bad_proof_signature")
    }

    @Test("RS-095 a proof with any one octet changed never counts")
    func mutated() throws {
        let token = try harness.token()
        let proof = Array(try harness.client.proof(token).utf8)
        for index in proof.indices {
            var other = proof
            other[index] = other[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(try harness.outcome(ProofHarness.fields(token, other.text)) != "ok", "octet \(index)")
        }
        #expect(try harness.outcome(ProofHarness.fields(token, proof.text)) == "ok")
    }

    @Test("RS-096 a private key in jwk is refused", arguments: ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
    func privateMembers(name: String) throws {
        var jwk = harness.client.jwk
        jwk[name] = name == "d" ? harness.client.secret : "AQAB"
        #expect(try harness.outcome(header: ["jwk": .object(ProofMaker.object(jwk))]) == "bad_proof_key")
    }

    @Test(
        "RS-096 a jwk that is no usable public key is refused",
        arguments: [
            [:], "x", .null, ["kty": "EC"], ["kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"],
            ["kty": "RSA", "n": "AQAB", "e": "AQAB"], ["kty": "OKP", "crv": "Ed25519", "x": "AA"], ["kty": "unknown"],
        ] as [JSON])
    func badKeys(jwk: JSON) throws {
        #expect(try harness.outcome(header: ["jwk": jwk]) == "bad_proof_key")
    }

    @Test("RS-097 the method is compared to the letter", arguments: ["POST", "get", "Get", "GET ", "HEAD", "G"])
    func methods(htm: String) throws {
        #expect(try harness.outcome(claims: ["htm": .string(htm)]) == "wrong_proof_target")
    }

    @Test(
        "RS-098 a proof for another URL is refused",
        arguments: [
            "http://api.example.com/", "https://api.example.com/a", "https://api.example.com//",
            "https://evil.example/",
            "https://api.example.com:8443/", "https://api.example.com:80/", "https://api.example.com.evil.example/",
            "https://api.example.com@evil.example/", "https://user@api.example.com/", "https://api.example.com\\@evil/",
            "https:///", "https://", "https:/api.example.com/", "//api.example.com/", "/", "api.example.com/", "*",
            "https://api.example.com:0443x/", "https://api.example.com:99999/", "https://[api.example.com/",
            "https://:443/",
            " https://api.example.com/", "https://api.example.com/%", "https://api.example.com/../",
            "ftp://api.example.com/",
            "https://api.example.com/%2F", "https://xn--api-example.com/", "https://api%2Eexample.com/",
        ])
    func targets(htu: String) throws {
        #expect(try harness.outcome(claims: ["htu": .string(htu)]) == "wrong_proof_target")
    }

    @Test("RS-098 the path is compared to the letter: case, last slash, escapes of what is reserved")
    func paths() throws {
        let token = try harness.token()
        for htu in ["/Orders/1", "/orders/1/", "/orders", "/orders%2F1", "/orders//1", "/orders/1;a"] {
            let proof = try harness.client.proof(token, claims: ["htu": .string("https://api.example.com\(htu)")])
            #expect(
                try harness.outcome(ProofHarness.fields(token, proof), "GET", "/orders/1") == "wrong_proof_target",
                "\(htu)"
            )
        }
    }

    @Test("RS-104 a proof that was made for another token is refused", arguments: ["other", "short", "padded", "hex"])
    func otherToken(kind: String) throws {
        let token = try harness.token()
        let digest = Array(SHA256.hash(data: Array(token.utf8)))
        let ath: String =
            switch kind {
            case "other": Base64URL.encode(Array(SHA256.hash(data: Array("x".utf8))))
            case "short": Base64URL.encode(Array(digest.prefix(16)))
            case "padded": Base64URL.encode(digest) + "="
            default: digest.map { String($0, radix: 16) }.joined()
            }
        let proof = try harness.client.proof(token, claims: ["ath": .string(ath)])
        let word = try harness.outcome(ProofHarness.fields(token, proof))
        #expect(word == (kind == "other" ? "wrong_proof_token" : "malformed_proof"))
    }

    @Test("RS-105 a stolen token with a proof of the thief's key is refused, and is invalid_token")
    func stolen() throws {
        let token = try harness.token()
        let thief = ProofMaker()
        let refusal = try harness.refusal(ProofHarness.fields(token, try thief.proof(token)))
        #expect(refusal.code == .wrongProofKey && refusal.code.facts.challenge == .invalidToken)
    }

    @Test("RS-106 a bound token without a proof is refused")
    func withoutProof() throws {
        #expect(try harness.outcome(["Authorization: DPoP \(try harness.token())"]) == "missing_proof")
    }

    @Test("RS-107 a bound token sent as a bearer token is refused, with a proof beside it and without")
    func downgrade() throws {
        let token = try harness.token()
        #expect(try harness.outcome(["Authorization: Bearer \(token)"]) == "missing_proof")
        #expect(
            try harness.outcome(["Authorization: Bearer \(token)", "DPoP: \(try harness.client.proof(token))"])
                == "ambiguous_credentials")
        // And once the token is known, as well.
        #expect(try harness.outcome(ProofHarness.fields(token, try harness.client.proof(token))) == "ok")
        #expect(try harness.outcome(["Authorization: Bearer \(token)"]) == "missing_proof")
    }

    @Test("RS-108 a plain bearer token is not good with the scheme DPoP")
    func upgrade() throws {
        let plain = try harness.issuer.token()
        #expect(try harness.outcome(ProofHarness.fields(plain, try harness.client.proof(plain))) == "unbound_token")
        #expect(try harness.outcome(["Authorization: DPoP \(plain)"]) == "unbound_token")
    }

    @Test("RS-109 a proof counts once, on whatever event loop")
    func replayed() throws {
        let token = try harness.token()
        let fields = ProofHarness.fields(token, try harness.client.proof(token))
        #expect(try harness.outcome(fields) == "ok")
        #expect(try harness.outcome(fields) == "replayed_proof")
        #expect(try harness.outcome(fields, at: 1_160, now: 60_000_000_000) == "replayed_proof")
        // Another loop has its own authenticator and the same ledger.
        let other = Authenticator(cacheEntriesMax: 10, proofs: harness.base.proofs)
        let head = try head("GET", "/", fields)
        let verdict = other.authenticate(
            head, token: try Credential.presented(in: head), rules: harness.base.rules[0], issuers: harness.base.set,
            peer: anyPeer,
            unixSeconds: 1_100, now: 0)
        guard case .refused(let refusal) = verdict else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .replayedProof)
    }

    @Test("RS-109 a long jti is remembered like a short one, and two that differ at the end are two")
    func longTokenID() throws {
        let token = try harness.token()
        let long = String(repeating: "j", count: 4_000)
        for (jti, expected) in [(long, "ok"), (long + "k", "ok"), (long, "replayed_proof")] {
            let proof = try harness.client.proof(token, claims: ["jti": .string(jti)])
            #expect(try harness.outcome(ProofHarness.fields(token, proof)) == expected)
        }
    }

    @Test("RS-109 two clients may use the same jti")
    func sameTokenID() throws {
        let other = ProofMaker()
        let first = try harness.token()
        let second = try harness.issuer.token(claims: ["cnf": ["jkt": .string(other.thumbprint)]])
        #expect(try harness.outcome(ProofHarness.fields(first, try harness.client.proof(first))) == "ok")
        #expect(try harness.outcome(ProofHarness.fields(second, try other.proof(second))) == "ok")
    }

    @Test("RS-109 proofs that are bad in any other way are not remembered: nobody fills the ledger without a token")
    func notRemembered() throws {
        let token = try harness.token()
        let thief = ProofMaker()
        let proofs = [
            try thief.proof(token), try harness.client.proof(token, signedBy: thief),
            try harness.client.proof(token, claims: ["htm": "PUT"]),
            try harness.client.proof(token, claims: ["iat": 1]),
        ]
        for proof in proofs { #expect(try harness.outcome(ProofHarness.fields(token, proof)) != "ok") }
        let expired = try harness.token(claims: ["exp": 1_000])
        #expect(try harness.outcome(ProofHarness.fields(expired, try harness.client.proof(expired))) == "expired_token")
        #expect(harness.base.proofs.count == 0)
    }

    @Test("RS-109 a full ledger refuses with 503, and forgets nothing that is still in time")
    func full() throws {
        let harness = try ProofHarness(proofsMax: 1)
        let token = try harness.token(claims: ["exp": 9_000])
        // One in each of the shards.
        var used: [[String]] = []
        var words: Set<String> = []
        for number in 0..<200 {
            let fields = ProofHarness.fields(
                token, try harness.client.proof(token, claims: ["jti": .string("j\(number)")]))
            let word = try harness.outcome(fields)
            if word == "ok" { used.append(fields) }
            words.insert(word)
        }
        #expect(words == ["ok", "proofs_unavailable"] && used.count == 16 && harness.base.proofs.count == 16)
        #expect(RefusalCode.proofsUnavailable.facts.status == 503)
        for fields in used { #expect(try harness.outcome(fields) == "replayed_proof") }
        let later = ProofHarness.fields(token, try harness.client.proof(token, claims: ["iat": 1_300, "jti": "later"]))
        #expect(try harness.outcome(later, at: 1_300, now: 200_000_000_000) == "ok")
    }

    @Test("RS-036 the key of a proof vouches for no access token")
    func proofKeyAsTokenKey() throws {
        // A token signed by the client's own key, which it brings along.
        let claims: [String: JSON?] = [
            "iss": "https://issuer.example", "aud": "https://api.example.com", "sub": "s", "client_id": "c",
            "iat": 1000,
            "exp": 1600, "cnf": ["jkt": .string(harness.client.thumbprint)], "htm": nil, "htu": nil, "ath": nil,
        ]
        let token = try harness.client.proof("", header: ["typ": "at+jwt", "kid": "k1"], claims: claims)
        #expect(try harness.outcome(ProofHarness.fields(token, try harness.client.proof(token))) == "bad_signature")
    }

    @Test("without a ledger nothing can be said about proofs: 503, never accepted")
    func noLedger() throws {
        let authenticator = Authenticator(cacheEntriesMax: 10)
        let token = try harness.token()
        let head = try head("GET", "/", ProofHarness.fields(token, try harness.client.proof(token)))
        let verdict = authenticator.authenticate(
            head, token: try Credential.presented(in: head), rules: harness.base.rules[0], issuers: harness.base.set,
            peer: anyPeer,
            unixSeconds: 1_100, now: 0)
        guard case .refused(let refusal) = verdict else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .proofsUnavailable)
    }
}
