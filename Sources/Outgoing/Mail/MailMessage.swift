import HTTP
package import Octets

/// A plain text for one recipient, as it goes over the wire (RFC 5322, RFC 2045).
package struct MailMessage: Sendable, Equatable {
    /// Also whom the server sends a bounce to.
    package let from: MailAddress
    /// Who it is from, in words; nil: only the address.
    package let fromName: String?
    /// The one recipient.
    package let to: MailAddress
    /// Any text: it is encoded.
    package let subject: String
    /// Lines end with a line feed.
    package let text: String
    /// Seconds since 1970.
    package let date: Int64
    /// In front of the `@` of `Message-ID`: letters, digits, `-` and `_`.
    package let id: String

    package init(
        from: MailAddress, fromName: String?, to: MailAddress, subject: String, text: String, date: Int64, id: String
    ) {
        self.from = from
        self.fromName = fromName
        self.to = to
        self.subject = subject
        self.text = text
        self.date = date
        self.id = id
    }

    /// Header and body, every line ended by CR LF, none longer than 76 octets but those that hold an address. What stands
    /// in a field is encoded or an address, so that nothing can end the field.
    package var octets: [UInt8] {
        let sender = fromName.map { Self.encodedWords($0) + "\r\n <\(from.text)>" } ?? "<\(from.text)>"
        let fields = [
            "Date: " + Self.date(date), "From: " + sender, "To: <\(to.text)>",
            "Subject: " + Self.encodedWords(subject),
            "Message-ID: <\(id.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })@\(from.domain)>",
            // RFC 3834 §5: no vacation notice answers it.
            "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
        ]
        return Array((fields.joined(separator: "\r\n") + "\r\n\r\n").utf8) + Self.quotedPrintable(text)
    }

    /// RFC 5322 §3.3; UTC is `+0000`.
    private static func date(_ seconds: Int64) -> String {
        HTTPDate.text(seconds).replacing("GMT", with: "+0000")
    }

    /// RFC 2047: words of 75 octets at most, one a line; whatever the text is, nothing of it stands there as it is.
    static func encodedWords(_ text: String) -> String {
        var words: [String] = []
        var chunk: [UInt8] = []
        for scalar in text.unicodeScalars {
            let octets = Array(String(scalar).utf8)
            // 45 octets are 60 characters of base64; a character is not cut (§5).
            if chunk.count + octets.count > 45 {
                words.append(word(chunk))
                chunk = []
            }
            chunk += octets
        }
        if !chunk.isEmpty || words.isEmpty { words.append(word(chunk)) }
        return words.joined(separator: "\r\n ")
    }

    private static func word(_ octets: [UInt8]) -> String { "=?UTF-8?B?" + Base64.encode(octets) + "?=" }

    /// RFC 2045 §6.7. Lines of 76 octets at most; a carriage return is encoded, so that only our own end lines.
    static func quotedPrintable(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        var column = 0
        let octets = Array(text.utf8)
        for (index, octet) in octets.enumerated() {
            if octet == 0x0A {
                out += [0x0D, 0x0A]
                column = 0
                continue
            }
            let isLast = index + 1 == octets.count || octets[index + 1] == 0x0A
            let isPlain =
                octet == 0x20 || octet == 0x09
                ? !isLast : (0x21...0x7E).contains(octet) && octet != UInt8(ascii: "=")
            let width = isPlain ? 1 : 3
            if column + width > 75 {
                out += [UInt8(ascii: "="), 0x0D, 0x0A]
                column = 0
            }
            if isPlain {
                out.append(octet)
            } else {
                out += [UInt8(ascii: "="), digit(octet >> 4), digit(octet & 15)]
            }
            column += width
        }
        if out.suffix(2) != [0x0D, 0x0A] { out += [0x0D, 0x0A] }
        return out
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x41 + value - 10 }
}
