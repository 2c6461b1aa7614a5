import Admission
import HTTP
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

    init(headers: UpstreamHeaders) {
        self.headers = headers
        stripped = StrippedFields(headers: headers)
        func line(_ name: String?) -> [UInt8]? { name.map { Array("\($0): ".utf8) } }
        subject = line(headers.subject)
        clientID = line(headers.clientID)
        scope = line(headers.scope)
        issuer = line(headers.issuer)
    }

    /// `caller` holds values that are safe in a field: percent-encoded when the principal was made. `token`, which the
    /// gateway has signed, stands in its place.
    func write(
        _ head: borrowing RequestHead, caller: PrincipalHeaders?, token: [UInt8]?, connection: ConnectionFields,
        identity: borrowing RequestIdentity,
        forwardToken: Bool, upgrade: Bool, to writer: inout ByteWriter
    ) {
        writer.clear()
        writer.append(head, head.methodText)
        writer.append(" ")
        writer.append(head, head.path)
        if let query = head.query {
            writer.append("?")
            writer.append(head, query)
        }
        writer.append(" HTTP/1.1\r\nHost: ")
        Self.authority(of: head, to: &writer)
        writer.append("\r\n")
        for index in 0..<head.fieldCount {
            let field = head.field(index)
            if Self.isNeverCopied(field.known) || field.irregular { continue }
            if field.known == .authorization, !forwardToken { continue }
            if field.known == .tracestate, !identity.continued { continue }
            if head.isNominatedByConnection(field) { continue }
            if stripped.contains(field, in: head) { continue }
            writer.appendField(head, field)
        }
        switch head.framing {
        case .length(let length):
            writer.append("Content-Length: ")
            writer.append(decimal: length)
            writer.append("\r\n")
        case .chunked:
            writer.append("Transfer-Encoding: chunked\r\n")
        case .none, .untilClose, .tunnel:
            break
        }
        if upgrade, let protocols = head.upgrade {
            writer.append("Connection: Upgrade\r\nUpgrade: ")
            writer.append(head, protocols)
            writer.append("\r\n")
        }
        if head.expectsContinue { writer.append("Expect: 100-continue\r\n") }
        if let token {
            writer.append("Authorization: Bearer ")
            writer.append(token)
            writer.append("\r\n")
        } else if let caller {
            write(caller, to: &writer)
        }
        if headers.forwarded {
            writer.append(connection.forwarded)
            Self.authority(of: head, to: &writer)
            writer.append("\"\r\n")
        }
        if headers.xForwarded {
            writer.append(connection.xForwarded)
            Self.authority(of: head, to: &writer)
            writer.append("\r\n")
        }
        writer.append("X-Request-Id: ")
        writer.append(identity.requestID)
        writer.append("\r\ntraceparent: 00-")
        writer.append(identity.traceID)
        writer.append("-")
        writer.append(identity.spanID)
        writer.append("-")
        writer.append(identity.traceFlags.0)
        writer.append(identity.traceFlags.1)
        writer.append("\r\n\r\n")
    }

    /// Whether a trailer field must not reach the upstream, which may take it for a header.
    func strips(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { stripped.contains(field, in: trailers) }

    private func write(_ caller: PrincipalHeaders, to writer: inout ByteWriter) {
        Self.field(subject, caller.subject, to: &writer)
        Self.field(clientID, caller.clientID, to: &writer)
        Self.field(scope, caller.scope, to: &writer)
        Self.field(issuer, caller.issuer, to: &writer)
    }

    /// Host and port as the client named them (RFC 9110 §7.2).
    private static func authority(of head: borrowing RequestHead, to writer: inout ByteWriter) {
        writer.append(head, head.host)
        if let port = head.port {
            writer.append(":")
            writer.append(decimal: port)
        }
    }

    private static func field(_ name: [UInt8]?, _ value: [UInt8]?, to writer: inout ByteWriter) {
        guard let name, let value else { return }
        writer.append(name)
        writer.append(value)
        writer.append("\r\n")
    }

    /// Written by the gateway itself, or about one connection only (RFC 9110 §7.6.1).
    private static func isNeverCopied(_ field: KnownField) -> Bool {
        if field.isHopByHop { return true }
        switch field {
        case .host, .contentLength, .expect, .traceparent, .requestID, .forwarded, .xForwardedFor, .xForwardedProto,
            .xForwardedHost, .xForwardedPort, .xForwardedServer, .xForwardedPrefix, .xRealIP:
            return true
        default:
            return false
        }
    }
}

/// Field lines about a client's connection, made once for all its requests. They end where the authority belongs.
final class ConnectionFields: Sendable {
    let forwarded: [UInt8]
    let xForwarded: [UInt8]

    init(address: String, isTLS: Bool) {
        let scheme = isTLS ? "https" : "http"
        let node = address.contains(":") ? "\"[\(address)]\"" : address
        forwarded = Array("Forwarded: for=\(node);proto=\(scheme);host=\"".utf8)
        xForwarded = Array("X-Forwarded-For: \(address)\r\nX-Forwarded-Proto: \(scheme)\r\nX-Forwarded-Host: ".utf8)
    }
}
