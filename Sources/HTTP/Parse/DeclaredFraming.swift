/// What `Content-Length` and `Transfer-Encoding` say (RFC 9112 §6), where only one thing can be meant.
enum DeclaredFraming {
    /// Digits of a length at most: 999 petabytes, far below where an `Int` ends.
    private static let lengthDigitsMax = 18

    /// `none` when neither field is there.
    @inline(__always)
    static func read(_ input: Span<UInt8>, _ block: borrowing FieldBlock, isHTTP10: Bool) throws(HeadError)
        -> BodyFraming
    {
        let lengths = block.count(.contentLength)
        let codings = block.count(.transferEncoding)
        if lengths | codings == 0 { return .none }
        guard lengths == 0 || codings == 0 else { throw .lengthAndTransferEncoding }
        if codings > 0 {
            guard !isHTTP10 else { throw .transferEncodingInHTTP10 }
            guard codings == 1, let value = block.first(.transferEncoding),
                ConnectionOptions.equal(input, value, "chunked")
            else { throw .badTransferEncoding }
            return .chunked
        }
        guard lengths == 1, let value = block.first(.contentLength) else { throw .repeatedContentLength }
        return .length(try length(input, value))
    }

    /// Of an answer, in which equal lengths count as one (RFC 9112 §6.3 item 5).
    static func readAnswer(_ input: Span<UInt8>, _ block: borrowing FieldBlock, isHTTP10: Bool) throws(HeadError)
        -> BodyFraming
    {
        guard block.count(.contentLength) > 0, block.count(.transferEncoding) == 0 else {
            return try read(input, block, isHTTP10: isHTTP10)
        }
        var found: Int?
        for field in block.fields where field.known == .contentLength {
            var start = field.value.start
            for index in field.value.start...field.value.end
            where index == field.value.end || input[index] == UInt8(ascii: ",") {
                let length = try length(input, trimmed(input, Slice(start: start, end: index)))
                guard found == nil || found == length else { throw .repeatedContentLength }
                found = length
                start = index &+ 1
            }
        }
        guard let found else { throw .badContentLength }
        return .length(found)
    }

    private static func trimmed(_ input: Span<UInt8>, _ slice: Slice) -> Slice {
        var (start, end) = (slice.start, slice.end)
        while start < end, input[start] == 0x20 || input[start] == 0x09 { start &+= 1 }
        while end > start, input[end &- 1] == 0x20 || input[end &- 1] == 0x09 { end &-= 1 }
        return Slice(start: start, end: end)
    }

    private static func length(_ input: Span<UInt8>, _ value: Slice) throws(HeadError) -> Int {
        guard !value.isEmpty, value.count <= lengthDigitsMax else { throw .badContentLength }
        var length = 0
        for index in value.range {
            let digit = input[index] &- 0x30
            guard digit < 10 else { throw .badContentLength }
            length = length &* 10 &+ Int(digit)
        }
        return length
    }
}
