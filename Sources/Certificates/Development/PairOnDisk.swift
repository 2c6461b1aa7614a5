import Crypto
import Foundation
import X509

/// A certificate and its key as they lie in the folder now.
struct PairOnDisk {
    let certificatePath: String
    let keyPath: String
    /// nil: there is no file.
    let certificate: Certificate?
    let facts: CertificateFacts?
    /// A P-256 key; nil: there is no file.
    let keyPEM: String?

    init(folder: String, name: String) throws(DevelopmentCertificatesError) {
        certificatePath = "\(folder)/\(name).pem"
        keyPath = "\(folder)/\(name).key"
        do throws(PEMFileError) {
            let read = try PEMCertificates(PEMFile(path: certificatePath))
            certificate = read.certificates.first
            facts = read.facts.first
        } catch .missing {
            certificate = nil
            facts = nil
        } catch {
            throw DevelopmentCertificatesError("\(certificatePath) \(error.message); move it away and try again")
        }
        guard FileManager.default.fileExists(atPath: keyPath) else {
            keyPEM = nil
            return
        }
        guard let text = try? String(contentsOfFile: keyPath, encoding: .utf8),
            (try? P256.Signing.PrivateKey(pemRepresentation: text)) != nil
        else {
            // An operator's own pair may have a key of another kind: it is left alone, so its key is not needed.
            guard certificate == nil || certificate?.issuer.organization == DevelopmentAuthority.organization else {
                keyPEM = nil
                return
            }
            throw DevelopmentCertificatesError(
                "\(keyPath) is not a P-256 key that can be read; move it away and try again")
        }
        keyPEM = text
    }

    /// Somebody else's certificate: never replaced.
    var isForeign: Bool { certificate.map { $0.issuer.organization != DevelopmentAuthority.organization } ?? false }

    var isEmpty: Bool { certificate == nil && keyPEM == nil }

    /// The key to go on with; nil: a new one is made. `--force` replaces a key only where a certificate shows that it
    /// is one of ours.
    func keyToKeep(force: Bool) -> String? { force && certificate != nil ? nil : keyPEM }

    /// Why the certificate cannot stay; nil: it can.
    func fault(now: Int64) -> String? {
        guard let certificate, let facts else { return "there is no certificate" }
        if now > facts.notAfter { return "it has expired" }
        if facts.notAfter - now < KeyPairCheck.expiresSoonSeconds { return "it expires within a week" }
        if now < facts.notBefore { return "it is not valid yet" }
        if let keyPEM, let key = try? P256.Signing.PrivateKey(pemRepresentation: keyPEM),
            Certificate.PublicKey(key.publicKey) != certificate.publicKey
        {
            return "its key is another"
        }
        return nil
    }
}
