import Testing

@testable import Transport

@Suite("The protocols that a ClientHello offers")
struct ClientHelloReaderTests {
    @Test(
        "are found in whatever records and segments it comes", arguments: [1, 2, 5, 63, 64, 1_000], [1, 3, 40, 16_384])
    func split(segment: Int, record: Int) {
        let hello = Self.hello(protocols: ["h2", "http/1.1"])
        #expect(Self.offers(in: Self.records(hello, of: record), segment: segment) == ["h2", "http/1.1"])
    }

    @Test("are none where there is no such extension, and what follows the ClientHello is not taken for it")
    func none() {
        #expect(Self.offers(in: Self.records(Self.hello(protocols: nil), of: 16_384), segment: 64) == nil)
        let twice = Self.hello(protocols: nil) + Self.hello(protocols: ["h2"])
        #expect(Self.offers(in: Self.records(twice, of: 16_384), segment: 2_000) == nil)
    }

    @Test(
        "are not looked for in what is no ClientHello, is cut short within, or is too long",
        arguments: [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0x15, 3, 1, 0, 2, 1, 0], [0x16, 3, 1, 0, 0],
            [0x16, 3, 1, 0, 4, 2, 0, 0, 0],
            [0x16, 3, 1, 0, 4, 1, 0, 0x40, 1], [0x16, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 0, 0],
            Array(repeating: 0, count: 100),
        ])
    func strange(_ octets: [UInt8]) {
        var reader = ClientHelloReader()
        #expect(reader.read(octets.span) == nil)
        #expect(reader.isDone)
    }

    @Test("leave no octet of any damaged ClientHello to trap on", arguments: 0..<60)
    func damaged(_ place: Int) {
        let whole = Self.records(Self.hello(protocols: ["http/1.1"]), of: 16_384)
        for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
            var octets = whole
            octets[place % octets.count] = value
            var reader = ClientHelloReader()
            _ = reader.read(octets.span)
        }
    }

    private static func offers(in octets: [UInt8], segment: Int) -> [String]? {
        var reader = ClientHelloReader()
        for start in stride(from: 0, to: octets.count, by: segment) where !reader.isDone {
            let found = reader.read(octets[start..<min(start + segment, octets.count)].span)
            if let found { return found.map { String(decoding: $0, as: UTF8.self) } }
        }
        return nil
    }

    private static func hello(protocols: [String]?) -> [UInt8] {
        var extensions: [UInt8] = [0, 43, 0, 3, 2, 3, 4]
        if let protocols {
            let list = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
            extensions += [0, 16] + sixteen(list.count + 2) + sixteen(list.count) + list
        }
        let body =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + [0, 2, 0x13, 1] + [1, 0] + sixteen(extensions.count)
            + extensions
        return [1, 0] + sixteen(body.count) + body
    }

    private static func records(_ message: [UInt8], of size: Int) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { start in
            let part = message[start..<min(start + size, message.count)]
            return [0x16, 3, 1] + sixteen(part.count) + part
        }
    }

    private static func sixteen(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }
}
