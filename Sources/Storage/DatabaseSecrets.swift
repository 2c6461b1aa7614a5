package import AuthorizationRecords

/// What opens a database and the keys in it. The caller reads it from where the policy says.
package struct DatabaseSecrets: Sendable {
    /// PostgreSQL's; nil: it asks for none.
    let password: String?
    /// What private signing keys are encrypted with; nil: they are not.
    let seal: KeySeal?

    /// Secrets that have been read.
    package init(password: String?, seal: KeySeal?) {
        self.password = password
        self.seal = seal
    }
}
