import GatewayTesting
import Testing

@testable import Gateway

@Suite("the folder of a file that the gateway writes")
struct MissingFolderTests {
    @Test("is made; where it cannot be, the error names the file, the reason and the way out")
    func folder() throws {
        let files = try TemporaryFolder()
        try GatewayServer.makeFolder(of: files.path("a/b/audit.jsonl"))
        #expect(files.exists("a/b"))
        try files.write("a file", to: "taken")
        let path = files.path("taken/deep/audit.jsonl")
        let error = #expect(throws: MissingFolder.self) { try GatewayServer.makeFolder(of: path) }
        #expect(error?.path == path)
        #expect(error?.description.contains("Not a directory; make it, or name another file in routes.yaml") == true)
    }
}
