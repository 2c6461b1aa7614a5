import AuthorizationRecords
import HTTP
import LogIn
import Octets

/// Answers of the authorization endpoint to the client, by way of the browser (RFC 6749 §4.1.2, RFC 9207): every one
/// says who answers, so that no client takes our code for another server's.
struct AuthorizationAnswer: Sendable {
    let issuer: String
    let redirectURI: String
    let state: String?
    var mode = AuthorizationRequest.ResponseMode.query
    /// Where the answer is a page.
    let presentation: Presentation

    func code(_ code: String) -> ServiceResponse { response([("code", code)]) }

    func error(_ error: OAuthError) -> ServiceResponse {
        var response = response([("error", error.word), ("error_description", error.description)])
        response.facts.error = error.word
        response.facts.event = error.event
        return response
    }

    /// 303: what the browser may have sent here does not go on (RFC 9700 §4.12).
    private func response(_ members: [FormFields.Pair]) -> ServiceResponse {
        var members = members
        if let state { members.append(("state", state)) }
        members.append(("iss", issuer))
        if mode == .formPost {
            return FormPostPage.response(redirectURI: redirectURI, members: members, presentation)
        }
        let query = members.map { "\($0.name)=\(PercentEncoding.encoded($0.value))" }.joined(separator: "&")
        return .browser(303, [("Location", redirectURI + (redirectURI.contains("?") ? "&" : "?") + query)])
    }
}

extension ServiceResponse {
    /// An empty answer for a browser: nobody keeps it, nobody frames it (OAuth 2.1 draft §7.11), nobody elsewhere
    /// learns its address, and no script of another origin may read it (§3.1).
    static func browser(_ status: Int, _ fields: [Field]) -> ServiceResponse {
        ServiceResponse(
            status: status,
            fields: fields + [
                ("Cache-Control", "no-store"), ("Pragma", "no-cache"), ("Referrer-Policy", "no-referrer"),
                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"), ("X-Frame-Options", "DENY"),
                ("X-Content-Type-Options", "nosniff"),
            ])
    }
}
