import HTTP
import Testing

@Suite("Paths")
struct PathTests {
    static let rows: [(raw: String, normal: String, features: PathFeatures)] = [
        ("/", "/", []), ("/a", "/a", []), ("/a/", "/a/", []), ("/a/b.c/d", "/a/b.c/d", []),
        ("/a:b@c!$&'()*+,=-._~", "/a:b@c!$&'()*+,=-._~", []),
        ("/%61%7e%2D", "/a~-", []), ("/%c3%a9", "/%C3%A9", []), ("/%C3%80", "/%C3%80", []), ("/%C3%A9", "/%C3%A9", []),
        ("/a%20b", "/a%20b", []),
        ("/%25", "/%25", []), ("/%252e%252e", "/%252e%252e", []), ("/%3b", "/%3B", []), ("/%3f%23", "/%3F%23", []),
        ("/%e9", "/%E9", []),
        ("/.a", "/.a", []), ("/a./b..", "/a./b..", []), ("/...", "/...", []), ("/.well-known/x", "/.well-known/x", []),
        ("/.", "/", .dotSegments), ("/./a", "/a", .dotSegments), ("/a/.", "/a/", .dotSegments),
        ("/a/./b", "/a/b", .dotSegments),
        ("/a/..", "/", .dotSegments), ("/a/../b", "/b", .dotSegments), ("/a/b/..", "/a/", .dotSegments),
        ("/a/b/../../c", "/c", .dotSegments), ("/a/%2e%2E/b", "/b", .dotSegments), ("/a/.%2e", "/", .dotSegments),
        ("/a/%2e/b", "/a/b", .dotSegments),
        ("//", "//", .emptySegments), ("/a//b", "/a//b", .emptySegments), ("//a", "//a", .emptySegments),
        ("/a//", "/a//", .emptySegments), ("/a//../b", "/a/b", [.emptySegments, .dotSegments]),
        ("/a/..//b", "//b", [.emptySegments, .dotSegments]), ("/a/.//b", "/a//b", [.emptySegments, .dotSegments]),
        ("/a%2fb", "/a%2Fb", .encodedSlash), ("/a%2Fb", "/a%2Fb", .encodedSlash), ("/%2f", "/%2F", .encodedSlash),
        ("/a%5cb", "/a%5Cb", .encodedBackslash), ("/a;b=c/d", "/a;b=c/d", .semicolon), ("/;", "/;", .semicolon),
        ("/a;..", "/a;..", .semicolon), ("/...;a", "/...;a", .semicolon),
        ("/\u{E9}", "/%E9", .nonASCII), ("/\u{C3}\u{A9}/x", "/%C3%A9/x", .nonASCII),
        ("/a;b//%2f/./\u{E9}", "/a;b//%2F/%E9", [.semicolon, .emptySegments, .encodedSlash, .dotSegments, .nonASCII]),
    ]

    @Test("a path has one normal form, and what was irregular is reported", arguments: rows)
    func normal(_ raw: String, _ normal: String, _ features: PathFeatures) throws {
        let result = try PathNormaliser.normalised(latin1(raw))
        #expect(String(decoding: result.path, as: UTF8.self) == normal)
        #expect(result.features == features)
    }

    @Test("the path that is judged is the path that is forwarded, whichever way it was read", arguments: rows)
    func inARequest(_ raw: String, _ normal: String, _ features: PathFeatures) throws {
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        _ = try parser.parseRequest(latin1("GET \(raw)?x HTTP/1.1\r\nHost: a\r\n\r\n").span, into: &head)
        #expect(head.text(head.path) == normal)
        #expect(head.pathFeatures == features)
        #expect(head.query.map(head.text) == "x")
        var writer = ByteWriter()
        writer.append(head, head.path)
        #expect(writer.bytes == Array(normal.utf8))
    }

    @Test("normalising twice changes nothing", arguments: rows)
    func idempotent(_ raw: String, _ normal: String, _ features: PathFeatures) throws {
        let once = try PathNormaliser.normalised(latin1(raw))
        let twice = try PathNormaliser.normalised(once.path)
        #expect(twice.path == once.path)
        #expect(twice.features.isSubset(of: once.features.subtracting([.dotSegments, .nonASCII])))
    }

    @Test(
        "a path that no route can want is refused",
        arguments: [
            "/%00", "/%01", "/%1f", "/%7f", "/%0d%0a", "/%", "/%2", "/%2x", "/%x2", "/%%", "/a\\b", "/a b", "/a\"b",
            "/a<b", "/a>b",
            "/a^b", "/a`b", "/a{b", "/a|b", "/a}b", "/[a]", "/\u{7F}", "/\u{01}", "/..", "/../", "/../a", "/a/../..",
            "/a/../../b",
            "/%2e%2e", "/./..", "/..;", "/a/..;/b", "/a/.;x", "/a/%2e%2e;/b", "/..%2fa", "/a%2f..", "/a/x%2f..%2fb",
            "/a%5c..", "/.%2f",
            "/a%2f.;b", "/%c0%af", "/%C1%9C", "/%e0%80%af", "/%f0%80%80%af", "/\u{C0}\u{AF}", "/%c0\u{AF}",
        ])
    func refused(_ raw: String) {
        #expect(throws: HeadError.badPath) { try PathNormaliser.normalised(latin1(raw)) }
    }

    /// Pieces that paths of attacks are made of.
    private static let pieces = [
        "/", "/", "/", "a", "b", ".", "..", "%2e", "%2E%2e", "%2f", "%5C", ";", ";x=y", "//", "%61", "%C3%A9", "%25",
        "\u{E9}", "~", "%7E", "%00",
        "..;", "%3b", "?", "\\", "%252e",
    ]

    @Test(
        "paths put together at random: the normal form is stable, has no dot segments, and reads the same in a request")
    func properties() throws {
        var dice = Dice(state: 7)
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...9, using: &dice)
            let raw = latin1("/" + (0..<count).map { _ in Self.pieces.randomElement(using: &dice) ?? "" }.joined())
            let path = raw.prefix { $0 != UInt8(ascii: "?") }
            guard let once = try? PathNormaliser.normalised(Array(path)) else { continue }
            accepted += 1
            let twice = try PathNormaliser.normalised(once.path)
            #expect(twice.path == once.path)
            #expect(twice.features.isSubset(of: once.features))
            #expect(once.path.first == UInt8(ascii: "/"))
            #expect(once.path.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            let segments = once.path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(
                Array.init)
            #expect(!segments.contains(Array(".".utf8)) && !segments.contains(Array("..".utf8)))

            var parser = HeadParser(limits: HeadLimits())
            var head = RequestHead()
            let line = latin1("GET ") + raw + latin1(" HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try parser.parseRequest(line.span, into: &head)
            #expect(Array(head.octets(head.path)) == once.path)
        }
        #expect(accepted > 2_000)
    }

    @Test("a query is passed on as it was sent, but for octets beyond ASCII")
    func queries() throws {
        for (raw, query, features) in [
            ("a=b&c=%zz&d=[1]|{}^`\\\"<>;//../%00", "a=b&c=%zz&d=[1]|{}^`\\\"<>;//../%00", PathFeatures()),
            ("", "", []), ("?", "?", []), ("\u{E9}", "%E9", .nonASCII),
            ("q=\u{E9}", "q=%E9", .nonASCII),
        ] {
            var parser = HeadParser(limits: HeadLimits())
            var head = RequestHead()
            _ = try parser.parseRequest(latin1("GET /a?\(raw) HTTP/1.1\r\nHost: a\r\n\r\n").span, into: &head)
            #expect(head.query.map(head.text) == query)
            #expect(head.pathFeatures == features)
            #expect(head.text(head.path) == "/a")
        }
    }

    @Test("path features have names for routes.yaml")
    func names() {
        #expect(PathName.names.count == 6)
        for name in PathName.names {
            let feature = PathName.feature(named: name)
            #expect(feature.map(PathName.names(of:)) == [name])
        }
        #expect(PathName.feature(named: "encoded-slash") == nil)
    }
}
