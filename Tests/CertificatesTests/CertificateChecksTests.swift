import Foundation
import Testing

@testable import Certificates

@Suite("Whether key and certificate files can be used")
struct CertificateChecksTests {
    private let folder: ScratchFolder
    private let authority: DevelopmentAuthority
    private let now = newYear2026

    init() throws {
        folder = try ScratchFolder()
        authority = try .create(commonName: "CA", validity: .days(365, from: newYear2026))
    }

    private func check(chain: String, key: String) throws -> [CertificateFinding] {
        KeyPairCheck.check(chain: try folder.write(chain, "chain.pem"), key: try folder.write(key, "key.pem"), now: now)
    }

    private func pair(_ validity: CertificateValidity) throws -> IssuedCertificate {
        try authority.issueServer(dnsNames: ["localhost"], validity: validity)
    }

    @Test("a good pair has no findings, with its authority behind it, too")
    func good() throws {
        let pair = try pair(.days(30, from: now))
        #expect(try check(chain: pair.certificatePEM, key: pair.keyPEM) == [])
        #expect(try check(chain: pair.certificatePEM + authority.certificatePEM, key: pair.keyPEM) == [])
    }

    @Test("text around blocks, CRLF, and certificate and key in one file are fine")
    func lenient() throws {
        let pair = try pair(.days(30, from: now))
        let both =
            "Subject: x\r\n"
            + (pair.certificatePEM + "bag attributes\n" + pair.keyPEM).replacingOccurrences(of: "\n", with: "\r\n")
        #expect(try check(chain: both, key: both) == [])
    }

    @Test("the key of another certificate is found")
    func mismatch() throws {
        let findings = try check(
            chain: pair(.days(30, from: now)).certificatePEM, key: pair(.days(30, from: now)).keyPEM)
        #expect(findings.map(\.subject) == [.key])
        #expect(findings.first?.severity == .error)
        #expect(findings.first?.message.contains("is not the key of the first certificate") == true)
    }

    @Test(
        "the time of a certificate is judged",
        arguments: [
            (
                CertificateValidity(notBefore: newYear2026 - 100, notAfter: newYear2026 - 1),
                CertificateFinding(.chain, .notValidNow, "expired on 2025-12-31")
            ),
            (
                CertificateValidity(notBefore: newYear2026 - 100, notAfter: newYear2026 + 3_600),
                CertificateFinding(.chain, .warning, "expires soon, on 2026-01-01 at 01:00:00 UTC")
            ),
            (
                CertificateValidity(notBefore: newYear2026 + 1, notAfter: newYear2026 + 9_999_999),
                CertificateFinding(.chain, .notValidNow, "is not valid before 2026-01-01 at 00:00:01 UTC")
            ),
            (
                CertificateValidity.days(6, from: newYear2026),
                CertificateFinding(.chain, .warning, "expires soon, on 2026-01-07")
            ),
        ])
    func times(validity: CertificateValidity, finding: CertificateFinding) throws {
        let pair = try pair(validity)
        #expect(try check(chain: pair.certificatePEM, key: pair.keyPEM) == [finding])
    }

    @Test(
        "what is no chain says what it is",
        arguments: [
            ("", "is empty"), (" \n\n", "is empty"), ("hello", "holds no PEM block"),
            ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "is not base64"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "holds a certificate (number 1) that cannot be read"
            ),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "the last block has no end"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END X-----\n", "ends no block"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds no certificate"),
        ])
    func brokenChain(text: String, says: String) throws {
        let findings = try check(chain: text, key: pair(.days(30, from: now)).keyPEM)
        #expect(findings.count == 1)
        #expect(findings.first?.subject == .chain)
        #expect(findings.first?.message.contains(says) == true, "\(findings)")
    }

    @Test(
        "what is no key says what it is, and never what stood in it",
        arguments: [
            ("", "is empty"),
            (
                "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
                "holds a private key that cannot be read"
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                "encrypted with a passphrase"
            ),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\nAAAA\n-----END RSA PRIVATE KEY-----\n",
                "encrypted with a passphrase"
            ),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no private key"),
        ])
    func brokenKey(text: String, says: String) throws {
        let findings = try check(chain: pair(.days(30, from: now)).certificatePEM, key: text)
        #expect(findings.map(\.subject) == [.key])
        #expect(findings.first?.message.contains(says) == true, "\(findings)")
        #expect(findings.first?.message.contains("c2Vj") == false)
    }

    @Test("files that are missing or folders are findings")
    func missing() {
        let findings = KeyPairCheck.check(chain: folder.path("nothing"), key: folder.path, now: now)
        #expect(findings.map(\.message) == ["does not exist", "is not a file"])
    }

    @Test("a chain out of order, and one that starts with an authority, are warned of")
    func order() throws {
        let pair = try pair(.days(30, from: now))
        let other = try DevelopmentAuthority.create(commonName: "other", validity: .days(30, from: now))
        #expect(
            try check(chain: pair.certificatePEM + other.certificatePEM, key: pair.keyPEM).map(\.severity) == [.warning]
        )
        let own = try check(chain: authority.certificatePEM, key: authority.keyPEM)
        #expect(own.map(\.severity) == [.warning])
        #expect(own.first?.message.contains("authority") == true)
    }

    @Test(
        "keys in every form that OpenSSL writes are read", .enabled(if: OpenSSLCommand.path != nil),
        arguments: [
            ["genrsa", "-traditional", "2048"], ["genrsa", "2048"], ["ecparam", "-name", "prime256v1", "-genkey"],
            ["ecparam", "-name", "secp384r1", "-genkey", "-noout"], ["genpkey", "-algorithm", "ed25519"],
        ])
    func openSSLKeys(arguments: [String]) throws {
        let key = try OpenSSLCommand.run(arguments).output
        try folder.write(key, "k.pem")
        let made = try OpenSSLCommand.run([
            "req", "-x509", "-new", "-key", folder.path("k.pem"), "-subj", "/CN=x", "-days", "30", "-out",
            folder.path("c.pem"),
        ])
        #expect(made.status == 0, "\(made.output)")
        let findings = KeyPairCheck.check(
            chain: folder.path("c.pem"), key: folder.path("k.pem"), now: Int64(Date().timeIntervalSince1970))
        #expect(!findings.contains { $0.severity == .error }, "\(findings)")
    }

    @Test("a file of authorities is judged")
    func authorities() throws {
        let expired = try DevelopmentAuthority.create(
            commonName: "old", validity: CertificateValidity(notBefore: now - 100, notAfter: now - 1))
        func findings(_ text: String) throws -> [CertificateFinding] {
            AuthorityCheck.check(path: try folder.write(text, "ca.pem"), now: now)
        }
        #expect(try findings(authority.certificatePEM) == [])
        #expect(try findings("").map(\.message) == ["is empty"])
        #expect(try findings(expired.certificatePEM).map(\.severity) == [.notValidNow, .notValidNow])
        #expect(try findings(expired.certificatePEM + authority.certificatePEM).map(\.severity) == [.notValidNow])
        let leafOnly = try findings(pair(.days(30, from: now)).certificatePEM)
        #expect(leafOnly.map(\.severity) == [.error])
        #expect(leafOnly.first?.message.contains("no certificate of an authority") == true)
        #expect(AuthorityCheck.check(path: folder.path("nothing"), now: now).map(\.message) == ["does not exist"])
    }
}
