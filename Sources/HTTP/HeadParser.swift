package struct HeadParser: Sendable {
    let limits: HeadLimits
    package init(limits: HeadLimits = HeadLimits()) { self.limits = limits }
    package mutating func parseRequest(_ input: Span<UInt8>, into head: inout RequestHead) throws(HeadError) -> Int? { throw .badRequestLine }
    package mutating func parseResponse(_ input: Span<UInt8>, into head: inout ResponseHead) throws(HeadError) -> Int? { throw .badStatusLine }
}
extension FieldBlock {
    @usableFromInline package func connectionNames(_ field: Field) -> Bool { false }
}
