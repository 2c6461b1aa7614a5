import Testing

@testable import Admission

@Suite("Bounded tables")
struct RecentTableTests {
    struct Key: TableKey {
        let name: Int
        /// Few values, so that keys collide.
        var slotHash: UInt64 { UInt64(truncatingIfNeeded: name % 7) }
    }

    @Test("agrees with a slow list of keys by age", arguments: [(1, 4), (3, 8), (50, 90), (200, 150)])
    func againstList(capacity: Int, names: Int) {
        var table = RecentTable<Key, Int>(capacity: capacity)
        var list: [(name: Int, value: Int)] = []
        var random = SplitMix(state: UInt64(capacity))
        for step in 0..<5_000 {
            let name = random.below(names)
            switch random.below(4) {
            case 0:
                if let index = table.peek(Key(name: name)) { table.remove(at: index) }
                list.removeAll { $0.name == name }
            case 1:
                #expect(table.peek(Key(name: name)).map { table[$0] } == list.first { $0.name == name }?.value)
            default:
                if let index = table.find(Key(name: name)) {
                    let place = list.firstIndex { $0.name == name }
                    #expect(place != nil && list[place ?? 0].value == table[index])
                    table[index] = step
                    list.remove(at: place ?? 0)
                } else {
                    #expect(!list.contains { $0.name == name })
                    table.insert(Key(name: name), step)
                    if list.count == capacity { list.removeFirst() }
                }
                list.append((name, step))
            }
            #expect(table.count == list.count)
        }
        #expect(
            (0..<names).allSatisfy { name in (table.peek(Key(name: name)) != nil) == list.contains { $0.name == name } }
        )
    }

    @Test("removing what is not there changes nothing")
    func removeNothing() {
        var table = RecentTable<Key, Int>(capacity: 4)
        table.remove(at: 0)
        table.insert(Key(name: 1), 1)
        table.remove(at: 3)
        table.remove(at: -1)
        #expect(table.count == 1)
        table.removeAll()
        #expect(table.count == 0 && table.peek(Key(name: 1)) == nil)
    }
}

@Suite("SipHash-2-4-128")
struct SipHashTests {
    private let seed = SipHash.Seed(k0: 0x0706_0504_0302_0100, k1: 0x0F0E_0D0C_0B0A_0908)

    private func octets(_ hash: (UInt64, UInt64)) -> [UInt8] {
        [hash.0, hash.1].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    }

    @Test("gives the reference implementation's first vector")
    func vector() {
        #expect(
            octets(SipHash(seed).finish())
                == [0xA3, 0x81, 0x7F, 0x04, 0xBA, 0x25, 0xA8, 0xE6, 0x6D, 0xF6, 0x72, 0x14, 0xC7, 0x55, 0x02, 0x93])
    }

    @Test("words and octets are one stream", arguments: 0..<8)
    func stream(offset: Int) {
        var words = SipHash(seed)
        var single = SipHash(seed)
        for octet in 0..<UInt8(offset) {
            words.add(octet)
            single.add(octet)
        }
        words.add(UInt64(0x1122_3344_5566_7788))
        for octet: UInt8 in [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11] { single.add(octet) }
        #expect(octets(words.finish()) == octets(single.finish()))
        single.add(UInt8(0))
        #expect(octets(words.finish()) != octets(single.finish()))
    }
}

@Suite("Tables of octets")
struct OctetTableTests {
    @Test("the same name under very many scopes, whose hashes collide here and there")
    func collisions() {
        var table = OctetTable()
        let name = Array("name".utf8)
        for scope: Int32 in 0..<300_000 { table.insert(scope, name, scope) }
        #expect((0..<300_000).allSatisfy { (scope: Int32) in table.find(scope, name) == scope })
    }

    @Test("finds what was put in under the same scope, and nothing else")
    func find() {
        var table = OctetTable()
        for number in 0..<1_000 { table.insert(Int32(number % 3), Array("name\(number)".utf8), Int32(number)) }
        for number in 0..<1_000 {
            for scope: Int32 in 0..<3 {
                let found = table.find(scope, Array("name\(number)".utf8))
                #expect(found == (Int(scope) == number % 3 ? Int32(number) : nil))
            }
        }
        #expect(table.find(0, Array("name".utf8)) == nil)
        #expect(table.find(0, []) == nil)
    }
}
