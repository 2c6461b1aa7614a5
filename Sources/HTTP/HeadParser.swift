/// Reads heads of HTTP/1.1 messages (RFC 9112), strictly, from octets that may come one by one.
///
/// Whatever is refused here never reaches a rule or an upstream: line ends other than CR LF, folded lines, space before
/// a colon, control characters, doubtful lengths. A line is judged when its end is there, so the result does not depend
/// on how the octets were cut; what was judged is not read again, so a slow sender costs no more than a fast one.
///
/// One for each connection and direction. Between two calls for the same head, the input may only grow at its end and
/// the head must be the same.
package struct HeadParser: Sendable {
    let limits: HeadLimits
    let tables = HeadTables.shared

    enum Phase { case fresh, startLine, fields }
    var phase = Phase.fresh
    /// Where the line begins that is read next.
    var position = 0
    /// Line ends skipped before the start line (RFC 9112 §2.2).
    var emptyLines = 0
    /// Up to here, the line at `position` has no end.
    private var scanned = 0

    package init(limits: HeadLimits = HeadLimits()) { self.limits = limits }

    /// Reads a request head from the beginning of `input`. Returns how many octets it had, or nil if more are needed.
    ///
    /// After an error, `head` holds what was understood of it: enough for a record, not to be acted on.
    package mutating func parseRequest(
        _ input: Span<UInt8>, into head: inout RequestHead
    ) throws(HeadError) -> Int? {
        let input = input.extracting(0..<min(input.count, limits.headBytesMax))
        if phase == .fresh {
            head.clear()
            begin()
        } else if !lineMayHaveEnded(input) {
            return try incomplete(input, &head.block)
        }
        do throws(HeadError) {
            if phase == .startLine {
                let next = try requestLine(input, into: &head)
                guard next > 0 else { return try incomplete(input, &head.block) }
                position = next
                phase = .fields
            }
            let end = try fieldLines(input, into: &head.block)
            guard end > 0 else { return try incomplete(input, &head.block) }
            phase = .fresh
            head.block.keep(input, count: end)
            try head.understand(input)
            return end
        } catch {
            if phase != .fresh {
                if LineScan.end(input, from: position) == input.count {
                    return try incomplete(input, &head.block)
                }
                phase = .fresh
                head.block.keep(input, count: input.count)
            }
            throw error
        }
    }

    /// Reads the head of an answer from the beginning of `input`. Returns how many octets it had, or nil if more are
    /// needed.
    package mutating func parseResponse(
        _ input: Span<UInt8>, into head: inout ResponseHead
    ) throws(HeadError) -> Int? {
        let input = input.extracting(0..<min(input.count, limits.headBytesMax))
        if phase == .fresh {
            head.clear()
            begin()
        } else if !lineMayHaveEnded(input) {
            return try incomplete(input, &head.block)
        }
        do throws(HeadError) {
            if phase == .startLine {
                let next = try statusLine(input, into: &head)
                guard next > 0 else { return try incomplete(input, &head.block) }
                position = next
                phase = .fields
            }
            let end = try fieldLines(input, into: &head.block, ofAnswer: true)
            guard end > 0 else { return try incomplete(input, &head.block) }
            phase = .fresh
            head.block.keep(input, count: end)
            try head.understand(input)
            return end
        } catch {
            if phase != .fresh {
                if LineScan.end(input, from: position) == input.count {
                    return try incomplete(input, &head.block)
                }
                phase = .fresh
                head.block.keep(input, count: input.count)
            }
            throw error
        }
    }

    private mutating func begin() {
        phase = .startLine
        position = 0
        emptyLines = 0
        scanned = 0
    }

    /// Whether the octets that came since the last call can have ended the line at `position`.
    private func lineMayHaveEnded(_ input: Span<UInt8>) -> Bool {
        LineScan.end(input, from: max(scanned, position)) < input.count
    }

    /// More octets are needed, unless there are too many already.
    private mutating func incomplete(_ input: Span<UInt8>, _ block: inout FieldBlock) throws(HeadError) -> Int? {
        guard input.count < limits.headBytesMax else {
            let inStartLine = phase == .startLine
            phase = .fresh
            // What was understood points into the octets, and a record will ask for it.
            block.keep(input, count: input.count)
            throw inStartLine ? .targetTooLong : .headTooLarge
        }
        // A CR at the very end is looked at again, with what follows it.
        let count = input.count
        scanned = count > 0 && input[count &- 1] == 0x0D ? count &- 1 : count
        return nil
    }
}
