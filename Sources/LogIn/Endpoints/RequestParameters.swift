package import HTTP

/// Why the parameters of a request cannot be read.
package enum ParameterFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another media type.
    case notAForm
    case malformed
    /// One that may be there once is there more often (RFC 6749 §3.1, §3.2).
    case repeated
    /// A secret stands in the URI.
    case credentialsInURI

    package var description: String {
        switch self {
        case .notAForm: "the body must be application/x-www-form-urlencoded"
        case .malformed: "the body is not a well-formed form"
        case .repeated: "a parameter is there more than once"
        case .credentialsInURI: "credentials belong into the Authorization header or the body, never into the URI"
        }
    }
}

/// The parameters of a request to an endpoint (RFC 6749 §3.1, §3.2): each at most once, those without a value left out,
/// the unknown ones there but never asked for.
package struct RequestParameters: Sendable {
    /// May be there more than once (RFC 8707 §2, RFC 8693 §2.1).
    package static let repeatable: Set<String> = ["resource", "audience"]
    /// Must not stand in the URI, where logs and histories keep them.
    private static let secret: Set<String> = [
        "client_secret", "client_assertion", "password", "code", "refresh_token", "access_token", "assertion",
        "subject_token",
        "actor_token", "device_code", "token",
    ]
    private let pairs: [FormFields.Pair]

    /// From the form in the body.
    package init(form request: ServiceRequest) throws(ParameterFault) {
        if let query = request.query, Self.namesASecret(query) { throw .credentialsInURI }
        guard Self.isForm(request.values("content-type")) else { throw .notAForm }
        try self.init(octets: request.body)
    }

    /// From the query of the URI (RFC 6749 §3.1).
    package init(query request: ServiceRequest) throws(ParameterFault) {
        try self.init(octets: Array((request.query ?? "").utf8))
    }

    /// From elsewhere: pushed before (RFC 9126), or signed (RFC 9101). Those without a value are left out here, too.
    package init(pairs: [FormFields.Pair]) { self.pairs = pairs.filter { !$0.value.isEmpty } }

    /// All of them, in their order.
    package var all: [FormFields.Pair] { pairs }

    /// Of a request that carries none.
    package static let none = RequestParameters(pairs: [])

    private init(octets: [UInt8]) throws(ParameterFault) {
        let form: FormFields
        do {
            form = try FormFields(octets)
        } catch {
            throw .malformed
        }
        guard form.repeatedNames.allSatisfy(Self.repeatable.contains) else { throw .repeated }
        pairs = form.pairs.filter { !$0.value.isEmpty }
    }

    /// nil: it was not sent, or without a value. One that may be repeated: its first value.
    package func value(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// All values of a name that may be repeated, in their order.
    package func values(_ name: String) -> [String] { pairs.compactMap { $0.name == name ? $0.value : nil } }

    /// - Parameter contentTypes: the values of all `Content-Type` fields; there must be one. Its parameters are not
    ///   looked at.
    package static func isForm(_ contentTypes: [String]) -> Bool {
        guard contentTypes.count == 1,
            let type = contentTypes[0].split(separator: ";", omittingEmptySubsequences: false).first
        else { return false }
        return type.drop { $0 == " " }.split(separator: " ").first?.lowercased() == "application/x-www-form-urlencoded"
    }

    private static func namesASecret(_ query: String) -> Bool {
        // A query that cannot be read may hide anything.
        guard let form = try? FormFields(Array(query.utf8)) else { return true }
        return form.pairs.contains { secret.contains($0.name) }
    }
}
