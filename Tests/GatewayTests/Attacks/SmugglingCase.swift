import Testing

/// Octets that two servers could read as different requests, and what the gateway must make of them.
struct SmugglingCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable, Equatable {
        /// Exactly one answer, with this status, then the connection closes. The upstream sees no request.
        case refused(Int)
        /// As `refused`, but the head was good, so that the upstream may have seen it with a body that never ended.
        case refusedInBody(Int)
        /// So many answers with status 200, and as many requests at the upstream. The good neighbour of a bad shape, so
        /// that the table cannot pass by refusing everything.
        case served(Int)
    }

    let name: String
    let octets: [UInt8]
    let outcome: Outcome
    var testDescription: String { name }

    init(_ name: String, _ outcome: Outcome, _ octets: [UInt8]) {
        self.name = name
        self.octets = octets
        self.outcome = outcome
    }

    init(_ name: String, _ outcome: Outcome, _ text: String) { self.init(name, outcome, Array(text.utf8)) }

    /// The octets with another path in place of `/first`, so that a test knows its own requests at the upstream.
    func octets(at path: String) -> [UInt8] {
        let (old, new) = (Array("/first".utf8), Array(path.utf8))
        var out: [UInt8] = []
        var rest = octets[...]
        while let octet = rest.first {
            let isPath = rest.starts(with: old)
            out += isPath ? new : [octet]
            rest = rest.dropFirst(isPath ? old.count : 1)
        }
        return out
    }

    /// What follows a bad request on the same connection: if anybody takes it for a request, the attack has worked.
    static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

    /// A request for `/first` with more field lines, each with its CR LF, and whatever comes behind the head.
    static func get(_ fields: String, then rest: String = smuggled) -> String {
        "GET /first HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\(rest)"
    }

    /// The same with POST.
    static func post(_ fields: String, then rest: String = "") -> String {
        "POST /first HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\(rest)"
    }

    /// A body in chunks, and the smuggled request behind it.
    static func chunks(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", then: body + smuggled) }
}
