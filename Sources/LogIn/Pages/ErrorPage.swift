import AuthorizationRecords
package import HTTP
import Texts

/// What tells a user that it does not go on here.
package enum ErrorPage {
    /// - Parameters:
    ///   - title: of the catalogue.
    ///   - message: of the catalogue; what a client sent may stand in it, it is escaped.
    package static func response(
        status: Int, _ presentation: Presentation, title: String, message: String,
        fields: [ServiceResponse.Field] = []
    ) -> ServiceResponse {
        Page(
            status: status, template: .message, content: ["title": title, "message": message],
            presentation: presentation, fields: fields
        ).response
    }

    /// The store cannot say.
    /// - Parameter event: of `ServiceFacts`: why, for the record of the request.
    package static func unavailable(_ call: EndpointCall, because event: String? = nil) -> ServiceResponse {
        let presentation = call.presentation()
        var page = response(
            status: 503, presentation, title: presentation[ErrorText.unavailableTitle],
            message: presentation[ErrorText.unavailable], fields: [("Retry-After", "10")])
        page.facts.error = "temporarily_unavailable"
        page.facts.event = event
        return page
    }

    /// What is under way is unknown, over, or another browser's: the answer is the same.
    package static func expired(_ call: EndpointCall) -> ServiceResponse {
        let presentation = call.presentation()
        var page = response(
            status: 400, presentation, title: presentation[ErrorText.expiredTitle],
            message: presentation[ErrorText.expired])
        page.facts.event = "page_expired"
        return page
    }
}
