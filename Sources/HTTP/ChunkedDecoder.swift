package struct ChunkedDecoder: Sendable {
    package enum Step: Sendable, Equatable {
        case data(Range<Int>)
        case needMore(consumed: Int)
        case end(consumed: Int)
    }
    package private(set) var trailerLines: [UInt8] = []
    package init() {}
    package mutating func next(_ input: Span<UInt8>, from start: Int) throws(HeadError) -> Step { throw .badChunk }
}
