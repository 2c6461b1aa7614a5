import SwiftASN1
import X509

/// The certificates of a PEM file in their order: a chain with the leaf first, or a set of authorities.
package struct PEMCertificates: Sendable {
    /// The DER octets of each.
    package let der: [[UInt8]]
    /// The facts of each, at the same indices.
    package let facts: [CertificateFacts]
    let certificates: [Certificate]

    /// Reads a file; blocks that are no certificates (a key beside the chain) are passed over.
    package init(path: String) throws(PEMCertificatesError) {
        do {
            try self.init(PEMFile(path: path))
        } catch {
            throw PEMCertificatesError(path: path, message: error.message)
        }
    }

    init(_ file: PEMFile) throws(PEMFileError) {
        var certificates: [Certificate] = []
        var facts: [CertificateFacts] = []
        let blocks = file.blocks.filter { ["CERTIFICATE", "X509 CERTIFICATE"].contains($0.label) }
        guard !blocks.isEmpty else { throw .noCertificate }
        for (index, block) in blocks.enumerated() {
            do {
                let certificate = try Certificate(derEncoded: block.der)
                facts.append(try CertificateFacts(certificate, der: block.der))
                certificates.append(certificate)
            } catch {
                throw .badCertificate(number: index + 1, "\(error)")
            }
        }
        der = blocks.map(\.der)
        self.certificates = certificates
        self.facts = facts
    }
}

/// A file of certificates that cannot be used, and why.
package struct PEMCertificatesError: Error, Sendable, CustomStringConvertible {
    /// As it was given.
    package let path: String
    /// A sentence without the file's name in front.
    package let message: String
    package var description: String { "\(path): \(message)" }
}
