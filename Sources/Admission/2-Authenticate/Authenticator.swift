import Crypto
package import HTTP
import JOSE
import JSON
import Policy

/// Who a request says it comes from, as far as that can be said now.
package enum Verdict: Sendable {
    /// It comes from this caller; what the caller may do is the authorizer's to say.
    case authenticated(Caller)
    /// It must not go on. The refusal has the code and the challenge for the answer.
    case refused(Refusal)
    /// The decision needs to know something from outside; asked again once it is known.
    case inquire(Inquiry)
}

/// What a decision needs to know from outside.
package enum Inquiry: Sendable, Equatable {
    /// The keys of an issuer (index into `Policy.issuers`), which are not loaded, or the one that the token names by
    /// `kid`, which is not among them.
    case keys(issuer: Int, kid: String?)
    /// Whether a token is active (RFC 7662), by the word of an issuer (index into `Policy.issuers`). The token is a
    /// secret.
    case introspection(issuer: Int, token: [UInt8], digest: Digest256)
    /// Whether a signature holds whose check takes so long that others on the event loop would notice.
    case signature(SignatureQuestion)

    /// The answer when it cannot be found out now: 503, never 401.
    package var unanswered: Refusal {
        switch self {
        case .keys: Refusal(.keysUnavailable)
        case .introspection: Refusal(.introspectionUnavailable)
        case .signature: Refusal(.signatureCheckUnavailable)
        }
    }
}

/// What there is to say of a token whose sender was not looked at yet.
private enum Finding {
    struct Found {
        let principal: Principal
        /// Which of the route's issuers it belongs to.
        let issuer: Int
        let wasRemembered: Bool
    }
    case found(Found)
    case inquire(Inquiry)
}

/// A principal that was judged for one route on one request: issuer allowed there, time, audience and binding right.
///
/// Made here only. The authorizer takes it for that route and no other.
package struct Caller: Sendable {
    package let principal: Principal
    let route: Int
    /// Index into `Policy.issuers`.
    package let issuer: Int
    /// The token was known from a request before: its signature was not checked again.
    package let wasRemembered: Bool
    /// When that was, in seconds since 1970, and how far the issuer's clock may be off.
    let judgedAt: Int64
    let clockSkewSeconds: Int64
    /// How the answer asks for another token, should this one not do.
    let challenge: ChallengeScheme

    fileprivate init(
        _ found: Finding.Found, rules: RouteRules, at unixSeconds: Int64, skew: Int64, challenge: ChallengeScheme
    ) {
        principal = found.principal
        wasRemembered = found.wasRemembered
        issuer = rules.issuers[found.issuer].index
        route = rules.index
        judgedAt = unixSeconds
        clockSkewSeconds = skew
        self.challenge = challenge
    }
}

/// Judges bearer tokens: one for each event loop, with a cache of the tokens that it has verified.
///
/// Reads no clock and does no I/O. For a token that it has seen it compares, or hashes and compares; it allocates
/// nothing (but for the state of swift-crypto's hash, which is one object).
package final class Authenticator {
    private var cache: TokenCache
    private var memo = TokenMemo()
    private let limiter: AddressLimiter?
    private let proofs: ProofLedger?
    private let companion: Principal.MakeCompanion?
    /// The token that was refused last, or has to be asked about, although its issuer vouches for it.
    package var suspect: SuspectToken?
    /// What the built-in authorization server has taken back, as this loop knows it.
    package var revocations: RevocationSet

    /// - Parameters:
    ///   - cacheEntriesMax: verified tokens remembered (`Bounds.tokenCacheEntriesMax`); 0 switches the cache off.
    ///   - limiter: shared by all event loops; nil: none.
    ///   - proofs: shared by all event loops; nil: tokens that are bound to a key cannot be judged, and are 503.
    ///   - companion: makes what `Principal.companion` holds.
    package init(
        cacheEntriesMax: Int, limiter: AddressLimiter? = nil, proofs: ProofLedger? = nil,
        revocations: RevocationSet = RevocationSet(), companion: Principal.MakeCompanion? = nil
    ) {
        self.revocations = revocations
        cache = TokenCache(entriesMax: cacheEntriesMax)
        self.limiter = limiter
        self.proofs = proofs
        self.companion = companion
    }

    /// Verified tokens remembered at the moment.
    package var cachedTokens: Int { cache.count }

    /// Judges the token of a request for a route that needs one.
    ///
    /// Everything but the signature is judged on every request. The limit on bad tokens comes before what is expensive, so a
    /// caller with a good token that is already known passes, whoever else sends bad ones from its address.
    /// - Parameters:
    ///   - token: what `Credential.presented` found.
    ///   - issuers: the issuers of the policy that `rules` belongs to.
    ///   - unixSeconds: for the token's times.
    ///   - now: monotonic nanoseconds, for the limit on bad tokens and for what counts until a time.
    ///   - introspected: what the issuer says of the token, and how long that counts (monotonic nanoseconds): the
    ///   answer to an inquiry. Without it nothing changes but that the inquiry comes again.
    ///   - checked: what came of the checks that this request has asked for, in the same way.
    package func authenticate(
        _ head: borrowing RequestHead, token: PresentedToken?, rules: RouteRules, issuers: borrowing IssuerSet,
        peer: borrowing PeerFacts, unixSeconds: Int64, now: Int64,
        introspected: (verdict: IntrospectionVerdict, freshUntil: Int64)? = nil, checked: [CheckedSignature] = []
    ) -> Verdict {
        guard let token else {
            return .refused(Refusal(.missingToken, scope: rules.scopeAttribute).asking(rules.challenge))
        }
        let challenge = token.scheme == .dpop ? rules.proofChallenge : rules.bearerChallenge
        let signatures = CheckedSignatures(checked)
        do throws(Refusal) {
            switch try judge(
                head.block.bytes, token.token, rules, issuers, peer, unixSeconds, now, introspected, signatures)
            {
            case .inquire(let inquiry):
                return .inquire(inquiry)
            case .found(let found):
                let entry = issuers.entries[rules.issuers[found.issuer].index]
                do throws(Refusal) {
                    if let question = try PossessionRule(rules: rules, entry: entry, ledger: proofs).judge(
                        head, token, found.principal, peer, unixSeconds: unixSeconds, now: now, signatures: signatures)
                    {
                        suspect = SuspectToken(found.principal, issuer: found.issuer)
                        return .inquire(.signature(question))
                    }
                } catch {
                    suspect = SuspectToken(found.principal, issuer: found.issuer)
                    throw error
                }
                return .authenticated(
                    Caller(found, rules: rules, at: unixSeconds, skew: entry.clockSkewSeconds, challenge: challenge))
            }
        } catch {
            if [.invalidToken, .invalidProof].contains(error.code.facts.challenge) {
                limiter?.count(peer.address, now: now)
            }
            // Who sent a token without the proof that it needs is told about proofs.
            return .refused(error.asking(error.code == .missingProof ? rules.proofChallenge : challenge))
        }
    }

    /// Judges a token that came by itself, not as the credentials of a request: an assertion in a form, say. It is
    /// judged as a bearer token would be; one that is bound to a key or a certificate is refused, because nobody has
    /// proved to hold that. Its signature is checked at once, however long that takes: not for event loops.
    ///
    /// - Parameters:
    ///   - unixSeconds: for the token's times.
    ///   - now: monotonic nanoseconds, for what counts until a time.
    package func authenticate(
        _ token: [UInt8], rules: RouteRules, issuers: borrowing IssuerSet, unixSeconds: Int64, now: Int64
    ) -> Verdict {
        do throws(Refusal) {
            let whole = Slice(start: 0, end: token.count)
            switch try judge(token, whole, rules, issuers, .nobody, unixSeconds, now, nil, .atOnce) {
            case .inquire(let inquiry):
                return .inquire(inquiry)
            case .found(let found):
                let entry = issuers.entries[rules.issuers[found.issuer].index]
                try PossessionRule(rules: rules, entry: entry, ledger: proofs).judge(unproved: found.principal)
                return .authenticated(
                    Caller(
                        found, rules: rules, at: unixSeconds, skew: entry.clockSkewSeconds,
                        challenge: rules.bearerChallenge))
            }
        } catch {
            return .refused(error.asking(rules.bearerChallenge))
        }
    }

    /// The answer to an inquiry was that the token is bad: it counts like one that was found bad here.
    /// - Parameter issuer: whose answer it was (index into `Policy.issuers`).
    package func refused(
        _ code: RefusalCode, by issuer: Int, _ issuers: borrowing IssuerSet, token: PresentedToken?, rules: RouteRules,
        peer: borrowing PeerFacts, now: Int64
    ) -> Refusal {
        if code.facts.challenge == .invalidToken { limiter?.count(peer.address, now: now) }
        let refusal = Refusal(code).asking(token?.scheme == .dpop ? rules.proofChallenge : rules.bearerChallenge)
        let isListed = issuer < issuers.entries.count && issuers.entries[issuer].issuer.listed
        return isListed ? refusal : refusal.told(as: .wrongIssuer)
    }

    /// Everything that can be said of a token without asking who shows it: signature, time, audience, revocation.
    private func judge(
        _ bytes: [UInt8], _ token: Slice, _ rules: RouteRules, _ issuers: borrowing IssuerSet,
        _ peer: borrowing PeerFacts, _ unixSeconds: Int64, _ now: Int64,
        _ introspected: (verdict: IntrospectionVerdict, freshUntil: Int64)?, _ signatures: CheckedSignatures
    ) throws(Refusal) -> Finding {
        let finding = try find(bytes, token, rules, issuers, peer, unixSeconds, now, introspected, signatures)
        if case .found(let found) = finding {
            do throws(Refusal) {
                try judge(found.principal, rules.issuers[found.issuer], issuers, unixSeconds)
                try revocations.check(found.principal)
            } catch {
                suspect = SuspectToken(found.principal, issuer: found.issuer)
                throw error
            }
        }
        return finding
    }

    /// The token that was refused last, if it is this one; asked once.
    func takeSuspect(_ digest: Digest256) -> SuspectToken? {
        defer { suspect = nil }
        guard let suspect, suspect.digest == digest else { return nil }
        return suspect
    }

    // MARK: - The signature, once

    private func find(
        _ bytes: [UInt8], _ token: Slice, _ rules: RouteRules, _ issuers: borrowing IssuerSet,
        _ peer: borrowing PeerFacts, _ unixSeconds: Int64, _ now: Int64,
        _ introspected: (verdict: IntrospectionVerdict, freshUntil: Int64)?, _ signatures: CheckedSignatures
    ) throws(Refusal) -> Finding {
        let known = memo.digest(bytes, token)
        let digest = known ?? Self.digest(bytes, token)
        for (place, issuer) in rules.issuers.enumerated() {
            let entry = issuers.entries[issuer.index]
            let key = TokenCache.Key(token: digest, issuer: entry.fingerprint)
            guard let principal = cache.find(key, now: now) else { continue }
            if principal.facts.isExpired(unixSeconds, skew: entry.clockSkewSeconds) { cache.remove(key) }
            if known == nil { memo.remember(bytes, token, digest) }
            return .found(Finding.Found(principal: principal, issuer: place, wasRemembered: true))
        }
        // Who has waited for an answer has passed here before.
        if introspected == nil, signatures.isEmpty, let wait = limiter?.secondsToWait(peer.address, now: now) {
            throw Refusal(.tooManyBadTokens, retryAfterSeconds: wait)
        }
        let octets = Array(bytes[token.start..<token.end])
        let finding = try TokenVerification(
            rules: rules, issuers: copy issuers, companion: companion, introspected: introspected,
            signatures: signatures
        ).verify(octets, digest)
        switch finding {
        case .keysMissing(let issuer, let kid):
            return .inquire(.keys(issuer: issuer, kid: kid))
        case .refused(let refusal, let owner, let place):
            suspect = SuspectToken(digest, owner, issuer: place)
            throw refusal
        case .unasked(let issuer, let owner):
            if let owner, let place = rules.issuers.firstIndex(where: { $0.index == issuer }) {
                suspect = SuspectToken(digest, owner, issuer: place)
            }
            return .inquire(.introspection(issuer: issuer, token: octets, digest: digest))
        case .unchecked(let question):
            return .inquire(.signature(question))
        case .verified(let principal, let place, let freshUntil):
            let entry = issuers.entries[rules.issuers[place].index]
            if !principal.facts.isExpired(unixSeconds, skew: entry.clockSkewSeconds) {
                cache.insert(
                    TokenCache.Key(token: digest, issuer: entry.fingerprint), principal, freshUntil: freshUntil)
            }
            return .found(Finding.Found(principal: principal, issuer: place, wasRemembered: false))
        }
    }

    static func digest(_ bytes: [UInt8], _ token: Slice) -> Digest256 {
        bytes.span.extracting(token.start..<token.end).withUnsafeBytes { octets in
            var hash = SHA256()
            hash.update(bufferPointer: octets)
            return hash.finalize().withUnsafeBytes { Digest256(digest: $0) }
        }
    }

    // MARK: - Everything else, on every request

    private func judge(
        _ principal: Principal, _ issuer: RouteRules.AllowedIssuer, _ issuers: borrowing IssuerSet,
        _ unixSeconds: Int64
    ) throws(Refusal) {
        try principal.facts.checkTimes(unixSeconds, skew: issuers.entries[issuer.index].clockSkewSeconds)
        // A copy of all facts would cost more than the comparison.
        let audiences = principal.facts.audiences
        guard issuer.audiences.contains(where: audiences.contains) else { throw Refusal(.wrongAudience) }
    }
}
