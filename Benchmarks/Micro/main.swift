import CAllocationCount

// Micro-benchmarks of what every request goes through: `bench/micro` builds and runs this. One line each, as Markdown.
// An argument chooses operations by a part of their name: `valgrind --tool=callgrind micro 'cache off'`. With
// --allocations nothing is timed (bench/micro --check).

let before = allocation_count()
consume([UInt8](repeating: 1, count: 4_096))
guard allocation_count() > before else { stop("allocations are not counted in this build") }

let arguments = CommandLine.arguments.dropFirst()
let stopwatch = Stopwatch(
    only: arguments.first { !$0.hasPrefix("--") } ?? "", countsOnly: arguments.contains("--allocations"))
let fixture = Fixture()
let token = fixture.token(0)

var measurements = HeadBenchmarks(token: token).run(stopwatch)
measurements += RouteBenchmarks().run(stopwatch)
measurements += DecisionBenchmarks(fixture: fixture).run(stopwatch)
measurements += VerificationBenchmarks().run(stopwatch)
measurements += RevocationBenchmarks().run(stopwatch)
measurements += AuditBenchmarks(token: token).run(stopwatch)

func decimal(_ value: Double, _ digits: Int) -> String {
    let scale = digits == 0 ? 1.0 : digits == 1 ? 10.0 : 100.0
    let rounded = (value * scale).rounded() / scale
    return digits == 0 ? String(Int(rounded)) : String(rounded)
}

print("| operation | ns, median of \(Stopwatch.batches) batches | fastest | allocations |")
print("|---|---|---|---|")
for one in measurements where !one.name.isEmpty {
    print(
        "| \(one.name) | \(decimal(one.nanoseconds, 0)) | \(decimal(one.least, 0)) | \(decimal(one.allocations, 2)) |")
}
