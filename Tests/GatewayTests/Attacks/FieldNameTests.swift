import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("request fields with _ or . in their names")
struct FieldNameTests {
    private static let routes = """
        - id: underscore
          match: {path: "/underscore/{rest...}"}
          public: true
          upstream: orders
          allow_field_names: [underscore]
        - id: both
          match: {path: "/both/{rest...}"}
          public: true
          upstream: orders
          allow_field_names: [underscore, dot]
        \(GatewayHarness.routes)
        """

    private static let sent = [
        "X_Custom", "X.Custom", "X_Cus.tom", "Content_Length", "Transfer_Encoding", "Transfer.Encoding",
        "X_Auth_Subject",
        "X.Auth.Subject", "Authorization_", "X_Real_IP", "Host_", "Remote_User", "Connection_", "X_Forwarded.For", "_",
        "SCRIPT_NAME", "PATH_INFO",
        "spring.cloud.function.routing-expression", "X!Custom", "X_Auth!Subject", "X_Envoy_Family",
    ]

    @Test(
        "are left out and counted, unless the route allows them; never those that spell a known or removed field",
        arguments: [
            ("/open/", [String]()),
            ("/underscore/", ["X_Custom", "Authorization_", "Host_", "Connection_", "_"]),
            ("/both/", ["X_Custom", "X.Custom", "X_Cus.tom", "Authorization_", "Host_", "Connection_", "_"]),
        ])
    func passed(path: String, names: [String]) async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let client = try await harness.gateway.rawClient()
            let fields = Self.sent.map { "\($0): odd-value\r\n" }.joined()
            try await client.write("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n")
            #expect(try await client.readAnswer().status == 200)
            let request = try #require(harness.upstream.requests.last)
            #expect(request.fields.filter { $0.value == "odd-value" }.map(\.name) == names)
            #expect(
                try await harness.healthReport()["left_out_fields"]?.int == Int64(Self.sent.count - names.count))
        }
    }
}
