import AuthorizationRecords
import Crypto
import Foundation
import HTTP
import JOSE
import JSON
import Octets
import Policy

/// How the gateway shows an issuer that it is itself that asks, read and ready. It holds secrets and is never shown.
struct ClientCredentials: Sendable {
    private enum Proof: Sendable {
        case basic(field: String)
        case post(secret: [UInt8])
        case assertion(SigningKey, audience: String)
        /// The TLS connection shows it.
        case certificate
    }
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }
    private let clientID: String
    private let proof: Proof
    /// Seconds that an assertion is good for; each is used once.
    private static let assertionLifetime: Int64 = 60

    init(_ introspection: Introspection, of issuer: Issuer) throws {
        try self.init(introspection.clientID, introspection.authentication, issuer: issuer.identifier)
    }

    /// - Parameter issuer: identifier of whoever is asked.
    init(_ clientID: String, _ authentication: Introspection.ClientAuthentication, issuer: String) throws {
        self.clientID = clientID
        switch authentication {
        case .secretBasic(let source):
            // RFC 6749 §2.3.1: both are encoded as in a form first.
            let pair =
                PercentEncoding.encoded(clientID.utf8) + [0x3A] + PercentEncoding.encoded(try Self.secret(source))
            proof = .basic(field: "Basic " + Data(pair).base64EncodedString())
        case .secretPost(let source):
            proof = .post(secret: try Self.secret(source))
        case .privateKeyJWT(let path, let algorithm, let kid, let audience):
            guard case .success(let pem) = DiskPolicyFiles().read(path, bytesMax: 65_536),
                let key = try? SigningKey(pem: String(decoding: pem, as: UTF8.self), algorithm: algorithm, kid: kid)
            else { throw Failure(description: "\(path): the private key cannot be read, or cannot sign") }
            proof = .assertion(key, audience: audience ?? issuer)
        case .tlsClientCertificate:
            proof = .certificate
        }
    }

    /// Less one line feed at the end, which editors add.
    private static func secret(_ source: SecretSource) throws -> [UInt8] {
        var octets = try SecretReader.read(source, octetsMin: 1)
        if octets.last == 0x0A { octets.removeLast() }
        guard !octets.isEmpty else { throw Failure(description: "the client secret is empty") }
        return octets
    }

    /// Adds what belongs into the form, and gives the field that belongs into the head, if there is one.
    func show(in form: inout FormText, unixSeconds: Int64) throws -> (String, String)? {
        switch proof {
        case .basic(let field): return ("Authorization", field)
        case .post(let secret):
            form.add("client_id", clientID)
            form.add("client_secret", secret)
        case .certificate: form.add("client_id", clientID)
        case .assertion(let key, let audience):
            form.add("client_id", clientID)
            form.add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            form.add("client_assertion", try assertion(key, audience, unixSeconds))
        }
        return nil
    }

    /// RFC 7523 §3
    private func assertion(_ key: SigningKey, _ audience: String, _ unixSeconds: Int64) throws -> String {
        return try key.sign(
            header: ["typ": "JWT"],
            claims: [
                "iss": .string(clientID), "sub": .string(clientID), "aud": .string(audience),
                "jti": .string(RandomText.tokenID.make(.system)),
                "iat": .integer(unixSeconds), "exp": .integer(unixSeconds + Self.assertionLifetime),
            ])
    }
}
