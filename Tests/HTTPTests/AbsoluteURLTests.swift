import HTTP
import Testing

@Suite("URLs that are fetched")
struct AbsoluteURLTests {
    @Test(
        "they are taken apart",
        arguments: [
            ("https://Login.Example/a?b=c", "login.example", 443, "/a?b=c", "https://login.example/a?b=c"),
            ("https://login.example", "login.example", 443, "/", "https://login.example/"),
            ("https://login.example:8443?x", "login.example", 8_443, "/?x", "https://login.example:8443/?x"),
            ("http://127.0.0.1:80/", "127.0.0.1", 80, "/", "http://127.0.0.1/"),
            ("https://[2001:DB8::1]:9/", "2001:db8::1", 9, "/", "https://[2001:db8::1]:9/"),
            ("https://[::ffff:1.2.3.4]/", "::ffff:1.2.3.4", 443, "/", "https://[::ffff:1.2.3.4]/"),
            ("https://log-in.my_house/", "log-in.my_house", 443, "/", "https://log-in.my_house/"),
        ])
    func parts(text: String, host: String, port: Int, target: String, whole: String) throws {
        let url = try #require(AbsoluteURL(text))
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.target == target)
        #expect(url.description == whole)
    }

    @Test(
        "what two readers could understand differently is none",
        arguments: [
            "", "https://", "https:///a", "HTTPS://a", "ftp://a", "https://a@b/", "https://a:b@c/", "https://a#b",
            "https://a\\b/", "https://a b/",
            "https://a:0/", "https://a:65536/", "https://a:/", "https://a:8x/", "https://-a/", "https://a..b/",
            "https://a.", "https://ä/", "https://[::1/",
            "https://[v1.a]/", "https://a:1:2/", "https://a/\u{7F}", "https://a\u{0}/", "//a/", "https://{tenant}/",
        ])
    func refused(text: String) {
        #expect(AbsoluteURL(text) == nil)
    }

    @Test(
        "loopback is localhost, 127.0.0.0/8 and ::1",
        arguments: [
            ("http://localhost/", true), ("http://127.9.9.9/", true), ("http://[::1]/", true),
            ("http://127.example/", false), ("http://10.0.0.1/", false),
            ("http://localhost.example/", false), ("http://127.0.0.1.example/", false),
        ])
    func loopback(text: String, isLoopback: Bool) {
        #expect(AbsoluteURL(text)?.isLoopback == isLoopback)
    }
}
