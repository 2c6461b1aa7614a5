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
