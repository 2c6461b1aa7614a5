/// What a password must be (NIST SP 800-63B §3.1.1): long, and nothing that everybody tries first. No rules on kinds of
/// characters, and no history of former passwords is kept. Whether it has leaked elsewhere is not checked.
package struct PasswordRules: Sendable {
    static let octetsMin = 12
    /// Nothing is ever cut off: what is longer is refused.
    static let octetsMax = 256
    /// As many characters must be left when common words and rows of keys are counted as what they are
    /// (`PasswordStrength`): fewer can be tried online (SP 800-63B §3.1.1.2).
    static let countedMin = 8
    /// A name of fewer octets stands in too many words: it counts as a word, and is not looked for.
    private static let nameOctetsMin = 4

    /// Of the issuer; everybody who attacks a service tries its name.
    private let host: String

    /// - Parameter host: of the issuer, without port; empty: it is not known.
    package init(host: String = "") { self.host = host.lowercased() }

    /// - Parameters:
    ///   - name: normalised.
    ///   - email: nil: none is known.
    package func check(_ password: String, name: String, email: String? = nil) throws(UserError) {
        guard password.utf8.count >= Self.octetsMin else { throw .passwordTooShort }
        guard password.utf8.count <= Self.octetsMax else { throw .passwordTooLong }
        let lower = password.lowercased()
        guard lower != name else { throw .passwordIsName }
        guard Set(password.unicodeScalars).count >= 4 else { throw .passwordIsSimple }
        let email = email?.lowercased()
        let local = email.map { String($0.prefix { $0 != "@" }) }
        for whole in [name, String(name.prefix { $0 != "@" }), email, local, host].compactMap({ $0 })
        where whole.utf8.count >= Self.nameOctetsMin && Self.contains(lower, whole) {
            throw .passwordContainsName
        }
        let parts = [name, email ?? "", host].flatMap { $0.split { ".@-_+".contains($0) }.map(String.init) }
        guard PasswordStrength(names: parts).countedLength(password) >= Self.countedMin else { throw .passwordIsCommon }
    }

    /// Octet by octet; both are short.
    private static func contains(_ text: String, _ part: String) -> Bool {
        let text = Array(text.utf8)
        let part = Array(part.utf8)
        guard text.count >= part.count else { return false }
        return (0...text.count - part.count).contains { text[$0...].starts(with: part) }
    }
}
