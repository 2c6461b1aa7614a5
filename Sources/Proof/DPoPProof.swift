package import JOSE
import JSON
import Octets

/// A proof that the sender of a request holds a key (RFC 9449 §4.2): read, judged by nothing yet.
///
/// It is verified with the key that it brings itself, which vouches for possession and for nothing else: no access
/// token is ever verified by it. Members and claims that are not named here are ignored. Whether it was seen before,
/// whether a nonce is demanded, and for which access token it was made, is for whoever asks to judge.
package struct DPoPProof: Sendable {
    /// `jti`
    package let tokenID: String
    /// `htm`
    package let method: String
    /// `htu`
    let target: String
    /// `iat`, in seconds since 1970.
    package let issuedAt: Int64
    /// `exp`, in seconds since 1970; nil: it says none (RFC 9449 §4.2 allows further claims, RFC 7519 §4.1 says what they
    /// mean).
    package let expiresAt: Int64?
    /// `nbf`, in the same way.
    package let notBefore: Int64?
    /// `ath`: what it says is the SHA-256 of the access token; nil: it was made for none.
    package let tokenDigest: [UInt8]?
    /// `nonce`, whatever it is: nil also for one that is no text.
    package let nonce: String?
    /// 32 octets: SHA-256 of the key (RFC 7638), what `cnf.jkt` names.
    package let thumbprint: [UInt8]
    private let jws: CompactJWS
    private let key: VerificationKey

    /// Seconds that `iat` may be away from now, to either side (RFC 9449 §11.1).
    package static let windowSeconds: Int64 = 60
    /// Seconds that `nbf` may be ahead of now: clocks differ.
    package static let skewSeconds: Int64 = 10

    /// - Parameter octets: the value of the only `DPoP` field.
    /// - Throws: `malformed`, `badKey`.
    package init(_ octets: [UInt8]) throws(ProofError) {
        do throws(JOSEError) { jws = try CompactJWS(octets) } catch { throw .malformed }
        guard jws.header.type == "dpop+jwt" else { throw .malformed }
        let claims = jws.unverifiedClaims
        tokenID = try Self.text(claims["jti"])
        method = try Self.text(claims["htm"])
        target = try Self.text(claims["htu"])
        if let ath = claims["ath"] {
            guard let digest = Base64URL.decode(try Self.text(ath)), digest.count == 32 else { throw .malformed }
            tokenDigest = digest
        } else {
            tokenDigest = nil
        }
        guard let issuedAt = Self.seconds(claims["iat"]) else { throw .malformed }
        self.issuedAt = issuedAt
        expiresAt = try Self.time(claims["exp"], .down)
        notBefore = try Self.time(claims["nbf"], .up)
        nonce = claims["nonce"]?.string
        guard let jwk = jws.header.members["jwk"] else { throw .malformed }
        do throws(KeyError) { key = try VerificationKey(jwk: jwk) } catch { throw .badKey }
        thumbprint = Thumbprint.octets(key)
    }

    /// `htu` for records: without name, password, query and fragment, which do not belong there.
    package var shownTarget: String {
        let url = target.prefix { $0 != "?" && $0 != "#" }
        var parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        // Scheme, nothing, authority, path.
        if parts.count > 2, let at = parts[2].lastIndex(of: "@") { parts[2] = "***" + parts[2][at...] }
        return parts.joined(separator: "/")
    }

    private static func text(_ claim: JSON?) throws(ProofError) -> String {
        guard let text = claim?.string, !text.isEmpty else { throw .malformed }
        return text
    }

    /// A NumericDate (RFC 7519 §2), whole or not.
    private static func seconds(_ claim: JSON?, _ rounding: FloatingPointRoundingRule = .down) -> Int64? {
        switch claim {
        case .integer(let seconds): seconds
        case .number(let seconds): Int64(exactly: seconds.rounded(rounding))
        default: nil
        }
    }

    /// One that may be left out, but not be something else.
    private static func time(_ claim: JSON?, _ rounding: FloatingPointRoundingRule) throws(ProofError) -> Int64? {
        guard let claim else { return nil }
        guard let seconds = seconds(claim, rounding) else { throw .malformed }
        return seconds
    }

    /// The proof was made for this request, and now (RFC 9449 §4.3). All that costs nothing, before the signature.
    /// - Throws: `wrongTarget`, `stale`.
    package func check(_ request: ProvedRequest, unixSeconds: Int64) throws(ProofError) {
        // Case-sensitive: methods are (RFC 9110 §9.1).
        guard request.method.elementsEqual(method.utf8), ProofTarget(target)?.isTarget(of: request) ?? false else {
            throw .wrongTarget
        }
        let (age, overflows) = unixSeconds.subtractingReportingOverflow(issuedAt)
        guard !overflows, (-Self.windowSeconds...Self.windowSeconds).contains(age) else { throw .stale }
        if isOver(unixSeconds) || isToCome(unixSeconds) { throw .stale }
    }

    /// Its `exp` has come.
    package func isOver(_ unixSeconds: Int64) -> Bool { expiresAt.map { unixSeconds >= $0 } ?? false }

    /// Its `nbf` has not come, by more than clocks differ.
    package func isToCome(_ unixSeconds: Int64) -> Bool {
        notBefore.map { $0 > unixSeconds.saturatingAdd(Self.skewSeconds) } ?? false
    }

    /// The proof's own key made its signature, by one of these algorithms, all of which are asymmetric.
    /// - Throws: `malformed`, `badSignature`.
    package func verify(_ algorithms: [Algorithm]) throws(ProofError) {
        let check = try check(algorithms)
        do throws(JOSEError) { _ = try check.verified() } catch { throw ProofError(error) }
    }

    /// The check that `verify` makes, to be made later or elsewhere: the key came with the proof, so how long it takes
    /// is its sender's choice.
    /// - Throws: `malformed`.
    package func check(_ algorithms: [Algorithm]) throws(ProofError) -> SignatureCheck {
        do throws(JOSEError) { return try jws.check(by: key, allowing: algorithms) } catch { throw ProofError(error) }
    }
}

extension ProofError {
    /// What is wrong with a proof whose signature was checked elsewhere.
    package init(_ error: JOSEError) {
        switch error {
        case .badSignature: self = .badSignature
        case .unsupportedAlgorithm, .noKey, .malformed, .tooComplex: self = .malformed
        }
    }
}
