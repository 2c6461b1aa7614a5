extension SmugglingCase {
    /// Every shape. The routes behind it let everybody GET and POST anything on `localhost`.
    static let all: [SmugglingCase] =
        startLines + lineEnds + fields + lengths + codings + lengthAndCoding + chunkedBodies + hosts + connections
        + sizes + targets

    /// RFC 9112 §3
    static let startLines: [SmugglingCase] = [
        .init(
            "two spaces after the method", .refused(400), "GET  /first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "two spaces before the version", .refused(400), "GET /first  HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"
        ),
        .init("a tab after the method", .refused(400), "GET\t/first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("a space before the method", .refused(400), " GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("a space after the version", .refused(400), "GET /first HTTP/1.1 \r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("no version: HTTP/0.9", .refused(400), "GET /first\r\n\r\n\(smuggled)"),
        .init("a second target", .refused(400), "GET /first /second HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "the version in small letters", .refused(400), "GET /first http/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("a version with two digits", .refused(400), "GET /first HTTP/1.10\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "a version that is not spoken here", .refused(505),
            "GET /first HTTP/1.2\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("HTTP/2 without negotiation", .refused(505), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        .init(
            "a method with a control character", .refused(400),
            "GE\u{01}T /first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("no method", .refused(400), "/first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "CONNECT to somewhere", .refused(501),
            "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n\(smuggled)"),
        .init("many empty lines before the request", .refused(400), "\r\n\r\n\r\n\r\n\r\n\(get(""))"),
        .init("one empty line before a request (RFC 9112 §2.2)", .served(1), "\r\n\(get("", then: ""))"),
    ]

    /// RFC 9112 §2.2: only CR LF ends a line here.
    static let lineEnds: [SmugglingCase] = [
        .init(
            "the request line ends with LF", .refused(400), "GET /first HTTP/1.1\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "the request line ends with CR", .refused(400), "GET /first HTTP/1.1\rHost: localhost\r\n\r\n\(smuggled)"),
        .init("a field line ends with LF", .refused(400), get("X-One: 1\nX-Two: 2\r\n")),
        .init("the empty line is LF", .refused(400), "GET /first HTTP/1.1\r\nHost: localhost\r\n\n\(smuggled)"),
        .init("everything ends with LF", .refused(400), "GET /first HTTP/1.1\nHost: localhost\n\n\(smuggled)"),
        .init("a CR inside a value", .refused(400), get("X-One: 1\rX-Two: 2\r\n")),
        .init("CR CR LF", .refused(400), get("X-One: 1\r\r\n")),
        .init("a CR hides a Content-Length", .refused(400), post("X-One: 1\rContent-Length: 45\r\n", then: smuggled)),
        .init("a folded value (RFC 9112 §5.2)", .refused(400), get("X-One: 1\r\n two\r\n")),
        .init(
            "a folded Transfer-Encoding", .refused(400),
            post("Transfer-Encoding:\r\n chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "the first field line is folded", .refused(400),
            "GET /first HTTP/1.1\r\n Host: localhost\r\nHost: localhost\r\n\r\n\(smuggled)"),
    ]

    /// RFC 9112 §5, RFC 9110 §5
    static let fields: [SmugglingCase] = [
        .init("a space before the colon", .refused(400), post("Content-Length : 45\r\n", then: smuggled)),
        .init(
            "a tab before the colon", .refused(400),
            post("Transfer-Encoding\t: chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init("a line without a colon", .refused(400), get("X-One\r\n")),
        .init("an empty name", .refused(400), get(": 1\r\n")),
        .init("a name with a space inside", .refused(400), get("X One: 1\r\n")),
        .init("a name with a NUL", .refused(400), get("Content-Length\u{00}: 1\r\n")),
        .init("a name with an octet above 127", .refused(400), get("X-Öne: 1\r\n")),
        .init("a name in brackets", .refused(400), get("(X-One): 1\r\n")),
        .init("a NUL in a value", .refused(400), get("X-One: 1\u{00}2\r\n")),
        .init("an ESC in a value", .refused(400), get("X-One: \u{1B}[31m\r\n")),
        .init("a DEL in a value", .refused(400), get("X-One: \u{7F}\r\n")),
        .init(
            "a vertical tab before a coding", .refused(400),
            post("Transfer-Encoding: \u{0B}chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init("a tab inside a value", .served(1), get("X-One: 1\t2\r\n", then: "")),
        .init("an empty value", .served(1), get("X-One:\r\n", then: "")),
    ]

    /// RFC 9112 §6.2
    static let lengths: [SmugglingCase] = [
        .init(
            "two lengths that differ", .refused(400),
            post("Content-Length: 0\r\nContent-Length: 45\r\n", then: smuggled)),
        .init("the same length twice", .refused(400), post("Content-Length: 4\r\nContent-Length: 4\r\n", then: "body")),
        .init("two lengths in one field", .refused(400), post("Content-Length: 0, 45\r\n", then: smuggled)),
        .init("the same length twice in one field", .refused(400), post("Content-Length: 4, 4\r\n", then: "body")),
        .init("a length with a plus sign", .refused(400), post("Content-Length: +4\r\n", then: "body")),
        .init("a length below zero", .refused(400), post("Content-Length: -1\r\n", then: smuggled)),
        .init("a length in hexadecimal digits", .refused(400), post("Content-Length: 0x4\r\n", then: "body")),
        .init("a length with a point", .refused(400), post("Content-Length: 4.0\r\n", then: "body")),
        .init("a length with an underscore", .refused(400), post("Content-Length: 4_0\r\n", then: smuggled)),
        .init("a length with a space inside", .refused(400), post("Content-Length: 4 5\r\n", then: smuggled)),
        .init("a length in quotes", .refused(400), post("Content-Length: \"4\"\r\n", then: "body")),
        .init("an empty length", .refused(400), post("Content-Length:\r\n", then: smuggled)),
        .init("a length beyond 64 bits", .refused(400), post("Content-Length: 18446744073709551620\r\n", then: "body")),
        .init(
            "a length of a thousand digits", .refused(400),
            post("Content-Length: \(String(repeating: "9", count: 1_000))\r\n")),
        .init("a length in Arabic digits", .refused(400), post("Content-Length: ٤\r\n", then: "body")),
        .init(
            "a body of that length, then a request", .served(2),
            post("Content-Length: 4\r\n", then: "body\(get("", then: ""))")),
        .init(
            "a GET with a body that looks like a request", .served(1), get("Content-Length: \(smuggled.utf8.count)\r\n")
        ),
    ]

    /// RFC 9112 §6.1
    static let codings: [SmugglingCase] = [
        .init(
            "a coding that is not known", .refused(400),
            post("Transfer-Encoding: gzip\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init("identity", .refused(400), post("Transfer-Encoding: identity\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "chunked, then another coding", .refused(400),
            post("Transfer-Encoding: chunked, identity\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "another coding, then chunked", .refused(400),
            post("Transfer-Encoding: gzip, chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "chunked twice in one field", .refused(400),
            post("Transfer-Encoding: chunked, chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "chunked in two fields", .refused(400),
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "chunked, then identity in another field", .refused(400),
            post("Transfer-Encoding: chunked\r\nTransfer-encoding: identity\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "a word that begins like chunked", .refused(400),
            post("Transfer-Encoding: chunkedx\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "a word that ends like chunked", .refused(400),
            post("Transfer-Encoding: xchunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "chunked in quotes", .refused(400), post("Transfer-Encoding: \"chunked\"\r\n", then: "0\r\n\r\n\(smuggled)")
        ),
        .init(
            "chunked with a parameter", .refused(400),
            post("Transfer-Encoding: chunked;q=1\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "chunked after a comma", .refused(400),
            post("Transfer-Encoding: , chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "chunked before a comma", .refused(400),
            post("Transfer-Encoding: chunked,\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init("an empty coding", .refused(400), post("Transfer-Encoding:\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "a coding in HTTP/1.0", .refused(400),
            "POST /first HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(smuggled)"),
        .init(
            "chunked in capital letters (RFC 9112 §7)", .served(2),
            post("Transfer-Encoding: CHUNKED\r\n", then: "4\r\nbody\r\n0\r\n\r\n\(get("", then: ""))")),
    ]

    /// RFC 9112 §6.3
    static let lengthAndCoding: [SmugglingCase] = [
        .init(
            "CL.TE: a length, then a coding", .refused(400),
            post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", then: "0\r\n\r\nG\(smuggled)")),
        .init(
            "TE.CL: a coding, then a length", .refused(400),
            post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", then: "5c\r\n\(smuggled)0\r\n\r\n")),
        .init(
            "TE.TE: two codings, one of them unknown, and a length", .refused(400),
            post(
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
                then: "5c\r\n\(smuggled)0\r\n\r\n")),
        .init(
            "a length of zero, and a coding", .refused(400),
            post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
        .init(
            "a GET with both", .refused(400),
            get("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", then: "0\r\n\r\n\(smuggled)")),
    ]

    /// RFC 9112 §7.1
    static let chunkedBodies: [SmugglingCase] = [
        .init("a chunk size in 0x form", .refusedInBody(400), chunks("0x4\r\nbody\r\n0\r\n\r\n")),
        .init("a chunk size with a sign", .refusedInBody(400), chunks("+4\r\nbody\r\n0\r\n\r\n")),
        .init("a chunk size below zero", .refusedInBody(400), chunks("-4\r\nbody\r\n0\r\n\r\n")),
        .init("a chunk size after a space", .refusedInBody(400), chunks(" 4\r\nbody\r\n0\r\n\r\n")),
        .init("a chunk size before a space", .refusedInBody(400), chunks("4 \r\nbody\r\n0\r\n\r\n")),
        .init("no chunk size", .refusedInBody(400), chunks("\r\nbody\r\n0\r\n\r\n")),
        .init("a chunk size beyond 64 bits", .refusedInBody(400), chunks("10000000000000004\r\nbody\r\n0\r\n\r\n")),
        .init("a chunk size that ends with LF", .refusedInBody(400), chunks("4\nbody\r\n0\r\n\r\n")),
        .init("a chunk that ends with LF", .refusedInBody(400), chunks("4\r\nbody\n0\r\n\r\n")),
        .init("a chunk that is longer than it says", .refusedInBody(400), chunks("4\r\nbodybody\r\n0\r\n\r\n")),
        .init("the last chunk ends with LF", .refusedInBody(400), chunks("4\r\nbody\r\n0\n\r\n")),
        .init("the trailers end with LF", .refusedInBody(400), chunks("4\r\nbody\r\n0\r\n\n")),
        .init("a chunk extension with LF", .refusedInBody(400), chunks("4;a\nb\r\nbody\r\n0\r\n\r\n")),
        .init("a chunk extension with CR", .refusedInBody(400), chunks("4;a\rb\r\nbody\r\n0\r\n\r\n")),
        .init(
            "a chunk extension without end", .refusedInBody(400),
            chunks("4;\(String(repeating: "a", count: 4_096))\r\nbody\r\n0\r\n\r\n")),
        .init(
            "chunks of one octet with large extensions (CVE-2023-39326)", .refusedInBody(400),
            chunks(String(repeating: "1;\(String(repeating: "a", count: 200))\r\nx\r\n", count: 200) + "0\r\n\r\n")),
        .init("a trailer that is folded", .refusedInBody(400), chunks("0\r\nX-One: 1\r\n two\r\n\r\n")),
        .init("a trailer with a space before the colon", .refusedInBody(400), chunks("0\r\nX-One : 1\r\n\r\n")),
        .init("a trailer with LF", .refusedInBody(400), chunks("0\r\nX-One: 1\nX-Two: 2\r\n\r\n")),
        .init("100 trailers", .refusedInBody(400), chunks("0\r\n\(String(repeating: "X-One: 1\r\n", count: 100))\r\n")),
        .init(
            "chunks with an extension, then a request", .served(2),
            post("Transfer-Encoding: chunked\r\n", then: "4;a=b\r\nbody\r\n0\r\n\r\n\(get("", then: ""))")),
        .init(
            "chunks with a trailer, then a request", .served(2),
            post("Transfer-Encoding: chunked\r\n", then: "4\r\nbody\r\n000\r\nX-One: 1\r\n\r\n\(get("", then: ""))")),
    ]

    /// RFC 9112 §3.2
    static let hosts: [SmugglingCase] = [
        .init("no Host", .refused(400), "GET /first HTTP/1.1\r\nX-One: 1\r\n\r\n\(smuggled)"),
        .init("no Host in HTTP/1.0", .refused(400), "GET /first HTTP/1.0\r\nX-One: 1\r\n\r\n\(smuggled)"),
        .init("two Hosts that differ", .refused(400), get("Host: api.example.com\r\n")),
        .init("the same Host twice", .refused(400), get("Host: localhost\r\n")),
        .init("an empty Host", .refused(400), "GET /first HTTP/1.1\r\nHost:\r\n\r\n\(smuggled)"),
        .init(
            "two names in one Host", .refused(400),
            "GET /first HTTP/1.1\r\nHost: localhost, api.example.com\r\n\r\n\(smuggled)"),
        .init(
            "a Host with a user in front", .refused(400),
            "GET /first HTTP/1.1\r\nHost: api.example.com@localhost\r\n\r\n\(smuggled)"),
        .init(
            "a Host with a path behind", .refused(400),
            "GET /first HTTP/1.1\r\nHost: localhost/second\r\n\r\n\(smuggled)"),
        .init("a Host with a space", .refused(400), "GET /first HTTP/1.1\r\nHost: localhost x\r\n\r\n\(smuggled)"),
        .init(
            "a Host with a port that is no number", .refused(400),
            "GET /first HTTP/1.1\r\nHost: localhost:80x\r\n\r\n\(smuggled)"),
        .init(
            "a Host with a port beyond 65535", .refused(400),
            "GET /first HTTP/1.1\r\nHost: localhost:65536\r\n\r\n\(smuggled)"),
        .init(
            "a target that names another host", .refused(400),
            "GET https://api.example.com/first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "a target that names the same host", .served(1),
            "GET https://localhost/first HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        .init(
            "a Host in capital letters, with a port", .served(1), "GET /first HTTP/1.1\r\nHost: LOCALHOST:443\r\n\r\n"),
    ]

    /// RFC 9110 §7.6.1, §7.8
    static let connections: [SmugglingCase] = [
        .init(
            "an upgrade with a length, which is not passed on (CVE-2026-58055)", .served(1),
            post(
                "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: \(smuggled.utf8.count)\r\n",
                then: smuggled)),
        .init(
            "an upgrade with chunks, which is not passed on", .served(1),
            post(
                "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n",
                then: "\(String(smuggled.utf8.count, radix: 16))\r\n\(smuggled)\r\n0\r\n\r\n")),
        .init("a Connection that is no list of names", .refused(400), get("Connection: close\"x\r\n")),
        .init(
            "an expectation that nobody knows", .refused(417),
            post("Expect: 200-ok\r\nContent-Length: 4\r\n", then: "body\(smuggled)")),
        .init(
            "a Connection that names Transfer-Encoding", .served(2),
            post(
                "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
                then: "4\r\nbody\r\n0\r\n\r\n\(get("", then: ""))")),
        .init(
            "a Connection that names Content-Length", .served(2),
            post("Connection: Content-Length\r\nContent-Length: 4\r\n", then: "body\(get("", then: ""))")),
        .init("a Connection that names Host", .served(1), get("Connection: Host\r\n", then: "")),
    ]

    /// 16 KiB of head, 100 fields, 8 KiB of target.
    static let sizes: [SmugglingCase] = [
        .init("101 fields", .refused(431), get(String(repeating: "X-One: 1\r\n", count: 100))),
        .init("100 fields", .served(1), get(String(repeating: "X-One: 1\r\n", count: 99), then: "")),
        .init("a field of 20 KiB", .refused(431), get("X-One: \(String(repeating: "a", count: 20_480))\r\n")),
        .init("a name of 20 KiB", .refused(431), get("\(String(repeating: "a", count: 20_480)): 1\r\n")),
        .init(
            "90 fields of 300 octets", .refused(431),
            get(String(repeating: "X-One: \(String(repeating: "a", count: 300))\r\n", count: 90))),
        .init("a head of 15 KiB", .served(1), get("X-One: \(String(repeating: "a", count: 15_000))\r\n", then: "")),
        .init(
            "a target of 9 KiB", .refused(414),
            "GET /\(String(repeating: "a", count: 9_216)) HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "a target of 20 KiB", .refused(414),
            "GET /\(String(repeating: "a", count: 20_480)) HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
    ]

    /// RFC 9112 §3.2, RFC 3986 §3.3: targets that nobody may send, whatever a route allows.
    static let targets: [SmugglingCase] = [
        .init("a fragment", .refused(400), "GET /first#x HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("a target without a slash", .refused(400), "GET first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "a target of another scheme", .refused(400),
            "GET ftp://localhost/first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("a star for GET", .refused(400), "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("an escaped NUL", .refused(400), "GET /first%00 HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "an escaped CR LF", .refused(400),
            "GET /first%0d%0aX-One:%201 HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("half an escape", .refused(400), "GET /first%2 HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("an escape that is none", .refused(400), "GET /first%zz HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("a backslash", .refused(400), "GET /first\\..\\second HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init("a path above the root", .refused(400), "GET /../first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
        .init(
            "a path above the root, escaped", .refused(400),
            "GET /a/%2e%2e/%2E%2E/first HTTP/1.1\r\nHost: localhost\r\n\r\n\(smuggled)"),
    ]
}
