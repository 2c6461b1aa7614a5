import JSON
import Policy

extension SipHash {
    /// Adds the value that a limit counts by.
    ///
    /// On a route without tokens there is no client and no subject: such a request is counted by its address
    /// instead, so that strangers do not share a bucket. A token without the claim that a limit counts by is counted
    /// by its subject, so that leaving a claim out opens no bucket that others fill.
    mutating func add(_ part: RateLimit.Key, of permit: borrowing Permit) {
        switch part {
        case .route:
            add(0, permit.rules.idKey)
        case .ip:
            add(permit.address)
        case .clientID:
            guard let principal = permit.principal else { return add(permit.address) }
            add(2, principal.clientKey)
        case .subject:
            guard let principal = permit.principal else { return add(permit.address) }
            add(3, principal.subjectKey)
        case .claim(let path):
            guard let principal = permit.principal else { return add(permit.address) }
            guard let value = principal.facts.claims.value(at: path), add(value) else {
                return add(3, principal.subjectKey)
            }
        }
    }

    private mutating func add(_ address: ClientAddress) {
        add(UInt64(1))
        add(address.counted)
    }

    private mutating func add(_ tag: UInt64, _ key: (UInt64, UInt64)) {
        add(tag)
        add(key.0)
        add(key.1)
    }

    /// Adds a claim's value; arrays, objects and null are none to count by.
    private mutating func add(_ value: JSON) -> Bool {
        switch value {
        case .string(let text):
            add(UInt64(4))
            add(UInt64(text.utf8.count))
            for octet in text.utf8 { add(octet) }
        case .integer(let number):
            add(UInt64(5))
            add(UInt64(bitPattern: number))
        case .number(let number):
            add(UInt64(6))
            add(number.bitPattern)
        case .bool(let flag):
            add(UInt64(7))
            add(UInt64(flag ? 1 : 0))
        case .null, .array, .object:
            return false
        }
        return true
    }
}
