import Crypto
import CryptoExtras
import JOSE
import JSON
import Octets

/// What verifying one token costs beside what the crypto library's bare verification of its signature costs: parsing,
/// claims and our own copies are the difference.
struct VerificationBenchmarks {
    private static let algorithms: [Algorithm] = [.rs256, .ps256, .es256, .es384, .edDSA, .mlDSA65]

    func run(_ stopwatch: Stopwatch) -> [Measurement] {
        Self.algorithms.flatMap { algorithm in
            do {
                let key = try SigningKey.common(algorithm)
                let token = Array(try key.sign(header: ["typ": "at+jwt"], claims: Fixture.claims(0)).utf8)
                return [
                    try bare(algorithm, key, token, stopwatch),
                    whole(algorithm, key, token, stopwatch),
                ]
            } catch {
                stop("\(algorithm.rawValue): \(error)")
            }
        }
    }

    private func whole(
        _ algorithm: Algorithm, _ key: SigningKey, _ token: [UInt8], _ stopwatch: Stopwatch
    ) -> Measurement {
        let keys: JWKSet
        do { keys = try JWKSet.parse(JSON.object(["keys": [key.publicJWK]]).serialized()) } catch {
            stop("no keys: \(error)")
        }
        guard (try? CompactJWS(token).verified(by: keys, allowing: [algorithm])) != nil else {
            stop("\(algorithm.rawValue): the fixture's token is refused")
        }
        return stopwatch.measure("parse and verify a token, \(algorithm.rawValue)") { count in
            for _ in 0..<count { consume(try? CompactJWS(token).verified(by: keys, allowing: [algorithm])) }
        }
    }

    /// Hash and signature with the library's own types: what nobody who uses it can do without.
    private func bare(
        _ algorithm: Algorithm, _ key: SigningKey, _ token: [UInt8], _ stopwatch: Stopwatch
    ) throws -> Measurement {
        guard let dot = token.lastIndex(of: UInt8(ascii: ".")),
            let signature = Base64URL.decode(String(decoding: token[(dot + 1)...], as: UTF8.self))
        else { stop("no signature") }
        let message = Array(token[..<dot])
        let name = "bare verify of the crypto library, \(algorithm.rawValue)"
        func measure(_ verify: () -> Bool) -> Measurement {
            guard verify() else { stop("\(name): refused") }
            return stopwatch.measure(name) { count in for _ in 0..<count { consume(verify()) } }
        }
        func member(_ member: String) -> [UInt8] {
            key.publicJWK.object?[member]?.string.flatMap { Base64URL.decode($0) } ?? []
        }
        switch algorithm {
        case .rs256, .ps256:
            let key = try _RSA.Signing.PublicKey(n: member("n"), e: member("e"))
            let padding: _RSA.Signing.Padding = algorithm == .ps256 ? .PSS : .insecurePKCS1v1_5
            let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
            return measure { key.isValidSignature(signature, for: SHA256.hash(data: message), padding: padding) }
        case .es256:
            let key = try P256.Signing.PublicKey(rawRepresentation: member("x") + member("y"))
            let signature = try P256.Signing.ECDSASignature(rawRepresentation: signature)
            return measure { key.isValidSignature(signature, for: SHA256.hash(data: message)) }
        case .es384:
            let key = try P384.Signing.PublicKey(rawRepresentation: member("x") + member("y"))
            let signature = try P384.Signing.ECDSASignature(rawRepresentation: signature)
            return measure { key.isValidSignature(signature, for: SHA384.hash(data: message)) }
        case .edDSA:
            let key = try Curve25519.Signing.PublicKey(rawRepresentation: member("x"))
            return measure { key.isValidSignature(signature, for: message) }
        case .mlDSA65:
            let key = try MLDSA65.PublicKey(rawRepresentation: member("pub"))
            return measure { key.isValidSignature(signature, for: message) }
        default:
            stop("no bare verification of \(algorithm.rawValue) here")
        }
    }
}
