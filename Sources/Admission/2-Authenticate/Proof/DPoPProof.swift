import HTTP
import JOSE
import JSON
import Policy

/// A proof that the sender of a request holds a key (RFC 9449 §4.2): read, judged by nothing yet.
///
/// It is verified with the key that it brings itself, which vouches for possession and for nothing else: no access token
/// is ever verified by it. Members and claims that are not named here are ignored.
struct DPoPProof {
    /// `jti`
    let tokenID: String
    /// `htm`
    let method: String
    /// `htu`
    let target: String
    /// `iat`, in seconds since 1970.
    let issuedAt: Int64
    /// `ath`: SHA-256 of the access token.
    let tokenDigest: Digest256
    /// `nonce`, whatever it is: nil also for one that is no text.
    let nonce: String?
    /// SHA-256 of the key (RFC 7638): what `cnf.jkt` names.
    let thumbprint: Digest256
    private let jws: CompactJWS
    private let key: VerificationKey

    /// Seconds that `iat` may be away from now, to either side (RFC 9449 §11.1).
    static let windowSeconds: Int64 = 60

    /// - Parameter octets: the value of the only `DPoP` field.
    /// - Throws: `malformed_proof`: not a JWT of type `dpop+jwt` with all that RFC 9449 §4.2 requires; `bad_proof_key`:
    ///   the key is private, symmetric, too weak, or none.
    init(_ octets: [UInt8]) throws(Refusal) {
        do throws(JOSEError) { jws = try CompactJWS(octets) } catch { throw Refusal(.malformedProof) }
        guard let typ = jws.header.typ, TokenVerification.type(typ) == "dpop+jwt" else {
            throw Refusal(.malformedProof)
        }
        let claims = jws.unverifiedClaims
        tokenID = try Self.text(claims["jti"])
        method = try Self.text(claims["htm"])
        target = try Self.text(claims["htu"])
        guard let ath = Base64URL.decode(try Self.text(claims["ath"])), let digest = Digest256(ath),
            let issuedAt = Self.seconds(claims["iat"])
        else { throw Refusal(.malformedProof) }
        tokenDigest = digest
        self.issuedAt = issuedAt
        nonce = claims["nonce"]?.string
        guard let jwk = jws.header.members["jwk"] else { throw Refusal(.malformedProof) }
        do throws(KeyError) { key = try VerificationKey(jwk: jwk) } catch { throw Refusal(.badProofKey) }
        guard let print = Digest256(Thumbprint.octets(key)) else { throw Refusal(.badProofKey) }
        thumbprint = print
    }

    private static func text(_ claim: JSON?) throws(Refusal) -> String {
        guard let text = claim?.string, !text.isEmpty else { throw Refusal(.malformedProof) }
        return text
    }

    /// A NumericDate (RFC 7519 §2), whole or not.
    private static func seconds(_ claim: JSON?) -> Int64? {
        switch claim {
        case .integer(let seconds): seconds
        case .number(let seconds): Int64(exactly: seconds.rounded(.down))
        default: nil
        }
    }

    /// The proof was made for this request, this token, and now (RFC 9449 §4.3). All that costs nothing, before the
    /// signature.
    /// - Parameter isTLS: the scheme of the URL that the client used.
    func check(_ head: borrowing RequestHead, isTLS: Bool, token: Digest256, unixSeconds: Int64) throws(Refusal) {
        // Case-sensitive: methods are (RFC 9110 §9.1).
        guard head.equals(head.methodText, Array(method.utf8)),
            ProofTarget(target).map({ $0.isTarget(of: head, isTLS: isTLS) }) ?? false
        else { throw Refusal(.wrongProofTarget) }
        guard issuedAt >= unixSeconds.saturatingSubtract(Self.windowSeconds),
            issuedAt <= unixSeconds.saturatingAdd(Self.windowSeconds)
        else { throw Refusal(.staleProof) }
        guard tokenDigest == token else { throw Refusal(.wrongProofToken) }
    }

    /// The proof's own key made its signature, by one of these algorithms, all of which are asymmetric.
    func verify(_ algorithms: [Algorithm]) throws(Refusal) {
        do throws(JOSEError) { _ = try jws.verified(by: key, allowing: algorithms) } catch {
            switch error {
            case .badSignature: throw Refusal(.badProofSignature)
            case .unsupportedAlgorithm, .noKey, .malformed: throw Refusal(.malformedProof)
            }
        }
    }
}
