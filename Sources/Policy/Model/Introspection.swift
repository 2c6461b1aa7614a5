package import HTTP
package import JOSE

/// How it is found out whether a token of an issuer counts.
package enum TokenJudgement: String, Sendable, Equatable, CaseIterable {
    /// By its signature: it is a JWT, and counts until it expires.
    case jwt
    /// By asking the issuer (RFC 7662): it may be opaque, and the issuer can take it back.
    case introspection
    /// Both must be in its favour.
    case both = "jwt_and_introspection"
}

/// How an issuer is asked about a token (RFC 7662).
package struct Introspection: Sendable, Equatable {
    /// Where the endpoint's address comes from.
    package enum Place: Sendable, Equatable {
        /// `routes.yaml` names it.
        case url(AbsoluteURL)
        /// `introspection_endpoint` of the issuer's metadata (RFC 8414 §2).
        case discovery
    }

    /// How the gateway shows who it is; there is no asking without (RFC 7662 §2.1).
    package enum ClientAuthentication: Sendable, Equatable {
        /// RFC 6749 §2.3.1
        case secretBasic(SecretSource)
        /// In the body (RFC 6749 §2.3.1), for endpoints that cannot do otherwise.
        case secretPost(SecretSource)
        /// RFC 7523 §2.2, with the PEM file of a private key. nil: the key's own algorithm, its thumbprint, the issuer.
        case privateKeyJWT(key: String, algorithm: Algorithm?, kid: String?, audience: String?)
        /// RFC 8705 §2.1: the certificate is `way.certificate`.
        case tlsClientCertificate

        /// As in RFC 7591 §2, RFC 8705 §2.1.1.
        package var name: String {
            switch self {
            case .secretBasic: "client_secret_basic"
            case .secretPost: "client_secret_post"
            case .privateKeyJWT: "private_key_jwt"
            case .tlsClientCertificate: "tls_client_auth"
            }
        }
    }

    package var place: Place
    package var way: OutgoingWay
    /// What the issuer calls the gateway.
    package var clientID: String
    package var authentication: ClientAuthentication
    /// How opaque tokens of this issuer begin. Empty: it is asked about every opaque token on its routes.
    package var tokenPrefixes: [String] = []
    /// The answer must be a signed JWT (RFC 9701).
    package var jwtResponse = false
    /// How long an answer counts: that a token is active (never beyond its `exp`), and that it is not.
    package var activeLifetime: Duration = .seconds(30)
    /// How long an answer counts that a token is not active.
    package var inactiveLifetime: Duration = .seconds(10)
    /// For one question, from the first request that asks to the last octet of the answer.
    package var deadline: Duration = .seconds(1)
    /// An answer without `aud` counts as one that names the issuer's audiences.
    package var allowsMissingAudience = false

    package init(place: Place, way: OutgoingWay, clientID: String, authentication: ClientAuthentication) {
        self.place = place
        self.way = way
        self.clientID = clientID
        self.authentication = authentication
    }
}

/// How the gateway reaches an issuer over the network.
package struct OutgoingWay: Sendable, Equatable {
    /// Where to connect, instead of what the name resolves to. TLS still verifies the name.
    package var connectTo: Endpoint?
    /// PEM file of the authorities to trust; nil: those of the system.
    package var authorities: String?
    /// What the gateway shows; nil: nothing.
    package var certificate: CertificateFiles?
    /// An HTTP proxy that is asked to connect (CONNECT).
    package var proxy: Endpoint?
    /// Addresses that are allowed although they are link-local or those of a cloud's metadata service; 4 or 16 octets.
    package var allowedAddresses: [[UInt8]] = []
    /// `http` to loopback addresses is accepted.
    package var allowsPlaintext = false

    package init() {}
}
