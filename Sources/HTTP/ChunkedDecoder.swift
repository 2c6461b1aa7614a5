import Octets

/// Reads a body in chunks (RFC 9112 §7.1), strictly, from octets that may come one by one. The octets of the body are
/// not copied: each step says where they lie.
package struct ChunkedDecoder: Sendable {
    /// What the octets at hand amount to.
    package enum Step: Sendable, Equatable {
        /// Octets of the body, at this range of the input; everything before its end is used up.
        case data(Range<Int>)
        /// The body goes on; everything up to here is used up.
        case needMore(consumed: Int)
        /// The body and its trailers are over; what lies behind is the next message.
        case end(consumed: Int)
    }

    /// Digits of a chunk's size at most: an `Int` holds them.
    private static let sizeDigitsMax = 15
    /// Octets of one chunk's extensions at most; they are dropped.
    private static let extensionBytesMax = 256
    /// Octets of framing at most beyond what ordinary chunks need (16 each and twice their content): extensions must
    /// not cost more than content (CVE-2023-39326).
    private static let overheadBytesMax = 16_384
    /// Octets of the trailer section at most.
    private static let trailerBytesMax = 8_192
    /// Fields of the trailer section at most.
    private static let trailerFieldsMax = 50

    private enum State { case size, padding, extensions, sizeEnd, data, dataEnd, dataEndLF, trailers, done }
    private var state = State.size
    private var digits = 0
    private var left = 0
    private var lineBytes = 0
    private var overhead = 0
    private var fault: HeadError?
    private var trailerText: [UInt8] = []
    /// The trailer fields, once the body has ended.
    package private(set) var trailers = FieldBlock()

    /// Its fields are read as those of an answer (RFC 9112 §5.1).
    private let isOfAnswer: Bool

    /// - Parameter ofAnswer: it comes from an upstream.
    package init(ofAnswer: Bool = false) { isOfAnswer = ofAnswer }

    /// The next step from `start` on. To be called again with what lies behind its result. A body that was malformed once
    /// stays so, whatever comes.
    package mutating func next(_ input: Span<UInt8>, from start: Int) throws(HeadError) -> Step {
        if let fault { throw fault }
        do throws(HeadError) {
            return try step(input, from: start)
        } catch {
            fault = error
            throw error
        }
    }

    private mutating func step(_ input: Span<UInt8>, from start: Int) throws(HeadError) -> Step {
        var index = max(start, 0)
        while index < input.count {
            let octet = input[index]
            switch state {
            case .data:
                let count = min(left, input.count &- index)
                left &-= count
                if left == 0 { state = .dataEnd }
                return .data(index..<(index &+ count))
            case .size:
                try readSize(octet)
            case .padding:
                try readPadding(octet)
            case .extensions:
                try readExtension(octet)
            case .sizeEnd:
                guard octet == 0x0A else { throw .badChunk }
                try beginChunk()
            case .dataEnd:
                guard octet == 0x0D else { throw .badChunk }
                state = .dataEndLF
            case .dataEndLF:
                guard octet == 0x0A else { throw .badChunk }
                state = .size
            case .trailers:
                if try readTrailer(octet) {
                    state = .done
                    return .end(consumed: index &+ 1)
                }
            case .done:
                return .end(consumed: index)
            }
            index &+= 1
        }
        return state == .done ? .end(consumed: index) : .needMore(consumed: index)
    }

    private mutating func readSize(_ octet: UInt8) throws(HeadError) {
        lineBytes &+= 1
        if let digit = Hex.value(octet) {
            guard digits < Self.sizeDigitsMax else { throw .badChunk }
            digits &+= 1
            left = left &<< 4 | Int(digit)
            return
        }
        guard digits > 0 else { throw .badChunk }
        switch octet {
        case 0x0D: state = .sizeEnd
        case UInt8(ascii: ";"): state = .extensions
        case 0x20, 0x09: state = .padding
        default: throw .badChunk
        }
    }

    /// White space may stand before an extension (RFC 9112 §7.1.1). Some services pad the size with it and send none; what a
    /// client sends has to be by the grammar.
    private mutating func readPadding(_ octet: UInt8) throws(HeadError) {
        lineBytes &+= 1
        guard lineBytes <= Self.extensionBytesMax else { throw .chunkOverhead }
        switch octet {
        case 0x20, 0x09: break
        case UInt8(ascii: ";"): state = .extensions
        case 0x0D where isOfAnswer: state = .sizeEnd
        default: throw .badChunk
        }
    }

    private mutating func readExtension(_ octet: UInt8) throws(HeadError) {
        lineBytes &+= 1
        if octet == 0x0D {
            state = .sizeEnd
            return
        }
        guard HTTPOctet.isFieldValue(octet) else { throw .badChunk }
        guard lineBytes <= Self.extensionBytesMax else { throw .chunkOverhead }
    }

    /// The line of the size is read.
    private mutating func beginChunk() throws(HeadError) {
        let (allowed, overflow) = left.multipliedReportingOverflow(by: 2)
        overhead = overflow ? 0 : max(0, overhead &+ lineBytes &- 16 &- min(allowed, 1 << 32))
        guard overhead <= Self.overheadBytesMax else { throw .chunkOverhead }
        state = left == 0 ? .trailers : .data
        digits = 0
        lineBytes = 0
    }

    /// Collects the trailer section; true at its end.
    private mutating func readTrailer(_ octet: UInt8) throws(HeadError) -> Bool {
        guard trailerText.count < Self.trailerBytesMax else { throw .badTrailers }
        let last = trailerText.last
        guard (octet == 0x0A) == (last == 0x0D) else { throw .badTrailers }
        trailerText.append(octet)
        // The empty line: CR LF at the beginning, or right after another CR LF.
        let count = trailerText.count
        guard octet == 0x0A, count == 2 || count >= 4 && trailerText[count &- 3] == 0x0A else { return false }
        guard count > 2 else { return true }
        var parser = HeadParser(
            limits: HeadLimits(headBytesMax: Self.trailerBytesMax &+ 1, fieldsMax: Self.trailerFieldsMax))
        trailers = try parser.parseTrailers(trailerText, ofAnswer: isOfAnswer)
        return true
    }

    /// The trailer fields, without those that have no business there (RFC 9110 §6.5.1): fields about framing, connection,
    /// routing, credentials or content, that is every `KnownField`, and irregular names; and of the rest only those that
    /// `keeps` accepts.
    package func trailerFields(_ keeps: (borrowing FieldBlock, Field) -> Bool) -> FieldList {
        var list = FieldList()
        for field in trailers.fields where field.known == .other && !field.irregular && keeps(trailers, field) {
            list.append(trailers, field)
        }
        return list
    }
}

extension HeadParser {
    /// Reads field lines and the empty line behind them.
    fileprivate mutating func parseTrailers(_ text: [UInt8], ofAnswer: Bool) throws(HeadError) -> FieldBlock {
        var block = FieldBlock()
        let end: Int
        do throws(HeadError) {
            end = try fieldLines(text.span, into: &block, ofAnswer: ofAnswer)
        } catch { throw .badTrailers }
        guard end == text.count else { throw .badTrailers }
        block.keep(text.span, count: text.count)
        return block
    }
}
