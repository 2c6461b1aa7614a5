import AuthorizationRecords
import HTTP
import Octets
import Policy
import Texts

/// `/oauth2/account/email`: another e-mail address, which the user shows to read mail of before it counts. Needs a log-in of
/// a moment ago, since whoever has the address can set a password.
struct AccountEmailPage: PageEndpoint {
    let context: PageContext
    let access: AccountAccess
    let mail: AccountMail

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let login = try await access.login(call),
            FreshLogIn.isGood(login.session, now: call.now)
        else { return try await access.logIn(for: .email, call) }
        return page(problem: nil, typed: "", status: 200, call)
    }

    private func page(problem: AccountText?, typed: String, status: Int, _ call: EndpointCall) -> ServiceResponse {
        let presentation = call.presentation()
        let (browser, field) = access.browser(call)
        var page = context.page(
            .accountEmail, title: presentation[AccountText.emailTitle],
            [
                "problem": problem.map { presentation[$0] }, "action": AuthorizationServerEndpoint.accountEmail.path,
                "token": FormGuard.token(browser, purpose: Self.purpose), "typed": String(typed.prefix(256)),
                "accountPath": AuthorizationServerEndpoint.account.path,
            ], presentation, status: status)
        page.fields = [field].compactMap { $0 }
        if status == 429 { page.fields.append(("Retry-After", "3600")) }
        return page.response
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser, purpose: Self.purpose)
        else { return ErrorPage.expired(call) }
        guard let login = try await access.login(call),
            FreshLogIn.isGood(login.session, now: call.now)
        else { return try await access.logIn(for: .email, call) }
        let typed = parameters.value("email") ?? ""
        guard let address = MailAddress(typed) else { return page(problem: .badEmail, typed: typed, status: 400, call) }
        guard mail.sendProof(of: address, for: login.user, call.presentation(), call) else {
            var response = page(problem: .tooManyMails, typed: typed, status: 429, call)
            response.facts.event = "mail_braked"
            return response
        }
        var response = ServiceResponse.seeOther(
            AuthorizationServerEndpoint.account.path + "?done=" + AccountNotice.sent.rawValue)
        response.facts.event = "email_asked"
        response.facts.subject = login.user.id
        return response
    }

    private static let purpose = "account email"
}
