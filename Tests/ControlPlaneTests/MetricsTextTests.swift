import Admission
import HTTP
import Testing

@testable import DataPlane
@testable import Gateway

@Suite("the text of metrics")
struct MetricsTextTests {
    private func written(_ format: MetricsText.Format, _ write: (inout MetricsText) -> Void) -> String {
        var text = MetricsText(format)
        write(&text)
        text.end()
        return String(decoding: text.octets, as: UTF8.self)
    }

    @Test("names and types are those of the format")
    func families() {
        func write(_ text: inout MetricsText) {
            text.family("a", .counter, "Counts.")
            text.value(3)
            text.family("b", .info, "Says.")
            text.sample([("x", "y")], 1)
            text.family("c_seconds", .histogram, "Takes.")
            text.histogram([("r", "1")], bounds: [0.5, 1], counts: [1, 0, 2], sum: 7.5)
        }
        let histogram = """
            # HELP c_seconds Takes.
            # TYPE c_seconds histogram
            c_seconds_bucket{r="1",le="0.5"} 1
            c_seconds_bucket{r="1",le="1.0"} 1
            c_seconds_bucket{r="1",le="+Inf"} 3
            c_seconds_sum{r="1"} 7.5
            c_seconds_count{r="1"} 3

            """
        #expect(
            written(.prometheus, write)
                == "# HELP a_total Counts.\n# TYPE a_total counter\na_total 3\n# HELP b_info Says.\n# TYPE b_info gauge\nb_info{x=\"y\"} 1\n"
                + histogram)
        #expect(
            written(.openMetrics, write)
                == "# HELP a Counts.\n# TYPE a counter\na_total 3\n# HELP b Says.\n# TYPE b info\nb_info{x=\"y\"} 1\n"
                + histogram + "# EOF\n")
    }

    @Test("what would end a label is escaped")
    func escaping() {
        let text = written(.prometheus) {
            $0.family("a", .gauge, "one\ntwo \\ \"three\"")
            $0.sample([("x", "q\"\\\n} 1\nb 2")], 1)
        }
        #expect(
            text
                == #"""
                # HELP a one\ntwo \\ "three"
                # TYPE a gauge
                a{x="q\"\\\n} 1\nb 2"} 1

                """#)
    }

    @Test(
        "OpenMetrics is for who names it and likes it as much",
        arguments: [
            (nil, false), ("*/*", false), ("text/plain", false), ("application/openmetrics-text", true),
            ("application/openmetrics-text; version=1.0.0", true),
            ("application/openmetrics-text;version=9.0.0", false),
            ("application/openmetrics-text;q=0.5,text/plain;q=0.9", false),
            ("application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.5,*/*;q=0.1", true),
            ("application/openmetrics-text;q=0", false), ("APPLICATION/OpenMetrics-Text", true), (";;,q=", false),
        ] as [(String?, Bool)])
    func accept(text: String?, isOpen: Bool) {
        #expect((MetricsText.Format(accept: text) == .openMetrics) == isOpen)
    }

    @Test("a route has so many outcomes and no more, and what it counts is added up over loops")
    func outcomes() {
        var counts = RequestCounts()
        counts.makeRoom(for: 3)
        for status in 100..<600 { counts.routes[2].add(.init(.get, status: status, refusal: nil)) }
        counts.routes[2].add(.init(.get, status: 100, refusal: nil))
        let route = counts.routes[2]
        #expect(route.outcomes.count == RequestCounts.outcomesMax + 1)
        #expect(route.outcomes[0].count == 2 && route.outcomes[0].outcome.status == 100)
        #expect(route.outcomes.last?.outcome == .other && route.outcomes.last?.count == 500 - RequestCounts.outcomesMax)
        #expect(route.outcomes.last?.outcome.status == nil && route.outcomes.last?.outcome.method == nil)
        var both = counts
        both.add(counts)
        #expect(both.routes[2].outcomes.reduce(0) { $0 + $1.count } == 1_002)
        let refused = RequestCounts.Outcome(.other, status: 503, refusal: .auditUnavailable)
        #expect(refused.method == .other && refused.refusal == .auditUnavailable && refused.status == 503)
        #expect(RequestCounts.Outcome(.post, status: 0, refusal: nil).isAbandoned)
    }

    @Test(
        "a bucket holds what is not above its bound",
        arguments: [(-5, 0), (0, 0), (100_000, 0), (100_001, 1), (30_000_000_000, 16), (30_000_000_001, 17)]
            as [(Int64, Int)])
    func buckets(nanoseconds: Int64, bucket: Int) {
        var histogram = RequestCounts.Histogram()
        histogram.add(nanoseconds)
        #expect(histogram.counts.firstIndex(of: 1) == bucket)
    }

    @Test("a route keeps its place, and names have a bound")
    func names() {
        let names = CountedNames()
        let place = names.place(of: "a")
        #expect(names.place(of: "b") != place && names.place(of: "a") == place)
        #expect(names.all[place] == "a" && names.all[CountedNames.none] == "")
        for index in 0..<CountedNames.namesMax { _ = names.place(of: "route \(index)") }
        #expect(names.place(of: "one more") == CountedNames.others && names.place(of: "a") == place)
    }
}
