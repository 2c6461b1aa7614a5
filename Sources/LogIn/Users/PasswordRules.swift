/// What a password must be (NIST SP 800-63B §3.1.1): long, and nothing that everybody tries first. No rules on kinds of
/// characters. Whether it has leaked elsewhere is not checked.
package enum PasswordRules {
    static let octetsMin = 12
    /// Nothing is ever cut off: what is longer is refused.
    static let octetsMax = 256

    /// - Parameter name: normalised; the password must not be the name.
    package static func check(_ password: String, name: String) throws(UserError) {
        guard password.utf8.count >= octetsMin else { throw .passwordTooShort }
        guard password.utf8.count <= octetsMax else { throw .passwordTooLong }
        guard password.lowercased() != name else { throw .passwordIsName }
        guard Set(password.unicodeScalars).count >= 4 else { throw .passwordIsSimple }
    }
}
