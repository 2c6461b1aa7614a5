import CAllocationCount
import Glibc

/// What one benchmark found.
struct Measurement {
    var name: String
    /// Median of the batches.
    var nanoseconds: Double
    /// The fastest batch: what the code can do when nobody disturbs it.
    var least: Double
    var allocations: Double
}

/// Runs one piece of work often enough to time it, and counts what it allocates.
struct Stopwatch {
    static let batches = 11
    private static let batchNanoseconds: Int64 = 20_000_000
    private static let operationsMax = 10_000_000
    /// Enough to see one allocation in a hundred operations; and the fixtures go round several times.
    private static let operationsCounted = 512

    /// Only operations whose name has this in it; empty: all.
    let only: String
    /// Count allocations and time nothing: two seconds for all instead of twenty.
    var countsOnly = false

    /// - Parameter work: does the operation as many times as it is told.
    func measure(_ name: String, _ work: (Int) -> Void) -> Measurement {
        guard only.isEmpty || name.contains(only) else {
            return Measurement(name: "", nanoseconds: 0, least: 0, allocations: 0)
        }
        if countsOnly {
            work(Self.operationsCounted)
            let allocations = count { work(Self.operationsCounted) }
            return Measurement(
                name: name, nanoseconds: 0, least: 0, allocations: allocations / Double(Self.operationsCounted))
        }
        var operations = 64
        work(operations)
        while operations < Self.operationsMax {
            let took = time { work(operations) }
            if took >= Self.batchNanoseconds { break }
            let factor = took > 0 ? Double(Self.batchNanoseconds) / Double(took) * 1.1 : 10
            operations = min(Int(Double(operations) * min(max(factor, 1.5), 10)), Self.operationsMax)
        }
        let allocations = count { work(operations) }
        let times = (0..<Self.batches).map { _ in Double(time { work(operations) }) / Double(operations) }.sorted()
        return Measurement(
            name: name, nanoseconds: times[Self.batches / 2], least: times[0],
            allocations: allocations / Double(operations))
    }

    /// Allocations of this thread.
    private func count(_ work: () -> Void) -> Double {
        let before = allocation_count()
        work()
        return Double(allocation_count() - before)
    }

    /// CPU time of this thread: what other programs do shows less than in wall time.
    private func time(_ work: () -> Void) -> Int64 {
        let start = Self.now()
        work()
        return Self.now() - start
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Keeps the optimizer from leaving out work whose result nobody uses.
@inline(never)
func consume<Value>(_ value: borrowing Value) {}

/// Something of the fixture is not as the benchmark needs it; there is nothing to measure.
func stop(_ why: String) -> Never {
    let line = Array("micro: \(why)\n".utf8)
    _ = write(2, line, line.count)
    exit(1)
}
