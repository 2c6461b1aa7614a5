import Testing

@testable import Audit

@Suite("What records have of queries and targets")
struct MaskedTextTests {
    @Test(
        "secrets of a query are masked, however they are spelled; the rest stands as it was sent",
        arguments: [
            ("", ""), ("page=2&sort=name", "page=2&sort=name"), ("access_token=abc", "access_token=***"),
            ("a=1&ACCESS_TOKEN=abc&b=2", "a=1&ACCESS_TOKEN=***&b=2"), ("acc%65ss%5Ftoken=abc", "acc%65ss%5Ftoken=***"),
            ("a=1;password=x;b", "a=1;password=***;b"), ("code=x", "code=***"), ("client_secret=", "client_secret=***"),
            ("api_key=x", "api_key=***"), ("X-Amz-Signature=x", "X-Amz-Signature=***"),
            ("q=eyJhbGciOiJIUzI1NiJ9.e30.x", "q=***"), ("eyJhbGciOiJIUzI1NiJ9.e30.x", "***"),
            ("token", "token"), ("=x", "=x"), ("&&", "&&"), ("a=b=c", "a=b=c"), ("tok%zzen=1", "tok%zzen=1"),
            ("0123456789abcdef0123456789abcdef0", "***"),
        ])
    func query(_ sent: String, _ recorded: String) {
        #expect(String(decoding: MaskedText.query(Array(sent.utf8)[...]), as: UTF8.self) == recorded)
    }

    @Test(
        "a target stands without query, fragment and password",
        arguments: [
            ("/a/%2e%2e?token=x", "/a/%2e%2e"), ("/a#token=x", "/a"), ("/a@b", "/a@b"),
            ("http://user:word@host/x", "http://***@host/x"), ("user:word@host", "***@host"), ("", ""), ("*", "*"),
            ("http://host/x", "http://host/x"),
        ])
    func target(_ sent: String, _ recorded: String) {
        #expect(String(decoding: MaskedText.target(Array(sent.utf8)[...]), as: UTF8.self) == recorded)
    }
}
