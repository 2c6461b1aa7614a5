import Admission
import HTTP
import Policy

/// What it costs that tokens of the built-in authorization server can be taken back: the same known token, without any
/// revocation and with a hundred thousand that concern others; and the first time after something was revoked, when it
/// is looked up.
struct RevocationBenchmarks {
    private static let live = 100_000

    func run(_ stopwatch: Stopwatch) -> [Measurement] {
        let fixture = Fixture(keys: .embedded)
        let head = fixture.head(fixture.token(0))
        return [
            known("token of the built-in server known, nothing revoked", fixture, head, [RevocationSet()], stopwatch),
            known("the same, 100,000 live revocations", fixture, head, [Self.revocations()], stopwatch),
            known(
                "the same, each time after something else was revoked", fixture, head,
                [Self.revocations(), Self.revocations()], stopwatch),
        ]
    }

    /// A quarter of each kind.
    private static func revocations() -> RevocationSet {
        var ends: [RevocationSet.Mark: RevocationSet.End] = [:]
        for number in 0..<live / 4 {
            for kind in RevocationSet.Kind.allCases {
                ends[.init(kind, "other-\(number)")] = .init(before: .max, expiresAt: .max)
            }
        }
        guard ends.count == live else { stop("the fixture has \(ends.count) revocations") }
        return RevocationSet(ends)
    }

    /// - Parameter sets: in force in turn, one for each request.
    private func known(
        _ name: String, _ fixture: Fixture, _ head: RequestHead, _ sets: [RevocationSet], _ stopwatch: Stopwatch
    ) -> Measurement {
        let authenticator = Authenticator(cacheEntriesMax: 10)
        let rules = fixture.rules.routes[0]
        let decisions = DecisionBenchmarks(fixture: fixture)
        consume(decisions.caller(head, rules, authenticator))
        var next = 0
        return stopwatch.measure(name) { count in
            for _ in 0..<count {
                if sets.count > 1 || authenticator.revocations.generation != sets[0].generation {
                    next = (next &+ 1) % sets.count
                    authenticator.revocations = sets[next]
                }
                consume(decisions.caller(head, rules, authenticator))
            }
        }
    }
}
