import ArgumentParser
import Foundation
import Gateway
import OperatorTools
import Policy
import PolicyFile

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say everything that is wrong with a policy.",
        discussion: """
            Prints all findings, each with its place: routes.yaml:14:9: error: unknown key "scope" in route "orders.read"; \
            did you mean "scopes"? Errors keep a policy from taking effect; warnings do not.

            Looks into the files that the policy names, too: certificates, keys, authorities, key sets. If the authorization \
            server's database is a file that is there, warns of scopes that no client may obtain; the file is only read.

            Exit status: 0 when there is no error, 1 otherwise.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Argument(help: "The policy file.")
    var file = "routes.yaml"

    @Option(help: "text for people, json for editors and CI.")
    var format = Format.text

    @Flag(help: "Look for clients in PostgreSQL, too; a database that cannot be read is an error then.")
    var clients = false

    func run() throws {
        let check: PolicyCheck
        do { check = try PolicyCheck(fileAt: file, clients: clients ? .always : .ifAtHand) } catch {
            throw CommandFailure("\(error)")
        }
        let reading = check.reading
        if let reason = check.leftOut {
            StandardError.write("clients and users were not looked at: \(reason)\n")
        }
        let without = check.isWithoutDatabase ? "; no database yet, so clients and users were not looked at" : ""
        let errors = reading.findings.count { $0.severity == .error }
        let warnings = reading.findings.count - errors
        switch format {
        case .json:
            print(String(decoding: FindingReport.json(reading.findings), as: UTF8.self), terminator: "")
        case .text:
            let report = FindingReport.text(reading.findings)
            if !report.isEmpty { print(report, terminator: "") }
            if let policy = reading.policy {
                print(
                    "\(file): ok: \(policy.routes.count) routes, \(policy.upstreams.count) upstreams, \(policy.issuers.count) issuers, \(warnings) warnings, policy \(policy.hash)\(without)"
                )
            } else {
                print("\(file): \(errors) errors, \(warnings) warnings")
            }
        }
        if errors > 0 { throw ExitCode(1) }
    }
}
