import HTTP
import Octets
import Policy

/// Keeps the cookies of the authorization server's pages between browsers and the gateway: a service that saw them could
/// act in a user's name, one that set them could put a user into somebody else's session. All other cookies pass as
/// they are.
struct OwnCookies: Sendable {
    /// nil in `init`: without an authorization server these names mean nothing here. There may be one behind this
    /// gateway, whose cookies they are.
    init?(_ policy: Policy) {
        guard policy.authorizationServer != nil else { return nil }
    }

    private static let names = AuthorizationServerCookie.allCases.map { Array($0.name.utf8) }

    /// Appends a `Cookie` field (RFC 6265 §5.4) without the pairs that are ours; none when nothing is left.
    func append(_ head: borrowing RequestHead, _ field: Field, to fields: inout FieldList) {
        let value = head.block.octets(field.value)
        // Most have none of ours, and cost no allocation.
        guard Self.hasOurs(value) else { return fields.append(head, field) }
        let others = value.split(separator: Self.semicolon).filter { !Self.isOurs($0) }.map(Self.trimmed)
        guard others.contains(where: { !$0.isEmpty }) else { return }
        fields.append("Cookie") { written in
            for (index, pair) in others.enumerated() {
                if index > 0 { written.append("; ") }
                written.append(pair)
            }
        }
    }

    /// Whether a `Set-Cookie` field sets or removes a cookie of ours, or becomes one of ours when a browser sends it back:
    /// one without a name (RFC 6265bis §5.7) is sent as its value alone.
    func isSet(by field: Field, of head: borrowing ResponseHead) -> Bool {
        let value = head.octets(field.value)
        let pair = Self.trimmed(value[..<(value.firstIndex(of: Self.semicolon) ?? value.endIndex)])
        guard pair.first == Self.equals else { return Self.isOurs(pair) }
        return Self.isOurs(Self.trimmed(pair.dropFirst()))
    }

    private static let semicolon = UInt8(ascii: ";")
    private static let equals = UInt8(ascii: "=")

    private static func hasOurs(_ pairs: ArraySlice<UInt8>) -> Bool {
        var rest = pairs
        while !rest.isEmpty {
            let end = rest.firstIndex(of: semicolon) ?? rest.endIndex
            if isOurs(rest[..<end]) { return true }
            rest = rest[end...].dropFirst()
        }
        return false
    }

    /// Octet by octet, as browsers and `ServiceRequest.cookie` compare names.
    private static func isOurs(_ pair: ArraySlice<UInt8>) -> Bool {
        let name = trimmed(pair[..<(pair.firstIndex(of: equals) ?? pair.endIndex)])
        return names.contains { $0.count == name.count && name.elementsEqual($0) }
    }

    private static func trimmed(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }
        guard let first = octets.firstIndex(where: { !isSpace($0) }),
            let last = octets.lastIndex(where: { !isSpace($0) })
        else { return octets.suffix(0) }
        return octets[first...last]
    }
}
