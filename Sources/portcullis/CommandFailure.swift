import ArgumentParser
import Foundation
import Gateway
import OperatorTools
import Policy
import PolicyFile

/// A command that could not do what it was asked: one line on standard error, exit status 1.
struct CommandFailure: Error, CustomStringConvertible, LocalizedError {
    let description: String
    init(_ description: String) { self.description = description }
    var errorDescription: String? { description }
}

/// What a command needs to know from `routes.yaml`.
enum PolicySettings {
    /// The section `authorization_server`. The policy must be free of errors: a command that changes clients works on
    /// the very store that the gateway would use.
    static func authorizationServer(of path: String) throws -> AuthorizationServerSettings {
        try managed(of: path).settings
    }

    /// The same, and where a change is recorded.
    static func managed(of path: String) throws -> (settings: AuthorizationServerSettings, audit: CommandAudit) {
        let (settings, audit, _) = try managedPolicy(of: path)
        return (settings, audit)
    }

    /// The same, and the policy around it.
    static func managedPolicy(of path: String) throws -> (
        settings: AuthorizationServerSettings, audit: CommandAudit, policy: Policy
    ) {
        let reading = PolicyReader(files: DiskPolicyFiles()).read(fileAt: path)
        guard let policy = reading.policy else {
            let errors = reading.findings.filter { $0.severity == .error }
            StandardError.write(FindingReport.text(errors))
            throw CommandFailure("\(path) has errors; mend them first (portcullis check \(path))")
        }
        guard let settings = policy.authorizationServer else {
            throw CommandFailure("\(path) has no authorization_server, so there are no clients to speak of")
        }
        return (settings, CommandAudit(policy.audit), policy)
    }
}
