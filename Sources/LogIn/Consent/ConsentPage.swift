import AuthorizationRecords
import HTTP
import JSON
import Policy
import Texts

/// `/oauth2/consent`: whether the client may do what it asks for. It notes the answer and changes nothing else.
struct ConsentPage: PageEndpoint {
    let context: PageContext
    let asked: AskedFor
    let access: UserAccess

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let (interaction, browser) = try await context.interaction(parameters.value("interaction"), call),
            let request = interaction.request,
            let client = try await context.store.client(id: interaction.clientID)
        else { return ErrorPage.expired(call) }
        guard let user = try await user(interaction, call) else { return Self.login(interaction) }
        let presentation = call.presentation(interaction)
        let share = access.share(request.scopes, of: user)
        let shown =
            share.isNothing
            ? share.leftOut : ScopeText.distinct(share.granted + (request.claims?.scopes ?? []))
        var content = asked.content(
            scopes: shown, resources: request.resources, details: request.authorizationDetails, presentation)
        content["asks"] = presentation.emphasising(
            share.isNothing ? ConsentText.asksInVain : .asks,
            ["client": client.shownName(presentation), "user": user.shownName])
        if client.openUntil != nil {
            content["isUnknown"] = true
            let host = ClientDocumentURL(client.id)?.shownHost
            content["unknown"] = presentation.emphasising(
                host == nil ? ConsentText.unknownClient : .unknownClientPublished, ["host": host ?? ""])
        }
        content["destination"] = presentation.emphasising(
            ConsentText.destination, ["destination": FormTargets.shown(redirectURI: request.redirectURI)])
        content["action"] = AuthorizationServerEndpoint.consent.path
        content["interaction"] = interaction.id
        content["shown"] = share.granted.joined(separator: " ")
        content["token"] = FormGuard.token(browser, purpose: Self.purpose(interaction, share.granted))
        return context.page(
            share.isNothing ? .mayNot : .consent,
            title: presentation[share.isNothing ? ConsentText.mayNotTitle : .title], content, presentation,
            formTargets: interaction.formTargets
        ).response
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let (interaction, browser) = try await context.interaction(parameters.value("interaction"), call),
            let request = interaction.request
        else { return ErrorPage.expired(call) }
        guard let user = try await user(interaction, call) else { return Self.login(interaction) }
        let shown = ShownScopes(parameters)
        guard
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser,
                purpose: Self.purpose(interaction, shown.scopes)),
            let answer = Decision(parameters)
        else { return ErrorPage.expired(call) }
        if answer == .allow, !shown.cover(access.share(request.scopes, of: user)) {
            return .seeOther(AuthorizationServerEndpoint.consent.path + "?interaction=" + interaction.id)
        }
        var next = interaction
        guard next.decide(answer == .allow ? .given : .refused) else { return ErrorPage.expired(call) }
        // Sent twice, the first answer counts; the authorization endpoint knows what came of it.
        _ = try await context.store.commit([.replace(next.record)], now: call.now)
        var response = ServiceResponse.seeOther(interaction.continuation)
        response.facts.client = interaction.clientID
        response.facts.subject = user.id
        response.facts.event = answer == .allow ? "consent_given" : "consent_refused"
        return response
    }

    /// Who is logged in, if it is the one that this interaction is about.
    private func user(_ interaction: Interaction, _ call: EndpointCall) async throws -> StoredUser? {
        guard let login = try await context.sessions.login(of: call.request, now: call.now),
            login.user.id == interaction.user?.id
        else {
            return nil
        }
        return login.user
    }

    private static func login(_ interaction: Interaction) -> ServiceResponse {
        .seeOther(AuthorizationServerEndpoint.login.path + "?interaction=" + interaction.id)
    }

    /// With what the page shows.
    private static func purpose(_ interaction: Interaction, _ shown: [String]) -> String {
        "consent " + interaction.id + " " + shown.joined(separator: " ")
    }
}

/// What a page has shown of what the user may grant, as its form sends it back, under the form's token. Nobody agrees to
/// what has become theirs to grant since: they are asked again. What they may no longer is left out, and needs no new
/// question.
struct ShownScopes {
    let scopes: [String]

    init(_ parameters: RequestParameters) {
        scopes = (parameters.value("shown") ?? "").split(separator: " ").map(String.init)
    }

    /// Whether the user has seen all that would be granted now.
    func cover(_ share: UserAccess.Share) -> Bool { share.granted.allSatisfy(scopes.contains) }
}

/// What a user answered. Anything else is no answer.
enum Decision: String {
    case allow, deny

    init?(_ parameters: RequestParameters) {
        guard let text = parameters.value("decision") else { return nil }
        self.init(rawValue: text)
    }
}
