package import AuthorizationRecords
package import Policy

/// The pages for people, as one part of the server: what they are made of, and where they lie.
package struct People: Sendable {
    /// Who is logged in; also the authorization endpoint asks it.
    package let sessions: SessionReader
    private let kit: PageKit
    private let login: LoginPage
    private let consent: ConsentPage
    private let device: DevicePage
    /// nil: there is no provider.
    private let callback: ProviderCallback?

    /// - Parameter provider: nil: the settings name none, and the log-in page has no button for it.
    package init(
        settings: AuthorizationServerSettings, store: any AuthorizationStore, pepper: SecretPepper,
        hasher: PasswordHasher, provider: (any IdentityProvider)?
    ) {
        sessions = SessionReader(store: store, idleSeconds: settings.sessionIdle.components.seconds)
        kit = PageKit(
            store: store, sessions: sessions, forms: FormGuard(origin: settings.issuer.webOrigin),
            host: settings.issuer.authority)
        let start = SessionStart(sessions: sessions, sessionSeconds: settings.sessionLifetime.components.seconds)
        let form = LoginForm(kit: kit, passwords: settings.logIn.passwords, provider: settings.logIn.provider?.label)
        var door: ProviderRedirect?
        if let own = settings.logIn.provider, let provider {
            door = ProviderRedirect(
                kit: kit, settings: own, provider: provider,
                redirectURI: settings.issuer.address(of: .loginCallback))
        }
        login = LoginPage(kit: kit, form: form, start: start, door: door, hasher: hasher, pepper: pepper)
        let store = store, kit = kit
        callback = door.map { door in
            ProviderCallback(
                kit: kit, door: door, form: form, start: start,
                accounts: ProviderAccounts(store: store, prefix: door.settings.issuer, signsUp: door.settings.signsUp))
        }
        let asked = AskedFor(descriptions: settings.scopeDescriptions)
        consent = ConsentPage(kit: kit, asked: asked)
        device = DevicePage(kit: kit, asked: asked, desk: DeviceVerification(store: store))
    }

    /// The endpoints that answer with a page; the way back from the provider only where there is one.
    package var endpoints: [AuthorizationServerEndpoint: any ServerEndpoint] {
        var endpoints: [AuthorizationServerEndpoint: any ServerEndpoint] = [
            .login: login, .consent: consent, .logout: LogoutPage(kit: kit), .device: device,
        ]
        if let callback { endpoints[.loginCallback] = callback }
        return endpoints
    }
}
