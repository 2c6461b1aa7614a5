import HTTP
import Testing

@testable import DataPlane
@testable import Transport

/// A failure, and which methods may be sent again after it.
private struct Row: Sendable {
    let reason: ForwardFailure.Reason
    var reused = false
    var nothingSent = false
    var owesBody = false
    var rule: String?
    let methods: [HTTP.Method]

    func failure(bodyUntouched: Bool = true) -> ForwardFailure {
        ForwardFailure(
            reason: reason, onReusedConnection: reused, bodyUntouched: bodyUntouched, clientOwedBody: owesBody,
            nothingSent: nothingSent, detail: UpstreamFailure(reason, detail: UpstreamFailure(.badAnswer, rule: rule)))
    }
}

private let all: [HTTP.Method] = [.get, .put, .delete, .post]
private let idempotent: [HTTP.Method] = [.get, .put, .delete]

private let rows = [
    Row(reason: .unreachable, nothingSent: true, methods: all),
    Row(reason: .tlsFailed, nothingSent: true, methods: all),
    Row(reason: .tlsFailed, methods: []),
    Row(reason: .wrongIdentity, nothingSent: true, methods: all),
    Row(reason: .connectTimeout, nothingSent: true, methods: all),
    Row(reason: .closedEarly, reused: true, methods: idempotent),
    Row(reason: .closedEarly, methods: []),
    Row(reason: .notProcessed, methods: all),
    Row(reason: .notProcessed, reused: true, methods: all),
    Row(reason: .firstByteTimeout, reused: true, methods: []),
    Row(reason: .badResponse, reused: true, methods: []),
    Row(reason: .tooManyWaiting, nothingSent: true, methods: []),
    Row(reason: .noResources, nothingSent: true, methods: []),
]

@Suite("after a failure")
struct RetryRuleTests {
    @Test("a request is sent again only if it cannot have been done, or does no harm when done twice", arguments: rows)
    private func safe(row: Row) {
        for method in all {
            #expect(row.failure().isSafeToRetry(method: method) == row.methods.contains(method), "\(method)")
        }
    }

    @Test("a request whose body was passed on is never sent again", arguments: rows)
    private func body(row: Row) {
        for method in all { #expect(!row.failure(bodyUntouched: false).isSafeToRetry(method: method)) }
    }

    @Test(
        "the endpoint is not to blame for a full line, an old connection, what it did not begin and what is missing here"
    )
    func blame() {
        let innocent = rows.filter { !$0.failure().countsAgainstEndpoint }.map(\.reason)
        #expect(innocent == [.closedEarly, .notProcessed, .notProcessed, .tooManyWaiting, .noResources])
    }

    @Test(
        "nor for what a client brings about: a body that does not come, or an answer that repeats too much of its request"
    )
    func broughtAbout() {
        #expect(!Row(reason: .closedEarly, owesBody: true, methods: []).failure().countsAgainstEndpoint)
        #expect(!Row(reason: .badResponse, rule: "head_too_large", methods: []).failure().countsAgainstEndpoint)
        #expect(Row(reason: .badResponse, rule: "bad_status_line", methods: []).failure().countsAgainstEndpoint)
        #expect(Row(reason: .firstByteTimeout, owesBody: true, methods: []).failure().countsAgainstEndpoint)
    }
}
