package import AuthorizationRecords
package import Policy

/// The pages for users, as one part of the server: what they are made of, and where they lie.
package struct LogInPages: Sendable {
    /// Who is logged in; also the authorization endpoint asks it.
    package let sessions: SessionReader
    private let context: PageContext
    private let login: LoginPage
    private let consent: ConsentPage
    private let device: DevicePage
    private let logout: LogoutPage
    /// nil: there are no second factors.
    private let factor: (page: FactorPage, list: FactorsPage)?
    private let account: AccountPages
    /// nil: there is no provider.
    private let callback: ProviderCallback?

    /// - Parameters:
    ///   - seal: for the secrets of authenticator apps; nil: they are stored as they are.
    ///   - hints: ID tokens of ours, as clients show them.
    ///   - pending: bounds what is stored for users who have not logged in.
    ///   - mail: sends mail to users; nil: there is none.
    ///   - provider: nil: the settings name none, and the log-in page has no button for it.
    package init(
        settings: AuthorizationServerSettings, store: any AuthorizationStore, pepper: SecretPepper,
        hasher: PasswordHasher, seal: KeySeal?, hints: IDTokenHints, pending: PendingRequests,
        mail: (any MailQueue)? = nil, provider: (any IdentityProvider)?
    ) {
        sessions = SessionReader(store: store, idleSeconds: settings.sessionIdle.components.seconds)
        context = PageContext(
            store: store, sessions: sessions, forms: FormGuard(origin: settings.issuer.webOrigin),
            pending: pending, host: settings.issuer.authority)
        let start = SessionStart(sessions: sessions, sessionSeconds: settings.sessionLifetime.components.seconds)
        let check = FactorCheck(
            terms: FactorTerms(settings.logIn, origin: settings.issuer.webOrigin, seal: seal),
            challenges: PasskeyChallenge(pepper: pepper))
        var form = LoginForm(
            context: context, passwords: settings.logIn.passwords, provider: settings.logIn.provider?.label,
            factors: check)
        form.offersMail(mail != nil, settings)
        let enrolment = FactorEnrolment(terms: check.terms, challenges: check.challenges)
        factor =
            settings.logIn.asksForFactors
            ? (
                FactorPage(context: context, start: start, check: check, enrolment: enrolment, pepper: pepper),
                FactorsPage(context: context, enrolment: enrolment, access: UserAccess(settings))
            ) : nil
        var redirect: ProviderRedirect?
        if let own = settings.logIn.provider, let provider {
            redirect = ProviderRedirect(
                context: context, settings: own, provider: provider,
                redirectURI: settings.issuer.address(of: .loginCallback))
        }
        let store = store, context = context, access = UserAccess(settings)
        login = LoginPage(
            context: context, form: form, start: start, redirect: redirect, hasher: hasher, pepper: pepper,
            factors: check, access: access)
        callback = redirect.map { redirect in
            ProviderCallback(
                context: context, redirect: redirect, form: form, start: start,
                accounts: ProviderAccounts(
                    store: store, prefix: redirect.settings.issuer, signsUp: redirect.settings.signsUp, access: access))
        }
        let asked = AskedFor(descriptions: settings.scopeDescriptions)
        consent = ConsentPage(context: context, asked: asked, access: access)
        logout = LogoutPage(context: context, hints: hints)
        account = AccountPages(
            settings, context, hasher: hasher, pepper: pepper, limiter: login.limiter, factors: check.terms,
            asked: asked, queue: mail)
        device = DevicePage(
            context: context, asked: asked, verification: DeviceVerification(store: store), access: access)
    }

    /// The endpoints that answer with a page; the way back from the provider only where there is one.
    package var endpoints: [AuthorizationServerEndpoint: any ServerEndpoint] {
        var endpoints: [AuthorizationServerEndpoint: any ServerEndpoint] = [
            .login: login, .consent: consent, .logout: logout, .device: device, .logo: LogoImage(),
        ]
        endpoints.merge(account.endpoints) { one, _ in one }
        if let callback { endpoints[.loginCallback] = callback }
        if let factor {
            endpoints[.loginFactor] = factor.page
            endpoints[.factors] = factor.list
        }
        return endpoints
    }
}
