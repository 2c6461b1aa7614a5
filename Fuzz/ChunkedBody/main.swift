import HTTP

/// Decodes the input as a chunked body, whole and octet by octet.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    let whole = decode(octets, ends: [octets.count])
    if octets.count <= 512 {
        precondition(decode(octets, ends: Array(0...octets.count)) == whole, "octet by octet differs from the whole")
    }
    return 0
}

struct Decoded: Equatable {
    var body: [UInt8] = []
    var end: Int?
    var error: HeadError?
    var trailers: [UInt8] = []
}

func decode(_ octets: [UInt8], ends: [Int]) -> Decoded {
    var decoder = ChunkedDecoder()
    var decoded = Decoded()
    var used = 0
    for end in ends where end >= used {
        let piece = Array(octets[..<end])
        do throws(HeadError) {
            reading: while true {
                switch try decoder.next(piece.span, from: used) {
                case .data(let range):
                    precondition(!range.isEmpty && range.lowerBound >= used && range.upperBound <= end)
                    decoded.body += piece[range]
                    used = range.upperBound
                case .needMore(let consumed):
                    precondition(consumed == end)
                    used = consumed
                    break reading
                case .end(let consumed):
                    precondition(consumed > used - 1 && consumed <= end)
                    decoded.end = consumed
                    decoded.trailers = decoder.trailerFields { _, _ in true }.bytes
                    return decoded
                }
            }
        } catch {
            decoded.error = error
            return decoded
        }
    }
    return decoded
}
