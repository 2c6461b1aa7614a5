/// A mailbox, as SMTP takes it without extensions (RFC 5321 §4.1.2): a dot-atom, `@`, a domain. Quoted local parts and
/// characters beyond ASCII are none here, so nothing in an address can end a command or a header field.
package struct MailAddress: Sendable, Hashable {
    /// As it was given; the domain in lower case.
    package let text: String

    /// Octets of the local part and of the whole at most (RFC 5321 §4.5.3.1).
    private static let localBytesMax = 64
    private static let bytesMax = 254

    /// nil: it is no mailbox.
    package init?(_ text: String) {
        let octets = Array(text.utf8)
        guard octets.count <= Self.bytesMax, let at = octets.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let local = octets[..<at]
        let domain = octets[(at + 1)...]
        guard (1...Self.localBytesMax).contains(local.count), Self.isDotAtom(local), Self.isDomain(domain) else {
            return nil
        }
        self.text =
            String(decoding: local, as: UTF8.self) + "@" + String(decoding: domain, as: UTF8.self).lowercased()
    }

    /// Lower case, without dots at the end.
    package var domain: String { String(text[text.index(after: text.lastIndex(of: "@") ?? text.startIndex)...]) }

    private static func isDotAtom(_ octets: ArraySlice<UInt8>) -> Bool {
        octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { isAlphanumeric($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
        }
    }

    private static func isDomain(_ octets: ArraySlice<UInt8>) -> Bool {
        octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isAlphanumeric(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
    }
}
