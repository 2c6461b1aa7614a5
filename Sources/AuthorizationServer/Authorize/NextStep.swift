import AuthorizationRecords
import LogIn
import Policy

/// Who is at the browser, as far as is known.
struct LoggedInUser: Sendable, Equatable {
    var userID: String
    var authentication: UserAuthentication
    /// `sid` of the session, where there is one.
    var sessionID: String?
}

/// What an authorization request is waiting for.
enum NextStep: Equatable {
    case login, consent
    /// Nothing: the client gets its code.
    case answer(LoggedInUser)
    case refuse(OAuthError)

    /// So old a log-in may be in any case when the client is answered: browsers need their time. One in the course of the
    /// request may be older, because users need theirs to agree: `max_age=1` would come to no end.
    static let freshSeconds: Int64 = 5
    static let freshSecondsOfLogIn: Int64 = 60

    /// - Parameters:
    ///   - loggedInHere: the user logged in in the course of this request.
    ///   - isFresh: the user logged in, or the session was found to be good, in the course of this request: `prompt`
    ///   is satisfied.
    ///   - isCovered: this client need not ask this user: it is ours, or the same was agreed to before.
    ///   - mayNothing: the user may not be granted anything that the client asks for, and is told so.
    ///   - leastLevel: what the log-in has to reach, whatever the client asks for; nil: any will do.
    ///   - contexts: how users can log in.
    ///   - now: seconds since 1970.
    static func after(
        _ request: AuthorizationRequest, user: LoggedInUser?, isFresh: Bool, loggedInHere: Bool = false,
        consent: Interaction.Consent?, isCovered: Bool, mayNothing: Bool = false,
        leastLevel: AuthenticationLevel? = nil,
        contexts: AuthenticationContexts,
        now: Int64
    ) -> NextStep {
        let mayAsk = !request.prompts.contains(.none)
        guard let user else { return mayAsk ? .login : .refuse(.loginRequired) }
        let reaches = user.authentication.reaches(leastLevel)
        if !isFresh, !reaches || demandsLogin(request, user.authentication, contexts, mayAsk: mayAsk, now: now) {
            return mayAsk ? .login : .refuse(.loginRequired)
        }
        // OpenID Connect Core §3.1.2.1: somebody else has logged in than the client asks about.
        if !request.mayBe(about: user.userID) {
            return mayAsk && !isFresh ? .login : .refuse(.loginRequired)
        }
        // RFC 9470 §5: who cannot log in as the resource demands gets no token that would be refused there.
        guard reaches, !request.requiresACR || meets(request, user.authentication) else {
            return .refuse(.unmetAuthentication)
        }
        // Consent may have taken its time. Who refuses need not log in for that.
        if isFresh, consent != .refused, let maxAge = request.maxAge,
            now &- user.authentication.time > max(maxAge, loggedInHere ? freshSecondsOfLogIn : freshSeconds)
        {
            return mayAsk ? .login : .refuse(.loginRequired)
        }
        if mayNothing { return mayAsk && consent == nil ? .consent : .refuse(.userMayNotGrant) }
        switch consent {
        case .given: return .answer(user)
        case .refused: return .refuse(.accessDenied)
        case nil: break
        }
        if isCovered, !request.prompts.contains(.consent) { return .answer(user) }
        return mayAsk ? .consent : .refuse(.consentRequired)
    }

    /// Whether a log-in that was some time ago, or was of another kind, does not do (OpenID Connect Core §3.1.2.1, RFC
    /// 9470 §4). For what the client only prefers, a user is asked if another log-in could bring it.
    static func demandsLogin(
        _ request: AuthorizationRequest, _ authentication: UserAuthentication, _ contexts: AuthenticationContexts,
        mayAsk: Bool, now: Int64
    ) -> Bool {
        if request.prompts.contains(.login) || request.prompts.contains(.selectAccount) { return true }
        if let maxAge = request.maxAge, maxAge == 0 || now &- authentication.time > maxAge { return true }
        guard !meets(request, authentication) else { return false }
        return request.requiresACR || mayAsk && contexts.mayBring(request.acrValues)
    }

    static func meets(_ request: AuthorizationRequest, _ authentication: UserAuthentication) -> Bool {
        request.acrValues.isEmpty || request.acrValues.contains(where: authentication.meets)
    }
}

/// How users can log in, as `acr` has it.
struct AuthenticationContexts: Sendable {
    /// Known for sure: `acr_values_supported`.
    let own: [String]
    /// Users can log in at a provider, whose values nobody here knows.
    let hasProvider: Bool

    init(_ settings: AuthorizationServerSettings) {
        self.init(
            own: settings.logIn.passwords ? settings.logInLevels.map(\.rawValue) : [],
            hasProvider: settings.logIn.provider != nil)
    }

    init(own: [String], hasProvider: Bool) {
        self.own = own
        self.hasProvider = hasProvider
    }

    /// What one user can bring: of a level that takes a second factor only who has one.
    func narrowed(to factors: UserFactors) -> AuthenticationContexts {
        let reachable = ([.password] + factors.levels).map(\.rawValue)
        return AuthenticationContexts(own: own.filter(reachable.contains), hasProvider: hasProvider)
    }

    /// Whether another log-in could be one of these.
    func mayBring(_ values: [String]) -> Bool { hasProvider || values.contains(where: own.contains) }
}

extension OAuthError {
    // OpenID Connect Core §3.1.2.6
    static let loginRequired = OAuthError("login_required", "nobody is logged in, or not as this request demands")
    static let consentRequired = OAuthError("consent_required", "the user has not agreed to this yet")
    /// RFC 9470 §5.
    static let unmetAuthentication = OAuthError(
        "unmet_authentication_requirements", "the user cannot log in as acr_values demands")
    /// RFC 6749 §4.1.2.1.
    static let accessDenied = OAuthError("access_denied", "the user has refused, or may not do this")
    /// What was under way is over: the pushed request was used meanwhile, or the same page was sent twice.
    static let alreadyAnswered = OAuthError("invalid_request", "this request has been answered already")

    static var authorizationEndpoint: [OAuthError] {
        [loginRequired, consentRequired, unmetAuthentication, accessDenied, alreadyAnswered]
    }
}
