internal import Policy

/// The pages for people, as one part of the server: what they are made of, and where they lie.
struct People: Sendable {
    let sessions: SessionReader
    private let kit: PageKit
    private let login: LoginPage
    private let consent: ConsentPage
    private let device: DevicePage

    init(settings: AuthorizationServerSettings, store: any AuthorizationStore, pepper: SecretPepper, hasher: PasswordHasher) {
        let origin = ServerMetadata.origin(of: settings.issuer)
        sessions = SessionReader(store: store, idleSeconds: settings.sessionIdle.components.seconds)
        kit = PageKit(
            store: store, sessions: sessions, forms: FormGuard(origin: origin), host: String(origin.dropFirst("https://".count)))
        login = LoginPage(kit: kit, hasher: hasher, pepper: pepper, sessionSeconds: settings.sessionLifetime.components.seconds)
        let asked = AskedFor(descriptions: settings.scopeDescriptions)
        consent = ConsentPage(kit: kit, asked: asked)
        device = DevicePage(kit: kit, asked: asked, desk: DeviceDesk(store: store))
    }

    var endpoints: [String: any Endpoint] {
        [
            AuthorizationServerRoutes.loginPath: login, AuthorizationServerRoutes.consentPath: consent,
            AuthorizationServerRoutes.logoutPath: LogoutPage(kit: kit), AuthorizationServerRoutes.devicePath: device,
        ]
    }
}
