import Crypto
import Foundation
import Octets

/// A stand-in for an external issuer: a P-256 key, and its public half as a JWK Set (RFC 7517 §5) for `jwks: {file:
/// …}`.
struct PartnerKeys {
    let folder: String
    private var keyPath: String { "\(folder)/partner.key" }
    private var setPath: String { "\(folder)/partner.jwks.json" }

    func make(force: Bool) throws -> [DevelopmentFile] {
        let hasKey = FileManager.default.fileExists(atPath: keyPath)
        let hasSet = FileManager.default.fileExists(atPath: setPath)
        if hasSet, !hasKey, !force {
            return [DevelopmentFile(name: "partner.jwks.json", outcome: .leftAlone("its key is not here"))]
        }
        var key: P256.Signing.PrivateKey?
        if hasKey {
            guard let text = try? String(contentsOfFile: keyPath, encoding: .utf8),
                let read = try? P256.Signing.PrivateKey(pemRepresentation: text)
            else {
                throw DevelopmentCertificatesError(
                    "\(keyPath) is not a P-256 key that can be read; move it away and try again")
            }
            key = read
        }
        let setThere = try? String(contentsOfFile: setPath, encoding: .utf8)
        let isPair = key.map { setThere == Self.publicSet(of: $0.publicKey) } ?? false
        if isPair, !force { return [DevelopmentFile(name: "partner.jwks.json", outcome: .kept(until: nil))] }
        // A key beside a set that is not its own may be somebody's: it stays, whatever is forced.
        let signing = isPair ? P256.Signing.PrivateKey() : key ?? P256.Signing.PrivateKey()
        if isPair || key == nil {
            try NewFile.write(PEMText.key(signing), to: keyPath, mode: NewFile.privateMode, replacing: hasKey)
        }
        try NewFile.write(
            Self.publicSet(of: signing.publicKey), to: setPath, mode: NewFile.publicMode, replacing: hasSet)
        return [
            DevelopmentFile(
                name: "partner.jwks.json",
                outcome: hasSet ? .renewed(isPair ? "--force" : "its key is another") : .created)
        ]
    }

    /// `kid` is the thumbprint of the key (RFC 7638): the text that is hashed has exactly these members in this order.
    static func publicSet(of key: P256.Signing.PublicKey) -> String {
        let point = key.rawRepresentation
        let x = Base64URL.encode(Array(point.prefix(32)))
        let y = Base64URL.encode(Array(point.suffix(32)))
        let thumbprint = Base64URL.encode(
            Array(SHA256.hash(data: Data(#"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#.utf8))))
        return
            #"{"keys":[{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","kid":"\#(thumbprint)","use":"sig","alg":"ES256"}]}"#
            + "\n"
    }
}
