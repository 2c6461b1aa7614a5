/// Something that is wrong with a PEM file, or soon will be.
package struct CertificateFinding: Sendable, Equatable {
    /// Which of the files it is about.
    package enum Subject: Sendable, Equatable { case chain, key, authorities }
    /// Whether the file can be used.
    package enum Severity: Sendable, Equatable {
        /// The file cannot be used.
        case error
        /// It can be used; somebody should look.
        case warning
        /// The file is sound, but it is not the time of one of its certificates: no mistake of whoever wrote the
        /// policy, and mended by nothing but a renewal (or by waiting).
        case notValidNow
    }
    package var subject: Subject
    package var severity: Severity
    /// A sentence without the file's name in front, such as `expired on 2026-01-01`; whoever shows it puts the name
    /// there.
    package var message: String

    package init(_ subject: Subject, _ severity: Severity, _ message: String) {
        self.subject = subject
        self.severity = severity
        self.message = message
    }
}
