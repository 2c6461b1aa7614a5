/// A request to a service inside the process: small, whole, and read at leisure.
package struct ServiceRequest: Sendable {
    /// One field; the name is in lower case.
    package typealias Field = (name: String, value: String)

    /// As it was sent: methods are case-sensitive.
    package var method: String
    /// Normalised.
    package var path: String
    /// As it was sent, without its `?`.
    package var query: String?
    /// Lower case, without port.
    package var host: String
    /// As `Host` names it; nil: the scheme's own.
    package var port: Int?
    package var fields: [Field]
    /// Whole, and within the bound of the route.
    package var body: [UInt8]
    /// IP address in text, without port or brackets.
    package var clientAddress: String
    package var isTLS: Bool
    /// The verified certificate of the client, when it presented one.
    package var clientCertificateDER: [UInt8]?
    /// A certificate for which nobody vouches; the client has its key, and no more is known. nil where it presented none, or
    /// a verified one.
    package var unverifiedCertificateDER: [UInt8]?
    /// As the record of the request has it; empty: there is none.
    package var requestID = ""
    /// Whose token let the request in; nil: the route asks for none.
    package var caller: ServiceCaller?

    package init(
        method: String, path: String, query: String? = nil, host: String = "", fields: [Field] = [], body: [UInt8] = [],
        clientAddress: String = "", isTLS: Bool = true, clientCertificateDER: [UInt8]? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.fields = fields
        self.body = body
        self.clientAddress = clientAddress
        self.isTLS = isTLS
        self.clientCertificateDER = clientCertificateDER
    }

    /// The certificate of which the client has the key, verified or not: what tokens are bound to (RFC 8705 §3), and what
    /// registered keys are compared with (RFC 8705 §2.2).
    package var heldCertificateDER: [UInt8]? { clientCertificateDER ?? unverifiedCertificateDER }

    /// The values of every field of this name, which is given in lower case, in their order.
    package func values(_ name: String) -> [String] {
        fields.compactMap { $0.name == name ? $0.value : nil }
    }
}

/// Who sends a request to a service inside the process, as a token says that was verified.
package struct ServiceCaller: Sendable, Equatable {
    /// `client_id`; nil: the token does not say.
    package var client: String?
    /// `sub`; nil: the token does not say.
    package var subject: String?

    package init(client: String?, subject: String?) {
        self.client = client
        self.subject = subject
    }
}

/// The answer of a service inside the process. It sets no framing fields; its length is the length of its body.
package struct ServiceResponse: Sendable {
    /// One field; the name is written as it is here.
    package typealias Field = (name: String, value: String)

    /// 200 to 599.
    package var status: Int
    package var fields: [Field]
    /// Whole. For an answer to HEAD it is left out by whoever writes it.
    package var body: [UInt8]
    /// What the record of the request says besides.
    package var facts = ServiceFacts()

    package init(status: Int, fields: [Field] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// What a service inside the process has to say in the record of a request. Nothing of it reaches the client.
package struct ServiceFacts: Sendable, Equatable {
    /// The client that asked; where it was refused, the one that it said it was.
    package var client: String?
    /// Whom the answer is about.
    package var subject: String?
    /// What `routes.yaml` calls the issuer of `token`, where it vouches for it.
    package var issuer: String?
    /// SHA-256 of the token that was issued, revoked, asked about or shown; a secret as the token is: records have a
    /// keyed hash of it.
    package var token: [UInt8]?
    /// The same of the refresh token that was issued.
    package var refreshToken: [UInt8]?
    /// The same of what another token was asked for with: a refresh token, or the subject of an exchange.
    package var tokenPresented: [UInt8]?
    /// Of a token that was shown and refused: whether its issuer vouches for it. nil: none was.
    package var isTokenVerified: Bool?
    /// The error's word (RFC 6749 §5.2), when the service refused.
    package var error: String?
    /// Something that operators should find, such as `refresh_token_reused`: one word.
    package var event: String?
    /// Scopes that the client may have and asked for, and that the user may not be granted; empty: none.
    package var scopesLeftOut: [String] = []
    /// So long the service holds the answer back, until what was changed is in force.
    package var settling = Duration.zero

    package init() {}

    /// The event of an answer for which a record was needed that is stored and cannot be read.
    package static let damagedRecord = "damaged_record"

    /// The event of an answer that refuses because the user may not be granted anything that was asked for.
    package static let userMayNot = "user_may_not"
    /// The event of a log-in that cannot be judged, because a library of the system is not there.
    package static let missingLibrary = "password_library_missing"

    /// Events of answers that refuse without an error's word: pages that say so to a user.
    private static let refusals: Set<String> = [
        "login_failed", "login_braked", "page_expired", "user_code_braked", "user_code_rejected", "link_refused",
    ]

    /// Whether the service refused what was asked. Who polls for a device's answer is not refused, but told to wait
    /// (RFC 8628 §3.5).
    package var isRefusal: Bool {
        if let error { return error != "authorization_pending" && error != "slow_down" }
        return event.map(Self.refusals.contains) ?? false
    }
}
