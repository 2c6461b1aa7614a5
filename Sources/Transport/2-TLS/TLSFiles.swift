import Certificates
package import NIOSSL

/// Reading PEM files for TLS, with errors that name the file.
package enum TLSFiles {
    /// All certificates of a file, in its order; at least one.
    package static func certificates(_ path: String) throws(TLSSetupError) -> [NIOSSLCertificate] {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw TLSSetupError(description: "\(path): cannot be read as PEM certificates")
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
    ///
    /// BoringSSL takes the first of several authorities with one name for the issuer, whether its time is over or not,
    /// and looks no further. So of those with one name the ones that are not valid now are left out where another is,
    /// and of those with one key all but the one that ends last.
    /// - Parameter now: seconds since 1970.
    package static func authorities(
        _ path: String, now: Int64 = Clock.wallNanoseconds() / 1_000_000_000
    ) throws(TLSSetupError) -> [NIOSSLCertificate] {
        let all = try certificates(path)
        let facts = all.map { certificate in
            (try? certificate.toDERBytes()).flatMap { try? CertificateFacts(der: $0) }
        }
        return all.indices.filter { index in
            guard let own = facts[index], let name = own.subject else { return true }
            return !facts.indices.contains { other in
                guard other != index, let rival = facts[other], rival.isValid(at: now), rival.subject == name else {
                    return false
                }
                if !own.isValid(at: now) { return true }
                return rival.publicKeySHA256 == own.publicKeySHA256
                    && (rival.notAfter, index) > (own.notAfter, other)
            }
        }.map { all[$0] }
    }
}
