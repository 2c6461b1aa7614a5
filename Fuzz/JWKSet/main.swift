import JSON

@testable import JOSE

/// Reads the input as a JWK Set.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    guard let set = try? JWKSet.parse(octets) else { return 0 }
    guard let members = try? JSON.parse(octets, limits: JSONLimits(bytesMax: .max, membersMax: 6_400)).object,
        let written = members["keys"]?.array
    else { preconditionFailure("a set that is no JSON object with keys was read") }
    precondition(set.keys.count + set.skipped.count == written.count && written.count <= JWKSet.keysMax)
    let skipped = Set(set.skipped.map(\.index))
    for (index, jwk) in written.enumerated() where isSecret(jwk) {
        precondition(skipped.contains(index), "a symmetric or private key was taken")
    }
    for key in set.keys { check(key) }
    for algorithm in Algorithm.allCases {
        let candidates = set.candidates(kid: nil, algorithm: algorithm)
        precondition(candidates.count <= JWKSet.candidatesMax && candidates.allSatisfy { $0.permits(algorithm) })
    }
    return 0
}

/// RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2; RFC 9964.
func isSecret(_ jwk: JSON) -> Bool {
    guard let jwk = jwk.object else { return false }
    return jwk["kty"] == "oct"
        || ["k", "d", "p", "q", "dp", "dq", "qi", "oth", "priv"].contains { jwk[$0] != nil }
}

/// A key that was taken serves some algorithm, and written again it is the same key.
func check(_ key: VerificationKey) {
    precondition(!key.algorithms.isEmpty, "a key that serves no algorithm was taken")
    precondition(key.algorithm == nil || key.algorithms == [key.algorithm])
    let jwk = key.jwk
    precondition(!isSecret(jwk), "a secret was written")
    guard let again = try? VerificationKey(jwk: jwk) else { preconditionFailure("a key that was written is refused") }
    precondition(again.jwk == jwk && again.kind == key.kind && again.kid == key.kid)
    precondition(Thumbprint.octets(again) == Thumbprint.octets(key), "a key has two names")
    let message = Array("message".utf8)
    for algorithm in Algorithm.allCases {
        precondition(!key.verifies([], of: message, algorithm), "an empty signature holds")
        precondition(!key.verifies([UInt8](repeating: 0, count: 64), of: message, algorithm), "zeros are a signature")
    }
}
