import Foundation
import SwiftASN1
import X509

/// Whether a certificate chain and its private key can serve TLS, and for how long yet.
package enum KeyPairCheck {
    /// How long before the end of a certificate somebody should know.
    package static let expiresSoonSeconds: Int64 = 7 * 86_400

    /// All that is wrong with the two files at this time (seconds since 1970); empty: nothing.
    package static func check(chain: String, key: String, now: Int64) -> [CertificateFinding] {
        var findings: [CertificateFinding] = []
        var leaf: Certificate?
        do throws(PEMFileError) {
            let read = try PEMCertificates(PEMFile(path: chain))
            leaf = read.certificates.first
            findings += ofChain(read, now: now)
        } catch {
            findings.append(CertificateFinding(.chain, .error, error.message))
        }
        do throws(PEMFileError) {
            let privateKey = try PrivateKeyFile.read(PEMFile(path: key))
            if let leaf, leaf.publicKey != privateKey.publicKey {
                findings.append(CertificateFinding(.key, .error, "is not the key of the first certificate in \(chain)"))
            }
        } catch {
            findings.append(CertificateFinding(.key, .error, error.message))
        }
        return findings
    }

    private static func ofChain(_ chain: PEMCertificates, now: Int64) -> [CertificateFinding] {
        var findings: [CertificateFinding] = []
        for (index, facts) in chain.facts.enumerated() {
            findings += Validity.findings(.chain, facts, number: index + 1, of: chain.facts.count, now: now)
        }
        if let leaf = chain.facts.first, leaf.isCA {
            findings.append(
                CertificateFinding(
                    .chain, .warning,
                    "starts with the certificate of an authority\(chain.facts.count > 1 ? "; the leaf must come first" : "; expected one that an authority issued")"
                ))
        }
        for index in chain.certificates.indices.dropFirst()
        where chain.certificates[index - 1].issuer != chain.certificates[index].subject {
            findings.append(
                CertificateFinding(
                    .chain, .warning,
                    "is out of order: certificate \(index + 1) has not issued certificate \(index); peers may refuse it"
                ))
        }
        return findings
    }
}

/// Private keys in the forms that OpenSSL writes.
enum PrivateKeyFile {
    static func read(_ file: PEMFile) throws(PEMFileError) -> Certificate.PrivateKey {
        if file.blocks.contains(where: { $0.label == "ENCRYPTED PRIVATE KEY" }) { throw .encrypted }
        let blocks = file.blocks.filter { $0.label.hasSuffix("PRIVATE KEY") }
        guard let block = blocks.first else { throw .noKey }
        guard blocks.count == 1 else { throw .severalKeys }
        do {
            return try Certificate.PrivateKey(pemDocument: .init(type: block.label, derBytes: block.der))
        } catch {
            // The reason is left out on purpose: it may quote what it read.
            throw .badKey
        }
    }
}

/// Findings about the time in which a certificate is valid.
enum Validity {
    static func findings(
        _ subject: CertificateFinding.Subject, _ facts: CertificateFacts, number: Int, of count: Int, now: Int64
    ) -> [CertificateFinding] {
        let which = count > 1 ? "certificate \(number) of \(count) " : ""
        if now > facts.notAfter {
            return [CertificateFinding(subject, .notValidNow, which + "expired on \(date(facts.notAfter, now))")]
        }
        if now < facts.notBefore {
            return [
                CertificateFinding(subject, .notValidNow, which + "is not valid before \(date(facts.notBefore, now))")
            ]
        }
        if facts.notAfter - now < KeyPairCheck.expiresSoonSeconds {
            return [CertificateFinding(subject, .warning, which + "expires soon, on \(date(facts.notAfter, now))")]
        }
        return []
    }

    /// `2026-01-31`, in UTC; on that very day with the time: `2026-01-31 at 15:04:05 UTC`.
    static func date(_ seconds: Int64, _ now: Int64? = nil) -> String {
        let text = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
        let day = String(text.prefix { $0 != "T" })
        guard let now, seconds / 86_400 == now / 86_400 else { return day }
        return "\(day) at \(text.dropFirst(day.count + 1).prefix(8)) UTC"
    }
}
