import Foundation
import SwiftASN1
import Testing
import X509

@testable import Certificates

@Suite("Certificates for development")
struct DevelopmentCertificatesTests {
    private let folder: ScratchFolder
    private let now = Int64(Date().timeIntervalSince1970)
    private static let leaves = [
        ("gateway", "ca"), ("client", "client-ca"), ("orders", "upstream-ca"), ("payments", "upstream-ca"),
        ("gateway-client", "upstream-ca"),
    ]

    init() throws { folder = try ScratchFolder() }

    @discardableResult
    private func make(
        now: Int64? = nil, force: Bool = false, hostNames: [String] = DevelopmentCertificates.hostNamesDefault
    ) throws -> [String: DevelopmentFile.Outcome] {
        let files = try DevelopmentCertificates(folder: folder.path, hostNames: hostNames).make(
            now: now ?? self.now, force: force)
        return Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.outcome) })
    }

    private func contents() throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try folder.names.map { ($0, try folder.read($0)) })
    }

    @Test("everything that routes.yaml names is made, keys with mode 0600")
    func all() throws {
        try make()
        #expect(
            folder.names == [
                "ca.key", "ca.pem", "client-ca.key", "client-ca.pem", "client.key", "client.pem", "gateway-client.key",
                "gateway-client.pem",
                "gateway.key", "gateway.pem", "orders.key", "orders.pem", "partner.jwks.json", "partner.key",
                "payments.key", "payments.pem",
                "upstream-ca.key", "upstream-ca.pem",
            ])
        for name in folder.names {
            #expect(try folder.mode(name) == (name.hasSuffix(".key") ? 0o600 : 0o644), "\(name)")
        }
        for (leaf, authority) in Self.leaves {
            #expect(
                KeyPairCheck.check(chain: folder.path("\(leaf).pem"), key: folder.path("\(leaf).key"), now: now) == [])
            #expect(AuthorityCheck.check(path: folder.path("\(authority).pem"), now: now) == [])
        }
    }

    @Test(
        "OpenSSL verifies each certificate strictly, for its purpose only, and not across hierarchies",
        .enabled(if: OpenSSLCommand.path != nil))
    func openSSL() throws {
        try make()
        func verify(_ leaf: String, _ authority: String, _ purpose: String) throws -> (status: Int32, output: String) {
            try OpenSSLCommand.run([
                "verify", "-x509_strict", "-purpose", purpose, "-no-CAfile", "-no-CApath", "-CAfile",
                folder.path("\(authority).pem"), folder.path("\(leaf).pem"),
            ])
        }
        for (leaf, authority) in Self.leaves {
            let (right, wrong) = leaf.hasSuffix("client") ? ("sslclient", "sslserver") : ("sslserver", "sslclient")
            let answer = try verify(leaf, authority, right)
            #expect(answer.status == 0, "\(answer.output)")
            #expect(try verify(leaf, authority, wrong).status != 0)
            for other in ["ca", "client-ca", "upstream-ca"] where other != authority {
                #expect(try verify(leaf, other, right).status != 0)
            }
        }
        for name in ["localhost", "api.example.com"] {
            let answer = try OpenSSLCommand.run([
                "verify", "-x509_strict", "-verify_hostname", name, "-CAfile", folder.path("ca.pem"),
                folder.path("gateway.pem"),
            ])
            #expect(answer.status == 0, "\(answer.output)")
        }
    }

    @Test("swift-certificates' verifier accepts each certificate under RFC 5280")
    func verifier() async throws {
        try make()
        for (leaf, authority) in Self.leaves {
            let root = try Certificate(pemEncoded: folder.read("\(authority).pem"))
            let certificate = try Certificate(pemEncoded: folder.read("\(leaf).pem"))
            var verifier = Verifier(rootCertificates: CertificateStore([root])) { RFC5280Policy() }
            let result = await verifier.validate(leaf: certificate, intermediates: CertificateStore())
            guard case .validCertificate = result else {
                Issue.record("\(leaf): \(result)")
                continue
            }
        }
    }

    @Test("the extensions are those that browsers ask for")
    func extensions() throws {
        try make()
        for (name, authority) in Self.leaves {
            let leaf = try Certificate(pemEncoded: folder.read("\(name).pem"))
            let issuer = try Certificate(pemEncoded: folder.read("\(authority).pem"))
            #expect(leaf.extensions[oid: .X509ExtensionID.basicConstraints]?.critical == true)
            #expect(issuer.extensions[oid: .X509ExtensionID.basicConstraints]?.critical == true)
            #expect(
                try leaf.extensions.authorityKeyIdentifier?.keyIdentifier
                    == issuer.extensions.subjectKeyIdentifier?.keyIdentifier)
            #expect(try leaf.extensions.subjectAlternativeNames?.isEmpty == false)
            #expect(leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore) < 398 * 86_400)
            for serial in [leaf.serialNumber, issuer.serialNumber] {
                #expect(serial.bytes.count == 16)
                #expect((0x40...0x7F).contains(serial.bytes.first ?? 0))
            }
        }
    }

    @Test(
        "the authority of the gateway may vouch for the gateway's names only", .enabled(if: OpenSSLCommand.path != nil))
    func constrained() throws {
        try make()
        let authority = try DevelopmentAuthority(certificatePEM: folder.read("ca.pem"), keyPEM: folder.read("ca.key"))
        try folder.write(
            authority.issueServer(dnsNames: ["www.bank.example"], validity: .days(1, from: now)).certificatePEM,
            "stolen.pem")
        let answer = try OpenSSLCommand.run(["verify", "-CAfile", folder.path("ca.pem"), folder.path("stolen.pem")])
        #expect(answer.status != 0)
        #expect(answer.output.contains("permitted subtree violation"))
    }

    @Test("a second call keeps everything and says so")
    func again() throws {
        try make()
        let before = try contents()
        let outcomes = try make()
        #expect(try contents() == before)
        #expect(outcomes.count == 9)
        for (name, outcome) in outcomes {
            guard case .kept = outcome else {
                Issue.record("\(name): \(outcome)")
                continue
            }
        }
    }

    @Test("what has expired is renewed for the key that is there; the rest stays")
    func expired() throws {
        try make()
        let before = try contents()
        let outcomes = try make(now: now + 85 * 86_400)
        let after = try contents()
        #expect(outcomes["gateway.pem"] == .renewed("it expires within a week"))
        #expect(after["gateway.pem"] != before["gateway.pem"])
        #expect(after["gateway.key"] == before["gateway.key"])
        #expect(after["ca.pem"] == before["ca.pem"])
        #expect(
            KeyPairCheck.check(
                chain: folder.path("gateway.pem"), key: folder.path("gateway.key"), now: now + 85 * 86_400) == [])
    }

    @Test("--force makes everything anew, keys with mode 0600")
    func force() throws {
        try make()
        let before = try contents()
        try make(force: true)
        let after = try contents()
        for (name, text) in before { #expect(after[name] != text, "\(name)") }
        for name in folder.names where name.hasSuffix(".key") { #expect(try folder.mode(name) == 0o600) }
    }

    @Test(
        "a certificate that somebody else issued, and its key, are never touched, whatever is forced",
        .enabled(if: OpenSSLCommand.path != nil))
    func foreign() throws {
        try make()
        let foreign = try OpenSSLCommand.run([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=theirs", "-keyout",
            folder.path("gateway.key"), "-out", folder.path("gateway.pem"),
        ])
        try #require(foreign.status == 0)
        let before = try contents()
        for force in [false, true] {
            #expect(try make(force: force)["gateway.pem"] == .leftAlone("somebody else issued it"))
            #expect(try folder.read("gateway.pem") == before["gateway.pem"])
            #expect(try folder.read("gateway.key") == before["gateway.key"])
        }
    }

    @Test("a key without a certificate may be anybody's: it stays, even under --force, and gets a certificate")
    func loneKey() throws {
        let theirs = try DevelopmentAuthority.create(commonName: "x", validity: .days(30, from: now)).keyPEM
        try folder.write(theirs, "gateway.key")
        try make(force: true)
        #expect(try folder.read("gateway.key") == theirs)
        #expect(KeyPairCheck.check(chain: folder.path("gateway.pem"), key: folder.path("gateway.key"), now: now) == [])
    }

    @Test("a key beside a set that is not its own stays, even under --force")
    func foreignPartnerKey() throws {
        let theirs = try DevelopmentAuthority.create(commonName: "x", validity: .days(30, from: now)).keyPEM
        try folder.write(theirs, "partner.key")
        try make(force: true)
        #expect(try folder.read("partner.key") == theirs)
        #expect(try folder.read("partner.jwks.json").contains("\"kid\""))
    }

    @Test("an authority without its key stays as long as it need not issue")
    func withoutAuthorityKey() throws {
        try make()
        try FileManager.default.removeItem(atPath: folder.path("ca.key"))
        guard case .kept = try make()["ca.pem"] else {
            Issue.record("ca.pem was not kept")
            return
        }
        #expect(!folder.names.contains("ca.key"))
        try FileManager.default.removeItem(atPath: folder.path("gateway.pem"))
        let outcomes = try make()
        #expect(outcomes["ca.pem"] == .renewed("its key is missing"))
        #expect(outcomes["gateway.pem"] == .renewed("there is no certificate"))
    }

    @Test("a call that stopped half way is mended by the next")
    func halfWay() throws {
        try make()
        let other = try DevelopmentAuthority.create(commonName: "x", validity: .days(30, from: now)).keyPEM
        try FileManager.default.removeItem(atPath: folder.path("orders.key"))
        try folder.write(other, "orders.key")
        #expect(try make()["orders.pem"] == .renewed("its key is another"))
        #expect(try folder.read("orders.key") == other)
        #expect(KeyPairCheck.check(chain: folder.path("orders.pem"), key: folder.path("orders.key"), now: now) == [])
    }

    @Test("another host name brings a new authority, which is constrained to it")
    func otherName() throws {
        try make()
        let outcomes = try make(hostNames: ["gateway.test"])
        #expect(outcomes["ca.pem"] == .renewed("it may not vouch for the names asked for"))
        // Those of before stay: who adds a name would not lose others.
        #expect(
            try PEMCertificates(path: folder.path("gateway.pem")).facts[0].dnsNames
                == ["gateway.test"] + DevelopmentCertificates.hostNamesDefault)
        guard case .kept = outcomes["client.pem"] else {
            Issue.record("client.pem was not kept")
            return
        }
    }

    @Test("a service that was asked for once is renewed with its authority, whoever calls next")
    func services() throws {
        let certificates = DevelopmentCertificates(folder: folder.path, services: ["shop"])
        _ = try certificates.make(now: now)
        let later = now + 4_000 * 86_400
        let outcomes = try make(now: later)
        guard case .renewed = outcomes["shop.pem"] else {
            Issue.record("shop.pem was not renewed: \(outcomes)")
            return
        }
        #expect(
            KeyPairCheck.check(chain: folder.path("shop.pem"), key: folder.path("shop.key"), now: later) == [])
    }

    @Test("calls at the same time leave one consistent set")
    func atOnce() async throws {
        let path = folder.path
        let now = now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { _ = try? DevelopmentCertificates(folder: path).make(now: now) } }
        }
        for (leaf, authority) in Self.leaves {
            #expect(
                KeyPairCheck.check(chain: folder.path("\(leaf).pem"), key: folder.path("\(leaf).key"), now: now) == [])
            let issuer = try Certificate(pemEncoded: folder.read("\(authority).pem"))
            #expect(DevelopmentAuthority.hasIssued(try Certificate(pemEncoded: folder.read("\(leaf).pem")), by: issuer))
        }
        #expect(!folder.names.contains { $0.contains(".new-") })
    }

    @Test("a file that is in the way and cannot be read stops the call and is named")
    func unreadable() throws {
        try folder.write("not PEM", "gateway.pem")
        let error = #expect(throws: DevelopmentCertificatesError.self) { try make() }
        #expect(error?.description.contains("gateway.pem holds no PEM block") == true)
        #expect(try folder.read("gateway.pem") == "not PEM")
    }
}
