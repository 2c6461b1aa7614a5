import Authenticators
package import AuthorizationRecords
package import Policy

extension AuthorizationServerSettings {
    /// The levels that log-ins by password and passkey can reach.
    package var logInLevels: [AuthenticationLevel] {
        FactorTerms(logIn, origin: issuer.webOrigin, seal: nil).levels
    }
}

/// What this server asks of users besides the password, and what it can check.
struct FactorTerms: Sendable {
    private(set) var settings: SecondFactorSettings
    /// nil: passkeys cannot be for this host, which is an address.
    let party: RelyingParty?
    /// For the secrets of authenticator apps; nil: they are stored as they are.
    let seal: KeySeal?

    init(_ logIn: LogInSettings, origin: String, seal: KeySeal?) {
        settings = logIn.secondFactor
        if !logIn.asksForFactors { settings.mode = .off }
        party = RelyingParty(origin: origin)
        self.seal = seal
    }

    /// What is due after the password.
    enum Due: Equatable {
        case nothing
        case factor
        /// There is none, and everybody must have one.
        case enrolment
    }

    /// What is due of a user with these factors, also where one of them cannot be read.
    /// - Parameter least: what the log-in has to reach; nil: any will do.
    func due(_ factors: UserFactors, least: AuthenticationLevel?) -> Due {
        switch settings.mode {
        case .off: .nothing
        case .optional: factors.areThere ? .factor : (least ?? .password) > .password ? .enrolment : .nothing
        case .required: factors.areThere ? .factor : .enrolment
        }
    }

    /// Whether users may set this up.
    func offers(_ method: SecondFactorSettings.Method) -> Bool {
        settings.offers(method) && (method != .passkey || party != nil)
    }

    /// Whether a session lacks a second factor for what concerns the factors themselves.
    func wants(_ factors: UserFactors, _ authentication: UserAuthentication) -> Bool {
        settings.mode != .off && factors.areThere && (authentication.level ?? .password) < .multiFactor
    }

    /// Whether users may log in by a passkey alone.
    var takesPasskeysAlone: Bool { offers(.passkey) }

    /// The levels that log-ins by password and passkey can reach here.
    var levels: [AuthenticationLevel] {
        guard settings.mode != .off, !settings.methods.isEmpty else { return [.password] }
        return offers(.passkey) ? AuthenticationLevel.allCases : [.password, .multiFactor]
    }
}
