import AuthorizationRecords

/// What is typed to log in.
enum UserName {
    /// Lower case; nil when it is no name. ASCII only, so that no two names look the same.
    static func normalised(_ text: String) -> String? {
        let trimmed = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        let octets = String(trimmed).lowercased().utf8
        let isName = octets.allSatisfy { octet in
            switch octet {
            case 0x30...0x39, 0x61...0x7A: true
            default:
                [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "@")]
                    .contains(octet)
            }
        }
        return isName && (1...128).contains(octets.count) ? String(decoding: Array(octets), as: UTF8.self) : nil
    }

    /// Of an e-mail address and of a name for people.
    static let textBytesMax = 256

    static func isPlainText(_ text: String) -> Bool {
        text.utf8.count <= textBytesMax && !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }
}
