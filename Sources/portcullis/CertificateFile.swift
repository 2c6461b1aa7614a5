import Certificates
import JOSE
import JSON

/// A client's certificate as a file has it: what a client is registered by.
struct CertificateFile: Sendable {
    /// Its subject as a text (RFC 4514).
    let subject: String
    /// Its key as a JWK Set, named by its thumbprint (RFC 7638).
    let keySet: JSON

    /// Throws a sentence for people: the file has no certificate, or one whose key or subject is of no use.
    init(path: String) throws(CertificateFileError) {
        let certificates: PEMCertificates
        do throws(PEMCertificatesError) { certificates = try PEMCertificates(path: path) } catch {
            throw CertificateFileError(description: error.description)
        }
        // The first is the client's own, where a chain follows.
        guard let facts = certificates.facts.first else {
            throw CertificateFileError(description: "\(path): there is no certificate in it")
        }
        guard let key = try? VerificationKey(subjectPublicKeyInfo: facts.publicKeyInfo) else {
            throw CertificateFileError(
                description: "\(path): the certificate's key is of a kind that is not known here")
        }
        guard let text = facts.subject?.text else {
            throw CertificateFileError(
                description:
                    "\(path): the certificate has no subject that could be compared; name it by --certificate-dns or --certificate-uri"
            )
        }
        subject = text
        var members = key.jwk.object ?? [:]
        members["kid"] = .string(Thumbprint.sha256(key))
        keySet = ["keys": [.object(members)]]
    }
}

/// Why a client cannot be registered by a file.
struct CertificateFileError: Error, Sendable, CustomStringConvertible {
    let description: String
}
