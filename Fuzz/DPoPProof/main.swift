import HTTP
import JOSE
import JSON
import Octets

@testable import Proof

/// Reads the input as a DPoP proof: as it stands; and, cut at its line ends, as the octets of a header, claims and
/// signature. Reads its second line also as the claims of a proof that is signed here, so that what lies behind a
/// signature is reached.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    if let proof = try? DPoPProof(octets) { check(proof) }
    let parts = octets.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
    let token = parts.map { Base64URL.encode(Array($0)) }.joined(separator: ".")
    if let proof = try? DPoPProof(Array(token.utf8)) { check(proof) }
    if parts.count > 1, let claims = try? JSON.parse(Array(parts[1])).object { checkSigned(claims) }
    checkTarget(String(decoding: parts[0], as: UTF8.self))
    return 0
}

nonisolated(unsafe) let signingKey = try? SigningKey.generate(.es256)

let request = ProvedRequest(ServiceRequest(method: "POST", path: "/a/b", host: "api.example"))

/// What everybody relies on who has read a proof.
func check(_ proof: DPoPProof) {
    precondition(!proof.tokenID.isEmpty && !proof.method.isEmpty && !proof.target.isEmpty)
    precondition(proof.thumbprint.count == 32 && (proof.tokenDigest?.count ?? 32) == 32)
    for now in [proof.issuedAt, 0, .max, .min] where (try? proof.check(request, unixSeconds: now)) != nil {
        precondition(proof.method == "POST", "a proof for another method counts")
        let (away, overflows) = now.subtractingReportingOverflow(proof.issuedAt)
        precondition(!overflows && abs(away) <= DPoPProof.windowSeconds, "a proof of another time counts")
    }
    _ = try? proof.verify(Algorithm.allCases)
    precondition((try? proof.verify([])) == nil, "a proof counts by an algorithm that is not allowed")
}

func checkSigned(_ claims: JSONObject) {
    guard let signingKey, let jwk = signingKey.publicJWK.object,
        let text = try? signingKey.sign(header: ["typ": "dpop+jwt", "jwk": .object(jwk)], claims: claims)
    else { preconditionFailure("nothing can be signed") }
    guard let proof = try? DPoPProof(Array(text.utf8)) else { return }
    check(proof)
    precondition((try? proof.verify([.es256])) != nil, "a good signature does not hold")
    precondition((try? proof.verify(Algorithm.allCases.filter { $0 != .es256 })) == nil, "another algorithm will do")
    precondition(proof.thumbprint == Thumbprint.octets(signingKey.verificationKey))
    // The same signature under other claims.
    var others = claims
    others["other"] = 1
    guard let other = try? signingKey.sign(header: ["typ": "dpop+jwt", "jwk": .object(jwk)], claims: others) else {
        return
    }
    let mixed = other.split(separator: ".").prefix(2) + text.split(separator: ".").suffix(1)
    guard others != claims, let forged = try? DPoPProof(Array(mixed.joined(separator: ".").utf8)) else { return }
    precondition((try? forged.verify([.es256])) == nil, "a signature holds for other claims")
}

/// Query and fragment of `htu` do not count (RFC 9449 §4.3), nor does the case of its scheme.
func checkTarget(_ text: String) {
    guard let target = ProofTarget(text) else { return }
    let isTarget = target.isTarget(of: request)
    for more in ["?x=1", "#x", "?", "#/.."] {
        precondition(ProofTarget(text + more)?.isTarget(of: request) == isTarget, "query or fragment count")
    }
    let scheme = text.prefix { $0 != ":" }
    let again = scheme.uppercased() + text.dropFirst(scheme.count)
    precondition(ProofTarget(again)?.isTarget(of: request) == isTarget, "the case of the scheme counts")
}
