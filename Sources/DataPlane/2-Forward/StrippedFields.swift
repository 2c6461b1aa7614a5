import HTTP
import Octets
import Policy

/// The request fields that no client may send to an upstream: everything the gateway says itself, and everything that
/// upstreams have been known to believe about who is calling or where from.
///
/// Fields whose names have `_` or `.` are dropped altogether before this is asked: servers that fold them to `-` would
/// read a stripped name in another spelling.
struct StrippedFields: Sendable {
    private var filter: [UInt64] = Array(repeating: 0, count: 16)
    private var names: [[UInt8]] = []

    init(headers: UpstreamHeaders) {
        for name in Self.always { add(name) }
        for name in [headers.subject, headers.clientID, headers.scope, headers.issuer] {
            if let name { add(name) }
        }
    }

    /// Whether this field of the request must not reach the upstream.
    func contains(_ field: Field, in head: borrowing RequestHead) -> Bool {
        let bit = field.foldedHash & 1_023
        guard filter[Int(bit >> 6)] & (1 << UInt64(bit & 63)) != 0 else { return false }
        for name in names where head.matches(field.name, name) { return true }
        return false
    }

    func contains(_ field: Field, in trailers: borrowing FieldBlock) -> Bool {
        let bit = field.foldedHash & 1_023
        guard filter[Int(bit >> 6)] & (1 << UInt64(bit & 63)) != 0 else { return false }
        let name = trailers.bytes[field.name.range].map(ASCII.lowercased)
        return names.contains(name)
    }

    private mutating func add(_ name: String) {
        let lower = Array(name.lowercased().utf8)
        guard !names.contains(lower) else { return }
        names.append(lower)
        let bit = Field.foldedHash(of: lower) & 1_023
        filter[Int(bit >> 6)] |= 1 << UInt64(bit & 63)
    }

    /// Lower-case. Identity, forwarding, original-URL and client-certificate fields of the gateways and servers in use.
    static let always: [String] = [
        "x-auth-subject", "x-auth-client-id", "x-auth-scope", "x-auth-issuer",
        "dpop", "forwarded", "x-forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-prefix", "x-forwarded-server", "x-forwarded-ssl", "x-forwarded-scheme", "x-forwarded-uri",
        "x-forwarded-method", "x-forwarded-user", "x-forwarded-groups", "x-forwarded-email",
        "x-forwarded-preferred-username", "x-forwarded-access-token", "x-forwarded-client-cert",
        "x-forwarded-tls-client-cert", "x-forwarded-tls-client-cert-info",
        "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "cf-connecting-ip", "fastly-client-ip",
        "x-cluster-client-ip", "x-remote-ip", "x-remote-addr", "x-originating-ip",
        "x-request-id", "traceparent",
        "client-cert", "client-cert-chain", "x-client-cert", "x-ssl-cert", "x-ssl-client-cert", "ssl-client-cert",
        "x-ssl-client-verify", "x-ssl-client-dn", "x-ssl-client-s-dn", "x-client-certificate", "x-amzn-mtls-clientcert",
        "x-original-url", "x-original-uri", "x-original-host", "x-original-method", "x-rewrite-url", "x-host",
        "x-envoy-original-path", "x-envoy-original-host", "x-envoy-external-address", "x-envoy-internal",
        "x-remote-user", "remote-user", "x-user", "x-user-id", "x-userinfo", "x-access-token", "x-id-token",
        "x-consumer-id", "x-consumer-username", "x-consumer-custom-id", "x-credential-identifier",
        "x-anonymous-consumer", "x-authenticated-userid", "x-authenticated-scope",
    ]
}
