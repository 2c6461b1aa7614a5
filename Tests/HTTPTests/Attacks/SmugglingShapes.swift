import HTTP

/// One shape of a request that two servers could read differently, and what it is refused with.
struct SmugglingShape: CustomStringConvertible, Sendable {
    let name: String
    let text: String
    let expected: HeadError
    init(_ name: String, _ text: String, _ expected: HeadError) {
        self.name = name
        self.text = text
        self.expected = expected
    }
    var description: String { name }

    private static let post = "POST / HTTP/1.1\r\nHost: a\r\n"
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n"
    private static func post(_ fields: String) -> String { post + fields + "\r\n\r\n" }
    private static func get(_ fields: String) -> String { get + fields + "\r\n\r\n" }
    private static func line(_ line: String) -> String { line + "\r\nHost: a\r\n\r\n" }

    static let all: [SmugglingShape] = lengths + codings + lineEnds + fields + requestLines + targets + hosts + rest

    /// Content-Length (RFC 9112 §6.3).
    static let lengths: [SmugglingShape] = [
        .init("CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked"), .lengthAndTransferEncoding),
        .init("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 6"), .lengthAndTransferEncoding),
        .init("CL.TE with CL 0", post("Content-Length: 0\r\nTransfer-Encoding: chunked"), .lengthAndTransferEncoding),
        .init(
            "CL with a TE that is not chunked", post("Content-Length: 6\r\nTransfer-Encoding: x"),
            .lengthAndTransferEncoding),
        .init("two different lengths", post("Content-Length: 5\r\nContent-Length: 6"), .repeatedContentLength),
        .init("the same length twice", post("Content-Length: 5\r\nContent-Length: 5"), .repeatedContentLength),
        .init("two lengths in two cases", post("Content-Length: 5\r\ncontent-length: 0"), .repeatedContentLength),
        .init("length as a list of one value", post("Content-Length: 5, 5"), .badContentLength),
        .init("length as a list of two values", post("Content-Length: 5, 6"), .badContentLength),
        .init("length with a sign", post("Content-Length: +5"), .badContentLength),
        .init("negative length", post("Content-Length: -5"), .badContentLength),
        .init("hexadecimal length", post("Content-Length: 0x5"), .badContentLength),
        .init("length in hexadecimal digits", post("Content-Length: a"), .badContentLength),
        .init("length with a fraction", post("Content-Length: 5.0"), .badContentLength),
        .init("length with an exponent", post("Content-Length: 5e1"), .badContentLength),
        .init("length with an underscore", post("Content-Length: 1_0"), .badContentLength),
        .init("length in two words", post("Content-Length: 5 6"), .badContentLength),
        .init("length with a tab inside", post("Content-Length: 5\t6"), .badContentLength),
        .init("empty length", post("Content-Length:"), .badContentLength),
        .init("length of white space", post("Content-Length:  \t "), .badContentLength),
        .init("length that overflows 64 bits", post("Content-Length: 18446744073709551621"), .badContentLength),
        .init("length that overflows 63 bits", post("Content-Length: 9223372036854775808"), .badContentLength),
        .init("length in quotes", post("Content-Length: \"5\""), .badContentLength),
        .init("length in Arabic digits", post("Content-Length: \u{D9}\u{A5}"), .badContentLength),
    ]

    /// Transfer-Encoding (RFC 9112 §6.1).
    static let codings: [SmugglingShape] = [
        .init("unknown coding", post("Transfer-Encoding: gzip"), .badTransferEncoding),
        .init("coding before chunked", post("Transfer-Encoding: gzip, chunked"), .badTransferEncoding),
        .init("coding after chunked", post("Transfer-Encoding: chunked, gzip"), .badTransferEncoding),
        .init("chunked twice", post("Transfer-Encoding: chunked, chunked"), .badTransferEncoding),
        .init("two TE fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), .badTransferEncoding),
        .init(
            "two TE fields, one identity", post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
            .badTransferEncoding),
        .init("TE identity", post("Transfer-Encoding: identity"), .badTransferEncoding),
        .init("TE xchunked", post("Transfer-Encoding: xchunked"), .badTransferEncoding),
        .init("TE chunkedx", post("Transfer-Encoding: chunkedx"), .badTransferEncoding),
        .init("TE chunked with a comma", post("Transfer-Encoding: chunked,"), .badTransferEncoding),
        .init("TE comma chunked", post("Transfer-Encoding: ,chunked"), .badTransferEncoding),
        .init("TE chunked with a parameter", post("Transfer-Encoding: chunked;q=1"), .badTransferEncoding),
        .init("TE chunked in quotes", post("Transfer-Encoding: \"chunked\""), .badTransferEncoding),
        .init("TE chunked behind a vertical tab", post("Transfer-Encoding: \u{0B}chunked"), .badFieldValue),
        .init("TE chunked behind a form feed", post("Transfer-Encoding: \u{0C}chunked"), .badFieldValue),
        .init("TE chunked before NUL", post("Transfer-Encoding: chunked\u{0}"), .badFieldValue),
        .init("TE chunked behind a no-break space", post("Transfer-Encoding: \u{A0}chunked"), .badTransferEncoding),
        .init("TE with a long s", post("Transfer-Encoding: chunked\u{C5}\u{BF}"), .badTransferEncoding),
        .init("empty TE", post("Transfer-Encoding:"), .badTransferEncoding),
        .init(
            "TE in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            .transferEncodingInHTTP10),
        .init("space before the colon of TE", post("Transfer-Encoding : chunked"), .badFieldName),
        .init("tab before the colon of TE", post("Transfer-Encoding\t: chunked"), .badFieldName),
        .init("TE folded over two lines", post("Transfer-Encoding:\r\n chunked"), .obsoleteFolding),
        .init("TE on a line that begins with a space", post("X: y\r\n Transfer-Encoding: chunked"), .obsoleteFolding),
        .init("TE on a line that begins with a tab", post("X: y\r\n\tTransfer-Encoding: chunked"), .obsoleteFolding),
        .init("TE behind a bare LF", post("X: y\nTransfer-Encoding: chunked"), .bareLineEnd),
        .init("TE behind a bare CR", post("X: y\rTransfer-Encoding: chunked"), .bareLineEnd),
        .init("TE behind LF CR", post("X: y\n\rTransfer-Encoding: chunked"), .bareLineEnd),
        .init("TE behind CR CR LF", post("X: y\r\r\nTransfer-Encoding: chunked"), .bareLineEnd),
        .init("name with NUL", post("Transfer-Encoding\u{0}: chunked"), .badFieldName),
        .init("name with a control character in front", post("\u{01}Transfer-Encoding: chunked"), .badFieldName),
        .init("name with a byte order mark", post("\u{EF}\u{BB}\u{BF}Transfer-Encoding: chunked"), .badFieldName),
        .init("name in quotes", post("\"Transfer-Encoding\": chunked"), .badFieldName),
    ]

    /// Line ends (RFC 9112 §2.2).
    static let lineEnds: [SmugglingShape] = [
        .init("head of bare LFs", "GET / HTTP/1.1\nHost: a\n\n", .bareLineEnd),
        .init("request line with a bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineEnd),
        .init("request line with a bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", .bareLineEnd),
        .init("end of head with a bare LF", get + "\n", .bareLineEnd),
        .init("end of head CR CR LF", get + "\r\r\n", .bareLineEnd),
        .init("end of head LF LF", get("X: y\n\n"), .bareLineEnd),
        .init("empty line of LF before the request", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineEnd),
        .init("CR before the request", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineEnd),
        .init("three empty lines before the request", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequestLine),
        .init("white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .obsoleteFolding),
        .init("line of white space", get(" "), .obsoleteFolding),
    ]

    /// Names and values (RFC 9110 §5).
    static let fields: [SmugglingShape] = [
        .init("line without a colon", get("Transfer-Encoding chunked"), .badFieldName),
        .init("line without a name", get(": chunked"), .badFieldName),
        .init("name with a space", get("X Y: z"), .badFieldName),
        .init("name with a slash", get("X/Y: z"), .badFieldName),
        .init("name with an at sign", get("X@Y: z"), .badFieldName),
        .init("name with a bracket", get("X[0]: z"), .badFieldName),
        .init("name with DEL", get("X\u{7F}: z"), .badFieldName),
        .init("name beyond ASCII", get("X\u{E9}: z"), .badFieldName),
        .init("value with NUL", get("X: a\u{0}b"), .badFieldValue),
        .init("value with ESC", get("X: a\u{1B}b"), .badFieldValue),
        .init("value with DEL", get("X: a\u{7F}b"), .badFieldValue),
        .init("value with BEL far behind", get("X: \(String(repeating: "a", count: 61))\u{7}"), .badFieldValue),
        .init("HTTP/1.1 as a field", get("GET /admin HTTP/1.1"), .badFieldName),
    ]

    /// The request line (RFC 9112 §3).
    static let requestLines: [SmugglingShape] = [
        .init("HTTP/0.9", "GET /\r\n\r\n", .badRequestLine),
        .init("two spaces before the target", line("GET  / HTTP/1.1"), .badRequestLine),
        .init("two spaces before the version", line("GET /  HTTP/1.1"), .badRequestLine),
        .init("space behind the version", line("GET / HTTP/1.1 "), .badRequestLine),
        .init("tab between method and target", line("GET\t/ HTTP/1.1"), .badRequestLine),
        .init("tab between target and version", line("GET /\tHTTP/1.1"), .badRequestLine),
        .init("space before the method", line(" GET / HTTP/1.1"), .badRequestLine),
        .init("no method", line("/ HTTP/1.1"), .badRequestLine),
        .init("method that is not a token", line("GE(T / HTTP/1.1"), .badRequestLine),
        .init("method with a colon", line("GET: / HTTP/1.1"), .badRequestLine),
        .init("version in small letters", line("GET / http/1.1"), .badRequestLine),
        .init("version without digits", line("GET / HTTP/"), .badRequestLine),
        .init("version of one number", line("GET / HTTP/1"), .badRequestLine),
        .init("version with a long number", line("GET / HTTP/1.10"), .badRequestLine),
        .init("version with a leading zero", line("GET / HTTP/01.1"), .badRequestLine),
        .init("HTTP/1.2", line("GET / HTTP/1.2"), .unsupportedVersion),
        .init("HTTP/2.0", line("GET / HTTP/2.0"), .unsupportedVersion),
        .init("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        .init("other protocol", line("GET / SPDY/1.1"), .badRequestLine),
        .init("space in the target", line("GET /a b HTTP/1.1"), .badRequestLine),
        .init("CONNECT", line("CONNECT a:443 HTTP/1.1"), .connectMethod),
        .init("CONNECT with a path", line("CONNECT /a HTTP/1.1"), .connectMethod),
        .init("TLS hello", "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}\u{00}\u{01}\u{fc}\u{03}\r\n\r\n", .badRequestLine),
    ]

    /// The target (RFC 9112 §3.2) and its path.
    static let targets: [SmugglingShape] = [
        .init("path without a slash", line("GET a HTTP/1.1"), .badTarget),
        .init("asterisk for GET", line("GET * HTTP/1.1"), .badTarget),
        .init("authority for GET", line("GET a:443 HTTP/1.1"), .badTarget),
        .init("other scheme", line("GET ftp://a/ HTTP/1.1"), .badTarget),
        .init("scheme without slashes", line("GET http:/a HTTP/1.1"), .badTarget),
        .init("query alone", line("GET ?a HTTP/1.1"), .badTarget),
        .init("fragment", line("GET /a#b HTTP/1.1"), .badTarget),
        .init("fragment in the query", line("GET /a?b#c HTTP/1.1"), .badTarget),
        .init("nothing but a fragment in the query", line("GET /a?# HTTP/1.1"), .badTarget),
        .init("fragment in a URI", line("GET http://a#/b HTTP/1.1"), .badTarget),
        .init("NUL in the target", line("GET /a\u{0} HTTP/1.1"), .badRequestLine),
        .init("encoded NUL", line("GET /a%00 HTTP/1.1"), .badPath),
        .init("encoded line end", line("GET /a%0d%0aX HTTP/1.1"), .badPath),
        .init("encoded DEL", line("GET /a%7F HTTP/1.1"), .badPath),
        .init("backslash", line("GET /a\\..\\b HTTP/1.1"), .badPath),
        .init("half an escape", line("GET /a%2 HTTP/1.1"), .badPath),
        .init("escape of other letters", line("GET /a%zz HTTP/1.1"), .badPath),
        .init("percent sign alone", line("GET /a% HTTP/1.1"), .badPath),
        .init("above the root", line("GET /../a HTTP/1.1"), .badPath),
        .init("above the root, encoded", line("GET /a/%2e%2E/%2e./b HTTP/1.1"), .badPath),
        .init("dots behind a parameter", line("GET /a/..;x/b HTTP/1.1"), .badPath),
        .init("dots behind an encoded slash", line("GET /a/x%2f..%2fb HTTP/1.1"), .badPath),
        .init("overlong slash", line("GET /a%c0%afb HTTP/1.1"), .badPath),
    ]

    /// Host (RFC 9112 §3.2, RFC 9110 §7.2).
    static let hosts: [SmugglingShape] = [
        .init("no Host", "GET / HTTP/1.1\r\n\r\n", .missingHost),
        .init("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", .missingHost),
        .init("two hosts", get("Host: b"), .repeatedHost),
        .init("the same host twice", get("Host: a"), .repeatedHost),
        .init("empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", .badHost),
        .init("host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .badHost),
        .init("two hosts in one field", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .badHost),
        .init("host with user information", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", .badHost),
        .init("host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .badHost),
        .init("host with an escape", "GET / HTTP/1.1\r\nHost: %61\r\n\r\n", .badHost),
        .init("host beyond ASCII", "GET / HTTP/1.1\r\nHost: \u{E9}\r\n\r\n", .badHost),
        .init("host of a dot", "GET / HTTP/1.1\r\nHost: .\r\n\r\n", .badHost),
        .init("host with an empty label", "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", .badHost),
        .init("port that is no number", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .badHost),
        .init("port 0", "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n", .badHost),
        .init("port 65536", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", .badHost),
        .init("two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", .badHost),
        .init("bracket without its other", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .badHost),
        .init("name in brackets", "GET / HTTP/1.1\r\nHost: [a.b]\r\n\r\n", .badHost),
        .init("text behind brackets", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", .badHost),
        .init("zone in brackets", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", .badHost),
        .init("URI for another host", line("GET http://b/ HTTP/1.1"), .hostMismatch),
        .init("URI for another port", line("GET http://a:8080/ HTTP/1.1"), .hostMismatch),
        .init("URI with user information", line("GET http://a@b/ HTTP/1.1"), .badHost),
        .init("URI without a host", line("GET http:///a HTTP/1.1"), .badHost),
    ]

    /// Connection, Upgrade, Expect.
    static let rest: [SmugglingShape] = [
        .init(
            "33 options", get("Connection: " + Array(repeating: "a", count: 33).joined(separator: ", ")), .badConnection
        ),
        .init("Connection that is no list", get("Connection: close; x"), .badConnection),
        .init("Connection in quotes", get("Connection: \"close\""), .badConnection),
        .init("other expectation", post("Expect: 200-ok\r\nContent-Length: 5"), .badExpectation),
        .init(
            "two expectations", post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5"),
            .badExpectation),
    ]
}
