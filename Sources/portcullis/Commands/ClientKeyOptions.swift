import ArgumentParser
import Foundation
import JSON
import OperatorTools

/// By what a client authenticates that has no secret: keys, a certificate, or the name in one. For `client add` and
/// `client set`.
struct ClientKeyOptions: ParsableArguments {
    @Option(help: "A file with its public keys, a JWK Set (RFC 7517 §5).")
    var jwks: String?

    @Option(
        name: .customLong("jwks-uri"), help: "Where its public keys are found instead, as it changes them: https://…")
    var jwksURI: String?

    @Option(
        name: .customLong("certificate"),
        help:
            "A file with its certificate (PEM): its key is taken from there with --auth-method self_signed_tls_client_auth, otherwise its subject (tls_client_auth)."
    )
    var certificate: String?

    @Option(
        name: .customLong("certificate-subject"),
        help: "The subject of its certificate, as in CN=mailer,O=Example (RFC 4514).")
    var certificateSubject: String?

    @Option(name: .customLong("certificate-dns"), help: "A DNS name in its certificate.")
    var certificateDNS: String?

    @Option(name: .customLong("certificate-uri"), help: "A URI in its certificate, such as a SPIFFE ID.")
    var certificateURI: String?

    @Option(name: .customLong("certificate-ip"), help: "An IP address in its certificate.")
    var certificateIP: String?

    @Option(name: .customLong("certificate-email"), help: "An e-mail address in its certificate.")
    var certificateEmail: String?

    static let certificateMembers = [
        "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ]

    /// Whether a name in a certificate is given.
    var hasName: Bool {
        [certificate, certificateSubject, certificateDNS, certificateURI, certificateIP, certificateEmail].contains {
            $0 != nil
        }
    }

    /// Members of the client's metadata (RFC 7591 §2, RFC 8705 §2).
    /// - Parameter method: by which it authenticates: with `self_signed_tls_client_auth` a certificate is its key.
    func members(_ method: String?) throws -> [(String, JSON)] {
        var members: [(String, JSON)] = []
        if let certificate {
            let file = try CertificateFile(path: certificate)
            switch method {
            case "self_signed_tls_client_auth": members.append(("jwks", file.keySet))
            case "tls_client_auth", nil: members.append(("tls_client_auth_subject_dn", .string(file.subject)))
            default:
                throw CommandFailure(
                    "--certificate is for --auth-method tls_client_auth and self_signed_tls_client_auth, not \(method ?? "")"
                )
            }
        }
        let names = zip(
            Self.certificateMembers,
            [certificateSubject, certificateDNS, certificateURI, certificateIP, certificateEmail])
        for (member, value) in names { if let value { members.append((member, .string(value))) } }
        if let jwks {
            guard let octets = FileManager.default.contents(atPath: jwks), let keys = try? JSON.parse([UInt8](octets))
            else {
                throw CommandFailure("\(jwks): not a readable file with JSON; expected a JWK Set: {\"keys\": […]}")
            }
            members.append(("jwks", keys))
        }
        if let jwksURI { members.append(("jwks_uri", .string(jwksURI))) }
        return members
    }
}
