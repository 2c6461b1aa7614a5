import Octets
import SwiftASN1
import X509

/// A distinguished name as it is compared: attribute by attribute, values octet by octet, whatever spelling a text
/// chose (order of the attributes of one RDN, case of attribute names, escapes).
package struct SubjectName: Sendable, Equatable {
    /// Most significant first, as certificates have them; each a sorted list of OID and value.
    private let names: [[Attribute]]

    private struct Attribute: Sendable, Equatable, Comparable {
        let type: String
        let value: String
        static func < (one: Attribute, other: Attribute) -> Bool { (one.type, one.value) < (other.type, other.value) }
        static func == (one: Attribute, other: Attribute) -> Bool {
            one.type == other.type && one.value.utf8.elementsEqual(other.value.utf8)
        }
    }

    /// RFC 4514 §3, and what is in common use besides.
    private static let types = [
        "CN": "2.5.4.3", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8",
        "STREET": "2.5.4.9", "O": "2.5.4.10",
        "OU": "2.5.4.11", "UID": "0.9.2342.19200300.100.1.1", "DC": "0.9.2342.19200300.100.1.25",
        "EMAILADDRESS": "1.2.840.113549.1.9.1",
    ]

    /// Reads a name in its text form (RFC 4514 §3), as in `CN=billing,O=Example,C=DE`. nil: it is none, empty, or has a
    /// value in hexadecimal form (`#…`), which is not compared here.
    package init?(_ text: String) {
        var reader = SubjectNameReader(text)
        guard let parts = reader.read() else { return nil }
        var names: [[Attribute]] = []
        for part in parts {
            var attributes: [Attribute] = []
            for (type, value) in part {
                let isOID =
                    !type.isEmpty && type.utf8.allSatisfy { ASCII.isDigit($0) || $0 == UInt8(ascii: ".") }
                guard let oid = isOID ? type : Self.types[type.uppercased()] else { return nil }
                attributes.append(Attribute(type: oid, value: value))
            }
            names.append(attributes.sorted())
        }
        // The text form begins with the last.
        self.names = names.reversed()
    }

    /// The text form (RFC 4514 §2), which `init(_:)` reads.
    package var text: String {
        let words = Dictionary(uniqueKeysWithValues: Self.types.map { ($0.value, $0.key) })
        return names.reversed().map { part in
            part.map { "\(words[$0.type] ?? $0.type)=\(Self.escaped($0.value))" }.joined(separator: "+")
        }.joined(separator: ",")
    }

    /// What would mean something else, and what nobody would see.
    private static func escaped(_ value: String) -> String {
        var text = ""
        for (place, scalar) in value.unicodeScalars.enumerated() {
            let isLast = place == value.unicodeScalars.count - 1
            if "\"+,;<>\\=".unicodeScalars.contains(scalar) || place == 0 && scalar == "#" {
                text += "\\" + String(scalar)
            } else if scalar == " " && (place == 0 || isLast) || scalar.value < 0x20 || scalar.value == 0x7F {
                text += "\\" + Hex.text(of: [UInt8(truncatingIfNeeded: scalar.value)])
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// nil: empty, or with a value that is no text.
    init?(_ name: DistinguishedName) {
        var names: [[Attribute]] = []
        for part in name {
            var attributes: [Attribute] = []
            for attribute in part {
                guard let value = String(attribute.value) else { return nil }
                attributes.append(Attribute(type: "\(attribute.type)", value: value))
            }
            names.append(attributes.sorted())
        }
        guard !names.isEmpty else { return nil }
        self.names = names
    }
}

/// `TYPE=VALUE+TYPE=VALUE,TYPE=VALUE` with the escapes of RFC 4514 §2.4.
private struct SubjectNameReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    mutating func read() -> [[(type: String, value: String)]]? {
        var parts: [[(type: String, value: String)]] = [[]]
        while true {
            let type = String(decoding: rest.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self).trimmed
            rest = rest.drop { $0 != UInt8(ascii: "=") }
            guard rest.popFirst() != nil, let value = value(), !value.isEmpty else { return nil }
            parts[parts.count - 1].append((type, value))
            switch rest.popFirst() {
            case nil: return parts
            case UInt8(ascii: "+"): continue
            default: parts.append([])
            }
        }
    }

    /// Up to an unescaped `,` or `+`, which stays. Spaces around it do not count.
    private mutating func value() -> String? {
        rest = rest.drop { $0 == 0x20 }
        guard rest.first != UInt8(ascii: "#") else { return nil }
        var octets: [UInt8] = []
        var spaces = 0
        while let octet = rest.first, octet != UInt8(ascii: ","), octet != UInt8(ascii: "+") {
            rest.removeFirst()
            switch octet {
            case UInt8(ascii: "\\"):
                guard let escaped = escaped() else { return nil }
                octets.append(escaped)
                spaces = 0
            case UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "<"), UInt8(ascii: ">"), 0: return nil
            default:
                octets.append(octet)
                spaces = octet == 0x20 ? spaces + 1 : 0
            }
        }
        return String(validating: octets.dropLast(spaces), as: UTF8.self)
    }

    private mutating func escaped() -> UInt8? {
        guard let first = rest.popFirst() else { return nil }
        guard let high = Hex.value(first) else { return ##" "#+,;<=>\"##.utf8.contains(first) ? first : nil }
        guard let low = rest.popFirst().flatMap(Hex.value) else { return nil }
        return high << 4 | low
    }
}

extension String {
    fileprivate var trimmed: String {
        String(decoding: utf8.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 }.reversed(), as: UTF8.self)
    }
}
