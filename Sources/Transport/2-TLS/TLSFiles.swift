package import NIOSSL

/// Reading PEM files for TLS, with errors that name the file.
package enum TLSFiles {
    /// All certificates of a file, in its order; at least one.
    package static func certificates(_ path: String) throws(TLSSetupError) -> [NIOSSLCertificate] {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw TLSSetupError(description: "\(path): cannot be read as PEM certificates: \(error)")
        }
        guard !certificates.isEmpty else { throw TLSSetupError(description: "\(path): holds no certificate") }
        return certificates
    }

    /// A private key that is not encrypted.
    package static func privateKey(_ path: String) throws(TLSSetupError) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(file: path, format: .pem)
        } catch {
            throw TLSSetupError(description: "\(path): cannot be read as a PEM private key")
        }
    }

    /// An authority file that cannot be read, or is empty, is an error: never "trust the system's roots instead".
    package static func authorities(_ path: String) throws(TLSSetupError) -> [NIOSSLCertificate] {
        try certificates(path)
    }
}
