/// Why octets are not the JSON that is accepted here. Offsets count octets from the beginning.
package enum JSONError: Error, Equatable, Sendable {
    /// Longer than `JSONLimits.bytesMax`, or more members and elements than `membersMax`.
    case tooLarge
    /// Arrays and objects nested deeper than `depthMax`.
    case tooDeep
    /// Not the grammar of RFC 8259 §2, or something after the value.
    case syntax(offset: Int)
    /// A string that is not well-formed UTF-8, or a byte order mark (RFC 8259 §8.1).
    case notUTF8(offset: Int)
    /// A `\u` escape of half a surrogate pair (RFC 8259 §8.2).
    case loneSurrogate(offset: Int)
    /// A number that no finite `Double` is close to, or of more than 128 octets.
    case numberOutOfRange(offset: Int)
    /// A name twice in one object, compared after unescaping (RFC 8259 §4).
    case duplicateMember(String)
}

extension JSONError: CustomStringConvertible {
    /// For people, to stand behind a colon.
    package var description: String {
        switch self {
        case .tooLarge: "it is too large"
        case .tooDeep: "its arrays and objects are nested too deep"
        case .syntax(let offset): "it is not JSON from octet \(offset + 1) on"
        case .notUTF8(let offset): "octet \(offset + 1) is not UTF-8"
        case .loneSurrogate(let offset): "half a surrogate pair is escaped at octet \(offset + 1)"
        case .numberOutOfRange(let offset): "the number at octet \(offset + 1) is out of range"
        case .duplicateMember(let name): "the member \"\(name.prefix(64))\" stands twice in one object"
        }
    }
}

/// Bounds of a document that is parsed.
package struct JSONLimits: Sendable, Equatable {
    /// Octets of the whole document.
    package var bytesMax: Int
    /// Arrays and objects inside one another; at most 128, since the parser calls itself.
    package var depthMax: Int
    /// Members and elements of the whole document.
    package var membersMax: Int

    /// - Parameter depthMax: a number above 128 counts as 128.
    package init(bytesMax: Int = 65_536, depthMax: Int = 16, membersMax: Int = 1_024) {
        self.bytesMax = bytesMax
        self.depthMax = min(depthMax, 128)
        self.membersMax = membersMax
    }
}
