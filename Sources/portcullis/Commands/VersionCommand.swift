import ArgumentParser
import CCommit

/// What this build is called.
enum Version {
    static let number = "0.1.0"

    /// Empty: the build was told none (`PORTCULLIS_COMMIT`).
    static var commit: String { String(cString: portcullis_commit()) }

    /// `0.1.0 (commit 1f2e3d4c5b6a)`, or the number alone.
    static var text: String { commit.isEmpty ? number : "\(number) (commit \(commit))" }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version, and the commit that it was built from if that is known.")

    func run() { print(Version.text) }
}
