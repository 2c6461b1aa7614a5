/// Whose scripts may use a resource from another origin, and what of its answers they may read (Fetch §3.2, CORS). Browsers ask
/// first, by a preflight, and enforce what is answered; whoever is no browser is not concerned.
///
/// There is no way to allow credentials of the browser's own (cookies, certificates): a script that may call shows what it
/// was given.
package struct CrossOriginRule: Sendable, Equatable {
    /// As browsers write them (RFC 6454 §6.2); nil: any.
    package let origins: [String]?
    /// Of requests that scripts may make.
    package let methods: [String]
    /// How long browsers remember a preflight.
    package static let maxAgeSeconds = 600

    private let allowedMethods: String
    private let allowedFields: String
    private let exposedFields: String

    /// - Parameters:
    ///   - fields: header fields that requests may have besides those that browsers allow anyway.
    ///   - exposing: header fields of answers that scripts may read besides those.
    package init(origins: [String]? = nil, methods: [String], fields: [String], exposing: [String]) {
        self.origins = origins
        self.methods = methods
        allowedMethods = methods.joined(separator: ", ")
        allowedFields = fields.joined(separator: ", ")
        exposedFields = exposing.joined(separator: ", ")
    }

    /// The answer's fields if the request is a preflight (Fetch §3.2.2): OPTIONS with both fields. nil: it is none.
    package func preflightFields(of request: ServiceRequest) -> [ServiceResponse.Field]? {
        guard request.method == "OPTIONS", let origin = request.values("origin").first,
            !request.values("access-control-request-method").isEmpty
        else { return nil }
        var fields = originFields(origin)
        // Nobody elsewhere learns more than that.
        guard fields.contains(where: { $0.name == "Access-Control-Allow-Origin" }) else { return fields }
        fields.append(("Access-Control-Allow-Methods", allowedMethods))
        fields.append(("Access-Control-Allow-Headers", allowedFields))
        fields.append(("Access-Control-Max-Age", "\(Self.maxAgeSeconds)"))
        return fields
    }

    /// Of any other answer, a refusal included.
    /// - Parameter origin: of the request; nil: no browser says where it comes from.
    package func answerFields(origin: String?) -> [ServiceResponse.Field] {
        var fields = originFields(origin)
        if fields.contains(where: { $0.name == "Access-Control-Allow-Origin" }), !exposedFields.isEmpty {
            fields.append(("Access-Control-Expose-Headers", exposedFields))
        }
        return fields
    }

    private func originFields(_ origin: String?) -> [ServiceResponse.Field] {
        guard let origins else { return [("Access-Control-Allow-Origin", "*")] }
        // Caches must not give one origin's answer to another.
        let vary: ServiceResponse.Field = ("Vary", "Origin")
        guard let origin, origins.contains(where: { $0.utf8.elementsEqual(origin.utf8) }) else { return [vary] }
        return [("Access-Control-Allow-Origin", origin), vary]
    }
}
