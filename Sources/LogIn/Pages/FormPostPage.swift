import Crypto
package import HTTP
import Octets
import Texts

/// An answer to a client that the browser brings by POST (OAuth 2.0 Form Post Response Mode): so it stands in no address, no
/// history and no log. The page is the only one with a script, which sends the form; nothing else may run there, because
/// the policy names its hash.
package enum FormPostPage {
    static let script = "document.forms[0].submit()"
    /// Of CSP (§2.3.1).
    private static let source = "'sha256-" + Base64.encode(SHA256.hash(data: Array(script.utf8)).map { $0 }) + "'"

    /// - Parameters:
    ///   - redirectURI: where the form goes.
    ///   - members: what it carries.
    package static func response(
        redirectURI: String, members: [(name: String, value: String)], _ presentation: Presentation
    ) -> ServiceResponse {
        let fields: [[String: Any]] = members.map { ["name": $0.name, "value": $0.value] }
        var page = Page(
            template: .formPost,
            content: [
                "title": presentation[ErrorText.returningTitle], "action": redirectURI,
                "destination": presentation.emphasising(
                    ErrorText.returning, ["destination": FormTargets.shown(redirectURI: redirectURI)]),
                "members": fields,
            ], presentation: presentation, formTargets: FormTargets.of(redirectURI: redirectURI))
        page.scripts = [source]
        return page.response
    }
}
