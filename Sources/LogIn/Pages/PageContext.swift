import AuthorizationRecords
import HTTP
import JSON
import Policy
import Texts

/// What all pages need.
struct PageContext: Sendable {
    let store: any AuthorizationStore
    let sessions: SessionReader
    let forms: FormGuard
    let pending: PendingRequests
    /// In the foot of every page, so that users see where they are.
    let host: String

    /// What is under way in this browser; nil: unknown, over, or another browser's. Throws `DamagedRecord` where it
    /// cannot be read.
    func interaction(_ id: String?, _ call: EndpointCall) async throws -> (
        interaction: Interaction, browser: BrowserCookie
    )? {
        guard let id, RandomText.interaction.isWellFormed(id), let browser = BrowserCookie(call.request),
            let record = try await store.record(.interaction, RandomText.interaction.key(of: id)),
            !record.isExpired(at: call.now)
        else { return nil }
        let interaction = try record.read { Interaction($0, id: id) }
        guard interaction.browserKey == browser.key else { return nil }
        return (interaction, browser)
    }

    func page(
        _ template: PageTemplate, title: String, _ content: [String: Any?], _ presentation: Presentation,
        status: Int = 200, formTargets: [String] = []
    ) -> Page {
        var all = content.compactMapValues { $0 }
        all["title"] = title
        all["host"] = host
        return Page(
            status: status, template: template, content: all, presentation: presentation, formTargets: formTargets)
    }

    /// A page that goes on by itself, as a new beginning for the browser: neither is it the answer to a form any more,
    /// nor a redirect.
    /// - Parameter location: of ours, or where the provider's metadata says.
    func handOff(title: String, _ message: String, to location: String, _ presentation: Presentation)
        -> ServiceResponse
    {
        page(.handOff, title: title, ["message": message, "refresh": location], presentation).response
    }

    /// A message with one way on.
    func link(
        title: some PageText, _ message: some PageText, to path: String, _ text: some PageText,
        _ presentation: Presentation
    ) -> ServiceResponse {
        page(
            .linkedMessage, title: presentation[title],
            ["message": presentation[message], "linkPath": path, "linkText": presentation[text]], presentation
        ).response
    }

    func message(_ status: Int, title: some PageText, _ message: some PageText, _ presentation: Presentation)
        -> ServiceResponse
    {
        page(
            .message, title: presentation[title], ["message": presentation[message]], presentation, status: status
        ).response
    }
}

/// A page with a form: shown by GET, sent by POST. What fails is told in words, never by a machine's error.
protocol PageEndpoint: ServerEndpoint {
    var context: PageContext { get }
    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse
    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse
}

extension PageEndpoint {
    func answer(_ call: EndpointCall) async -> ServiceResponse {
        do {
            if call.request.method == "POST" { return try await take(RequestParameters(form: call.request), call) }
            return try await show(RequestParameters(query: call.request), call)
        } catch let fault as ParameterFault {
            let presentation = call.presentation()
            var response = ErrorPage.response(
                status: 400, presentation, title: presentation[ErrorText.unreadableTitle],
                message: presentation.text(ErrorText.unreadable, ["reason": "\(fault)"]))
            response.facts.error = "invalid_request"
            return response
        } catch is DamagedRecord {
            return ErrorPage.unavailable(call, because: ServiceFacts.damagedRecord)
        } catch is PasswordLibraryMissing {
            return ErrorPage.unavailable(call, because: ServiceFacts.missingLibrary)
        } catch {
            return ErrorPage.unavailable(call)
        }
    }
}

extension Interaction {
    /// Where the browser goes on when a page is done.
    var continuation: String {
        switch subject {
        case .authorization: AuthorizationServerEndpoint.authorize.path + "?interaction=" + id
        case .device: AuthorizationServerEndpoint.device.path + "?interaction=" + id
        case .account(let place, _): place.path
        }
    }

    /// How old a log-in may be that serves for it, in seconds; nil: any.
    var logInAgeMax: Int64? {
        switch subject {
        case .authorization(let request, _, _): request.maxAge
        case .account(let place, _): place == .overview ? nil : FreshLogIn.secondsMax
        case .device: nil
        }
    }

    /// Where forms may lead in the end.
    var formTargets: [String] { request.map { FormTargets.of(redirectURI: $0.redirectURI) } ?? [] }
}

extension Interaction.AccountPlace {
    /// Of the page.
    var path: String {
        switch self {
        case .overview: "/oauth2/account"
        case .password: "/oauth2/account/password"
        case .email: "/oauth2/account/email"
        case .factors: "/oauth2/account/factors"
        }
    }
}

extension RegisteredClient {
    /// What users are shown: the name that it was registered with, which nobody has vouched for.
    func shownName(_ presentation: Presentation) -> String {
        let name = (presentation.language.nearest(in: names) ?? name).shownOnPage()
        return name.isEmpty ? id : name
    }

    /// Its name by language (RFC 7591 §2.2).
    private var names: [String: String] {
        var names: [String: String] = [:]
        for (member, value) in metadata.members {
            guard member.hasPrefix(Self.nameMember), let name = value.string else { continue }
            names[String(member.dropFirst(Self.nameMember.count))] = name
        }
        return names
    }

    /// Before the tag of a language.
    package static let nameMember = "client_name#"
}

extension StoredUser {
    /// How a mail begins.
    var greeting: String { displayName?.shownOnPage() ?? name }

    var shownName: String { displayName.map { $0.shownOnPage() + " (" + name + ")" } ?? name }
}
