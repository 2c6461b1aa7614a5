import JOSE
import Policy

/// `upstream_tokens` as read. `settings` is nil when something mandatory is broken.
struct UpstreamTokenDraft {
    var position: SourcePosition
    var identifier: Located<HTTPSIdentifier>?
    var settings: UpstreamTokenSettings?
}

/// `upstream_tokens`: what the gateway signs for services with a `token_audience`.
struct UpstreamTokenSection {
    let context: ReadingContext
    let files: FileChecks

    func read(_ root: MappingReader) -> UpstreamTokenDraft? {
        guard let node = root.node("upstream_tokens") else { return nil }
        let position = root.keyPosition("upstream_tokens")
        var draft = UpstreamTokenDraft(position: position)
        guard let reader = MappingReader(node, name: "\"upstream_tokens\"", at: position, findings: context.findings)
        else {
            return draft
        }
        reader.require("issuer", "it stands in \"iss\" of the gateway's tokens, as in https://gateway.example.com")
        reader.require("keys", "name the PEM files of private keys, the one that signs first")
        draft.identifier = reader.value("issuer", .issuerIdentifier)
        let keys = reader.list("keys", of: .path)
        let lifetime = reader.value("lifetime", .duration(.seconds(10) ... .seconds(600)), default: .seconds(60))
        reader.finish()
        for key in keys ?? [] { files.check(signingKey: key) }
        if let identifier = draft.identifier, let keys, !keys.isEmpty {
            draft.settings = UpstreamTokenSettings(
                issuer: identifier.value, keys: keys.map { context.path($0.value) }, lifetime: lifetime)
        }
        return draft
    }
}

extension FileChecks {
    /// A private key in PEM that can sign.
    func check(signingKey path: Located<String>) {
        guard isReadable(path, "private key") else { return }
        checkPermissions(of: path)
        guard case .success(let octets) = context.files.read(context.path(path.value), bytesMax: 65_536),
            (try? SigningKey(pem: String(decoding: octets, as: UTF8.self))) != nil
        else {
            context.findings.error(
                .badCertificate, at: path.position,
                "private key \(Shown.value(path.value)) cannot sign: expected one PKCS #8 key in PEM, as from: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
            )
            return
        }
    }
}
