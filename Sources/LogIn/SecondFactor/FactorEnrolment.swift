import Authenticators
import AuthorizationRecords
import HTTP
import Octets
import Policy

/// Somebody sets up a factor: on the page about their factors, or in the course of a log-in that demands one. What is new
/// is shown to work before it counts.
struct FactorEnrolment: Sendable {
    let terms: FactorTerms
    let challenges: PasskeyChallenge

    /// Whose it will be, and in which page.
    struct Place {
        let user: StoredUser
        /// The session, or the interaction: no other may go on with it.
        let binding: String
        let browser: BrowserCookie
        /// It will be the only thing that lets the user in: then it says itself whose it is, and checks who uses it.
        var isAlone = false

        /// It changes with every change of the account and its factors, so that an answer counts once.
        fileprivate var purpose: String { "enrol \(user.version) \(user.id) \(binding)" }
        /// Of the form that shows the secret of an authenticator app: nobody can slip in another one.
        fileprivate func secretPurpose(_ secret: String) -> String { "code secret \(secret) \(purpose)" }
    }

    enum Fault: Error, Equatable {
        case passkey(PasskeyFault)
        case expired
        case wrongCode
        case tooMany
        case alreadyThere
        /// The secret cannot be sealed.
        case unavailable
    }

    /// A factor that was shown to work.
    struct New: Sendable {
        let factor: StoredFactor
        /// What showing it says of the log-in.
        let methods: [String]
        let level: AuthenticationLevel
    }

    /// What a form has sent.
    func factor(
        _ parameters: RequestParameters, _ place: Place, _ factors: UserFactors, _ guardian: FormGuard,
        _ call: EndpointCall
    ) throws(Fault) -> New {
        guard parameters.value("do") != "add_app" || place.isAlone else {
            return New(
                factor: try app(parameters, place, factors, guardian, call), methods: ["otp", "mfa"],
                level: .multiFactor)
        }
        return New(
            factor: try passkey(parameters, place, factors, label: FactorLabel.read(parameters), now: call.now),
            methods: FactorCheck.passkeyMethods, level: .phishingResistant)
    }

    // MARK: Passkeys

    /// What the form needs; nil: passkeys are not offered.
    func passkeyForm(_ place: Place, _ factors: UserFactors, now: Int64) -> [String: Any]? {
        guard terms.offers(.passkey), let party = terms.party else { return nil }
        var form = PasskeyForm.make(
            party, challenge: challenges.make(place.purpose, now: now), for: place.user, known: factors.passkeys)
        if place.isAlone { form["verification"] = "required" }
        return form
    }

    private func passkey(
        _ parameters: RequestParameters, _ place: Place, _ factors: UserFactors, label: String, now: Int64
    )
        throws(Fault) -> StoredFactor
    {
        guard terms.offers(.passkey), let party = terms.party, let challenge = parameters.value("challenge"),
            challenges.isGood(challenge, place.purpose, now: now)
        else { throw .expired }
        guard factors.passkeys.count < StoredFactor.passkeysMax else { throw .tooMany }
        let new: NewPasskey
        do throws(PasskeyFault) {
            new = try party.newPasskey(
                PasskeyRegistration(parameters.value("passkey") ?? ""), challenge: challenge,
                verifiesUser: place.isAlone)
        } catch {
            throw .passkey(error)
        }
        let passkey = StoredPasskey(
            credentialID: new.credentialID, publicKey: new.key.jwk, signatureCount: new.signatureCount,
            isBackupEligible: new.isBackupEligible, isBackedUp: new.isBackedUp, transports: new.transports)
        return StoredFactor(of: place.user.id, .passkey(passkey), label: label, createdAt: now)
    }

    // MARK: Authenticator apps

    /// A new secret and what the page shows of it.
    /// - Parameter kept: the secret of the page that was sent, where it has to be shown again.
    func codeForm(_ place: Place, host: String, keeping kept: String?, _ random: Randomness) -> [String: Any] {
        let octets = kept.flatMap(TimeBasedCode.octets(base32:)) ?? random.octets(TimeBasedCode.secretOctets)
        let secret = TimeBasedCode.base32(octets)
        return [
            "secret": secret,
            "secretShown": stride(from: 0, to: secret.count, by: 4).map { String(secret.dropFirst($0).prefix(4)) }
                .joined(separator: " "),
            "address": TimeBasedCode.address(secret: octets, user: place.user.name, issuer: host),
            "secretToken": FormGuard.token(place.browser, purpose: place.secretPurpose(secret)),
        ]
    }

    /// The secret counts only as this page has shown it, and once a code of it has been typed.
    private func app(
        _ parameters: RequestParameters, _ place: Place, _ factors: UserFactors, _ guardian: FormGuard,
        _ call: EndpointCall
    ) throws(Fault) -> StoredFactor {
        guard terms.offers(.totp), let text = parameters.value("secret"),
            let secret = TimeBasedCode.octets(base32: text), secret.count == TimeBasedCode.secretOctets,
            guardian.accepts(
                call.request, token: parameters.value("secret_token"), browser: place.browser,
                purpose: place.secretPurpose(text))
        else { throw .expired }
        guard factors.totp == nil else { throw .alreadyThere }
        guard
            let step = TimeBasedCode.step(
                of: parameters.value("code") ?? "", secret: secret, after: nil, now: call.now)
        else { throw .wrongCode }
        do throws(KeySealError) {
            let stored = try StoredCodeSecret(
                secret, of: place.user.id, lastStep: step, seal: terms.seal, random: call.random)
            return StoredFactor(of: place.user.id, .totp(stored), label: "", createdAt: call.now)
        } catch {
            throw .unavailable
        }
    }

    // MARK: What ends

    /// What was begun without the factor does not go on beside it. With the first one that is everything that the password
    /// alone has begun: other browsers, what is under way in them, codes, devices that wait, links; applications keep what
    /// they have. With another one it is the links, which lie in mailboxes. For `commit`, before what goes on is inserted.
    static func endings(of user: StoredUser, _ factors: UserFactors) -> [StoreChange] {
        factors.areThere
            ? [.removeAll(RecordQuery(.accountLink, subject: user.id))] : UserBelongings.removals(of: user.id)
    }

    // MARK: Recovery codes

    /// A new set, which replaces the older one as a whole.
    static func recoveryCodes(of user: StoredUser, _ factors: UserFactors, _ call: EndpointCall) -> (
        codes: [String], change: [StoreChange]
    ) {
        let codes = RecoveryCode.generate(call.random)
        let new = StoredFactor(
            of: user.id, .recoveryCodes(codes.map(RecoveryCode.digest)), label: "", createdAt: call.now)
        let older = factors.recoveryCodes.map { StoreChange.remove(.factor, key: $0.key, version: $0.version) }
        return (codes, [older].compactMap { $0 } + [.insert(new.record)])
    }
}

extension UserAuthentication {
    /// With another factor besides.
    /// - Parameter time: of the log-in now.
    func adding(_ methods: [String], _ level: AuthenticationLevel, time: Int64) -> UserAuthentication {
        let all = self.methods + methods.filter { !self.methods.contains($0) }
        return UserAuthentication(
            time: time, acr: max(self.level ?? .password, level).rawValue, methods: all)
    }
}
