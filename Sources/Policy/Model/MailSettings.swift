package import Octets

/// Where mail to users goes out (RFC 6409), and whom it is from.
package struct MailSettings: Sendable, Equatable {
    /// How the connection is protected. The certificate's name is always checked.
    package enum Security: String, Sendable, CaseIterable {
        /// STARTTLS before anything else (RFC 3207).
        case startTLS = "starttls"
        /// TLS from the beginning (RFC 8314 §3).
        case implicit
    }

    /// A name, or an address without brackets.
    package var host: String
    /// TCP.
    package var port: Int
    /// nil: `insecure_plaintext`.
    package var security: Security?
    /// PEM file; nil: the system's.
    package var authorities: String?
    /// nil: nobody is asked for a name.
    package var user: String?
    /// Of `user`; there with it, and nil without.
    package var password: SecretSource?
    /// Whom mail is from, and who gets what cannot be delivered.
    package var from: MailAddress
    /// nil: only the address is shown.
    package var fromName: String?
    /// For one message.
    package var timeout = Duration.seconds(30)
    /// Messages to one address that anybody can cause within an hour.
    package var perRecipientHourMax = 4
    /// Messages that anybody at one address (IPv6: /64) can cause within an hour.
    package var perAddressHourMax = 20

    package init(host: String, port: Int, security: Security?, from: MailAddress) {
        self.host = host
        self.port = port
        self.security = security
        self.from = from
    }
}
