import HTTP
import JSON
import LogIn

/// One thing that an export of another server has, as it is to be here.
package struct ImportEntry: Sendable {
    enum Content: Sendable {
        case user(ImportedUser)
        case client(ImportedClient)
        /// It cannot be taken, or is not meant to be; why.
        case unusable(String)
        case leftOut(String)
    }

    /// As in `user alice`.
    package let name: String
    let content: Content
    /// What of it is not carried over, and why.
    package var notes: [String] = []

    init(_ name: String, _ content: Content, notes: [String] = []) {
        self.name = name
        self.content = content
        self.notes = notes
    }
}

/// An account as another server has it.
struct ImportedUser: Sendable {
    var name: String
    var email: String?
    var isEmailVerified = false
    var displayName: String?
    var isDisabled = false
    /// What its groups and roles are called there.
    var groups: [String] = []
    var attributes: [String: [String]] = [:]
    /// nil: it cannot log in before it has got a password here.
    var password: ImportedPasswordHash?
}

/// A client as another server has it.
struct ImportedClient: Sendable {
    var id: String
    /// RFC 7591 §2.
    var metadata: JSONObject
    /// As it is; nil: a new one is made, if it needs one.
    var secret: String?
    var isFirstParty = false
}

/// What of an entry has no place here, by its name: nothing is dropped without a word.
enum ImportNotes {
    private static let namesMax = 12

    /// Nothing, off, or a list or object without contents.
    static func saysNothing(_ value: JSON) -> Bool {
        value.isNull || value.bool == false || value.string == "" || value.string == "false" || value.int == 0
            || value.array?.isEmpty == true || value.object?.isEmpty == true
    }

    /// One note for all members, or none.
    static func members(_ names: [String], called what: String = "") -> [String] {
        guard !names.isEmpty else { return [] }
        let more = names.count > namesMax ? " and \(names.count - namesMax) more" : ""
        return [what + names.prefix(namesMax).map(\.shownOnTerminal).joined(separator: ", ") + more]
    }

    /// An address for log-out that is not https is not taken, and is no reason to refuse a client.
    static func backChannel(_ url: String) -> (uri: JSON?, note: String?) {
        guard let parsed = AbsoluteURL(url), parsed.isHTTPS else {
            return (nil, "the address for back-channel log-out \(url.shownOnTerminal): it has to be https")
        }
        return (.string(url), nil)
    }
}

/// A file that is no export.
package struct ImportFault: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// What may stand in a file.
enum ImportBounds {
    /// Octets of a file.
    static let fileBytesMax = 268_435_456
    /// Octets of a line of JSON Lines.
    static let lineBytesMax = 65_536
    /// Octets of a client's secret at least: our hash of it is fast, because secrets are random.
    static let secretBytesMin = 16
    static let export = JSONLimits(bytesMax: fileBytesMax, depthMax: 64, membersMax: 20_000_000)
}

extension JSONObject {
    func text(_ name: String) -> String? { self[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    func isTrue(_ name: String) -> Bool { self[name]?.bool == true }
    func texts(_ name: String) -> [String] { (self[name]?.array ?? []).compactMap(\.string) }
}
