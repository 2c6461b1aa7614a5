import Octets

/// What `Connection` says (RFC 9110 §7.6.1).
struct ConnectionOptions {
    var close = false
    var keepAlive = false
    var upgrade = false

    /// Options of one head. Nobody means more; each of them is compared with each field.
    static let most = 32

    /// Reads every `Connection` field of a head. Other names than these three go into `block.nominated`.
    init(_ input: Span<UInt8>, _ block: inout FieldBlock) throws(HeadError) {
        guard let first = block.first(.connection) else { return }
        // What nearly every client and server says.
        if block.count(.connection) == 1, first.count == 10, Self.equal(input, first, "keep-alive") {
            keepAlive = true
            return
        }
        var count = 0
        for index in 0..<block.fields.count where block.fields[index].known == .connection {
            let value = block.fields[index].value
            var start = value.start
            while let option = try ListElements.next(input, in: value, from: &start) {
                if option.isEmpty { continue }
                count &+= 1
                if count > Self.most { throw .badConnection }
                switch option.count {
                case 5 where Self.equal(input, option, "close"): close = true
                case 10 where Self.equal(input, option, "keep-alive"): keepAlive = true
                case 7 where Self.equal(input, option, "upgrade"): upgrade = true
                default: block.nominated.append(option)
                }
            }
        }
    }

    /// ASCII letters in either case.
    static func equal(_ input: Span<UInt8>, _ slice: Slice, _ lowercased: StaticString) -> Bool {
        guard slice.count == lowercased.utf8CodeUnitCount else { return false }
        for offset in 0..<slice.count
        where ASCII.lowercased(input[slice.start &+ offset]) != lowercased.utf8Start[offset] {
            return false
        }
        return true
    }
}

/// The elements of a list of tokens (RFC 9110 §5.6.1).
enum ListElements {
    /// The next element from `start`, which moves behind it; may be empty; nil at the end.
    static func next(_ input: Span<UInt8>, in value: Slice, from start: inout Int) throws(HeadError) -> Slice? {
        guard start < value.end else { return nil }
        var end = start
        while end < value.end, input[end] != UInt8(ascii: ",") { end &+= 1 }
        var element = Slice(start: start, end: end)
        start = end &+ 1
        while !element.isEmpty, input[element.start] == 0x20 || input[element.start] == 0x09 {
            element = Slice(start: element.start &+ 1, end: element.end)
        }
        while !element.isEmpty, input[element.end &- 1] == 0x20 || input[element.end &- 1] == 0x09 {
            element = Slice(start: element.start, end: element.end &- 1)
        }
        for index in element.range where !HTTPOctet.isToken(input[index]) { throw .badConnection }
        return element
    }
}

extension FieldBlock {
    /// One of the `Connection` fields names this field.
    @usableFromInline
    package func connectionNames(_ field: Field) -> Bool {
        let octets = bytes.span
        guard field.name.end <= octets.count else { return false }
        for option in nominated where option.count == field.name.count && option.end <= octets.count {
            var offset = 0
            while offset < option.count,
                ASCII.lowercased(octets[option.start &+ offset])
                    == ASCII.lowercased(octets[field.name.start &+ offset])
            {
                offset &+= 1
            }
            if offset == option.count { return true }
        }
        return false
    }
}
