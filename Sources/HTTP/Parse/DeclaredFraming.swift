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
