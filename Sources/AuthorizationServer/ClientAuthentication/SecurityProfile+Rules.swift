import AuthorizationRecords
import JOSE
import Policy

/// What a profile demands: all of it here, asked for where it is decided.
extension SecurityProfile {
    /// FAPI 2.0 Security Profile §5.3.2.1-6: mutual TLS or private_key_jwt, so that no secret is shared.
    func permits(_ method: ClientAuthenticationMethod) -> Bool {
        switch self {
        case .standard: true
        case .fapi2: [.privateKeyJWT, .tlsClientAuth, .selfSignedTLSClientAuth].contains(method)
        }
    }

    /// Of clients' assertions.
    var assertionAlgorithms: [Algorithm] { algorithms }

    /// Of proofs of possession.
    var proofAlgorithms: [Algorithm] { algorithms }

    /// Of signed authorization requests.
    var requestObjectAlgorithms: [Algorithm] { RequestObjects.algorithms.filter(algorithms.contains) }

    /// FAPI 2.0 §5.3.2.1-4: no token that whoever finds it can use.
    var demandsBinding: Bool { self == .fapi2 }

    /// FAPI 2.0 §5.3.2.2-2: parameters of the authorization request come through the back channel only.
    var demandsPushedRequests: Bool { self == .fapi2 }

    /// FAPI 2.0 §5.3.2.2-6: each pushed request names its redirect URI, so that nobody relies on which one is registered.
    var demandsRedirectURI: Bool { self == .fapi2 }

    /// What a 401 asks clients for (RFC 9110 §15.5.2); nil: none of the ways in which they may authenticate is a scheme
    /// of HTTP. A challenge for a secret would ask for what nobody may send.
    /// - Parameter realm: the issuer.
    func clientChallenge(realm: String) -> String? {
        permits(.clientSecretBasic) ? "Basic realm=\"\(realm)\", charset=\"UTF-8\"" : nil
    }

    /// In the order of the registry.
    var authenticationMethods: [ClientAuthenticationMethod] { ClientAuthenticationMethod.allCases.filter(permits) }
}
