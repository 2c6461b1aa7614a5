import ArgumentParser
import Gateway

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version, and the commit that it was built from if that is known.")

    func run() { print(Version.text) }
}
