import AuthorizationRecords
import HTTP
import JSON
import Octets
import Policy
import Texts

/// `/oauth2/logout`: ends the session of this browser (OpenID Connect RP-Initiated Logout §2). The user is always
/// asked, so that no other site can log anybody out; hence hints about whom it concerns are not needed. Of
/// `id_token_hint` only the client is read, once its signature holds.
struct LogoutPage: PageEndpoint {
    let context: PageContext
    let hints: IDTokenHints

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        let presentation = Self.presentation(parameters, call)
        let target = try await destination(parameters, call)
        guard let login = try await context.sessions.login(of: call.request, now: call.now) else {
            // There is nobody to be asked. On the word of a client that anybody may have registered nobody is sent anywhere
            // (RFC 9700 §4.11.2).
            if let target, target.isVouchedFor {
                return .seeOther(Self.adding(state: parameters.value("state"), to: target.uri))
            }
            return context.message(200, title: LogoutText.doneTitle, LogoutText.nobody, presentation)
        }
        let browser = BrowserCookie(call.request)
        let secret = browser ?? BrowserCookie(call.random)
        var page = context.page(
            .logout, title: presentation[LogoutText.title],
            [
                "user": presentation.emphasising(LogoutText.user, ["user": login.user.shownName]),
                "action": AuthorizationServerEndpoint.logout.path,
                "token": FormGuard.token(secret, purpose: Self.purpose), "client": target?.clientID,
                "returnTo": target?.uri, "state": target == nil ? nil : parameters.value("state"),
                "uiLocales": parameters.value("ui_locales").map { String($0.prefix(Self.uiLocalesCharactersMax)) },
            ], presentation, formTargets: target.map { FormTargets.of(redirectURI: $0.uri) } ?? [])
        if browser == nil { page.fields = [secret.field] }
        return page.response
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let token = parameters.value("form_token") else { return again(parameters, call) }
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(call.request, token: token, browser: browser, purpose: Self.purpose)
        else { return ErrorPage.expired(call) }
        let login = try await context.sessions.login(of: call.request, now: call.now)
        if let login {
            guard
                try await SessionEnding(store: context.store).end(
                    login.session, in: browser, now: call.now)
            else { return ErrorPage.unavailable(call) }
        }
        let removal = PageCookie.removal(SessionReader.cookieName)
        var response: ServiceResponse
        if let target = try await destination(parameters, call) {
            response = .seeOther(Self.adding(state: parameters.value("state"), to: target.uri), fields: [removal])
        } else {
            response = context.message(
                200, title: LogoutText.doneTitle, LogoutText.done, Self.presentation(parameters, call))
            response.fields.append(removal)
        }
        response.facts.subject = login?.user.id
        response.facts.event = "logout"
        return response
    }

    /// A request that an application has sent by POST (§2). Browsers send no cookies with a form of another site, so it comes
    /// again by GET, with which they do.
    private func again(_ parameters: RequestParameters, _ call: EndpointCall) -> ServiceResponse {
        let query = Self.parameters.compactMap { name in
            parameters.value(name).map { name + "=" + PercentEncoding.encoded($0) }
        }.joined(separator: "&")
        guard query.utf8.count <= Self.queryBytesMax else {
            let presentation = call.presentation()
            return ErrorPage.response(
                status: 400, presentation, title: presentation[ErrorText.unreadableTitle],
                message: presentation[LogoutText.tooLong])
        }
        return .seeOther(AuthorizationServerEndpoint.logout.path + (query.isEmpty ? "" : "?" + query))
    }

    /// Where the client may have the browser sent afterwards.
    private struct Destination {
        let uri: String
        let clientID: String
        /// The client is the operator's, or got the ID token that it shows.
        let isVouchedFor: Bool
    }

    /// Where the client asked to come back to, exactly as it was registered; nil: nowhere. The client is named by its id,
    /// by an ID token that it got, or by both, and then they are the same (§2).
    private func destination(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> Destination? {
        guard let target = parameters.value("post_logout_redirect_uri") else { return nil }
        var id = parameters.value("client_id")
        var hint: IDTokenHints.Hint?
        if let text = parameters.value("id_token_hint") {
            hint = hints.hint(text, now: call.now)
            guard let hint, id == nil || id == hint.clientID else { return nil }
            id = hint.clientID
        }
        guard let id, ClientID.mayExist(id), let client = try await context.store.client(id: id),
            let uri = client.metadata.strings("post_logout_redirect_uris").first(where: {
                $0.utf8.elementsEqual(target.utf8)
            })
        else { return nil }
        let registration = try await context.store.records(RecordQuery(.registrationToken, client: id), most: 1)
        let isOperators = registration.isEmpty && client.openUntil == nil && client.documentReadAt == nil
        return Destination(uri: uri, clientID: id, isVouchedFor: hint != nil || isOperators)
    }

    private static func adding(state: String?, to uri: String) -> String {
        guard let state else { return uri }
        return uri + (uri.contains("?") ? "&" : "?") + "state=" + PercentEncoding.encoded(state)
    }

    /// The client may say in which language (§2).
    private static func presentation(_ parameters: RequestParameters, _ call: EndpointCall) -> Presentation {
        call.presentation(uiLocales: parameters.value("ui_locales"))
    }

    private static let purpose = "logout"
    /// Of `ui_locales` that the form brings along.
    private static let uiLocalesCharactersMax = 256
    /// Of a client's request (§2), in which nothing else is looked at.
    private static let parameters = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"]
    /// Of all of them in a query; a request's head has 16 KiB.
    private static let queryBytesMax = 8_192
}
