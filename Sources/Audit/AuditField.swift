/// How much care a field of an audit record needs when records leave the machine.
package enum AuditClass: String, Sendable, CaseIterable {
    /// Says nothing about a person.
    case open
    /// Names or points to a person or a client's machine; drop or mask it before records are shared.
    case personal
    /// Never written in clear: only a keyed hash is.
    case secret
}

/// Every field that a record may have. One table: name, class.
package enum AuditField: Int, Sendable, CaseIterable {
    case time, requestID, traceID
    case clientAddress, clientPort, tlsVersion, serverName, clientCertificate
    case method, host, path
    case route, policy
    case issuer, subject, clientID, token
    case decision, code
    /// What a service inside the process says of its answer.
    case error, event
    case scopesRequired, scopesHeld
    case limit, limitRemaining, limitReset
    case upstream, upstreamIdentity, attempts
    case status, bytesIn, bytesOut, durationMicroseconds, upstreamMicroseconds
    case ending, truncated
    /// Of a record that stands for several requests.
    case repeated, firstTime, lastTime
    /// Where the record was made.
    case instance, listener
    /// What a client says besides.
    case target, query, userAgent
    /// Of a token that was refused.
    case tokenVerified, issuerClaimed, found, expected
    /// Of tokens that the authorization server gives for others.
    case refreshToken, tokenPresented
    /// What a client asked the authorization server for and its user may not be granted.
    case scopesLeftOut
    /// Why attempts to forward failed, one word for each; the names that an upstream showed instead of its own.
    case upstreamFailure, upstreamShown

    /// Exhaustive on purpose: a new field has to say how much care it needs.
    package var classification: AuditClass {
        switch self {
        case .time, .requestID, .traceID, .tlsVersion, .serverName, .method, .host, .route, .policy, .issuer, .decision,
            .code, .error, .event, .scopesRequired, .scopesHeld, .limit, .limitRemaining, .limitReset, .upstream,
            .upstreamIdentity,
            .attempts, .status, .bytesIn, .bytesOut, .durationMicroseconds, .upstreamMicroseconds, .ending, .truncated,
            .tokenVerified, .repeated, .firstTime, .lastTime, .instance, .listener, .upstreamFailure, .upstreamShown,
            .scopesLeftOut:
            .open
        case .clientAddress, .clientPort, .clientCertificate, .path, .subject, .clientID, .target, .query, .userAgent,
            .issuerClaimed, .found, .expected:
            .personal
        case .token, .refreshToken, .tokenPresented:
            .secret
        }
    }

    /// The member's name in the record.
    package var name: String { String("\(member)".dropFirst(2).dropLast(2)) }

    /// What stands in the record before the value, from the comma to the colon, in one piece.
    var member: StaticString {
        switch self {
        case .time: ",\"time\":"
        case .requestID: ",\"request_id\":"
        case .traceID: ",\"trace_id\":"
        case .clientAddress: ",\"client_address\":"
        case .clientPort: ",\"client_port\":"
        case .tlsVersion: ",\"tls_version\":"
        case .serverName: ",\"server_name\":"
        case .clientCertificate: ",\"client_certificate\":"
        case .method: ",\"method\":"
        case .host: ",\"host\":"
        case .path: ",\"path\":"
        case .route: ",\"route\":"
        case .policy: ",\"policy\":"
        case .issuer: ",\"issuer\":"
        case .subject: ",\"subject\":"
        case .clientID: ",\"client_id\":"
        case .token: ",\"token\":"
        case .decision: ",\"decision\":"
        case .code: ",\"code\":"
        case .error: ",\"error\":"
        case .event: ",\"event\":"
        case .scopesRequired: ",\"scopes_required\":"
        case .scopesHeld: ",\"scopes_held\":"
        case .limit: ",\"limit\":"
        case .limitRemaining: ",\"limit_remaining\":"
        case .limitReset: ",\"limit_reset_s\":"
        case .upstream: ",\"upstream\":"
        case .upstreamIdentity: ",\"upstream_identity\":"
        case .attempts: ",\"attempts\":"
        case .status: ",\"status\":"
        case .bytesIn: ",\"bytes_in\":"
        case .bytesOut: ",\"bytes_out\":"
        case .durationMicroseconds: ",\"duration_us\":"
        case .upstreamMicroseconds: ",\"upstream_us\":"
        case .ending: ",\"ending\":"
        case .truncated: ",\"truncated\":"
        case .repeated: ",\"repeated\":"
        case .firstTime: ",\"first_time\":"
        case .lastTime: ",\"last_time\":"
        case .instance: ",\"instance\":"
        case .listener: ",\"listener\":"
        case .target: ",\"target\":"
        case .query: ",\"query\":"
        case .userAgent: ",\"user_agent\":"
        case .tokenVerified: ",\"token_verified\":"
        case .issuerClaimed: ",\"issuer_claimed\":"
        case .found: ",\"found\":"
        case .expected: ",\"expected\":"
        case .refreshToken: ",\"refresh_token\":"
        case .tokenPresented: ",\"token_presented\":"
        case .scopesLeftOut: ",\"scopes_left_out\":"
        case .upstreamFailure: ",\"upstream_failure\":"
        case .upstreamShown: ",\"upstream_shown\":"
        }
    }
}

/// Which fields a record has already.
struct AuditFieldSet: Sendable, Equatable {
    /// Fields that a set can tell apart; a test holds `AuditField` to it.
    static let fieldsMax = 128

    private var bits: UInt128 = 0

    init() {}
    init(_ field: AuditField) { insert(number: field.rawValue) }

    func contains(_ field: AuditField) -> Bool { contains(number: field.rawValue) }
    func isDisjoint(with other: AuditFieldSet) -> Bool { bits & other.bits == 0 }
    mutating func insert(_ field: AuditField) { insert(number: field.rawValue) }
    mutating func formUnion(_ other: AuditFieldSet) { bits |= other.bits }

    // By number, so that a test can ask for fields that do not exist yet.

    func contains(number: Int) -> Bool { bits & (1 &<< UInt128(truncatingIfNeeded: number)) != 0 }
    mutating func insert(number: Int) { bits |= 1 &<< UInt128(truncatingIfNeeded: number) }
}
