/// What a token looks like, before anything in it is read.
enum TokenShape {
    /// Three parts, the first of which begins as a JSON object does in base64url (RFC 7515 §7.1). What looks like that
    /// is a JWT or a broken one, and no opaque token: it is shown to nobody who did not issue it.
    static func isJWT(_ token: Span<UInt8>) -> Bool {
        guard token.count >= 2, token[0] == UInt8(ascii: "e") else { return false }
        switch token[1] {
        case UInt8(ascii: "w")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            break
        default: return false
        }
        var dots = 0
        for index in 0..<token.count where token[index] == UInt8(ascii: ".") { dots += 1 }
        return dots == 2
    }
}
