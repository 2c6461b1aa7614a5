import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What errors of the network libraries mean, in words for the people who run this: a clause that can stand behind a colon.
/// Their own texts name functions and enums, and change with their versions.
package enum ErrorInWords {
    /// What is not known here is shown as it is.
    package static func text(_ error: any Error) -> String {
        switch error {
        case let error as IOError: system(error.errnoCode)
        case let error as NIOConnectionError: connection(error)
        case let error as ChannelError: channel(error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: tls(error)
        case is SocketAddressError: "its name has no address"
        default: "\(error)"
        }
    }

    private static func system(_ code: CInt) -> String {
        switch code {
        case EADDRINUSE: "the port is in use by another process"
        case EADDRNOTAVAIL: "this machine does not have the address"
        case EACCES: "no permission"
        default: String(cString: strerror(code)).lowercased()
        }
    }

    /// Several addresses fail for one reason most of the time.
    private static func connection(_ error: NIOConnectionError) -> String {
        var reasons: [String] = []
        for failure in error.connectionErrors {
            let reason = text(failure.error)
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons.isEmpty ? "its name has no address" : reasons.prefix(3).joined(separator: "; ")
    }

    private static func channel(_ error: ChannelError) -> String {
        switch error {
        case .connectTimeout: "no connection in time"
        case .ioOnClosedChannel, .alreadyClosed, .eof, .inputClosed, .outputClosed: "the connection was closed"
        default: "the connection failed"
        }
    }

    private static func tls(_ error: any Error) -> String {
        // Names of BoringSSL's reasons, which NIOSSL has no type for.
        let name = "\(error)"
        func has(_ names: String...) -> Bool { names.contains { name.contains($0) } }
        if has("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is signed by none of the authorities that are trusted, or is not valid now"
        }
        if has("failedToValidateHostname", "failed to validate hostname", "noCertificateToValidate") {
            return "its certificate is for another name"
        }
        if has("WRONG_VERSION_NUMBER", "HTTP_REQUEST") { return "what answers there does not speak TLS" }
        if has("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION") { return "there is no version of TLS that both sides have" }
        if has("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA") {
            return "it does not take the certificate that it was shown, or wants one"
        }
        if has("uncleanShutdown", "eofDuringHandshake") { return "it closed the connection in the middle of TLS" }
        return "the TLS handshake failed"
    }
}
