/// A message on the wire is not what it should be.
package enum MessageError: Error, Equatable {
    /// The connection ended in the middle of a head or a body.
    case truncated
    case headTooLarge
    /// What stands where a chunk's size should, or what ends it.
    case badChunk(String)
}

/// Reads HTTP/1 messages from a connection, one after the other.
final class MessageReader {
    /// Far above what the gateway may send, and a bound nevertheless.
    private static let headOctetsMax = 1_048_576

    private let stream: ByteStream
    /// Octets that arrived and are not read yet.
    private(set) var buffer: [UInt8] = []
    private var place = BodyPlace.end
    /// Trailer lines of the last chunked body.
    private(set) var trailers: [HeaderField] = []

    private enum BodyPlace: Equatable {
        case end
        case length(Int)
        case chunkHead
        case chunk(left: Int)
        case untilClose
    }

    init(_ stream: ByteStream) { self.stream = stream }

    /// The next head; nil when the other side closes before its first octet.
    func readHead(deadline: Deadline) throws -> MessageHead? {
        var searched = 0
        while true {
            if let end = Self.endOfHead(buffer, from: searched) {
                let head = MessageHead(Array(buffer[..<end]))
                buffer.removeFirst(end)
                return head
            }
            searched = max(0, buffer.count - 3)
            guard buffer.count <= Self.headOctetsMax else { throw MessageError.headTooLarge }
            let more = try stream.read("a head", deadline: deadline)
            if more.isEmpty {
                guard buffer.isEmpty else { throw MessageError.truncated }
                return nil
            }
            buffer += more
        }
    }

    /// Behind the first empty line, whether its lines end with CR LF or LF.
    private static func endOfHead(_ octets: [UInt8], from: Int) -> Int? {
        var index = from
        while index < octets.count {
            if octets[index] == 0x0A {
                if index + 1 < octets.count, octets[index + 1] == 0x0A { return index + 2 }
                if index + 2 < octets.count, octets[index + 1] == 0x0D, octets[index + 2] == 0x0A { return index + 3 }
            }
            index += 1
        }
        return nil
    }

    // MARK: Bodies

    func beginBody(_ framing: WireFraming) {
        trailers = []
        place =
            switch framing {
            case .none: .end
            case .length(let length): .length(length)
            case .chunked: .chunkHead
            case .untilClose: .untilClose
            }
    }

    /// Everything of the body was read.
    var bodyHasEnded: Bool { place == .end }

    /// Some octets of the body, `max` at most; nil: it has ended.
    func readBody(max: Int = 65_536, deadline: Deadline) throws -> [UInt8]? {
        while true {
            switch place {
            case .end:
                return nil
            case .untilClose:
                if buffer.isEmpty { buffer = try stream.read(max: max, "the body", deadline: deadline) }
                if buffer.isEmpty { place = .end }
                return buffer.isEmpty ? nil : take(max)
            case .length(let left):
                try fill(deadline)
                let part = take(min(max, left))
                place = part.count == left ? .end : .length(left - part.count)
                return part
            case .chunk(let left):
                try fill(deadline)
                let part = take(min(max, left))
                place = .chunk(left: left - part.count)
                if part.count == left {
                    guard try readLine(deadline).isEmpty else { throw MessageError.badChunk("no CR LF behind it") }
                    place = .chunkHead
                }
                return part
            case .chunkHead:
                let line = try readLine(deadline)
                let digits = line.prefix { $0 != ";" }
                guard let size = Int(digits, radix: 16), size >= 0, digits.first != "+" else {
                    throw MessageError.badChunk(line)
                }
                place = .chunk(left: size)
                if size == 0 { try readTrailers(deadline) }
            }
        }
    }

    private func readTrailers(_ deadline: Deadline) throws {
        while true {
            let line = try readLine(deadline)
            guard !line.isEmpty else { break }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw MessageError.badChunk(line) }
            trailers.append(HeaderField(String(parts[0]), String(parts[1].drop { $0 == " " })))
        }
        place = .end
    }

    /// A line that ends with CR LF, without it.
    private func readLine(_ deadline: Deadline) throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                guard end > 0, buffer[end - 1] == 0x0D else { throw MessageError.badChunk("bare LF") }
                let line = String(decoding: buffer[..<(end - 1)], as: UTF8.self)
                buffer.removeFirst(end + 1)
                return line
            }
            guard buffer.count < Self.headOctetsMax else { throw MessageError.headTooLarge }
            let more = try stream.read("the body", deadline: deadline)
            guard !more.isEmpty else { throw MessageError.truncated }
            buffer += more
        }
    }

    private func fill(_ deadline: Deadline) throws {
        guard buffer.isEmpty else { return }
        buffer = try stream.read("the body", deadline: deadline)
        if buffer.isEmpty { throw MessageError.truncated }
    }

    /// Octets without any meaning: what waits, or else the next that arrive; empty: the other side has ended.
    func readRaw(max: Int, deadline: Deadline) throws -> [UInt8] {
        if buffer.isEmpty { buffer = try stream.read("octets", deadline: deadline) }
        return take(max)
    }

    private func take(_ count: Int) -> [UInt8] {
        if count >= buffer.count {
            defer { buffer = [] }
            return buffer
        }
        let part = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        return part
    }
}
