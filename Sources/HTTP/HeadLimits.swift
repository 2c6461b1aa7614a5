/// Bounds of a head that is parsed.
package struct HeadLimits: Sendable, Equatable {
    /// Octets from the first of the start line to the last of the empty line. Several browsers' cookies fit; a parser
    /// fed by thousands of connections stays small.
    package var headBytesMax: Int
    /// Field lines.
    package var fieldsMax: Int
    /// Octets of a request target (RFC 9112 §3 asks for 8,000 at least).
    package var targetBytesMax: Int

    /// Numbers outside of what the parser can hold are brought to the nearest that it can.
    package init(headBytesMax: Int = 16_384, fieldsMax: Int = 100, targetBytesMax: Int = 8_192) {
        // Offsets are kept in 32 bits and places of fields in 16.
        self.headBytesMax = min(max(headBytesMax, 64), 1 << 20)
        self.fieldsMax = min(max(fieldsMax, 1), 10_000)
        self.targetBytesMax = min(max(targetBytesMax, 16), 1 << 20)
    }
}
