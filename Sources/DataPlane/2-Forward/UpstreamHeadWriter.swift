import Admission
import HTTP
import Octets
import Policy

/// Writes the head of a request for an upstream, anew and from the judged values: method, normalised path, and only
/// those fields that are the client's to send; then who calls, as the gateway knows it.
final class UpstreamHeadWriter: Sendable {
    private let stripped: StrippedFields
    private let headers: UpstreamHeaders
    private let subject: [UInt8]?
    private let clientID: [UInt8]?
    private let scope: [UInt8]?
    private let issuer: [UInt8]?
    /// nil: no cookies are the gateway's own.
    private let ownCookies: OwnCookies?

    init(headers: UpstreamHeaders, ownCookies: OwnCookies?) {
        self.headers = headers
        self.ownCookies = ownCookies
        stripped = StrippedFields(headers: headers)
        func octets(_ name: String?) -> [UInt8]? { name.map { Array($0.utf8) } }
        subject = octets(headers.subject)
        clientID = octets(headers.clientID)
        scope = octets(headers.scope)
        issuer = octets(headers.issuer)
    }

    /// `caller` holds values that are safe in a field: percent-encoded when the principal was made. `token`, which the
    /// gateway has signed, stands in its place.
    /// - Returns: how many fields were left out because of a character in their names other than letters, digits and `-`.
    func write(
        _ head: borrowing RequestHead, caller: PrincipalHeaders?, token: FieldValue?, connection: ConnectionFields,
        identity: borrowing RequestIdentity, via: ViaFields?,
        forwardToken: Bool, upgrade: Bool, names: FieldNameFeatures, to request: inout UpstreamRequestHead
    ) -> Int {
        var leftOut = 0
        request.begin(as: head, upgrade: upgrade)
        for index in 0..<head.fieldCount {
            let field = head.field(index)
            if Self.isNeverCopied(field.known) { continue }
            if field.irregular, !isAllowed(field, in: head, names) {
                leftOut &+= 1
                continue
            }
            if field.known == .authorization, !forwardToken { continue }
            if field.known == .tracestate, !identity.continued { continue }
            if field.known == .maxForwards, let left = head.forwardsLeft(field) {
                request.fields.append("Max-Forwards", decimal: left)
                continue
            }
            if head.isNominatedByConnection(field) { continue }
            if stripped.contains(field, in: head) { continue }
            if field.known == .cookie, let ownCookies {
                ownCookies.append(head, field, to: &request.fields)
                continue
            }
            request.fields.append(head, field)
        }
        if let token {
            request.fields.append(
                "Authorization",
                checked: { value in
                    value.append("Bearer ")
                    value.append(token)
                })
        } else if let caller {
            write(caller, to: &request.fields)
        }
        if headers.forwarded {
            request.fields.append(
                "Forwarded",
                checked: { value in
                    value.append(connection.forwarded)
                    value.appendAuthority(of: head)
                    value.append("\"")
                })
        }
        if headers.xForwarded {
            request.fields.append("X-Forwarded-For", connection.address)
            request.fields.append("X-Forwarded-Proto", connection.scheme)
            request.fields.append("X-Forwarded-Host", checked: { $0.appendAuthority(of: head) })
        }
        via?.append(to: &request.fields, receivedIsHTTP10: head.isHTTP10)
        request.fields.append("X-Request-Id", identity.requestID)
        request.fields.append(
            "traceparent",
            checked: { value in
                value.append("00-")
                value.append(identity.traceID)
                value.append("-")
                value.append(identity.spanID)
                value.append("-")
                value.append(hex: identity.traceFlags)
            })
        return leftOut
    }

    private func isAllowed(_ field: Field, in head: borrowing RequestHead, _ names: FieldNameFeatures) -> Bool {
        if stripped.passes(field, in: head.block) { return true }
        guard !names.isEmpty else { return false }
        for index in field.name.range {
            switch head.block.bytes[index] {
            case UInt8(ascii: "_"): guard names.contains(.underscore) else { return false }
            case UInt8(ascii: "."): guard names.contains(.dot) else { return false }
            case let octet where octet == UInt8(ascii: "-") || ASCII.isAlphanumeric(octet): continue
            default: return false
            }
        }
        return !stripped.containsFolded(field, in: head)
    }

    /// Whether a trailer field must not reach the upstream, which may take it for a header.
    func strips(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { stripped.contains(field, in: trailers) }

    private func write(_ caller: PrincipalHeaders, to fields: inout FieldList) {
        Self.field(subject, caller.subject, to: &fields)
        Self.field(clientID, caller.clientID, to: &fields)
        Self.field(scope, caller.scope, to: &fields)
        Self.field(issuer, caller.issuer, to: &fields)
    }

    private static func field(_ name: [UInt8]?, _ value: FieldValue?, to fields: inout FieldList) {
        guard let name, let value else { return }
        fields.append(name: name, value)
    }

    /// Written by the gateway itself, or about one connection only (RFC 9110 §7.6.1).
    private static func isNeverCopied(_ field: KnownField) -> Bool {
        switch field {
        case .host, .contentLength, .expect, .traceparent, .requestID, .forwarded, .xForwardedFor, .xForwardedProto,
            .xForwardedHost, .xForwardedPort, .xForwardedServer, .xForwardedPrefix, .xRealIP:
            true
        case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer,
            .transferEncoding, .upgrade, .http2Settings:
            true
        case .other, .authorization, .wwwAuthenticate, .dpop, .cookie, .setCookie, .via, .maxForwards, .tracestate,
            .baggage, .date,
            .server, .userAgent, .accept, .acceptEncoding, .acceptLanguage, .contentType, .contentEncoding,
            .contentRange, .range, .origin, .referer, .location, .cacheControl, .etag, .lastModified, .vary,
            .retryAfter, .rateLimit, .rateLimitPolicy:
            false
        }
    }
}

/// Values of fields about a client's connection, made once for all its requests.
final class ConnectionFields: Sendable {
    /// Of `Forwarded`, up to where the authority belongs (RFC 7239 §4).
    let forwarded: FieldValue
    let address: FieldValue
    let scheme: StaticString

    init(address: String, isTLS: Bool) {
        scheme = isTLS ? "https" : "http"
        let node = address.contains(":") ? "\"[\(address)]\"" : address
        forwarded = FieldValue("for=\(node);proto=\(scheme);host=\"")
        self.address = FieldValue(address)
    }
}
