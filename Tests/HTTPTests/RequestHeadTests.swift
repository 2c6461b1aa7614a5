import HTTP
import Testing

@Suite("Request heads")
struct RequestHeadTests {
    @Test("a request is understood: method, host, path, query, fields")
    func understood() throws {
        let head = try read(
            "GET /orders/7?page=2 HTTP/1.1\r\nHost: API.example.com:8443\r\nAuthorization:  Bearer abc \r\nX-A: \r\n\r\n"
        )
        #expect(head.method == .get)
        #expect(head.text(head.methodText) == "GET")
        #expect(head.text(head.target) == "/orders/7?page=2")
        #expect(head.text(head.host) == "api.example.com")
        #expect(head.port == 8443)
        #expect(head.text(head.path) == "/orders/7")
        #expect(head.query.map(head.text) == "page=2")
        #expect(head.pathFeatures == [])
        #expect(head.framing == .none)
        #expect(head.keepAlive)
        #expect(head.first(.authorization).map(head.text) == "Bearer abc")
        #expect(head.count(.authorization) == 1)
        #expect(head.first(.cookie) == nil)
        #expect(head.first(.other) == nil)
        #expect(head.fieldCount == 3)
        #expect(head.text(head.fields[2].value) == "")
    }

    @Test(
        "methods are case-sensitive tokens",
        arguments: [
            ("GET", Method.get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete),
            ("PATCH", .patch),
            ("OPTIONS", .options), ("TRACE", .trace), ("get", .other), ("GETT", .other), ("XGET", .other),
            ("PROPFIND", .other), ("VERYLONGMETHODGET", .other), ("M-SEARCH", .other),
        ])
    func methods(_ token: String, _ method: Method) throws {
        let head = try read("\(token) / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.method == method)
        #expect(head.text(head.methodText) == token)
        if method != .other { #expect("\(method.token)" == token) }
    }

    @Test(
        "every known field is recognised in any letter case, and only by its own name", arguments: KnownField.allCases)
    func known(_ field: KnownField) throws {
        guard field != .other, field != .host, field != .contentLength, field != .transferEncoding, field != .expect
        else { return }
        let name = "\(field.name)"
        for spelling in [name, name.uppercased()] {
            let head = try read(
                "GET / HTTP/1.1\r\nHost: a\r\n\(spelling): x\r\nx\(spelling): y\r\n\(spelling)x: y\r\n\r\n")
            #expect(head.fields[1].known == field)
            #expect(head.count(field) == 1)
            #expect(head.first(field).map(head.text) == "x")
        }
    }

    @Test("a field that comes several times is counted, and the first is found first")
    func several() throws {
        let head = try read("GET / HTTP/1.1\r\nHost: a\r\nCookie: 1\r\ncookie: 2\r\nCOOKIE: 3\r\n\r\n")
        #expect(head.count(.cookie) == 3)
        #expect(head.first(.cookie).map(head.text) == "1")
    }

    @Test(
        "names that an upstream may take for one another have one hash and one folded name",
        arguments: ["X-Auth-Subject", "x_auth_subject", "X.AUTH.SUBJECT", "x-Auth_subJect"]
            + "!#$%&'*+^`|~".map { "X\($0)Auth\($0)Subject" })
    func folded(_ name: String) throws {
        let head = try read("GET / HTTP/1.1\r\nHost: a\r\n\(name): x\r\n\r\n")
        #expect(head.fields[1].foldedHash == Field.foldedHash(of: Array("x-auth-subject".utf8)))
        #expect(head.isNamed(head.fields[1], folded: Array("x-auth-subject".utf8)))
        #expect(!head.isNamed(head.fields[0], folded: Array("x-auth-subject".utf8)))
        #expect(head.fields[1].irregular == name.contains { !$0.isLetter && $0 != "-" })
    }

    @Test(
        "the connection is kept by version and Connection",
        arguments: [
            ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
            ("HTTP/1.1", "Connection: Keep-Alive\r\n", true),
            ("HTTP/1.1", "Connection: keep-alive, CLOSE\r\n", false),
            ("HTTP/1.1", "Connection: x\r\nConnection: close\r\n", false),
            ("HTTP/1.0", "", false), ("HTTP/1.0", "Connection: keep-alive\r\n", true),
            ("HTTP/1.0", "Connection: keep-alive\r\nConnection: close\r\n", false),
            ("HTTP/1.1", "Connection: , ,\r\n", true),
        ])
    func keepAlive(_ version: String, _ fields: String, _ kept: Bool) throws {
        #expect(try read("GET / \(version)\r\nHost: a\r\n\(fields)\r\n").keepAlive == kept)
    }

    @Test("Connection names the fields that are not passed on")
    func nominated() throws {
        let head = try read(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close , x-one\r\nX-One: 1\r\nX-Two: 2\r\nX-Onee: 3\r\nConnection:\tX-TWO\r\nX-One: 4\r\n\r\n"
        )
        #expect(head.fields.map { head.isNominatedByConnection($0) } == [false, false, true, true, false, false, true])
        let plain = try read("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\n\r\n")
        #expect(!plain.fields.contains { plain.isNominatedByConnection($0) })
        let alike = try read("GET / HTTP/1.1\r\nHost: a\r\nConnection: x-alone\r\nX-Other: 1\r\nX-Alone: 2\r\n\r\n")
        #expect(alike.fields.map { alike.isNominatedByConnection($0) } == [false, false, false, true])
    }

    @Test(
        "another protocol is taken where it can be meant, and else the offer is ignored (RFC 9110 §7.8)",
        arguments: [
            ("Connection: Upgrade\r\nUpgrade: websocket", "websocket"),
            ("Connection: keep-alive, uPGRADE\r\nUpgrade: websocket, spdy/3.1", "websocket, spdy/3.1"),
            ("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0", "websocket"),
            ("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5", nil),
            ("Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked", nil),
            ("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: spdy/3.1", nil), ("Upgrade: websocket", nil),
            ("Connection: Upgrade", nil), ("Connection: Upgrade\r\nUpgrade:", nil),
            ("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk", nil),
            ("Connection: Upgrade\r\nUpgrade: websocket,\tH2C", nil), ("Connection: Upgrade\r\nUpgrade: HTTP/2.0", nil),
            ("Connection: Upgrade\r\nUpgrade: TLS/1.0", nil),
        ])
    func upgrade(fields: String, expected: String?) throws {
        let head = try read("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n")
        #expect(head.upgrade.map { String(decoding: head.octets($0), as: UTF8.self) } == expected)
        #expect(try read("POST / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n").upgrade == nil)
    }

    @Test("an option that is as long as keep-alive names a field", arguments: ["x-ten-long", "x-ten-long, X-Ten-Long"])
    func optionOfTen(_ options: String) throws {
        let head = try read("GET / HTTP/1.0\r\nHost: a\r\nConnection: \(options)\r\nX-Ten-Long: 1\r\n\r\n")
        #expect(!head.keepAlive)
        #expect(head.isNominatedByConnection(head.fields[2]))
    }

    @Test(
        "a body is framed by one length or by chunks",
        arguments: [
            ("", BodyFraming.none), ("Content-Length: 0\r\n", .length(0)), ("Content-Length: 42\r\n", .length(42)),
            ("Content-Length: 000000000000000042\r\n", .length(42)),
            ("content-length:999999999999999999\r\n", .length(999_999_999_999_999_999)),
            ("Transfer-Encoding: chunked\r\n", .chunked), ("transfer-encoding:\tCHUNKED \r\n", .chunked),
        ])
    func framing(_ fields: String, _ framing: BodyFraming) throws {
        #expect(try read("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").framing == framing)
    }

    @Test("100-continue counts only where a body follows and the client speaks HTTP/1.1")
    func expectation() throws {
        #expect(
            try read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n").expectsContinue)
        #expect(
            try !read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n").expectsContinue
        )
        #expect(
            try !read("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").expectsContinue
        )
    }

    @Test(
        "hosts are lower-cased, without port and trailing dot",
        arguments: [
            ("a", "a", nil), ("API.Example.COM", "api.example.com", nil), ("a.b.:80", "a.b", 80), ("a:", "a", nil),
            ("127.0.0.1:65535", "127.0.0.1", 65535), ("[::1]", "[::1]", nil), ("[FE80::A]:8443", "[fe80::a]", 8443),
            ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", nil), ("my_service", "my_service", nil),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", nil),
        ] as [(String, String, Int?)])
    func hosts(_ value: String, _ host: String, _ port: Int?) throws {
        let head = try read("GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n")
        #expect(head.text(head.host) == host)
        #expect(head.port == port)
    }

    @Test("a host is copied only where it has capitals", arguments: ["a.b", "[::1]", "[fe80::a]", "a.B", "[FE80::A]"])
    func copiedHosts(_ host: String) throws {
        let before = "GET / HTTP/1.1\r\nHost: "
        let isInPlace = try read(before + host + "\r\n\r\n").host.start == before.utf8.count
        #expect(isInPlace == (host == host.lowercased()))
    }

    @Test(
        "a path in its normal form is not copied, with its query or without",
        arguments: [("/a/b.c/", false), ("/a/b?x=.//", false), ("//a", true), ("/a?\u{E9}", true)])
    func copiedPaths(_ target: String, isCopied: Bool) throws {
        let text = "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect((try read(text).path.end > text.utf8.count) == isCopied)
    }

    @Test("a host name of 255 octets is read, a longer one is refused")
    func longHosts() {
        #expect(throws: Never.self) {
            try read("GET / HTTP/1.1\r\nHost: \(String(repeating: "a", count: 255))\r\n\r\n")
        }
        #expect(throws: HeadError.badHost) {
            try read("GET / HTTP/1.1\r\nHost: \(String(repeating: "a", count: 256))\r\n\r\n")
        }
    }

    @Test(
        "a whole URI as target is understood when it agrees with Host",
        arguments: [
            ("http://a/x?y", "a", "/x", "y", RequestHead.Scheme.http), ("HTTPS://A.b:443/x", "a.b", "/x", nil, .https),
            ("http://a", "a", "/", nil, .http), ("http://a?q", "a", "/", "q", .http),
            ("http://a:8080/", "A:8080", "/", nil, .http),
            ("http://[::1]/%7ex", "[::1]", "/~x", nil, .http),
        ] as [(String, String, String, String?, RequestHead.Scheme)])
    func absolute(_ target: String, _ host: String, _ path: String, _ query: String?, _ scheme: RequestHead.Scheme)
        throws
    {
        let head = try read("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(head.text(head.path) == path)
        #expect(head.query.map(head.text) == query)
        #expect(head.targetScheme == scheme)
        #expect(head.text(head.host) == host.split(separator: ":8080").first.map { $0.lowercased() })
    }

    @Test("OPTIONS may ask about everything")
    func asterisk() throws {
        let head = try read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.text(head.path) == "*")
        let whole = try read("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(whole.text(whole.path) == "*")
    }

    @Test("obs-text and HTAB in values are passed on as octets")
    func octets() throws {
        let octets = latin1("GET / HTTP/1.1\r\nHost: a\r\nX: \u{E9}\t\u{FF}\r\n\r\n")
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        _ = try parser.parseRequest(octets.span, into: &head)
        #expect(Array(head.octets(head.fields[1].value)) == [0xE9, 0x09, 0xFF])
        #expect(head.equals(head.fields[1].value, [0xE9, 0x09, 0xFF]))
        #expect(head.text(head.fields[1].value) == "\u{FFFD}\t\u{FFFD}")
        #expect(head.matches(head.fields[1].name, "x"))
        #expect(!head.matches(head.fields[1].name, "y"))
    }
}

@Test(
    "what was understood of a head that is too large can be asked for without a trap",
    arguments: [
        "GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a", count: 20_000)): b\r\n\r\n",
    ])
func headsThatAreTooLargeCanBeRecorded(text: String) {
    var parser = HeadParser()
    var head = RequestHead()
    let octets = Array(text.utf8)
    #expect(throws: HeadError.self) { try parser.parseRequest(octets.span, into: &head) }
    for slice in [head.methodText, head.target, head.host, head.path] { _ = head.text(slice) }
    for field in head.fields { _ = head.text(field.name) + head.text(field.value) }
}
