import AuthorizationRecords
import GatewayTesting
import JSON
import Logging
import Storage
import Synchronization
import Testing

@testable import Gateway

/// What every store behind the authorization server's port does, whichever database it is.
@Suite("A store of the authorization server", .tags(.timed))
struct StoreContractTests {
    typealias Kind = StoreHarness.Kind

    @Test("what is inserted is read as it was, with version 1", arguments: Kind.allCases)
    func insert(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        let body: JSONObject = [
            "text": "Grüße \u{1F600} \" \\ \u{0} end", "number": .integer(.max), "list": [1, "two", nil],
            "object": ["a": true], "half": .number(0.5),
        ]
        let record = StoredRecord.test(
            "a", .grant, expiresAt: storeNow + 5, client: "c", subject: "ü", grant: "g", body: body)
        #expect(try await store.commit([.insert(record)], now: storeNow))
        let read = try #require(try await store.record(.grant, "a"))
        #expect(read.body == body)
        #expect(
            (read.version, read.expiresAt, read.client, read.subject, read.grant) == (1, storeNow + 5, "c", "ü", "g"))
        #expect(read.sequence > 0)
        #expect(try await store.record(.grant, "A") == nil)
        #expect(try await store.record(.user, "a") == nil)
    }

    @Test("what is there already is not inserted again, unless its end has come", arguments: Kind.allCases)
    func insertTwice(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        #expect(try await store.commit([.insert(.test("a", expiresAt: storeNow + 10, body: ["n": 1]))], now: storeNow))
        #expect(try await store.commit([.insert(.test("b", body: ["n": 1]))], now: storeNow))
        let first = try await store.record(.replay, "a")
        #expect(
            try await !store.commit([.insert(.test("a", expiresAt: storeNow + 99, body: ["n": 2]))], now: storeNow + 9))
        #expect(try await store.record(.replay, "a") == first)
        #expect(
            try await store.commit([.insert(.test("a", expiresAt: storeNow + 99, body: ["n": 2]))], now: storeNow + 10))
        let second = try #require(try await store.record(.replay, "a"))
        #expect((second.version, second.expiresAt, second.body) == (1, storeNow + 99, ["n": 2]))
        #expect(second.sequence > (first?.sequence ?? .max))
        // What has no end never comes to one.
        #expect(try await !store.commit([.insert(.test("b"))], now: .max))
    }

    @Test("a record is replaced only by whoever read its last version", arguments: Kind.allCases)
    func replace(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        #expect(try await !store.commit([.replace(.test("a").with(version: 1))], now: storeNow))
        #expect(try await store.commit([.insert(.test("a", client: "c", body: ["n": 1]))], now: storeNow))
        let read = try #require(try await store.record(.replay, "a"))
        #expect(
            try await store.commit(
                [.replace(.test("a", expiresAt: storeNow + 1, body: ["n": 2]).with(version: 1))], now: storeNow))
        #expect(
            try await !store.commit([.replace(.test("a", body: ["n": 3]).with(version: read.version))], now: storeNow))
        let now = try #require(try await store.record(.replay, "a"))
        #expect((now.version, now.client, now.expiresAt, now.body) == (2, nil, storeNow + 1, ["n": 2]))
        #expect(now.sequence > read.sequence)
    }

    @Test("all changes are made, or none", arguments: Kind.allCases)
    func allOrNothing(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        #expect(try await store.commit([.insert(.test("there"))], now: storeNow))
        let refusals: [StoreChange] = [
            .insert(.test("there")), .replace(.test("there").with(version: 2)),
            .expect(.replay, key: "there", version: 2),
            .expect(.replay, key: "absent", version: 1), .remove(.replay, key: "there", version: 2),
            .remove(.replay, key: "absent", version: 1),
        ]
        for refusal in refusals {
            let changes: [StoreChange] = [
                .insert(.test("new")), .remove(.replay, key: "there"), .insert(.test("there")), refusal,
            ]
            // The last one comes upon what the others did.
            let isUpset = try await !store.commit(changes, now: storeNow)
            let isThere = try await store.record(.replay, "new") != nil
            #expect(isUpset && !isThere, "\(refusal)")
            #expect(try await store.record(.replay, "there")?.version == 1)
        }
        #expect(
            try await store.commit(
                [
                    .expect(.replay, key: "there", version: 1), .remove(.replay, key: "absent"), .insert(.test("new")),
                    .remove(.replay, key: "there", version: 1),
                ],
                now: storeNow))
        #expect(try await store.record(.replay, "there") == nil)
        #expect(try await store.record(.replay, "new") != nil)
        #expect(try await store.commit([], now: storeNow))
    }

    @Test("changes are made in their order, each upon what those before it did", arguments: Kind.allCases)
    func order(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        #expect(
            try await store.commit(
                [
                    .insert(.test("a")), .replace(.test("a", body: ["n": 2]).with(version: 1)),
                    .expect(.replay, key: "a", version: 2),
                    .remove(.replay, key: "a", version: 2), .insert(.test("a", body: ["n": 3])),
                ], now: storeNow))
        let read = try await store.record(.replay, "a")
        #expect(read?.version == 1)
        #expect(read?.body == ["n": 3])
    }

    @Test(
        "everything of a client, a subject or a grant is found and removed, and nothing else", arguments: Kind.allCases)
    func queries(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        let all: [StoredRecord] = [
            .test("1", .refreshToken, client: "a", subject: "x", grant: "g"),
            .test("2", .refreshToken, client: "a", subject: "y", grant: "h"),
            .test("3", .refreshToken, client: "b", subject: "x", grant: "i"), .test("4", .refreshToken),
            .test("1", .authorizationCode, client: "a", grant: "g"),
        ]
        #expect(try await store.commit(all.map { .insert($0) }, now: storeNow))
        func keys(_ query: RecordQuery) async throws -> [String] {
            try await store.records(query, most: 100).map(\.key)
        }
        #expect(try await keys(RecordQuery(.refreshToken)) == ["1", "2", "3", "4"])
        #expect(try await keys(RecordQuery(.refreshToken, client: "a")) == ["1", "2"])
        #expect(try await keys(RecordQuery(.refreshToken, subject: "x")) == ["1", "3"])
        #expect(try await keys(RecordQuery(.refreshToken, client: "a", subject: "x")) == ["1"])
        #expect(try await keys(RecordQuery(.refreshToken, grant: "g")) == ["1"])
        #expect(try await keys(RecordQuery(.refreshToken, client: "A")) == [])
        #expect(try await store.commit([.removeAll(RecordQuery(.refreshToken, client: "a"))], now: storeNow))
        #expect(try await keys(RecordQuery(.refreshToken)) == ["3", "4"])
        #expect(try await keys(RecordQuery(.authorizationCode)) == ["1"])
        #expect(try await store.commit([.removeAll(RecordQuery(.refreshToken))], now: storeNow))
        #expect(try await keys(RecordQuery(.refreshToken)) == [])
    }

    @Test("pages follow each other in the order of octets, however they are cut", arguments: Kind.allCases)
    func paging(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        let keys = ["A", "B", "Z", "a", "b", "z", "~", "é", "ü", "\u{FB01}", "\u{1F600}", "-", "10", "9"]
        #expect(try await store.commit(keys.shuffled().map { .insert(.test($0)) }, now: storeNow))
        let sorted = keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        for size in [1, 3, 100] {
            var pages: [String] = []
            while true {
                let page = try await store.records(RecordQuery(.replay, afterKey: pages.last), most: size)
                #expect(page.count <= size)
                if page.isEmpty { break }
                pages += page.map(\.key)
            }
            #expect(pages == sorted)
        }
    }

    @Test("texts that look the same and differ in their octets are different keys", arguments: Kind.allCases)
    func octets(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        #expect(try await store.commit([.insert(.test(composed, client: composed))], now: storeNow))
        #expect(try await store.record(.replay, decomposed) == nil)
        #expect(try await store.records(RecordQuery(.replay, client: decomposed), most: 1).isEmpty)
        #expect(try await store.commit([.insert(.test(decomposed, client: decomposed))], now: storeNow))
        #expect(try await store.commit([.removeAll(RecordQuery(.replay, client: decomposed))], now: storeNow))
        let left = try await store.records(RecordQuery(.replay), most: 10).map { Array($0.key.utf8) }
        #expect(left == [Array(composed.utf8)])
    }

    @Test(
        "a page has as many rows as asked for, from 1 to 1,000, and says whether there are more",
        arguments: Kind.allCases)
    func pageSizes(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        let keys = (1_000..<2_001).map { "\($0)" }
        #expect(try await store.commit(keys.map { .insert(.test($0)) }, now: storeNow))
        for query in [RecordQuery(.replay), RecordQuery(.replay, afterSequence: 0)] {
            for (most, count) in [(-1, 1), (0, 1), (1, 1), (999, 999), (1_000, 1_000), (5_000, 1_000)] {
                let page = try await store.page(query, most: most)
                #expect(page.records.map(\.key) == Array(keys.prefix(count)))
                #expect(page.next != nil)
            }
            let rest = try await store.page(#require(try await store.page(query, most: 1_000).next), most: 1)
            #expect(rest.records.map(\.key) == ["2000"])
            #expect(rest.next == nil)
        }
        #expect(try await store.page(RecordQuery(.session), most: 1).next == nil)
    }

    @Test("a damaged record hides no other, ends no list, and is named", arguments: Kind.allCases)
    func damagedInLists(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let store = try await harness.open()
        let keys = (1_000..<2_501).map { "\($0)" }
        for start in stride(from: 0, to: keys.count, by: 500) {
            let some = keys[start..<min(start + 500, keys.count)]
            #expect(try await store.commit(some.map { .insert(.test($0, client: "c")) }, now: storeNow))
        }
        // The first of all, the last of a page, the first of the next, the last of all.
        let damaged = ["1000", "1999", "2000", "2500"]
        for key in damaged { try await harness.damage(.replay, key) }
        for query in [
            RecordQuery(.replay), RecordQuery(.replay, client: "c"), RecordQuery(.replay, afterSequence: 0),
        ] {
            let list = try await store.all(query) { $0.key }
            #expect(list.values == keys.filter { !damaged.contains($0) })
            #expect(list.damaged.map(\.key) == damaged)
            #expect(throws: DamagedRecord.self) { try list.whole() }
        }
        await #expect(throws: DamagedRecord.self) { try await store.records(RecordQuery(.replay), most: 10) }
        let page = try await store.page(RecordQuery(.replay), most: 1)
        #expect(page.records.isEmpty)
        #expect(page.next?.afterKey == "1000")
    }

    @Test(
        "a damaged record is not absent: it is an error to read it, and its version and end hold",
        arguments: Kind.allCases)
    func damaged(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let store = try await harness.open()
        let keys = ["a", "b", "c", "d"]
        #expect(
            try await store.commit(keys.map { .insert(.test($0, expiresAt: storeNow + 10)) }, now: storeNow))
        for key in keys { try await harness.damage(.replay, key) }
        await #expect { try await store.record(.replay, "a") } throws: { error in
            let damaged = error as? DamagedRecord
            return damaged?.kind == .replay && damaged?.key == "a" && damaged?.expiresAt == storeNow + 10
                && damaged?.sequence ?? 0 > 0 && "\(error)".contains("\"a\" (replay) is damaged")
        }
        await #expect(throws: DamagedRecord.self) { try await store.value(.replay, "a") { $0 } }
        #expect(try await !store.commit([.insert(.test("a"))], now: storeNow + 9))
        #expect(try await store.commit([.insert(.test("a", body: ["n": 1]))], now: storeNow + 10))
        #expect(try await store.record(.replay, "a")?.body == ["n": 1])
        #expect(try await store.commit([.expect(.replay, key: "b", version: 1)], now: storeNow))
        #expect(try await store.commit([.replace(.test("b", body: ["n": 2]).with(version: 1))], now: storeNow))
        #expect(try await store.record(.replay, "b")?.body == ["n": 2])
        #expect(try await !store.commit([.remove(.replay, key: "c", version: 2)], now: storeNow))
        #expect(try await store.commit([.remove(.replay, key: "c", version: 1)], now: storeNow))
        #expect(try await store.removeExpired(now: storeNow + 10, most: 10) == 1)
        #expect(try await store.records(RecordQuery(.replay), most: 10).map(\.key) == ["a", "b"])
    }

    @Test("what was written after something is found in the order of writing", arguments: Kind.allCases)
    func sequence(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        for key in ["c", "a", "b"] { #expect(try await store.commit([.insert(.test(key))], now: storeNow)) }
        #expect(try await store.commit([.insert(.test("other", .session))], now: storeNow))
        let all = try await store.records(RecordQuery(.replay, afterSequence: 0), most: 10)
        #expect(all.map(\.key) == ["c", "a", "b"])
        #expect(
            try await store.records(RecordQuery(.replay, afterSequence: all[0].sequence), most: 1).map(\.key) == ["a"])
        #expect(try await store.commit([.replace(all[0])], now: storeNow))
        #expect(
            try await store.records(RecordQuery(.replay, afterSequence: all[2].sequence), most: 10).map(\.key) == ["c"])
    }

    @Test("of a hundred who replace the same version at once, one does", arguments: Kind.allCases)
    func compareAndSwap(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let stores = [try await harness.open(), try await harness.open()]
        #expect(try await stores[0].commit([.insert(.test("family", body: ["n": -1]))], now: storeNow))
        let winners = try await withThrowingTaskGroup(of: Int?.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let changes: [StoreChange] = [
                        .replace(.test("family", body: ["n": .integer(Int64(number))]).with(version: 1)),
                        .insert(.test("successor \(number)")),
                    ]
                    return try await stores[number % 2].commit(changes, now: storeNow) ? number : nil
                }
            }
            return try await group.compactMap { $0 }.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(winners.count == 1)
        let family = try #require(try await stores[1].record(.replay, "family"))
        #expect(family.version == 2)
        #expect(family.body["n"]?.int == winners.first.map(Int64.init))
        #expect(
            try await stores[0].records(RecordQuery(.replay), most: 1_000).map(\.key) == [
                "family", "successor \(winners.first ?? -1)",
            ])
    }

    @Test(
        "whoever has read everything up to a number misses nothing that is written while others write",
        arguments: Kind.allCases)
    func sequenceUnderLoad(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let stores = [try await harness.open(), try await harness.open()]
        let done = Counter()
        let seen = try await withThrowingTaskGroup(of: Set<String>.self) { group in
            group.addTask {
                var seen: Set<String> = []
                var last: Int64 = 0
                while true {
                    let isOver = done.value.load(ordering: .sequentiallyConsistent) == 200
                    let page = try await stores[1].records(RecordQuery(.replay, afterSequence: last), most: 50)
                    seen.formUnion(page.map(\.key))
                    last = page.last?.sequence ?? last
                    if page.isEmpty, isOver { return seen }
                }
            }
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<50 {
                        _ = try await stores[writer % 2].commit(
                            [
                                .insert(.test("\(writer) \(number)")),
                                .insert(.test("\(writer) \(number) too", .session)),
                            ], now: storeNow)
                        done.value.add(1, ordering: .sequentiallyConsistent)
                    }
                    return []
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
        }
        #expect(seen.count == 200)
    }

    @Test("what has expired is removed in steps, and nothing else", arguments: Kind.allCases)
    func expiry(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        let records = (0..<10).map { StoredRecord.test("\($0)", expiresAt: storeNow + Int64($0)) } + [.test("stays")]
        #expect(try await store.commit(records.map { .insert($0) }, now: storeNow))
        #expect(try await store.removeExpired(now: storeNow - 1, most: 100) == 0)
        #expect(try await store.removeExpired(now: storeNow + 4, most: 3) == 3)
        #expect(try await store.removeExpired(now: storeNow + 4, most: 3) == 2)
        #expect(try await store.removeExpired(now: storeNow + 4, most: 3) == 0)
        #expect(
            try await store.records(RecordQuery(.replay), most: 100).map(\.key) == ["5", "6", "7", "8", "9", "stays"])
    }

    @Test("expired records go by themselves, in as many steps as it takes", arguments: Kind.allCases)
    func removal(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        for start in stride(from: 0, to: 1_200, by: 400) {
            let records = (start..<start + 400).map { StoredRecord.test("\($0)", expiresAt: storeNow) }
            #expect(try await store.commit(records.map { .insert($0) }, now: storeNow - 1))
        }
        let removal = ExpiredRecordRemoval(store: store, logger: .init(label: "test"), clock: { storeNow })
        #expect(try await removal.round() == 1_200)
        #expect(try await store.records(RecordQuery(.replay), most: 10).isEmpty)
    }

    /// How a record grows beyond what can be read, though not by much.
    enum Growth: String, CaseIterable, Sendable {
        case octets = "many octets"
        case escapes = "characters that take six octets each"
        case quotes = "characters that take two octets each"
        case members = "many members"
        case elements = "many elements"
        case depth = "many levels"
        case key = "a long key"
        case client = "a long client"
        case subject = "a long subject"
        case grant = "a long grant"

        func record(_ kind: RecordKind, isTooLarge: Bool) -> StoredRecord {
            let more = isTooLarge ? 1 : 0
            func text(_ octets: Int, _ character: Character = "x") -> JSON {
                .string(String(repeating: character, count: octets))
            }
            // {"x":"…"}
            let room = 65_536 - 8
            var body: JSONObject = [:]
            var record = StoredRecord.test("k", kind)
            let long = String(repeating: "n", count: 1_024 + more)
            switch self {
            case .octets: body = ["x": text(room + more)]
            case .escapes: body = ["x": text(room / 6 + more, "\u{1}")]
            case .quotes: body = ["x": text(room / 2 + more, "\"")]
            case .members: for number in 0..<(1_024 + more) { body["m\(number)"] = 1 }
            case .elements: body = ["x": .array(Array(repeating: 1, count: 1_023 + more))]
            case .depth: body = ["x": (0..<(15 + more)).reduce(JSON.integer(1)) { inner, _ in [inner] }]
            case .key: record = .test(long, kind)
            case .client: record.client = long
            case .subject: record.subject = long
            case .grant: record.grant = long
            }
            record.body = body
            return record
        }
    }

    @Test(
        "what could not be read again is not written, whatever it is of and however it grew", arguments: Kind.allCases)
    func growth(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        // Keys of the server's own are there already.
        for record in RecordKind.allCases where record != .signingKey && record != .serverKey {
            #expect(try await store.commit([.insert(.test("other", record))], now: storeNow))
            for growth in Growth.allCases {
                let good = growth.record(record, isTooLarge: false)
                #expect(try await store.commit([.insert(good)], now: storeNow))
                let read = try await store.record(record, good.key)
                #expect(read?.body == good.body, "\(record) \(growth)")
                let bad = growth.record(record, isTooLarge: true)
                let change = growth == .key ? StoreChange.insert(bad) : .replace(bad.with(version: 1))
                await #expect(throws: UnstorableRecord.self, "\(record) \(growth)") {
                    try await store.commit([.remove(record, key: "other"), change], now: storeNow)
                }
                // Nothing has changed, and the list is whole.
                let page = try await store.page(RecordQuery(record), most: 100)
                #expect(page.rows.count == 2 && page.records.count == 2, "\(record) \(growth)")
                #expect(try await store.commit([.remove(record, key: good.key)], now: storeNow))
            }
        }
    }

    @Test(
        "a record that an earlier version wrote without a bound is read, and hides no other", arguments: Kind.databases)
    func overgrown(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let store = try await harness.open()
        #expect(
            try await store.commit(["a", "b", "c"].map { .insert(.test($0, .client, body: ["n": 1])) }, now: storeNow))
        let members = (0..<2_000).map { "\"m\($0)\":\"\(String(repeating: "x", count: 40))\"" }
        try await harness.replaceBody(of: .client, "b", with: "{" + members.joined(separator: ",") + "}")
        #expect(try await store.record(.client, "b")?.body.count == 2_000)
        #expect(try await store.page(RecordQuery(.client), most: 10).records.map(\.key) == ["a", "b", "c"])
    }

    @Test(
        "of what a query means, no more stays than may, and those go that were written longest ago",
        arguments: Kind.allCases)
    func oldest(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        let query = RecordQuery(.interaction, grant: "from address 192.0.2.1")
        // Keys in another order than the writes.
        for number in (0..<10).reversed() {
            let record = StoredRecord.test(
                "k\(number)", .interaction, subject: "nobody yet", grant: query.grant, body: ["n": 1])
            #expect(try await store.commit([.insert(record)], now: storeNow))
        }
        let others: [StoredRecord] = [
            .test("other sender", .interaction, subject: "nobody yet", grant: "from address 192.0.2.2"),
            .test("other kind", .pushedRequest, subject: "nobody yet", grant: query.grant), .test("none", .interaction),
        ]
        #expect(try await store.commit(others.map { .insert($0) }, now: storeNow))
        // Written again, it is the newest.
        let first = try #require(try await store.record(.interaction, "k9"))
        #expect(try await store.commit([.replace(first)], now: storeNow))
        #expect(try await store.commit([.removeOldest(query, above: 10, keeping: 1)], now: storeNow))
        #expect(store.displaced == 0)
        #expect(try await store.commit([.removeOldest(query, above: 9, keeping: 4)], now: storeNow))
        #expect(try await store.records(query, most: 100).map(\.key) == ["k0", "k1", "k2", "k9"])
        #expect(store.displaced == 6)
        for record in others { #expect(try await store.record(record.kind, record.key) != nil) }
        // It is a change as any other: undone where another does not hold.
        #expect(
            try await !store.commit(
                [.removeOldest(query, above: 1, keeping: 1), .insert(others[0])], now: storeNow))
        #expect(try await store.records(query, most: 100).count == 4)
        #expect(store.displaced == 6)
        let all = RecordQuery(.interaction, subject: "nobody yet")
        #expect(try await store.commit([.removeOldest(all, above: 3, keeping: 2)], now: storeNow))
        #expect(try await store.records(all, most: 100).map(\.key) == ["k9", "other sender"])
    }

    @Test("a write is told in this process and through another connection", arguments: Kind.allCases)
    func writes(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let (here, there) = (try await harness.open(), try await harness.open())
        for (name, writer) in [("here", here), ("there", there)] {
            let heard = Mutex(0)
            let words = here.writes(of: .revocation)
            let listening = Task { for await _ in words { heard.withLock { $0 += 1 } } }
            // A word may come without a reason; one must come after the write.
            var number = 0
            try await eventually("a word of a write") {
                let before = heard.withLock { $0 }
                number += 1
                _ = try await writer.commit([.insert(.test("\(name) \(number)", .revocation))], now: storeNow)
                return try await eventually("a word", within: .seconds(10)) {
                    heard.withLock { $0 } > before ? true : nil
                }
            }
            listening.cancel()
        }
    }

    @Test("a text with a NUL names nothing, and is not stored", arguments: Kind.allCases)
    func nul(kind: Kind) async throws {
        let store = try await StoreHarness(kind).open()
        #expect(try await store.commit([.insert(.test("a", client: "a"))], now: storeNow))
        #expect(try await store.record(.replay, "a\u{0}b") == nil)
        #expect(try await store.records(RecordQuery(.replay, client: "a\u{0}"), most: 1).isEmpty)
        #expect(try await !store.commit([.insert(.test("b\u{0}"))], now: storeNow))
        #expect(try await !store.commit([.removeAll(RecordQuery(.replay, client: "a\u{0}"))], now: storeNow))
        #expect(try await store.record(.replay, "a") != nil)
    }

    @Test(
        "a name from the network reaches SQL only as a value", arguments: Kind.allCases,
        ["' OR 1=1 --", "$1", "%", "\\'; DROP TABLE record; --"])
    func injection(kind: Kind, name: String) async throws {
        let store = try await StoreHarness(kind).open()
        #expect(try await store.commit([.insert(.test("a"))], now: storeNow))
        #expect(try await store.record(.replay, name) == nil)
        #expect(
            try await store.commit(
                [.insert(.test(name, client: name, subject: name, grant: name, body: ["x": .string(name)]))],
                now: storeNow))
        #expect(
            try await store.records(RecordQuery(.replay, client: name, subject: name, grant: name), most: 10).map(\.key)
                == [name])
        #expect(try await store.commit([.removeAll(RecordQuery(.replay, client: name))], now: storeNow))
        #expect(try await store.records(RecordQuery(.replay), most: 10).map(\.key) == ["a"])
    }

    @Test(
        "a client that another process adds is there at once, and one that it removes is gone with all that it has",
        arguments: Kind.databases)
    func clients(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let (gateway, commandLine) = (try await harness.database(), try await harness.database(creating: false))
        #expect(try gateway.ring.timetable == commandLine.ring.timetable)
        let secret = try await commandLine.store.addClient(
            "a", scopes: ["s"], pepper: commandLine.pepper, now: storeNow)
        let client = try #require(try await gateway.store.client(id: "a"))
        #expect(client.secrets.map(\.mac) == [gateway.pepper.mac(of: secret.text, clientID: "a")])
        #expect(try await commandLine.store.commit([.insert(.test("r", .refreshToken, client: "a"))], now: storeNow))
        #expect(try await commandLine.store.remove(client, now: storeNow) { storeNow })
        #expect(try await gateway.store.client(id: "a") == nil)
        #expect(try await gateway.store.record(.refreshToken, "r") == nil)
    }
}

private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
