import AuthorizationRecords
import HTTP
import JSON
import Policy

/// The page on which users choose how to log in: with a password, at the provider, or both.
struct LoginForm: Sendable {
    static let unavailable = "Nobody can be logged in there at the moment. Try again in a few seconds."
    static let notAllowed = "You were logged in there, but may not log in here. Ask whoever runs this service."
    static let wentWrong =
        "The log-in did not come to an end. Try again; if this happens again, tell whoever runs this service."

    let context: PageContext
    /// Whether there are log-ins by password.
    let passwords: Bool
    /// What the provider is called; nil: there is none.
    let provider: String?

    /// - Parameter offersAnother: whoever was logged in at the provider did not get in; perhaps somebody else does.
    func page(
        _ interaction: Interaction, _ browser: BrowserCookie, username: String, problem: String? = nil,
        status: Int = 200,
        fields: [ServiceResponse.Field] = [], offersAnother: Bool = false
    ) async throws -> ServiceResponse {
        let client = try await context.store.client(id: interaction.clientID)
        var page = context.page(
            .login, title: "Log in",
            [
                "client": client?.shownName, "problem": problem, "action": AuthorizationServerEndpoint.login.path,
                "interaction": interaction.id,
                "token": FormGuard.token(browser, purpose: Self.purpose(interaction)),
                "username": String(username.prefix(128)),
                "passwords": passwords, "hasProvider": provider != nil, "provider": provider?.shownOnPage(),
                "offersAnother": offersAnother,
            ], status: status, formTargets: interaction.formTargets)
        page.fields = fields
        return page.response
    }

    /// Whether a user who is turned away at the provider has nothing left to do here, so that the application is
    /// told.
    func leadsBack(_ interaction: Interaction) -> Bool { !passwords && interaction.request != nil }

    static func purpose(_ interaction: Interaction) -> String { "login " + interaction.id }
}
