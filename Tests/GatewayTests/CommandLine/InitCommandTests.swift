import Foundation
import GatewayTesting
import Testing

@Suite("portcullis init, and names of one's own in certs init")
struct InitCommandTests {
    private static func run(_ folder: TemporaryFolder, _ words: String...) async throws -> (status: Int32, said: String)
    {
        try await run(folder, words)
    }

    private static func run(_ folder: TemporaryFolder, _ words: [String]) async throws -> (status: Int32, said: String)
    {
        let run = try await Portcullis.run(words, in: folder)
        return (run.status, run.output + run.errors)
    }

    @Test(
        "what it writes passes check as it is, with no more than the warning that it was asked for",
        arguments: [
            ([], 0, []), (["--for", "https://127.0.0.1:9443"], 0, ["service.pem", "service.key"]),
            (["--for", "https://[::1]:9443/", "--service", "shop", "--host", "shop.example.com"], 0, ["shop.pem"]),
            (["--for", "http://127.0.0.1:3000", "--service", "orders", "--port", "9443"], 1, []),
            (["--host", "a.example.com", "--host", "b.example.com"], 0, []),
        ] as [([String], Int, [String])])
    func written(words: [String], warnings: Int, certificates: [String]) async throws {
        let folder = try TemporaryFolder("init")
        let told = try await Self.run(folder, ["init"] + words)
        #expect(told.status == 0)
        let checked = try await Self.run(folder, "check")
        #expect(checked.status == 0 && checked.said.contains(" \(warnings) warnings"), "\(checked)")
        for name in certificates {
            #expect(FileManager.default.fileExists(atPath: folder.path("certs/\(name)")), "\(name)")
        }
    }

    @Test("nothing that is there is overwritten, not even by way of a link that leads nowhere")
    func kept() async throws {
        let folder = try TemporaryFolder("init")
        try folder.write("mine\n", to: "routes.yaml")
        let told = try await Self.run(folder, "init")
        #expect(told.status == 1 && told.said.contains("routes.yaml is there already, and is left as it is"), "\(told)")
        #expect(try folder.read("routes.yaml") == Array("mine\n".utf8))
        #expect(!FileManager.default.fileExists(atPath: folder.path("certs")))
        try FileManager.default.createDirectory(atPath: folder.path("other"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("other/routes.yaml"), withDestinationPath: folder.path("nowhere"))
        #expect(try await Self.run(folder, "init", "--folder", "other").status == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.path("nowhere")))
        #expect(try await Self.run(folder, "init", "--folder", "new").status == 0)
        #expect(try await Self.run(folder, "check", "new/routes.yaml").status == 0)
    }

    @Test(
        "what would not run is refused before anything is written",
        arguments: [
            (["--for", "ftp://x"], "--for: ftp://x is no service"),
            (["--for", "https://x/path"], "--for: https://x/path"),
            (["--host", "localhost"], "api.localhost"), (["--host", "127.0.0.1"], "is no host name"),
            (["--host", "*.example.com"], "is no host name"), (["--host", "a\"b"], "is no host name"),
            (["--service", "../x"], "cannot be a service"), (["--service", "gateway"], "cannot be a service"),
            (["--port", "0"], "from 1 to 65535"), (["--port", "9901"], "9901"),
        ] as [([String], String)])
    func refused(words: [String], said: String) async throws {
        let folder = try TemporaryFolder("init")
        let told = try await Self.run(folder, ["init"] + words)
        #expect(told.status == 64 && told.said.contains(said), "\(told)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("routes.yaml")))
    }

    @Test("names of one's own come into the gateway's certificate and stay there; services get certificates")
    func names() async throws {
        let folder = try TemporaryFolder("init")
        func names() async throws -> String {
            let process = try ChildProcess.start(
                "/bin/sh", ["-c", "openssl x509 -in certs/gateway.pem -noout -ext subjectAltName >names"],
                in: folder.url.path)
            #expect(try await process.waitForExit() == 0)
            return String(decoding: try folder.read("names"), as: UTF8.self)
        }
        #expect(
            try await Self.run(folder, "certs", "init", "--host", "one.example.com", "--host", "192.0.2.7").status == 0)
        #expect(try await names().contains("DNS:one.example.com"))
        #expect(try await names().contains("IP Address:192.0.2.7"))
        let second = try await Self.run(folder, "certs", "init", "--host", "two.example.com", "--service", "shop")
        #expect(second.status == 0 && second.said.contains("shop.pem: created"), "\(second)")
        for name in ["DNS:one.example.com", "DNS:two.example.com", "DNS:localhost", "IP Address:192.0.2.7"] {
            #expect(try await names().contains(name), "\(name)")
        }
        let third = try await Self.run(folder, "certs", "init")
        #expect(third.status == 0 && !third.said.contains("created") && !third.said.contains("renewed"), "\(third)")
        #expect(try await Self.run(folder, "certs", "init", "--host", "Upper.example.com").status == 64)
        #expect(try await Self.run(folder, "certs", "init", "--service", "client").status == 64)
    }
}
