package import Policy

extension ScopeMatch {
    /// Whether one of the scopes that a token holds covers the one that a route asks for.
    package func covers(_ required: [UInt8], heldBy held: [[UInt8]]) -> Bool {
        switch self {
        case .exact: held.contains(required)
        case .wildcard: held.contains { Self.wildcard($0[...], covers: required[...]) }
        case .hierarchic: held.contains { Self.hierarchic($0, covers: required) }
        }
    }

    /// Scopes are written with one of these between their parts; which one it is makes a difference.
    private static func isSeparator(_ octet: UInt8) -> Bool {
        octet == UInt8(ascii: ":") || octet == UInt8(ascii: ".") || octet == UInt8(ascii: "/")
    }

    /// The same, or the beginning of it up to a separator.
    private static func hierarchic(_ held: [UInt8], covers required: [UInt8]) -> Bool {
        guard !held.isEmpty, required.starts(with: held) else { return false }
        return required.count == held.count || isSeparator(required[held.count])
    }

    /// Part by part: `*` alone stands for one part that is not empty, as the last for that and all that follow.
    private static func wildcard(_ held: ArraySlice<UInt8>, covers required: ArraySlice<UInt8>) -> Bool {
        var held = held
        var required = required
        while true {
            let part = held.prefix { !isSeparator($0) }
            let wanted = required.prefix { !isSeparator($0) }
            held = held.dropFirst(part.count)
            required = required.dropFirst(wanted.count)
            if part.elementsEqual(CollectionOfOne(UInt8(ascii: "*"))) {
                guard !wanted.isEmpty else { return false }
                if held.isEmpty { return true }
            } else if !part.elementsEqual(wanted) {
                return false
            }
            // Both end here, or go on behind the same separator.
            guard held.first == required.first else { return false }
            if held.isEmpty { return true }
            held = held.dropFirst()
            required = required.dropFirst()
        }
    }
}
