import AuthorizationRecords
import HTTP
import Octets
import Policy
import Texts

/// `/oauth2/account/forgotten` and `/oauth2/account/sign-up`: somebody without a log-in asks for a link by mail. The answer
/// is the same whether there is such an account or not, and does not wait for anything that depends on it.
struct AskForMailPage: PageEndpoint {
    enum Kind: Sendable {
        case forgotten
        /// - Parameter domains: of addresses that may have accounts; empty: any.
        case signUp(domains: [String])
    }

    let context: PageContext
    let access: AccountAccess
    let mail: AccountMail
    let kind: Kind

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        page(problem: nil, typed: "", status: 200, call)
    }

    private func page(problem: String?, typed: String, status: Int, _ call: EndpointCall) -> ServiceResponse {
        let presentation = call.presentation()
        let (browser, field) = access.browser(call)
        var content: [String: Any?] = [
            "problem": problem, "action": endpoint.path,
            "token": FormGuard.token(browser, purpose: purpose), "typed": String(typed.prefix(256)),
        ]
        let title: ForgottenText
        switch kind {
        case .forgotten:
            title = .title
            content["intro"] = presentation[ForgottenText.intro]
            content["label"] = presentation[ForgottenText.who]
            content["isAnyName"] = true
        case .signUp(let domains):
            title = .signUpTitle
            content["intro"] = presentation[ForgottenText.signUpIntro]
            content["label"] = presentation[ForgottenText.email]
            if !domains.isEmpty {
                content["note"] = presentation.text(
                    ForgottenText.otherDomain, ["domains": domains.joined(separator: ", ")])
            }
        }
        var page = context.page(.askForMail, title: presentation[title], content, presentation, status: status)
        page.fields = [field].compactMap { $0 }
        if status == 429 { page.fields.append(("Retry-After", "3600")) }
        return page.response
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser, purpose: purpose)
        else { return ErrorPage.expired(call) }
        let presentation = call.presentation()
        let typed = String((parameters.value("who") ?? "").split(separator: " ").joined().prefix(256))
        let isTaken: Bool
        let text: ForgottenText
        switch kind {
        case .forgotten:
            isTaken = mail.sendReset(for: typed, presentation, call)
            text = .sent
        case .signUp(let domains):
            // The address becomes the name of the account.
            guard let address = MailAddress(typed), UserName.normalised(address.text) != nil else {
                return page(problem: presentation[ForgottenText.badEmail], typed: typed, status: 400, call)
            }
            guard domains.isEmpty || domains.contains(address.domain) else {
                return page(
                    problem: presentation.text(
                        ForgottenText.otherDomain, ["domains": domains.joined(separator: ", ")]),
                    typed: typed, status: 400, call)
            }
            isTaken = mail.sendSignUp(to: address, presentation, call)
            text = .signUpSent
        }
        guard isTaken else {
            var response = page(problem: presentation[ForgottenText.tooMany], typed: typed, status: 429, call)
            response.facts.event = "mail_braked"
            return response
        }
        var response = context.message(200, title: ForgottenText.sentTitle, text, presentation)
        response.facts.event = "mail_asked"
        return response
    }

    private var endpoint: AuthorizationServerEndpoint {
        if case .forgotten = kind { .accountForgotten } else { .signUp }
    }

    private var purpose: String { "ask for mail " + endpoint.rawValue }
}
