import JOSE
package import JSON
import Octets

/// What the command line says about a token: `portcullis jose`. The same code as on the request's path reads and checks
/// it, so that vectors of others can be run against that.
package struct TokenInspection: Sendable {
    /// Whether what was asked for holds: the signature, or that the token can be read at all.
    package let succeeded: Bool
    /// What is printed.
    package let report: JSON

    /// Octets of a key file at most; as for the keys of an issuer.
    package static let keyBytesMax = JWKSet.bytesMax
    /// Octets read of a token: one more than any token may have, so that a longer one is refused as too large.
    package static let tokenBytesMax = CompactJWS.bytesMax + 3

    /// Decodes a token, and vouches for nothing.
    package static func decoded(_ input: [UInt8]) -> TokenInspection {
        let notice: JSON = "nothing here is verified: anybody can write such a token"
        do throws(JOSEError) {
            let jws = try CompactJWS(token(input))
            return TokenInspection(
                succeeded: true,
                report: [
                    "verified": false, "notice": notice, "header": .object(jws.header.members),
                    "claims": (try? JSON.parse(jws.payload)) ?? .object(jws.unverifiedClaims),
                ])
        } catch {
            return TokenInspection(
                succeeded: false,
                report: ["verified": false, "notice": notice, "code": .string(error.code)])
        }
    }

    /// Checks a token's signature with the keys of a file: a JWK, a JWK Set, or a public key in PEM. Neither times nor
    /// type nor audience nor issuer are judged.
    /// - Parameters:
    ///   - algorithms: names of those that count; empty: all that the gateway knows.
    ///   - anyPayload: the payload need be no set of claims.
    package static func verified(
        _ input: [UInt8], keyFile: [UInt8], algorithms: [String], anyPayload: Bool = false
    ) -> TokenInspection {
        var allowed: [Algorithm] = []
        for name in algorithms {
            guard let algorithm = Algorithm(named: name) else { return failed("unsupported_algorithm") }
            allowed.append(algorithm)
        }
        if allowed.isEmpty { allowed = Algorithm.allCases }
        let keys: Keys
        do throws(KeyError) {
            keys = try Keys(keyFile)
        } catch {
            return failed(error.code, reason: error.reason)
        }
        do throws(JOSEError) {
            let jws = try CompactJWS(token(input), payload: anyPayload ? .any : .claims)
            return valid(try keys.verified(jws, allowed), keys, payload: anyPayload ? jws.payload : nil)
        } catch {
            return failed(error.code, keys)
        }
    }

    /// Names of the algorithms that exist, for help and usage.
    package static let algorithmNames = Algorithm.allCases.flatMap(\.names)

    // MARK: Keys

    private enum Keys {
        /// `kid` chooses, as on the request's path.
        case set(JWKSet)
        /// The operator has chosen: no `kid` is compared.
        case one(VerificationKey)

        init(_ file: [UInt8]) throws(KeyError) {
            guard file.count <= keyBytesMax else { throw .setTooLarge }
            guard let first = file.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { throw .badPEM }
            guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
                self = .one(try VerificationKey(pem: String(decoding: file, as: UTF8.self)))
                return
            }
            let limits = JSONLimits(bytesMax: keyBytesMax, depthMax: 16, membersMax: JWKSet.keysMax * 64)
            guard let document = try? JSON.parse(file, limits: limits) else { throw .setNotJSON }
            if document.object?["keys"] != nil {
                self = .set(try JWKSet(document))
            } else {
                self = .one(try VerificationKey(jwk: document))
            }
        }

        func verified(_ jws: CompactJWS, _ allowed: [Algorithm]) throws(JOSEError) -> VerifiedJWS {
            switch self {
            case .set(let set): try jws.verified(by: set, allowing: allowed)
            case .one(let key): try jws.verified(by: key, allowing: allowed)
            }
        }

        /// Keys of a set that are not used, and why.
        var skipped: [JSON] {
            guard case .set(let set) = self else { return [] }
            return set.skipped.map { key in
                ["index": .integer(Int64(key.index)), "code": .string(key.error.code), "reason": .string(key.reason)]
            }
        }
    }

    // MARK: Reports

    /// - Parameter payload: shown instead of the claims.
    private static func valid(_ jws: VerifiedJWS, _ keys: Keys, payload: [UInt8]?) -> TokenInspection {
        var report: JSONObject = [
            "valid": true, "checked": "signature", "algorithm": .string(jws.algorithm.rawValue),
            "header": .object(jws.header.members),
        ]
        if let payload {
            report["payload"] = .string(Base64URL.encode(payload))
        } else {
            report["claims"] = .object(jws.payload)
        }
        if !keys.skipped.isEmpty { report["keys_skipped"] = .array(keys.skipped) }
        return TokenInspection(succeeded: true, report: .object(report))
    }

    private static func failed(_ code: String, _ keys: Keys? = nil, reason: String? = nil) -> TokenInspection {
        var report: JSONObject = ["valid": false, "checked": "signature", "code": .string(code)]
        if let reason { report["reason"] = .string(reason) }
        if let skipped = keys?.skipped, !skipped.isEmpty { report["keys_skipped"] = .array(skipped) }
        return TokenInspection(succeeded: false, report: .object(report))
    }

    /// Without the line end that a shell or an editor puts behind a token; nothing else is forgiven.
    private static func token(_ input: [UInt8]) -> [UInt8] {
        var token = input[...]
        if token.last == 0x0A { token.removeLast() }
        if token.last == 0x0D { token.removeLast() }
        return Array(token)
    }
}
