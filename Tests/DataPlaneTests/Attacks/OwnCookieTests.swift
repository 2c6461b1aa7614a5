import GatewayTesting
import Testing

/// Browsers send the cookies of the authorization server's pages to every service on its host, and take such cookies from
/// them.
@Suite("Attack: a service on the issuer's host reads or sets cookies")
struct OwnCookieTests {
    private static let session = "__Host-portcullis_session"

    @Test(
        "of the server's pages do not reach a service, and all others do",
        arguments: [
            (["\(session)=SECRET"], []),
            (["a=1; \(session)=SECRET; b=2"], ["a=1; b=2"]),
            (["\(session)=SECRET; a=1"], ["a=1"]),
            (["a=1;\(session)=SECRET"], ["a=1"]),
            (["a=1;\t\(session) = SECRET ; b=2;"], ["a=1; b=2"]),
            (["a=1; \(session)=SECRET; \(session)=SECRET"], ["a=1"]),
            (["a=\"1; \(session)=SECRET; 2\""], ["a=\"1; 2\""]),
            (["__Host-portcullis_browser=SECRET; a=1; __Host-portcullis_known=SECRET.mac=="], ["a=1"]),
            (["a=1", "\(session)=SECRET", "b=2"], ["a=1", "b=2"]),
            ([";; \(session)=SECRET ;;"], []),
            ([session], []),
            // Other cookies, octet by octet.
            (["a=1;b=2; ;c"], ["a=1;b=2; ;c"]),
            (
                ["__Host-portcullis_sessions=1; x\(session)=2; a=\(session)=3; __HOST-PORTCULLIS_SESSION=4"],
                ["__Host-portcullis_sessions=1; x\(session)=2; a=\(session)=3; __HOST-PORTCULLIS_SESSION=4"]
            ),
            (["__Host-session=1"], ["__Host-session=1"]),
        ])
    func read(_ sent: [String], _ seen: [String]) async throws {
        try await Self.run { harness in
            let client = try await harness.sending(Ask.head("GET", "/", sent.map { "Cookie: \($0)" }))
            #expect(try await client.readAnswer().status == 200)
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            #expect(request.values("cookie") == seen)
        }
    }

    private static let set: [(field: String, passes: Bool)] = [
        ("\(session)=theirs; Path=/; Secure", false), ("\(session)=; Max-Age=0", false), ("\(session)", false),
        (" \t\(session) =theirs", false), ("__Host-portcullis_browser=x", false),
        ("__Host-portcullis_known=x.y", false),
        // Sent back as its value alone.
        ("=\(session)=theirs; Secure", false), (" = \(session)=theirs", false),
        ("a=1; Path=/", true), ("a=\(session)=1", true), ("\(session)s=1", true), ("__Host-session=1", true),
        ("a=1; \(session)=2", true), ("=a", true),
    ]

    @Test("of the server's pages are not a service's to set or remove", arguments: ["", "103 Early Hints"])
    func written(_ interim: String) async throws {
        let fields = Self.set.map { "Set-Cookie:\($0.field)\r\n" }.joined()
        var answer = "HTTP/1.1 200 OK\r\n\(fields)Content-Length: 2\r\n\r\nok"
        if !interim.isEmpty { answer = "HTTP/1.1 \(interim)\r\n\(fields)\r\n" + answer }
        try await Self.run(.says(answer)) { harness in
            let answer = try await harness.sending(Ask.get()).readAnswer()
            let passed = Self.set.filter(\.passes).map(\.field)
            #expect(Self.cookies(answer) == passed)
            for head in answer.informational { #expect(head.fields.map(\.value) == passed) }
            #expect(answer.informational.count == (interim.isEmpty ? 0 : 1))
        }
    }

    @Test("of the server's pages do not reach a service through a tunnel's head")
    func upgraded() async throws {
        let switched =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSet-Cookie: \(Self.session)=x\r\n\r\n"
        try await Self.run(paths: ["/ws/1": .says(switched)]) { harness in
            let client = try await harness.sending(
                Ask.head(
                    "GET", "/ws/1",
                    ["Connection: Upgrade", "Upgrade: websocket", "Cookie: a=1; \(Self.session)=SECRET"]))
            let answer = try await client.readAnswer()
            #expect(answer.status == 101 && Self.cookies(answer) == [])
            #expect(try await harness.upstream.requests(atLeast: 1)[0].values("cookie") == ["a=1"])
        }
    }

    @Test("of a server behind a gateway without one pass both ways")
    func otherServer() async throws {
        let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: \(Self.session)=new\r\nContent-Length: 2\r\n\r\nok"
        try await DataPlaneHarness.run(.says(answer)) { harness in
            let client = try await harness.sending(Ask.head("GET", "/", ["Cookie: \(Self.session)=old"]))
            #expect(Self.cookies(try await client.readAnswer()) == ["\(Self.session)=new"])
            #expect(try await harness.upstream.requests(atLeast: 1)[0].values("cookie") == ["\(Self.session)=old"])
        }
    }

    private static func cookies(_ answer: RawAnswer) -> [String] {
        answer.fields.filter { $0.name.lowercased() == "set-cookie" }.map(\.value)
    }

    private static func run(
        _ otherwise: UpstreamScript = .answer(), paths: [String: UpstreamScript] = [:],
        _ body: (DataPlaneHarness) async throws -> Void
    ) async throws {
        try await DataPlaneHarness.run(
            otherwise, paths: paths,
            change: {
                $0.sections = """
                    authorization_server:
                      issuer: https://localhost
                      database: var/portcullis.sqlite
                      audience: https://api.example.com
                    """
            }, body)
    }
}
