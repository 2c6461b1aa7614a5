import HTTP
import Policy
import Testing

@testable import Admission

/// A request's head, as the strict parser reads it.
func head(
    _ method: String = "GET", _ path: String = "/", host: String = "api.example.com", _ fields: [String] = []
) throws -> RequestHead {
    let text = (["\(method) \(path) HTTP/1.1", "Host: \(host)"] + fields + ["", ""]).joined(separator: "\r\n")
    let octets = Array(text.utf8)
    var parser = HeadParser(limits: HeadLimits())
    var head = RequestHead()
    _ = try #require(try parser.parseRequest(octets.span, into: &head))
    return head
}

/// A route whose path is written as in `routes.yaml`.
func route(
    _ path: String, hosts: [String] = [], methods: [String] = [], id: String = "r", require: Requirement? = nil,
    limits: [Int] = [], allowPath: PathFeatures = []
) -> Route {
    Route(
        id: id, match: RouteMatchRule(hosts: hosts, methods: methods, path: pattern(path)), require: require,
        limits: limits, destination: .local(.health), allowPath: allowPath)
}

func pattern(_ text: String) -> PathPattern {
    let segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part in
        if part.hasSuffix("...}") { return PathPattern.Segment.rest(String(part.dropFirst().dropLast(4))) }
        if part.hasPrefix("{") { return .capture(String(part.dropFirst().dropLast())) }
        return .literal(String(part))
    }
    return PathPattern(text: text, segments: segments)
}

/// The word of the refusal that `body` throws; nil when it throws none.
func refusal(_ body: () throws(Refusal) -> Void) -> String? {
    do throws(Refusal) {
        try body()
        return nil
    } catch {
        return error.code.facts.word.description
    }
}

func address(_ text: String = "192.0.2.1") -> ClientAddress {
    let octets = text.split(separator: ".").compactMap { UInt8($0) }
    guard let address = ClientAddress(octets: octets) else { fatalError("\(text) is no IPv4 address") }
    return address
}

let anyPeer = PeerFacts(address: address())

extension Array<UInt8> {
    var text: String { String(decoding: self, as: UTF8.self) }
}
