import Crypto
import Foundation
import HTTP
import Policy
import Testing
import Texts

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Pages for users")
struct PageTests {
    /// Everything that a page may be given, all of it hostile.
    private static func content(_ text: String) -> [String: Any] {
        var content: [String: Any] = [
            "hasScopes": true, "scopes": [["text": text, "name": text]], "hasResources": true, "resources": [text],
            "hasDetails": true,
            "details": [text], "hasClient": true, "isUnknown": true, "passwords": true, "hasProvider": true,
            "offersAnother": true, "members": [["name": text, "value": text]],
        ]
        for name in ["asks", "unknown", "client", "user", "destination"] {
            content[name] = [["plain": text], ["strong": text]]
        }
        for name in [
            "title", "host", "problem", "action", "interaction", "token", "username", "code", "returnTo", "state",
            "message", "provider", "refresh", "uiLocales",
        ] { content[name] = text }
        return content
    }

    private static func shown(_ language: Language = .english) -> Presentation { Presentation(language: language) }

    private static func call(_ fields: [ServiceRequest.Field] = []) -> EndpointCall {
        EndpointCall(
            request: ServiceRequest(method: "GET", path: "/", fields: fields), now: 0, monotonic: 0, random: .system)
    }

    /// As a file could bring it.
    private static func language(_ text: String, tag: String = "fr") -> Language {
        Language(tag: tag, texts: TextCatalogue.sentences.mapValues { $0.mapValues { _ in text } })
    }

    @Test("whatever a page is given stands in it as text", arguments: PageTemplate.allCases)
    func escaped(template: PageTemplate) throws {
        let plain = try #require(template.rendered(Self.content("harmless"), Self.shown()))
        for hostile in [
            "<script>alert(1)</script>", "\" onfocus=\"alert(1)", "' x='", "\"\u{301} onfocus=alert(1) x=",
            "<\u{338}img src=x>",
            "{{title}}", "</style>",
        ] {
            let page = try #require(template.rendered(Self.content(hostile), Self.shown()))
            for mark in "<>\"'".unicodeScalars {
                #expect(
                    page.unicodeScalars.count { $0 == mark } == plain.unicodeScalars.count { $0 == mark },
                    "\(mark) of \(hostile)")
            }
        }
    }

    @Test("a file of texts cannot add anything to a page but text", arguments: PageTemplate.allCases)
    func escapedTexts(template: PageTemplate) throws {
        let plain = try #require(template.rendered(Self.content("text"), Self.shown(Self.language("harmless"))))
        for hostile in ["<script>alert(1)</script>", "\" onfocus=\"alert(1)", "{{title}}", "{{{message}}}", "' x='"] {
            let shown = Self.shown(Self.language(hostile))
            let page = try #require(template.rendered(Self.content("text"), shown))
            for mark in "<>\"'".unicodeScalars {
                #expect(
                    page.unicodeScalars.count { $0 == mark } == plain.unicodeScalars.count { $0 == mark },
                    "\(mark) of \(hostile)")
            }
        }
    }

    @Test("a page says nothing that is not in the catalogue", arguments: PageTemplate.allCases)
    func nothingElse(template: PageTemplate) throws {
        var page = try #require(template.rendered(Self.content("\u{b7}"), Self.shown(Self.language("\u{b7}"))))
        for tag in ["style", "script"] {
            while let from = page.range(of: "<\(tag)>"), let to = page.range(of: "</\(tag)>") {
                page.removeSubrange(from.lowerBound..<to.upperBound)
            }
        }
        let texts = page.replacing(/<[^>]*>/, with: " ")
        #expect(texts.firstMatch(of: /[A-Za-z]+/) == nil)
        for label in page.matches(of: /aria-label="([^"]*)"/) { #expect(label.1 == "\u{b7}") }
    }

    private static func brand(_ text: String) -> Brand {
        var brand = Brand()
        brand.name = text
        brand.logo = BrandLogo(octets: [1, 2, 3], mediaType: "image/png", version: "0a1b")
        brand.light.accent = "#7a1f3d"
        brand.light.accentInk = "#ffffff"
        brand.dark.background = "#181214"
        brand.links = [BrandLink(kind: .privacy, url: "https://example.com/?a=\(text)")]
        return brand
    }

    @Test("a brand adds nothing to a page but text, its image and its links", arguments: PageTemplate.allCases)
    func escapedBrand(template: PageTemplate) throws {
        func page(_ text: String) throws -> String {
            let shown = Presentation(language: .english, brand: Self.brand(text))
            return try #require(template.rendered(Self.content("text"), shown))
        }
        let plain = try page("harmless")
        for part in ["<img src=\"/oauth2/logo?v=0a1b\" alt=\"harmless\">", ">Privacy</a>", "– harmless</title>"] {
            #expect(plain.contains(part), "\(part)")
        }
        for hostile in ["<script>alert(1)</script>", "\" onerror=\"alert(1)", "{{title}}", "' x='"] {
            let page = try page(hostile)
            for mark in "<>\"'".unicodeScalars {
                #expect(
                    page.unicodeScalars.count { $0 == mark } == plain.unicodeScalars.count { $0 == mark },
                    "\(mark) of \(hostile)")
            }
        }
    }

    @Test("the policy of a page with a brand names its stylesheet by the hash, and images of this host alone")
    func brandPolicy() throws {
        var pages = PageSettings()
        pages.brand = Self.brand("Shop")
        let call = EndpointCall(
            request: ServiceRequest(method: "GET", path: "/"), now: 0, monotonic: 0, random: .system, pages: pages)
        let page = Shown(ErrorPage.expired(call))
        let policy = try #require(page.field("content-security-policy"))
        let styles = page.text.matches(of: /<style>([\s\S]*?)<\/style>/).map { String($0.1) }
        #expect(styles.count == 2)
        let hashes = styles.map { "'sha256-" + Data(SHA256.hash(data: Data($0.utf8))).base64EncodedString() + "'" }
        #expect(policy.contains("style-src \(hashes.joined(separator: " ")); img-src 'self'; "))
        #expect(policy.hasPrefix("default-src 'none'; "))
        // Without one, there is no image either.
        #expect(Shown(ErrorPage.expired(Self.call())).field("content-security-policy")?.contains("img-src") == false)
    }

    @Test("the logo is what the operator's file has, and can do nothing where it is opened by itself")
    func logo() async throws {
        #expect(await (try await LogInHarness()).browser().get("/oauth2/logo").status == 404)
        var logIn = LogInSettings()
        logIn.pages.brand = Self.brand("Shop")
        let image = await (try await LogInHarness(logIn: logIn)).browser().get("/oauth2/logo")
        #expect(image.status == 200 && image.text == "\u{1}\u{2}\u{3}")
        #expect(image.field("content-type") == "image/png")
        #expect(image.field("x-content-type-options") == "nosniff")
        #expect(image.field("content-security-policy") == "default-src 'none'; frame-ancestors 'none'; sandbox")
    }

    @Test(
        "a page says which language it is in, to browsers, screen readers and caches, and is written in its direction")
    func languages() throws {
        let german = Shown(ErrorPage.expired(Self.call([("accept-language", "de-AT, en;q=0.5")])))
        #expect(german.text.hasPrefix("<!doctype html>\n<html lang=\"de\">"))
        #expect(german.text.contains("<h1>Diese Seite ist abgelaufen</h1>"))
        #expect(german.field("content-language") == "de")
        #expect(german.field("vary") == "Accept-Language")
        let arabic = try #require(PageTemplate.message.rendered([:], Self.shown(Self.language("x", tag: "ar"))))
        #expect(arabic.hasPrefix("<!doctype html>\n<html lang=\"ar\" dir=\"rtl\">"))
    }

    @Test(
        "a page says what it is to whoever cannot see it: language, title, one heading, one main part, names of fields and of errors",
        arguments: PageTemplate.allCases)
    func accessible(template: PageTemplate) throws {
        let page = try #require(template.rendered(Self.content("text"), Self.shown()))
        #expect(page.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
        #expect(page.contains("<meta name=\"viewport\""))
        for once in ["<title>", "<h1>", "<main>", "</main>", "<style>"] {
            #expect(page.components(separatedBy: once).count == 2, "\(once)")
        }
        // What is only for password managers is not for anybody who looks.
        for input in page.matches(of: /<input (?!type="hidden")[^>]*>/) where !input.0.contains("class=\"unseen\"") {
            let id = try #require(input.0.firstMatch(of: /id="([a-z_]+)"/)?.1)
            #expect(page.contains("<label for=\"\(id)\">"))
            if input.0.contains("type=\"checkbox\"") { continue }
            #expect(input.0.contains("problem\""), "the error belongs to the field")
            #expect(input.0.contains("aria-invalid=\"true\""))
        }
        for button in page.matches(of: /<button [^>]*>/) { #expect(button.0.contains("type=\"submit\"")) }
        let ids = page.matches(of: /\sid="([^"]+)"/).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
        for described in page.matches(of: /aria-describedby="([^"]+)"/).flatMap({ $0.1.split(separator: " ") }) {
            #expect(ids.contains(String(described)), "\(described)")
        }
    }

    @Test("a page has no script, loads nothing, and frames nothing", arguments: PageTemplate.allCases)
    func nothingActive(template: PageTemplate) throws {
        var page = try #require(template.rendered(Self.content("text"), Self.shown())).lowercased()
        // What brings an answer by POST has one line, which its policy names by its hash.
        if template == .formPost { page.replace("<script>\(FormPostPage.script.lowercased())</script>", with: "") }
        for word in [
            "<script", "javascript:", " onclick", " onload", "<link", "<img", "<iframe", "@import", "url(", " style=",
            "http://",
            "https://",
        ] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test("AS-038 every page forbids frames, scripts, caches and guesses at its type")
    func headers() {
        let answers = [
            ErrorPage.response(status: 400, Self.shown(), title: "a", message: "b"), ErrorPage.unavailable(Self.call()),
            ErrorPage.expired(Self.call()),
        ]
        for page in answers.map(Shown.init) {
            let policy = page.field("content-security-policy") ?? ""
            for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
                #expect(policy.contains(part))
            }
            #expect(page.field("x-frame-options") == "DENY")
            #expect(page.field("cache-control") == "no-store")
            #expect(page.field("x-content-type-options") == "nosniff")
            #expect(page.field("referrer-policy") == "same-origin")
            #expect(page.field("cross-origin-opener-policy") == "same-origin")
            #expect(page.field("content-type") == "text/html; charset=utf-8")
            #expect(!page.names.contains("access-control-allow-origin"))
            #expect(Set(page.names).count == page.names.count)
        }
    }

    @Test("the content security policy allows the one stylesheet and no other")
    func styleHash() throws {
        let page = Shown(ErrorPage.expired(Self.call()))
        let style = try #require(page.text.firstMatch(of: /<style>([\s\S]*)<\/style>/)?.1)
        let hash = Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
        #expect(page.field("content-security-policy")?.contains("style-src 'sha256-\(hash)';") == true)
    }

    @Test(
        "where a form may lead is written so that no redirect URI can add to the policy",
        arguments: [
            ("https://shop.example/back?x=1", ["https://shop.example"]),
            ("https://shop.example:8443/", ["https://shop.example:8443"]),
            ("http://127.0.0.1:5000/cb", ["http://127.0.0.1:5000"]), ("http://[::1]:5000/cb", ["http:"]),
            ("com.example.app:/back", ["com.example.app:"]),
            ("https://shop.example; script-src *", []), ("https://a'b/", []), ("https:///x", []), ("x y:z", []),
            ("nothing", []), ("", []),
        ])
    func formTargets(uri: String, targets: [String]) {
        #expect(FormTargets.of(redirectURI: uri) == targets)
    }

    @Test("names of others are cut to a line, without characters that turn or hide text")
    func names() {
        #expect("Shop\u{202E}pohS\u{200B}".shownOnPage() == "ShoppohS")
        #expect(String(repeating: "a", count: 500).shownOnPage().count == 81)
        #expect("Bücher 本".shownOnPage() == "Bücher 本")
    }

    @Test(
        "a cookie counts when it is there once",
        arguments: [
            ("a=1; b=2", "1"), ("b=2;a=1", "1"), ("a=1; a=2", nil), ("A=1", nil), ("xa=1", nil), ("a", nil), ("a=", ""),
            ("", nil),
            ("a=b=c", "b=c"),
            // A combining mark behind a separator makes both one Character; octets are what others read.
            ("b=2;\u{59E}x=1; a=1", "1"), ("a=1;\u{59E}; a=2", nil), ("a=\u{59E}1", "\u{59E}1"), ("b;\u{59E}a=1", nil),
        ])
    func cookies(line: String, value: String?) {
        #expect(ServiceRequest(method: "GET", path: "/", fields: [("cookie", line)]).cookie("a") == value)
    }
}
