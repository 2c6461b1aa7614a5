import NIOCore
import NIOPosix
import NIOSSL

/// What kind of error closes a connection to an upstream.
enum UpstreamFault {
    /// Of the socket, or of a peer that hung up.
    case connection
    case tls
    /// TLS broke off after the handshake, as by an alert.
    case tlsAlert

    init(_ error: any Error) {
        self =
            switch error {
            // A server that hangs up in the middle of the handshake has not said who it is; that is not a wrong
            // identity.
            case NIOSSLError.handshakeFailed(.sslError(let errors)) where errors == [.eofDuringHandshake]: .connection
            case is BoringSSLError: .tlsAlert
            case is NIOSSLError: .tls
            default: .connection
            }
    }

    /// Whether a connection failed because one of its attempts had no answer in time.
    static func isTimeout(_ error: any Error) -> Bool {
        if case .connectTimeout = error as? ChannelError { return true }
        guard let attempts = (error as? NIOConnectionError)?.connectionErrors else { return false }
        return attempts.contains { isTimeout($0.error) }
    }
}
