package import Admission
package import HTTP

/// What one event loop has counted of its requests since the start, by route. Plain memory of the loop: the loop alone
/// writes, and whoever reads takes a copy on the loop.
///
/// A route has a place of its own for as long as the process runs (`CountedNames`), so that counts go on over a reload.
package struct RequestCounts: Sendable {
    /// Upper bounds of the histograms' buckets, in nanoseconds; one more is above the last.
    package static let bounds: [Int64] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000,
    ]
    /// Outcomes that a route has counters for; what comes beyond (a service with hundreds of status codes) is counted as
    /// `Outcome.other`.
    static let outcomesMax = 256

    /// What came of a request.
    package struct Outcome: Sendable, Hashable {
        private let packed: UInt32

        /// Instead of a refusal's code.
        private static let none: UInt32 = 0xFF
        private static let abandonedCode: UInt32 = 0xFE
        static let other = Outcome(packed: .max)

        private init(packed: UInt32) { self.packed = packed }

        /// - Parameter status: 0: there was no answer.
        init(_ method: Method, status: Int, refusal: RefusalCode?) {
            let code = refusal.map { UInt32($0.rawValue) } ?? (status == 0 ? Self.abandonedCode : Self.none)
            packed = UInt32(method.rawValue) << 24 | code << 16 | UInt32(UInt16(clamping: status))
        }

        /// nil: this is `other`.
        package var method: Method? { Method(rawValue: UInt8(packed >> 24)) }
        /// nil: this is `other`.
        package var status: Int? { self == .other ? nil : Int(packed & 0xFFFF) }
        /// nil: nothing was refused by the gateway.
        package var refusal: RefusalCode? { RefusalCode(rawValue: UInt8(packed >> 16 & 0xFF)) }
        /// The client was gone before there was an answer.
        package var isAbandoned: Bool { packed >> 16 & 0xFF == Self.abandonedCode && self != .other }
    }

    /// How long something took, how often.
    package struct Histogram: Sendable {
        /// By bucket, not cumulated.
        package private(set) var counts = [Int](repeating: 0, count: RequestCounts.bounds.count + 1)
        /// Nanoseconds.
        package private(set) var sum: Int64 = 0

        mutating func add(_ nanoseconds: Int64) {
            let nanoseconds = max(nanoseconds, 0)
            var bucket = 0
            while bucket < RequestCounts.bounds.count, nanoseconds > RequestCounts.bounds[bucket] { bucket += 1 }
            counts[bucket] &+= 1
            sum &+= nanoseconds
        }

        /// Those of another loop come to these.
        package mutating func add(_ other: Histogram) {
            for index in counts.indices { counts[index] &+= other.counts[index] }
            sum &+= other.sum
        }
    }

    /// Of the requests of one route.
    package struct OfRoute: Sendable {
        /// In the order in which they first occurred.
        package private(set) var outcomes: [(outcome: Outcome, count: Int)] = []
        /// From the head to the end of the answer.
        package private(set) var whole = Histogram()
        /// From the head to the attempt to forward the request, or to the end where there was none.
        package private(set) var own = Histogram()
        /// From there to the answer's head.
        package private(set) var firstByte = Histogram()
        /// Of requests.
        package private(set) var bodyBytesIn = 0
        /// Of answers.
        package private(set) var bodyBytesOut = 0

        mutating func add(_ outcome: Outcome, _ count: Int = 1) {
            // A few for each route, so that this is faster than a table.
            for index in outcomes.indices where outcomes[index].outcome == outcome {
                outcomes[index].count &+= count
                return
            }
            guard outcomes.count < RequestCounts.outcomesMax || outcome == .other else { return add(.other, count) }
            outcomes.append((outcome, count))
        }

        /// One request. Times are in nanoseconds.
        /// - Parameter firstByte: nil: there was none.
        mutating func add(
            _ outcome: Outcome, whole: Int64, own: Int64, firstByte: Int64?, bytesIn: Int, bytesOut: Int
        ) {
            add(outcome)
            self.whole.add(whole)
            self.own.add(own)
            if let firstByte { self.firstByte.add(firstByte) }
            bodyBytesIn &+= bytesIn
            bodyBytesOut &+= bytesOut
        }

        /// Those of another loop come to these.
        package mutating func add(_ other: OfRoute) {
            for entry in other.outcomes { add(entry.outcome, entry.count) }
            whole.add(other.whole)
            own.add(other.own)
            firstByte.add(other.firstByte)
            bodyBytesIn &+= other.bodyBytesIn
            bodyBytesOut &+= other.bodyBytesOut
        }
    }

    /// At the places of `CountedNames`.
    package internal(set) var routes: [OfRoute] = []
    /// Requests that have begun and not ended.
    package internal(set) var inFlight = 0

    package init() {}

    mutating func makeRoom(for places: Int) {
        while routes.count < places { routes.append(OfRoute()) }
    }

    /// Those of another loop come to these.
    package mutating func add(_ other: RequestCounts) {
        makeRoom(for: other.routes.count)
        for index in other.routes.indices { routes[index].add(other.routes[index]) }
        inFlight += other.inFlight
    }
}
