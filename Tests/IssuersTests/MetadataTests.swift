import HTTP
import JSON
import Testing

@testable import Issuers

@Suite("finding an issuer's keys by its metadata")
struct MetadataTests {
    @Test(
        "RS-061 the well-known path stands before the issuer's path, OpenID Connect's behind it",
        arguments: [
            (
                "https://login.example", "https://login.example/.well-known/oauth-authorization-server",
                "https://login.example/.well-known/openid-configuration"
            ),
            (
                "https://login.example/", "https://login.example/.well-known/oauth-authorization-server",
                "https://login.example/.well-known/openid-configuration"
            ),
            (
                "https://login.example/realms/shop",
                "https://login.example/.well-known/oauth-authorization-server/realms/shop",
                "https://login.example/realms/shop/.well-known/openid-configuration"
            ),
            (
                "https://login.example:8443/a/b/",
                "https://login.example:8443/.well-known/oauth-authorization-server/a/b",
                "https://login.example:8443/a/b/.well-known/openid-configuration"
            ),
        ])
    func places(issuer: String, first: String, second: String) {
        #expect(MetadataLocation.urls(ofIssuer: issuer).map(\.description) == [first, second])
    }

    @Test("RS-061 both places are tried, and the one that answers names the keys", arguments: [0, 1])
    func both(failures: Int) throws {
        var harness = RingHarness.discovering()
        harness.wake()
        for _ in 0..<failures { harness.finish(.success(OutgoingAnswer(status: 404, body: []))) }
        harness.bringMetadata()
        #expect(harness.fetches.map(\.url) == [RingHarness.keySetPlace])
        harness.bring([try PublishedKey("a")])
        #expect(harness.kids == ["a"])
        // The next refresh needs no metadata.
        harness.pass(600)
        #expect(harness.fetches.map(\.url) == [RingHarness.keySetPlace])
    }

    @Test("the place that answered is asked first next time, when metadata is an hour old")
    func remembered() throws {
        var harness = RingHarness.discovering()
        harness.wake()
        harness.finish(.success(OutgoingAnswer(status: 404, body: [])))
        harness.bringMetadata()
        for _ in 0..<8 {
            harness.bring([try PublishedKey("a")])
            harness.pass(600)
        }
        #expect(harness.fetches.map(\.url.target) == ["/.well-known/openid-configuration"])
    }

    @Test(
        "a host that does not answer is not asked twice in a row",
        arguments: [OutgoingFailure.unreachable, .timeout, .tlsFailed].map(KeyFetchFailure.noAnswer))
    func silent(failure: KeyFetchFailure) {
        var harness = RingHarness.discovering()
        harness.wake()
        harness.finish(.failure(failure))
        #expect(harness.fetches.isEmpty)
        #expect(harness.status.failure == failure)
    }

    @Test(
        "RS-062 RS-048 metadata of another issuer is not used, and the issuer counts as degraded",
        arguments: [
            "https://login.example/", "https://LOGIN.example", "https://login.example:443", "https://other.example",
            "http://login.example", "",
        ])
    func wrongIssuer(issuer: String) {
        var harness = RingHarness.discovering()
        harness.wake()
        harness.bringMetadata(issuer: issuer)
        // The other place may do better; here it does not exist.
        harness.finish(.success(OutgoingAnswer(status: 404, body: [])))
        #expect(harness.fetches.isEmpty)
        #expect(harness.status.failure == .wrongIssuer)
        #expect(harness.status.alarms == ["no_keys", "wrong_issuer"])
        #expect(harness.status.degradedNanoseconds == 0)
    }

    @Test(
        "RS-063 RS-068 keys are fetched over https and from configured hosts only",
        arguments: [
            "http://login.example/jwks", "http://127.0.0.1/jwks", "https://evil.example/jwks",
            "https://login.example.evil.example/jwks",
            "https://login.example@evil.example/jwks", "https://169.254.169.254/latest", "file:///etc/passwd", "/jwks",
            "", "https://login.example\\@evil.example/",
            "https://sub.login.example/jwks",
        ])
    func forbidden(jwks: String) {
        var harness = RingHarness.discovering()
        harness.wake()
        for _ in 0..<2 { harness.bringMetadata(jwks: jwks) }
        #expect(harness.fetches.isEmpty)
        #expect(harness.status.failure == .forbiddenKeySetURL)
    }

    @Test("a key set on another host counts when that host is configured")
    func otherHost() {
        var harness = RingHarness.discovering(hosts: ["keys.example"])
        harness.wake()
        harness.bringMetadata(jwks: "https://keys.example/certs")
        #expect(harness.fetches.map(\.url.description) == ["https://keys.example/certs"])
    }

    @Test("RS-063 plain http needs a loopback address and the word for it", arguments: [(true, true), (false, false)])
    func plaintext(allowed: Bool, fetched: Bool) {
        var harness = RingHarness(
            KeySource(
                identifier: RingHarness.identifier, place: .metadata([url("http://127.0.0.1:8080/meta")]),
                allowsPlaintextLoopback: allowed))
        harness.wake()
        harness.bringMetadata(jwks: "http://127.0.0.1:8080/jwks")
        #expect(harness.fetches.isEmpty != fetched)
    }

    @Test(
        "RS-068 metadata that redirects, is no JSON, or names no key set is not used",
        arguments: [
            (OutgoingAnswer(status: 301, body: []), KeyFetchFailure.redirected),
            (OutgoingAnswer(status: 200, contentType: "text/html", body: []), .wrongContentType),
            (OutgoingAnswer(status: 200, body: Array("[]".utf8)), .metadataNotJSON),
            (
                OutgoingAnswer(
                    status: 200,
                    body: Array("{\"issuer\": \"https://login.example\", \"issuer\": \"https://login.example\"}".utf8)),
                .metadataNotJSON
            ),
            (
                OutgoingAnswer(status: 200, body: Array("{\"issuer\": \"https://login.example\"}".utf8)),
                .missingKeySetURL
            ),
            (OutgoingAnswer(status: 200, body: Array("{\"issuer\": 1}".utf8)), .wrongIssuer),
        ])
    func bad(answer: OutgoingAnswer, failure: KeyFetchFailure) {
        var harness = RingHarness.discovering()
        harness.wake()
        for _ in 0..<2 { harness.finish(.success(answer)) }
        #expect(harness.fetches.isEmpty)
        #expect(harness.status.failure == failure)
    }

    @Test("metadata is read again after a failure, so that a key set that moved is found")
    func moved() throws {
        var harness = RingHarness.discovering()
        harness.wake()
        harness.bringMetadata()
        harness.bring([try PublishedKey("a")])
        harness.pass(600)
        harness.finish(.success(OutgoingAnswer(status: 404, body: [])))
        harness.pass(10)
        #expect(harness.fetches.map(\.url.target) == ["/.well-known/oauth-authorization-server"])
        harness.bringMetadata(jwks: "https://login.example/new")
        harness.bring([try PublishedKey("b")])
        #expect(harness.kids == ["b"])
    }

    @Test("a template of issuers is compared as it is written")
    func template() {
        let template = "https://login.example/{tenantid}/v2.0"
        let source = KeySource(
            identifier: template,
            place: .metadata([url("https://login.example/common/v2.0/.well-known/openid-configuration")]))
        var harness = RingHarness(source)
        harness.wake()
        harness.bringMetadata(issuer: template)
        #expect(harness.fetches.map(\.url) == [RingHarness.keySetPlace])
    }
}

@Suite("addresses that may be fetched from")
struct AddressRuleTests {
    @Test(
        "link-local addresses and those of clouds' metadata are refused, in every spelling",
        arguments: [
            [169, 254, 169, 254], [169, 254, 0, 1], [0, 0, 0, 0], [255, 255, 255, 255], [224, 0, 0, 1],
            [100, 100, 100, 200], [168, 63, 129, 16],
            [192, 0, 0, 192], [UInt8](repeating: 0, count: 16), [0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1],
            [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 169, 254, 169, 254],
            [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8) + [169, 254, 169, 254],
            [0x20, 0x02, 169, 254, 169, 254] + [UInt8](repeating: 0, count: 10),
            [0xFD, 0, 0x0E, 0xC2] + [UInt8](repeating: 0, count: 10) + [2, 0x54],
            [0xFF, 2] + [UInt8](repeating: 0, count: 14), [], [1, 2, 3],
        ] as [[UInt8]])
    func refused(address: [UInt8]) {
        #expect(AddressRule().permits(address) == false)
    }

    @Test(
        "public, private and loopback addresses pass",
        arguments: [
            [93, 184, 216, 34], [10, 0, 0, 1], [192, 168, 1, 1], [127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1],
            [0xFD, 0x12] + [UInt8](repeating: 7, count: 14),
            [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 12),
        ] as [[UInt8]])
    func allowed(address: [UInt8]) {
        #expect(AddressRule().permits(address))
    }

    @Test(
        "where strangers choose, only addresses of the public network pass, however they are written",
        arguments: [
            [10, 0, 0, 1], [172, 16, 0, 1], [172, 31, 255, 1], [192, 168, 1, 1], [127, 0, 0, 1], [100, 64, 0, 1],
            [192, 0, 2, 1], [198, 18, 0, 1], [198, 51, 100, 1], [203, 0, 113, 1],
            [UInt8](repeating: 0, count: 15) + [1], [0xFD, 0x12] + [UInt8](repeating: 7, count: 14),
            [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 12),
            [0x20, 0x01, 0, 0, 0x7F, 0] + [UInt8](repeating: 0, count: 10),
            [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 0, 0, 1],
            [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, 192, 168, 1, 1],
            [0x20, 0x02, 127, 0, 0, 1] + [UInt8](repeating: 0, count: 10),
        ] as [[UInt8]])
    func publicOnly(address: [UInt8]) {
        #expect(AddressRule(isPublicOnly: true).permits(address) == false)
        #expect(AddressRule(allowed: [address], isPublicOnly: true).permits(address))
        #expect(AddressRule(isPublicOnly: true).permits([93, 184, 216, 34]))
        #expect(AddressRule(isPublicOnly: true).permits([0x2A, 0] + [UInt8](repeating: 1, count: 14)))
        #expect(AddressRule(isPublicOnly: true).permits([172, 32, 0, 1]))
    }

    @Test("an address passes when it is allowed by name, and only that one")
    func byName() {
        let rule = AddressRule(allowed: [[169, 254, 1, 1]])
        #expect(rule.permits([169, 254, 1, 1]))
        #expect(rule.permits([169, 254, 169, 254]) == false)
    }
}
