import AuthorizationRecords
import HTTP
import JSON
import Octets
import Policy
import Proof
import Texts

/// Sends users to the provider (OpenID Connect Core §3.1.2.1).
struct ProviderRedirect: Sendable {
    let context: PageContext
    let settings: LogInProvider
    let provider: any IdentityProvider
    /// Where the provider sends users back to.
    let redirectURI: String

    /// The page that leads there; nil: the provider cannot be reached, or another page has changed what is under way.
    ///
    /// It is a page and no redirect: browsers apply `form-action` of the page before to redirects, to however many
    /// hosts the provider leads; what a page does by itself is a new beginning.
    /// - Parameter chooses: the user wants to be somebody else there.
    func leave(_ interaction: Interaction, _ browser: BrowserCookie, chooses: Bool, _ call: EndpointCall) async throws
        -> ServiceResponse?
    {
        guard let facts = await provider.facts() else { return nil }
        let state = RandomText.providerState.make(call.random)
        let logIn = ProviderLogIn(state: state, interaction, issuer: facts.issuer, now: call.now, sender: call.sender)
        guard try await context.store.commit(context.pending.insertion(of: logIn.record), now: call.now) else {
            return nil
        }
        let query = parameters(interaction, ProviderSecrets(browser, state: state), state: state, chooses: chooses)
            .map { $0.name + "=" + PercentEncoding.encoded($0.value) }.joined(separator: "&")
        let endpoint = facts.authorizationEndpoint
        let presentation = call.presentation(interaction)
        return context.handOff(
            title: presentation.text(ProviderText.leaving, ["provider": settings.label.shownOnPage()]),
            presentation[ProviderText.leavingHint],
            to: endpoint + (endpoint.contains("?") ? "&" : "?") + query, presentation)
    }

    private func parameters(_ interaction: Interaction, _ secrets: ProviderSecrets, state: String, chooses: Bool)
        -> [FormFields.Pair]
    {
        var pairs: [FormFields.Pair] = [
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", redirectURI),
            ("scope", settings.scopes.joined(separator: " ")), ("state", state), ("nonce", secrets.nonce),
            ("code_challenge", ProofKey.challenge(of: secrets.verifier)), ("code_challenge_method", ProofKey.method),
        ]
        // What the client demands of the log-in, the provider has to bring about.
        var prompts = interaction.request?.prompts.intersection([.login, .selectAccount]) ?? []
        if chooses { prompts.insert(.selectAccount) }
        if !prompts.isEmpty { pairs.append(("prompt", prompts.map(\.rawValue).sorted().joined(separator: " "))) }
        if let maxAge = interaction.logInAgeMax { pairs.append(("max_age", "\(maxAge)")) }
        if !chooses, let hint = interaction.request?.loginHint { pairs.append(("login_hint", hint)) }
        if let acrValues = interaction.request?.acrValues, !acrValues.isEmpty {
            pairs.append(("acr_values", acrValues.joined(separator: " ")))
        }
        return pairs
    }
}
