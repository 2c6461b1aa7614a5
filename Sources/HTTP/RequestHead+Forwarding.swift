/// How far a request may go (RFC 9110 §7.6.2, §9.3.7).
extension RequestHead {
    /// `OPTIONS *`, which asks about the server as a whole.
    package var asksAboutServer: Bool { path.count == 1 && equals(path, [UInt8(ascii: "*")]) }

    /// `Max-Forwards: 0` of OPTIONS and TRACE: whoever has received it answers.
    package var isLastHop: Bool {
        guard method == .options || method == .trace, block.count(.maxForwards) > 0 else { return false }
        return fields.contains { $0.known == .maxForwards && number($0) == 0 }
    }

    /// What `Max-Forwards` says to the next recipient; nil: as it was received, since it counts for OPTIONS and TRACE
    /// only, or is no number.
    package func forwardsLeft(_ field: Field) -> Int? {
        guard method == .options || method == .trace, let number = number(field) else { return nil }
        return max(number - 1, 0)
    }

    /// Numbers that no chain of gateways is long enough for count as one that is.
    private func number(_ field: Field) -> Int? {
        let digits = octets(field.value)
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1_000_000) }
    }
}
