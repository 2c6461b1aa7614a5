/// Names that operators give: of issuers, upstreams, limits (and, with dots, routes). They stand in logs, metrics,
/// header fields and audit records, so nothing in them needs escaping anywhere.
package enum OperatorName {
    static let lengthMax = 64

    /// What is wrong with a name, for a message; nil: nothing.
    package static func problem(_ name: String, dots: Bool) -> String? {
        let isFine = name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            case UInt8(ascii: "."): dots
            default: false
            }
        }
        guard isFine, !name.isEmpty else {
            return "\(Shown.value(name)) is not a name; letters, digits, _ and - \(dots ? "and . " : "")only"
        }
        return name.utf8.count > lengthMax ? "a name has \(lengthMax) characters at most" : nil
    }
}

extension ValueKind where Value == String {
    /// A name that may have dots in it.
    package static var routeID: ValueKind {
        ValueKind("a name") { scalar throws(ValueProblem) in
            if let problem = OperatorName.problem(scalar.text, dots: true) { throw ValueProblem(problem) }
            return scalar.text
        }
    }

    /// A reference to something named elsewhere; whether it exists is checked later.
    package static var reference: ValueKind { text }

    /// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
    package static var scopeToken: ValueKind {
        ValueKind("a scope") { scalar throws(ValueProblem) in
            let scope = try text.parse(scalar)
            if scope.contains(" ") {
                throw ValueProblem("\(Shown.value(scope)) holds a space; write scopes as a list, one an item")
            }
            let isToken = scope.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
            guard isToken, scope.utf8.count <= 256 else {
                throw ValueProblem(
                    "\(Shown.value(scope)) is not a scope (RFC 6749 §3.3: printable ASCII without space, \" and \\)")
            }
            return scope
        }
    }

    /// RFC 9110 §5.6.2 `token`, in the spelling that is registered.
    package static var method: ValueKind {
        ValueKind("a method such as GET") { scalar throws(ValueProblem) in
            let method = scalar.text
            guard FieldName.isToken(method), method.utf8.count <= 32 else {
                throw ValueProblem("\(Shown.value(method)) is not a method")
            }
            if method == "CONNECT" { throw ValueProblem("CONNECT is never accepted: the gateway is no forward proxy") }
            let upper = method.uppercased()
            if method != upper, registered.contains(upper) {
                throw ValueProblem("\(Shown.value(method)): methods are case-sensitive; write \(upper)")
            }
            return method
        }
    }

    private static var registered: [String] {
        ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"]
    }
}

/// Names of header fields.
enum FieldName {
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Fields that the gateway or HTTP itself uses, and that no identity may be written into.
    private static let taken: Set<String> = [
        "host", "connection", "content-length", "transfer-encoding", "authorization", "expect", "upgrade", "te",
        "trailer",
        "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "date", "server", "traceparent",
        "tracestate",
        "x-request-id", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "via", "cookie",
        "content-type",
        "content-encoding", "accept", "range", "if-match", "if-none-match",
    ]

    /// What to do instead of naming a field that is taken in a list of those that clients may send, or may not.
    private static func advice(_ name: String) -> String {
        switch name {
        case "authorization": "a token is passed on where a route says forward_token: true, and nowhere else"
        case "forwarded": "say forwarded: true or false"
        case "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host": "say x_forwarded: true or false"
        case "host": "services always get the one that the client called"
        case "via", "x-request-id", "traceparent", "tracestate": "the gateway sets it itself"
        case "connection", "content-length", "transfer-encoding", "expect", "upgrade", "te", "trailer", "keep-alive",
            "proxy-connection", "proxy-authorization", "proxy-authenticate":
            "it belongs to the connection, and each has its own"
        default: "services need it, and always get it as the client sent it"
        }
    }

    /// Of a name in `pass` or `remove`.
    static func listProblem(_ name: String) -> String? {
        guard taken.contains(name.lowercased()) else { return problem(name) }
        return "\(Shown.value(name)) cannot be in this list: \(advice(name.lowercased()))"
    }

    static func problem(_ name: String) -> String? {
        if !isToken(name) || name.utf8.count > 64 { return "\(Shown.value(name)) is not a header field name" }
        if name.contains("_") || name.contains(".") {
            return "\(Shown.value(name)): many servers read _ and . in field names as -; write the name with -"
        }
        if taken.contains(name.lowercased()) {
            return "\(Shown.value(name)) has a meaning of its own; choose a name such as X-Auth-Subject"
        }
        return nil
    }
}

extension ValueKind where Value == String? {
    /// A header field's name, or `false` (nil): not sent.
    package static var fieldName: ValueKind {
        ValueKind("a header field name, or false") { scalar throws(ValueProblem) in
            if scalar.isPlain, scalar.text == "false" { return nil }
            if let problem = FieldName.problem(scalar.text) { throw ValueProblem(problem) }
            return scalar.text
        }
    }
}

extension ValueKind where Value == String {
    /// One that a client may be allowed to send.
    package static var believedField: ValueKind {
        ValueKind("a header field name") { scalar throws(ValueProblem) in
            if let problem = FieldName.listProblem(scalar.text) { throw ValueProblem(problem) }
            guard !BelievedFields.untouchable.contains(scalar.text.lowercased()) else {
                throw ValueProblem(
                    "\(scalar.text) is the gateway's own to set; a service that believes it must not get a client's")
            }
            return scalar.text
        }
    }

    /// One that no client may send.
    package static var removedField: ValueKind {
        ValueKind("a header field name") { scalar throws(ValueProblem) in
            if let problem = FieldName.listProblem(scalar.text) { throw ValueProblem(problem) }
            return scalar.text
        }
    }
}
