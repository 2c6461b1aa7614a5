import Testing

@testable import Audit

@Suite("Which rotated files are kept")
struct RotationPlanTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Days since they were last written to, from `.1` on; each has 100 octets.
        let ages: [Int]
        var unmatched: [Int] = []
        var keep = 2
        var days = 0
        var bytesMax = Int.max
        var removed: [Int] = []
        var unmatchedRemoved: [Int] = []
        var isForced = false
    }

    static let cases: [Case] = [
        Case(testDescription: "there is room", ages: [1]),
        Case(testDescription: "by number", ages: [1, 2], removed: [2]),
        Case(testDescription: "several at once, when keep was made smaller", ages: [1, 2, 3, 4], removed: [4, 3, 2]),
        Case(testDescription: "too many, but too young", ages: [1, 2, 3], days: 30),
        Case(testDescription: "too many, and one of them old enough", ages: [1, 2, 31], days: 30, removed: [3]),
        Case(testDescription: "old, but not too many", ages: [99], days: 30),
        Case(
            testDescription: "too large, but old enough to go anyway", ages: [1, 31, 32], days: 30, bytesMax: 150,
            removed: [3, 2]),
        Case(
            testDescription: "too large: the oldest goes before its time", ages: [1, 2, 3], days: 30, bytesMax: 350,
            removed: [3], isForced: true),
        Case(
            testDescription: "too large: what matched no route goes first", ages: [1, 2, 3], unmatched: [1, 2],
            days: 30,
            bytesMax: 500, unmatchedRemoved: [2]),
        Case(
            testDescription: "too large: what matched no route is not enough", ages: [1, 2, 3], unmatched: [1],
            days: 30,
            bytesMax: 350, removed: [3], unmatchedRemoved: [1], isForced: true),
    ]

    @Test("of a number, an age and a bound of the disk", arguments: cases)
    func plan(_ given: Case) {
        let day = 86_400
        let now = 20_000 * day
        func files(_ ages: [Int]) -> [RotationPlan.Kept] {
            ages.enumerated().map {
                RotationPlan.Kept(number: $0.offset + 1, bytes: 100, modifiedAt: now - $0.element * day)
            }
        }
        let plan = RotationPlan(
            files(given.ages).reversed(), unmatched: files(given.unmatched), currentBytes: 100, keep: given.keep,
            retention: AuditRetention(keepSeconds: given.days * day, bytesMax: given.bytesMax), now: now)
        #expect(plan.removed == given.removed)
        #expect(plan.unmatchedRemoved == given.unmatchedRemoved)
        #expect(plan.isForced == given.isForced)
    }
}
