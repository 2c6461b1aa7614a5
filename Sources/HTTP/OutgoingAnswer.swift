/// A whole answer to a request that the process made on its own account: for keys, about a token, to a provider.
/// Whatever its status; redirects have not been followed.
package struct OutgoingAnswer: Sendable, Equatable {
    /// 404 and 500 are answers, not failures.
    package var status: Int
    // The fields that count, as they came; several of a name are joined by commas.
    /// With its parameters; nil: there was none.
    package var contentType: String?
    /// nil: there was none.
    package var cacheControl: String?
    /// nil: there was none.
    package var age: String?
    /// Not decoded, and bounded by the request.
    package var body: [UInt8]

    /// JSON unless it says something else.
    package init(
        status: Int, contentType: String? = "application/json", cacheControl: String? = nil, age: String? = nil,
        body: [UInt8]
    ) {
        self.status = status
        self.contentType = contentType
        self.cacheControl = cacheControl
        self.age = age
        self.body = body
    }

    /// Whether it is of one of these media types, which are in lower case and without parameters.
    package func isOf(types: [String]) -> Bool {
        let type = (contentType ?? "").lowercased().utf8.prefix { $0 != 0x3B && $0 != 0x20 }
        return types.contains { $0.utf8.elementsEqual(type) }
    }
}

/// Why such a request has no answer. A closed list; `rawValue` is stable and stands in health and in the log.
package enum OutgoingFailure: String, Error, Sendable, CaseIterable {
    /// No connection, or no address.
    case unreachable = "unreachable"
    /// The certificate is not trusted or is another host's, or the handshake broke off.
    case tlsFailed = "tls_failed"
    /// The whole answer had not come in time.
    case timeout = "timeout"
    /// The body is longer than the bound, and nothing of it is there.
    case tooLarge = "too_large"
    /// Every address that the name has is one that must not be connected to: link-local, or that of a cloud's metadata
    /// service, and not allowed one by one.
    case forbiddenAddress = "forbidden_address"
    /// What came is not HTTP, or broke off.
    case badAnswer = "bad_answer"
    /// Files or secrets that were named cannot be used, or the URL is none that is fetched.
    case badSettings = "bad_settings"
}
