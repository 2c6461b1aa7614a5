import CCommit

/// What this build is called.
package enum Version {
    /// Of the program, by semver.org.
    package static let number = "0.1.0"

    /// Empty: the build was told none (`PORTCULLIS_COMMIT`).
    package static var commit: String { String(cString: portcullis_commit()) }

    /// `0.1.0 (commit 1f2e3d4c5b6a)`, or the number alone.
    package static var text: String { commit.isEmpty ? number : "\(number) (commit \(commit))" }
}
