import AuthorizationRecords
package import HTTP

/// What tells a user that it does not go on here.
package enum ErrorPage {
    /// - Parameter message: sentences of ours; what a client sent may stand in them, it is escaped.
    package static func response(status: Int, title: String, message: String, fields: [ServiceResponse.Field] = [])
        -> ServiceResponse
    {
        Page(status: status, template: .message, content: ["title": title, "message": message], fields: fields).response
    }

    /// The store cannot say.
    package static var unavailable: ServiceResponse {
        var page = response(
            status: 503, title: "Not now",
            message: "The server cannot answer at the moment. Try again in a few seconds.",
            fields: [("Retry-After", "10")])
        page.facts.error = "temporarily_unavailable"
        return page
    }

    /// The same; the record of the request says why.
    /// - Parameter event: of `ServiceFacts`.
    package static func unavailable(because event: String?) -> ServiceResponse {
        var page = unavailable
        page.facts.event = event
        return page
    }

    /// What is under way is unknown, over, or another browser's: the answer is the same.
    package static var expired: ServiceResponse {
        var page = response(
            status: 400, title: "This page has expired",
            message:
                "Go back to the application and begin again. Cookies must be allowed for this site, and one log-in is bound to one browser."
        )
        page.facts.event = "page_expired"
        return page
    }
}
