import AuthorizationRecords
import HTTP
import JOSE
import LogIn
import Octets

/// What a client showed to say who it is: exactly one method of authentication (OAuth 2.1 draft §2.4).
enum PresentedCredential {
    /// RFC 6749 §2.3.1.
    case secret(clientID: String, secret: String, ClientAuthenticationMethod)
    /// RFC 7523 §2.2.
    case assertion(ClientAssertion)
    /// Its name and nothing else in the request: a certificate of the connection may show that it is who it says
    /// (RFC 8705 §2), or nothing does.
    case name(clientID: String)

    var clientID: String {
        switch self {
        case .secret(let clientID, _, _), .name(let clientID): clientID
        case .assertion(let assertion): assertion.clientID
        }
    }

    /// Who the client says it is, for the record of a request that is refused; nil: it does not say.
    static func claimedName(_ request: ServiceRequest, _ parameters: RequestParameters) -> String? {
        if let credential = try? read(request, parameters) { return credential.clientID }
        return parameters.value("client_id") ?? request.values("authorization").first.flatMap(basic)?.clientID
    }

    private static let inBody = ["client_secret", "client_assertion", "client_assertion_type"]

    /// Reads the `Authorization` header and the form. Throws `invalidClient` where there is nothing that could be
    /// checked.
    static func read(_ request: ServiceRequest, _ parameters: RequestParameters) throws(OAuthError)
        -> PresentedCredential
    {
        let authorization = request.values("authorization")
        guard authorization.count <= 1 else { throw .severalAuthenticationMethods }
        let shown = inBody.filter { parameters.value($0) != nil }
        if let header = authorization.first {
            guard shown.isEmpty else { throw .severalAuthenticationMethods }
            guard let credential = basic(header) else { throw .invalidClient }
            try checkName(parameters, credential.clientID)
            return credential
        }
        if let secret = parameters.value("client_secret") {
            guard shown == ["client_secret"] else { throw .severalAuthenticationMethods }
            guard let id = parameters.value("client_id") else { throw .invalidClient }
            return .secret(clientID: id, secret: secret, .clientSecretPost)
        }
        if !shown.isEmpty {
            guard parameters.value("client_assertion_type") == ClientAssertion.type,
                let text = parameters.value("client_assertion")
            else { throw .invalidAssertion }
            let assertion = try ClientAssertion(text)
            try checkName(parameters, assertion.clientID)
            return .assertion(assertion)
        }
        guard let id = parameters.value("client_id") else { throw .invalidClient }
        return .name(clientID: id)
    }

    /// Whoever says it twice says the same.
    private static func checkName(_ parameters: RequestParameters, _ clientID: String) throws(OAuthError) {
        if let id = parameters.value("client_id"), !id.utf8.elementsEqual(clientID.utf8) { throw .differentClientIDs }
    }

    /// RFC 7617 §2, with id and secret form-encoded before base64 (RFC 6749 §2.3.1).
    static func basic(_ header: String) -> PresentedCredential? {
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "basic" else { return nil }
        guard let octets = Base64.decode(Array(parts[1].utf8.drop { $0 == 0x20 })),
            let colon = octets.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        guard let id = formDecoded(octets[..<colon]), let secret = formDecoded(octets[colon...].dropFirst()),
            !id.isEmpty, !secret.isEmpty
        else { return nil }
        return .secret(clientID: id, secret: secret, .clientSecretBasic)
    }

    private static func formDecoded(_ octets: ArraySlice<UInt8>) -> String? {
        var plain: [UInt8] = []
        var rest = octets
        while let octet = rest.popFirst() {
            switch octet {
            case UInt8(ascii: "+"): plain.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                    return nil
                }
                plain.append(high << 4 | low)
            default: plain.append(octet)
            }
        }
        return String(validating: plain, as: UTF8.self)
    }
}
