import AuthorizationRecords
import HTTP
import Policy
import Texts

/// A page for users, with the header fields that every page has.
struct Page {
    var status = 200
    var template: PageTemplate
    var content: [String: Any]
    var presentation: Presentation
    /// Where the answer to its form may lead besides this host, as sources of CSP; browsers apply `form-action` to
    /// redirects, too.
    var formTargets: [String] = []
    /// Sources of CSP of what may run; empty: nothing.
    var scripts: [String] = []
    var fields: [ServiceResponse.Field] = []

    /// Nothing is loaded, nothing runs, nobody frames it (OAuth 2.1 draft §7.11), nobody keeps it, and nobody elsewhere
    /// learns its address. `same-origin` and not `no-referrer`, because with that browsers hide the origin of our own
    /// forms, too.
    var response: ServiceResponse {
        guard let text = template.rendered(content, presentation) else {
            var failure = ServiceResponse(
                status: 500, fields: [("Content-Type", "text/plain"), ("Cache-Control", "no-store")],
                body: Array("No page.\n".utf8))
            failure.facts.error = "server_error"
            return failure
        }
        let policy =
            "default-src 'none'; style-src \(PageStyle.sources(presentation.brand).joined(separator: " ")); "
            + (presentation.brand.logo == nil ? "" : "img-src 'self'; ")
            + (scripts.isEmpty ? "" : "script-src \(scripts.joined(separator: " ")); ")
            + "form-action \((["'self'"] + formTargets).joined(separator: " ")); "
            + "frame-ancestors 'none'; base-uri 'none'"
        return ServiceResponse(
            status: status,
            fields: [
                ("Content-Type", "text/html; charset=utf-8"), ("Content-Language", presentation.language.tag),
                ("Vary", "Accept-Language"), ("Content-Security-Policy", policy),
                ("X-Frame-Options", "DENY"),
                ("Referrer-Policy", "same-origin"), ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
                ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
                ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
            ] + fields,
            body: Array(text.utf8))
    }
}

extension ServiceResponse {
    /// The next page after a form: 303, so that the form is not sent again to where it leads (RFC 9700 §4.12).
    static func seeOther(_ location: String, fields: [Field] = []) -> ServiceResponse {
        ServiceResponse(
            status: 303,
            fields: [("Location", location), ("Cache-Control", "no-store"), ("Referrer-Policy", "same-origin")] + fields
        )
    }
}
