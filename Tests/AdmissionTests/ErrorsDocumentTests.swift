import Foundation
import Testing

@testable import Admission

/// `docs/errors.md` is what operators and clients go by: it must say what the table says, of every code.
@Suite("docs/errors.md")
struct ErrorsDocumentTests {
    /// A row: `| `code` | status | gRPC | challenge | retry | fault | … |`.
    struct Row: Equatable {
        var status: String
        var grpcStatus: String
        var challenge: String
        var retry: String
        var fault: String
    }

    /// The rows by their code; a code that has several rows is in the second value.
    private func rows() throws -> (rows: [String: Row], repeated: Set<String>) {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/errors.md"), encoding: .utf8)
        var rows: [String: Row] = [:]
        var repeated: Set<String> = []
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 7 else { continue }
            let code = cells[0].trimmingCharacters(in: ["`"])
            if rows[code] != nil { repeated.insert(code) }
            rows[code] = Row(
                status: cells[1], grpcStatus: cells[2], challenge: cells[3], retry: cells[4], fault: cells[5])
        }
        return (rows, repeated)
    }

    @Test("every code has one row there, and no row is about anything else")
    func complete() throws {
        let (rows, repeated) = try rows()
        let codes = Set(RefusalCode.allCases.map { $0.facts.word.description })
        #expect(codes.subtracting(rows.keys) == [], "not in the document")
        #expect(Set(rows.keys).subtracting(codes) == [], "no such code")
        #expect(repeated == [])
    }

    @Test("status, gRPC status, challenge, retry and fault are those of the table", arguments: RefusalCode.allCases)
    func agrees(_ code: RefusalCode) throws {
        let facts = code.facts
        let row = try #require(try rows().rows[facts.word.description])
        #expect(row.status == String(facts.status))
        #expect(row.grpcStatus == facts.grpcStatus.word.description)
        let challenge =
            switch facts.challenge {
            case .absent: "-"
            case .noError: "Bearer"
            case .invalidRequest: "invalid_request"
            case .invalidToken: "invalid_token"
            case .insufficientScope: "insufficient_scope"
            case .insufficientUserAuthentication: "insufficient_user_authentication"
            case .invalidProof: "invalid_dpop_proof"
            case .useNonce: "use_dpop_nonce"
            }
        #expect(row.challenge == challenge)
        // Where the table has no number, there is none or it depends on the request.
        #expect(facts.retryAfterSeconds.map { row.retry == String($0) } ?? ["-", "wait"].contains(row.retry))
        #expect(row.fault == facts.fault.rawValue)
    }
}
