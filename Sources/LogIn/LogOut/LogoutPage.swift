import AuthorizationRecords
import HTTP
import JOSE
import JSON
import Octets
import Policy

/// `/oauth2/logout`: ends the session of this browser (OpenID Connect RP-Initiated Logout §2). The user is always
/// asked, so that no other site can log anybody out; hence hints about whom it concerns are not needed. Of
/// `id_token_hint` only the client is read.
struct LogoutPage: PageEndpoint {
    let context: PageContext

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let login = try await context.sessions.login(of: call.request, now: call.now) else {
            return context.message(200, title: "Logged out", "Nobody is logged in here.")
        }
        let browser = BrowserCookie(call.request)
        let secret = browser ?? BrowserCookie(call.random)
        let target = try await destination(parameters)
        var page = context.page(
            .logout, title: "Log out?",
            [
                "user": login.user.shownName, "action": AuthorizationServerEndpoint.logout.path,
                "token": FormGuard.token(secret, purpose: Self.purpose),
                "client": target == nil ? nil : Self.client(parameters),
                "returnTo": target, "state": target == nil ? nil : parameters.value("state"),
            ], formTargets: target.map { FormTargets.of(redirectURI: $0) } ?? [])
        if browser == nil { page.fields = [secret.field] }
        return page.response
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser, purpose: Self.purpose)
        else { return ErrorPage.expired }
        let login = try await context.sessions.login(of: call.request, now: call.now)
        if let login {
            guard
                try await SessionEnding(store: context.store).end(login.session, in: browser, now: call.now)
            else { return ErrorPage.unavailable }
        }
        let removal = PageCookie.removal(SessionReader.cookieName)
        var response: ServiceResponse
        if let target = try await destination(parameters) {
            response = .seeOther(Self.adding(state: parameters.value("state"), to: target), fields: [removal])
        } else {
            response = context.message(
                200, title: "Logged out", "You are logged out here. Applications that you used may still know you.")
            response.fields.append(removal)
        }
        response.facts.subject = login?.user.id
        response.facts.event = "logout"
        return response
    }

    /// Where the client asked to come back to, exactly as it was registered; nil: nowhere.
    private func destination(_ parameters: RequestParameters) async throws -> String? {
        guard let target = parameters.value("post_logout_redirect_uri"), let id = Self.client(parameters),
            ClientID.mayExist(id),
            let client = try await context.store.client(id: id)
        else { return nil }
        return client.metadata.strings("post_logout_redirect_uris").first { $0.utf8.elementsEqual(target.utf8) }
    }

    /// By its id, or by an ID token that it got (§2). Nobody has to verify that one: it says no more than `client_id`
    /// can, which anybody may write, and the browser goes only where that client has registered.
    private static func client(_ parameters: RequestParameters) -> String? {
        if let id = parameters.value("client_id") { return id }
        guard let hint = parameters.value("id_token_hint"), let token = try? CompactJWS(Array(hint.utf8)) else {
            return nil
        }
        return token.unverifiedClaims["aud"]?.string
    }

    private static func adding(state: String?, to uri: String) -> String {
        guard let state else { return uri }
        return uri + (uri.contains("?") ? "&" : "?") + "state=" + PercentEncoding.encoded(state)
    }

    private static let purpose = "logout"
}
