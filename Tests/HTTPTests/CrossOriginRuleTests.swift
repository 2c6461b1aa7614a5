import HTTP
import Testing

@Suite("Fetch §3.2: which scripts of other origins may use a resource")
struct CrossOriginRuleTests {
    private func rule(_ origins: [String]?) -> CrossOriginRule {
        CrossOriginRule(
            origins: origins, methods: ["GET", "POST"], fields: ["Authorization", "DPoP"], exposing: ["DPoP-Nonce"])
    }

    private func preflight(_ origin: String? = "https://app.example", method: String = "OPTIONS", asks: Bool = true)
        -> ServiceRequest
    {
        var fields: [ServiceRequest.Field] = []
        if let origin { fields.append(("origin", origin)) }
        if asks { fields.append(("access-control-request-method", "POST")) }
        return ServiceRequest(method: method, path: "/", fields: fields)
    }

    private func dictionary(_ fields: [ServiceResponse.Field]) -> [String: String] {
        Dictionary(fields.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
    }

    @Test("a preflight is told methods and fields; what is none goes its way")
    func preflights() throws {
        let fields = dictionary(try #require(rule(nil).preflightFields(of: preflight())))
        #expect(
            fields == [
                "access-control-allow-origin": "*", "access-control-allow-methods": "GET, POST",
                "access-control-allow-headers": "Authorization, DPoP", "access-control-max-age": "600",
            ])
        for request in [preflight(nil), preflight(method: "POST"), preflight(asks: false)] {
            #expect(rule(nil).preflightFields(of: request) == nil)
        }
    }

    @Test(
        "an origin that is listed is named, and answers differ by it; another learns nothing",
        arguments: [
            ("https://app.example", true), ("https://app.example.evil.example", false), ("null", false),
            ("https://APP.example", false), ("http://app.example", false),
        ])
    func listed(origin: String, isListed: Bool) throws {
        let rule = rule(["https://app.example"])
        let answer = dictionary(rule.answerFields(origin: origin))
        #expect(answer["access-control-allow-origin"] == (isListed ? origin : nil))
        #expect(answer["access-control-expose-headers"] == (isListed ? "DPoP-Nonce" : nil))
        #expect(answer["vary"] == "Origin")
        let asked = dictionary(try #require(rule.preflightFields(of: preflight(origin))))
        #expect(asked["access-control-allow-methods"] == (isListed ? "GET, POST" : nil))
    }

    @Test("credentials of the browser's own are never allowed")
    func credentials() {
        for rule in [rule(nil), rule(["https://app.example"])] {
            let fields =
                rule.answerFields(origin: "https://app.example") + (rule.preflightFields(of: preflight()) ?? [])
            #expect(!fields.contains { $0.name == "Access-Control-Allow-Credentials" })
        }
    }
}
