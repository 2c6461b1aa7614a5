import AuthorizationRecords
import Crypto
import HTTP
import JOSE
import JSON
import LogIn
import Octets
import Policy
import Proof

/// What a client has proved to hold, so that tokens can be bound to it: a key (RFC 9449 §5) or its certificate (RFC
/// 8705 §3).
struct SenderProofRules: Sendable {
    let store: any AuthorizationStore
    let nonces: ProofNonces
    /// Every proof must carry one of the server's nonces (RFC 9449 §8).
    let needsNonce: Bool
    let profile: SecurityProfile
    let certificates: ClientCertificates

    /// Nonces follow from the store's own key, so that every instance on one store gives and takes the same.
    init(
        store: any AuthorizationStore, pepper: SecretPepper, needsNonce: Bool, profile: SecurityProfile,
        certificates: ClientCertificates
    ) {
        self.certificates = certificates
        self.store = store
        nonces = ProofNonces(key: pepper.mac(of: "dpop nonces", clientID: "").octets)
        self.needsNonce = needsNonce
        self.profile = profile
    }

    /// What tokens of this client are to be bound to; nil: to nothing. The proof does not count as used before `use`.
    func binding(_ call: EndpointCall, _ client: RegisteredClient) throws(OAuthError) -> (
        binding: SenderBinding?, proof: SenderProof?
    ) {
        var binding = SenderBinding()
        if client.bindsToCertificate {
            guard let certificate = call.request.heldCertificateDER.flatMap(certificates.rule) else {
                throw .missingCertificate
            }
            binding.certificateThumbprint = certificate.thumbprint
        }
        let proof = try proof(call)
        binding.keyThumbprint = proof?.keyThumbprint
        // RFC 9449 §5.2
        if client.bindsToKey, binding.keyThumbprint == nil { throw .missingDPoPProof }
        if profile.demandsBinding, binding.isEmpty { throw .unboundToken }
        return (binding.isEmpty ? nil : binding, proof)
    }

    /// Whether the request proves this key for this access token (RFC 9449 §7).
    func proves(_ call: EndpointCall, key: String, token: String) async throws(OAuthError) -> Bool {
        guard let proof = try proof(call, token: token) else { return false }
        try await use(proof, now: call.now)
        return proof.keyThumbprint.utf8.elementsEqual(key.utf8)
    }

    /// What an answer to such a request carries besides: the next nonce, once the one that came is not the newest (RFC
    /// 9449 §8.2).
    func fields(_ call: EndpointCall) -> [ServiceResponse.Field] {
        guard needsNonce, let field = call.request.values("dpop").first, let proof = try? DPoPProof(Array(field.utf8))
        else { return [] }
        let current = nonces.current(call.now)
        return proof.nonce?.utf8.elementsEqual(current.utf8) == true ? [] : [("DPoP-Nonce", current)]
    }

    /// The key that the request proves, and by what; nil: it proves none (RFC 9449 §4.3). Whether the proof was used
    /// before is not known until `use`: what a request without a good grant proves leaves nothing in the store.
    /// - Parameter token: for which access token it must be made; nil: that is all the same.
    func proof(_ call: EndpointCall, token: String? = nil) throws(OAuthError) -> SenderProof? {
        let fields = call.request.values("dpop")
        guard let field = fields.first else { return nil }
        guard fields.count == 1 else { throw .invalidDPoPProof }
        let proof: DPoPProof
        do throws(ProofError) {
            proof = try DPoPProof(Array(field.utf8))
            try proof.check(ProvedRequest(call.request), unixSeconds: call.now)
        } catch {
            throw .invalidDPoPProof
        }
        if let token, proof.tokenDigest.map(Base64URL.encode) != SecretDigest.text(of: token) {
            throw .invalidDPoPProof
        }
        if needsNonce, proof.nonce.map({ nonces.accepts($0, call.now) }) != true {
            throw OAuthError.useDPoPNonce.giving(nonce: nonces.current(call.now))
        }
        do throws(ProofError) { try proof.verify(profile.proofAlgorithms) } catch { throw .invalidDPoPProof }
        let key = Base64URL.encode(proof.thumbprint)
        return SenderProof(
            keyThumbprint: key,
            replayRecord: StoredRecord(
                .replay, SecretDigest.text(of: "dpop proof\0\(key)\0\(proof.tokenID)"),
                expiresAt: proof.issuedAt + DPoPProof.windowSeconds + 1, body: [:]))
    }

    /// Whoever comes with the same proof again is refused (RFC 9449 §11.1). To be called before anything is given or
    /// changed, and once it is known that there is something to give.
    func use(_ proof: SenderProof, now: Int64) async throws(OAuthError) {
        let isNew: Bool
        do { isNew = try await store.commit([.insert(proof.replayRecord)], now: now) } catch { throw .unavailable }
        guard isNew else { throw .usedDPoPProof }
    }
}

/// A DPoP proof that is right for its request. Whether it was used before is not known yet.
struct SenderProof: Sendable {
    /// `jkt` (RFC 7638).
    let keyThumbprint: String
    /// By which it is known when it comes again.
    fileprivate let replayRecord: StoredRecord
}

extension OAuthError {
    /// RFC 9449 §5: 400, with the error of §12.2.
    static let invalidDPoPProof = OAuthError(
        "invalid_dpop_proof",
        "the DPoP proof is malformed, was made for another request or at another time, or is not signed by its key")
    static let usedDPoPProof = OAuthError("invalid_dpop_proof", "the DPoP proof was used before")
    static let missingDPoPProof = OAuthError(
        "invalid_dpop_proof", "tokens of this client are bound to a key: send a DPoP proof")
    static let useDPoPNonce = OAuthError("use_dpop_nonce", "the DPoP proof must carry the nonce of this answer")
    static let missingCertificate = OAuthError(
        "invalid_request", "tokens of this client are bound to its certificate: present it in the TLS handshake")
    static let unboundToken = OAuthError(
        "invalid_request",
        "this server issues no unbound tokens: send a DPoP proof, or use a certificate that the client is registered with"
    )

    /// What is wrong with a proof, and not with the token or the client.
    static let wordsOfProofs: Set<String> = [invalidDPoPProof.word, useDPoPNonce.word]

    static var senderProofs: [OAuthError] {
        [invalidDPoPProof, usedDPoPProof, missingDPoPProof, useDPoPNonce, missingCertificate, unboundToken]
    }

    /// With the nonce that the client is to use, in its one `DPoP-Nonce`.
    func giving(nonce: String) -> OAuthError {
        var error = self
        error.nonce = nonce
        return error
    }
}
