import Certificates
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What went wrong with an upstream, as precisely as operators want to know it. `ForwardFailure.Reason` decides what
/// becomes of the request; nothing is decided by this.
package struct UpstreamFailure: Sendable, Equatable {
    /// A closed list; the raw values stand in records.
    package enum Kind: String, Sendable, CaseIterable {
        /// Its name leads to no address.
        case dns
        /// Nobody listens there.
        case refused
        case reset
        /// There is no way there, or the connection ended before it was open.
        case unreachable
        case connectTimeout = "connect_timeout"
        case tlsUnknownAuthority = "tls_unknown_authority"
        case tlsExpired = "tls_expired"
        case tlsNotYetValid = "tls_not_yet_valid"
        /// Another identity than the policy names.
        case tlsWrongName = "tls_wrong_name"
        /// No agreement on TLS, or the upstream does not accept the gateway's certificate.
        case tlsFailed = "tls_failed"
        case firstByteTimeout = "first_byte_timeout"
        /// Closed before the answer began.
        case closedEarly = "closed_early"
        /// Its answer breaks a rule of HTTP.
        case badAnswer = "protocol"
        case tooManyWaiting = "too_many_waiting"
        /// This machine lacks what a connection needs: descriptors, memory, a local port.
        case noResources = "no_resources"
        case notProcessed = "not_processed"

        /// The service did not prove who it is.
        package var isAboutIdentity: Bool {
            switch self {
            case .tlsUnknownAuthority, .tlsExpired, .tlsNotYetValid, .tlsWrongName, .tlsFailed: true
            default: false
            }
        }
    }
    package let kind: Kind
    /// Of `badAnswer`: the rule.
    package var rule: String?
    /// Of `tlsWrongName`: the names that the certificate shows.
    package var shown: String?

    init(_ kind: Kind, rule: String? = nil, shown: String? = nil) {
        self.kind = kind
        self.rule = rule
        self.shown = shown
    }

    /// - Parameter detail: what the connection knows; counts only where the reason leaves it open.
    init(_ reason: ForwardFailure.Reason, detail: UpstreamFailure?) {
        self =
            switch reason {
            case .unreachable: detail ?? UpstreamFailure(.unreachable)
            case .tlsFailed: detail ?? UpstreamFailure(.tlsFailed)
            case .wrongIdentity: detail ?? UpstreamFailure(.tlsWrongName)
            case .badResponse: detail ?? UpstreamFailure(.badAnswer)
            case .closedEarly: detail ?? UpstreamFailure(.closedEarly)
            case .connectTimeout: UpstreamFailure(.connectTimeout)
            case .firstByteTimeout: UpstreamFailure(.firstByteTimeout)
            case .notProcessed: UpstreamFailure(.notProcessed)
            case .tooManyWaiting: UpstreamFailure(.tooManyWaiting)
            case .noResources: UpstreamFailure(.noResources)
            }
    }

    /// `protocol:bad_status_line`, `refused` and so on.
    package var word: String { rule.map { "\(kind.rawValue):\($0)" } ?? kind.rawValue }

    /// A connection could not be made.
    static func connecting(_ error: any Error) -> UpstreamFailure {
        if UpstreamFault.isTimeout(error) { return UpstreamFailure(.connectTimeout) }
        if let attempts = error as? NIOConnectionError {
            guard let last = attempts.connectionErrors.last else { return UpstreamFailure(.dns) }
            return connecting(last.error)
        }
        if error is SocketAddressError { return UpstreamFailure(.dns) }
        return ofSocket(error) ?? UpstreamFailure(.unreachable)
    }

    /// nil: it says nothing more than that the connection is over.
    static func ofSocket(_ error: any Error) -> UpstreamFailure? {
        switch (error as? IOError)?.errnoCode {
        case ECONNREFUSED: UpstreamFailure(.refused)
        case ECONNRESET, EPIPE: UpstreamFailure(.reset)
        default: nil
        }
    }

    /// TLS failed in the handshake.
    /// - Parameter certificate: what the other end showed, as far as it came to that.
    static func handshake(_ error: any Error, certificate: CertificateFacts?, unixSeconds: Int64) -> UpstreamFailure? {
        guard UpstreamFault(error) != .connection else { return ofSocket(error) }
        guard "\(error)".contains("CERTIFICATE_VERIFY_FAILED") else { return UpstreamFailure(.tlsFailed) }
        guard let certificate else { return UpstreamFailure(.tlsUnknownAuthority) }
        if certificate.notAfter < unixSeconds { return UpstreamFailure(.tlsExpired) }
        if certificate.notBefore > unixSeconds { return UpstreamFailure(.tlsNotYetValid) }
        return UpstreamFailure(.tlsUnknownAuthority)
    }

    /// The certificate is valid and says another name.
    static func wrongName(_ certificate: CertificateFacts?) -> UpstreamFailure {
        let names = (certificate?.uris ?? []) + (certificate?.dnsNames ?? []).map { "dns:\($0)" }
        return UpstreamFailure(.tlsWrongName, shown: names.prefix(4).joined(separator: " "))
    }
}
