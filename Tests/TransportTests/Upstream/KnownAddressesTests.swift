import NIOCore
import Testing

@testable import Transport

@Suite("addresses of a name")
struct KnownAddressesTests {
    /// An answer of the resolver: at which second, and the last numbers of the addresses in it.
    struct Answer: Sendable {
        let at: Int64
        let addresses: [Int]
        init(_ at: Int64, _ addresses: Int...) { (self.at, self.addresses) = (at, addresses) }
    }
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answers: [Answer]
        let left: [Int]
        init(_ testDescription: String, _ answers: [Answer], left: [Int]) {
            (self.testDescription, self.answers, self.left) = (testDescription, answers, left)
        }
    }

    static let rows = [
        Row("one answer", [Answer(0, 1, 2)], left: [3]),
        Row("an answer that lacks it", [Answer(0, 1, 2), Answer(10, 1)], left: [3]),
        Row("one answer that lacks it, long after", [Answer(0, 1, 2), Answer(600, 1)], left: [3]),
        Row(
            "many that lack it, within a minute", [Answer(0, 1, 2), Answer(20, 1), Answer(40, 1), Answer(59, 1)],
            left: [3]),
        Row("all of a minute lack it", [Answer(0, 1, 2), Answer(30, 1), Answer(60, 1)], left: [2, 3]),
        Row("two that lack it, long after", [Answer(0, 1, 2), Answer(600, 1), Answer(601, 1)], left: [2, 3]),
        Row(
            "it was there in between", [Answer(0, 1, 2), Answer(30, 1), Answer(50, 2), Answer(70, 1), Answer(100, 1)],
            left: [3]),
        Row(
            "it has come back", [Answer(0, 1, 2), Answer(30, 1), Answer(60, 1), Answer(90, 1, 2)], left: [3]),
        Row("all are others", [Answer(0, 1, 2), Answer(30, 3), Answer(60, 3)], left: [1, 2]),
        Row("answers without addresses are none", [Answer(0, 1, 2, 3), Answer(30), Answer(60), Answer(90)], left: []),
        Row(
            "parts that rotate, each of them once in a minute",
            (0..<20).map { Answer(Int64($0) * 20, $0 % 3 + 1) }, left: []),
    ]

    private func address(_ number: Int) throws -> SocketAddress {
        try SocketAddress(ipAddress: "192.0.2.\(number)", port: 443)
    }

    @Test("leave it when all answers of a minute, and two at least, lack them", arguments: rows)
    func departures(row: Row) throws {
        var known = KnownAddresses()
        var told = 0
        for answer in row.answers {
            if known.answered(try answer.addresses.map(address), now: answer.at * 1_000_000_000) { told += 1 }
        }
        #expect(try (1...3).filter { known.hasLeft(try address($0)) } == row.left)
        #expect(known.departures == told)
    }

    @Test("are remembered up to a bound, those that were seen last")
    func bound() throws {
        var known = KnownAddresses()
        for index in 0..<2_000 {
            let address = try SocketAddress(ipAddress: "10.0.\(index / 250).\(index % 250)", port: 443)
            _ = known.answered([address], now: Int64(index))
        }
        #expect(known.hasLeft(try SocketAddress(ipAddress: "10.0.0.0", port: 443)))
        #expect(!known.hasLeft(try SocketAddress(ipAddress: "10.0.7.249", port: 443)))
    }
}
