import AuthorizationRecords
import HTTP
import JSON
import Policy
import Texts

/// The page on which users choose how to log in: with a password, at the provider, or both.
struct LoginForm: Sendable {
    let context: PageContext
    /// Whether there are log-ins by password.
    let passwords: Bool
    /// What the provider is called; nil: there is none.
    let provider: String?
    let factors: FactorCheck
    /// Of the pages that send mail to whoever cannot log in; nil: there are none.
    private(set) var forgottenPath: String?
    private(set) var signUpPath: String?

    init(context: PageContext, passwords: Bool, provider: String?, factors: FactorCheck) {
        self.context = context
        self.passwords = passwords
        self.provider = provider
        self.factors = factors
    }

    /// Shows the ways to mail that the settings have.
    mutating func offersMail(_ hasMail: Bool, _ settings: AuthorizationServerSettings) {
        guard hasMail else { return }
        func path(_ endpoint: AuthorizationServerEndpoint) -> String? {
            endpoint.exists(in: settings) ? endpoint.path : nil
        }
        forgottenPath = path(.accountForgotten)
        signUpPath = path(.signUp)
    }

    /// - Parameter offersAnother: whoever was logged in at the provider did not get in; perhaps somebody else does.
    func page(
        _ interaction: Interaction, _ browser: BrowserCookie, _ presentation: Presentation, now: Int64,
        username: String,
        problem: String? = nil, status: Int = 200,
        fields: [ServiceResponse.Field] = [], offersAnother: Bool = false
    ) async throws -> ServiceResponse {
        let client = try await context.store.client(id: interaction.clientID)
        var page = context.page(
            .login, title: presentation[LoginText.title],
            [
                "hasClient": client != nil,
                "client": client.map {
                    presentation.emphasising(LoginText.client, ["client": $0.shownName(presentation)])
                },
                "problem": problem, "action": AuthorizationServerEndpoint.login.path,
                "interaction": interaction.id,
                "token": FormGuard.token(browser, purpose: Self.purpose(interaction)),
                "username": String(username.prefix(128)),
                "passwords": passwords, "hasProvider": provider != nil,
                "provider": provider.map { presentation.text(LoginText.provider, ["provider": $0.shownOnPage()]) },
                "offersAnother": offersAnother, "passkey": passkey(interaction, now: now),
                "forgottenPath": forgottenPath, "signUpPath": signUpPath,
            ], presentation, status: status, formTargets: interaction.formTargets)
        page.fields = fields
        if passwords, factors.terms.takesPasskeysAlone { page.scripts = [PasskeyForm.source] }
        return page.response
    }

    /// For a log-in by a passkey alone, which says itself whose it is; nil: there is none.
    private func passkey(_ interaction: Interaction, now: Int64) -> [String: Any]? {
        guard passwords, factors.terms.takesPasskeysAlone, let party = factors.terms.party else { return nil }
        return PasskeyForm.use(
            party, challenge: factors.challenges.make(PasskeyChallenge.purpose(interaction), now: now), known: [],
            verifiesUser: true)
    }

    /// Whether a user who is turned away at the provider has nothing left to do here, so that the application is
    /// told.
    func leadsBack(_ interaction: Interaction) -> Bool { !passwords && interaction.request != nil }

    static func purpose(_ interaction: Interaction) -> String { "login " + interaction.id }
}
