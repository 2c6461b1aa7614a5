import Administration
import AuthorizationRecords
import Foundation
import Gateway
import JSON
import LogIn
package import Policy
import Storage

/// Brings what another server had into the store: each entry wholly or not at all, and one that is there already is left
/// as it is, so that an import can be repeated.
package struct ImportRun: Sendable {
    /// What came of one entry.
    package struct Outcome: Sendable {
        /// The raw value is what people are told.
        package enum Result: String, Sendable {
            /// In the store, or would be but for the dry run.
            case added
            /// One of this name or id, which stays as it is.
            case there = "there already"
            /// It cannot be taken.
            case refused
            /// It has no place here.
            case leftOut = "left out"
        }
        /// As in `user alice`.
        package var name: String
        package var result: Result
        /// Why it was refused or left out; or how the account's password was hashed.
        package var reason: String?
        /// What of it is not carried over.
        package var notes: [String]
        /// A new secret that was made for a client, which is shown once.
        package var secret: String?
    }

    private let recorded: RecordedAdministration
    private let isDry: Bool
    /// Names of groups into which users are put; nil: into none.
    private let groups: Set<String>?
    private let hasher: PasswordHasher

    /// - Parameters:
    ///   - isDry: everything is checked and nothing is written.
    ///   - withGroups: users are put into the groups of the settings that are called as theirs are.
    package init(_ settings: AuthorizationServerSettings, audit: CommandAudit?, isDry: Bool, withGroups: Bool = false)
        async throws
    {
        groups = withGroups ? Set(settings.users.groups.map(\.name)) : nil
        let own = try await RecordedAdministration(settings, creating: !isDry, audit: isDry ? nil : audit)
        recorded = isDry ? own.onStore(DryStore(own.database.store)) : own
        self.isDry = isDry
        hasher = PasswordHasher(atOnce: 1, library: SystemPasswordLibrary())
    }

    /// The entries in their order.
    /// - Parameter each: told of each outcome as it comes.
    package func run(_ entries: [ImportEntry], _ each: (Outcome) -> Void) async throws {
        for entry in entries {
            each(try await outcome(entry))
        }
    }

    private func outcome(_ entry: ImportEntry) async throws -> Outcome {
        var outcome = Outcome(name: entry.name, result: .added, reason: nil, notes: entry.notes, secret: nil)
        do {
            switch entry.content {
            case .unusable(let reason):
                outcome.result = .refused
                outcome.reason = reason
            case .leftOut(let reason):
                outcome.result = .leftOut
                outcome.reason = reason
            case .user(let user): outcome = try await add(user, outcome)
            case .client(let client): outcome = try await add(client, outcome)
            }
        } catch let error as ManagementError {
            outcome.result = .refused
            outcome.reason = "\(error)"
        }
        return outcome
    }

    private func add(_ user: ImportedUser, _ outcome: Outcome) async throws -> Outcome {
        var outcome = outcome
        if let missing = user.password?.missing(in: hasher.library) {
            outcome.result = .refused
            outcome.reason = "the hash of its password is \(user.password?.algorithm ?? ""), and \(missing)"
            return outcome
        }
        if let name = UserDirectory.normalised(user.name), try await recorded.store.user(name: name) != nil {
            outcome.result = .there
            return outcome
        }
        let known = user.groups.filter { groups?.contains($0) ?? false }
        let others = user.groups.filter { !known.contains($0) }
        if !others.isEmpty {
            let names = others.prefix(5).joined(separator: ", ")
            outcome.notes.append(
                "groups and roles \(names): "
                    + (groups == nil
                        ? "--groups puts users into groups of these names" : "there are no groups of these names"))
        }
        let isDisabled = user.isDisabled
        let attributes = user.attributes
        _ = try await recorded.make { administration in
            let done = try await administration.addUser(
                name: user.name,
                .imported(user.password, isDisabled: isDisabled, groups: known),
                email: user.email,
                isEmailVerified: user.isEmailVerified, displayName: user.displayName, attributes: attributes,
                now: RecordedAdministration.now, random: .system)
            return (done.change, done.value)
        }
        outcome.reason = user.password.map { "password \($0.algorithm)" }
        return outcome
    }

    private func add(_ client: ImportedClient, _ outcome: Outcome) async throws -> Outcome {
        var outcome = outcome
        if try await recorded.store.client(id: client.id) != nil {
            outcome.result = .there
            return outcome
        }
        if let secret = client.secret, secret.utf8.count < ImportBounds.secretBytesMin {
            outcome.result = .refused
            outcome.reason =
                "its secret has \(secret.utf8.count) octets and can be guessed; \(ImportBounds.secretBytesMin) are needed"
            return outcome
        }
        if !isDry {
            try await RecordedAdministration.wait(until: recorded.administration.firstSecond(ofClient: client.id))
        }
        let done = try await recorded.make { administration in
            let done = try await administration.addClient(
                id: client.id, metadata: client.metadata, terms: .init(isFirstParty: client.isFirstParty),
                secret: client.secret, now: RecordedAdministration.now, random: .system)
            return (done.change, done)
        } shown: {
            $0.secret
        }
        if client.secret == nil, !isDry { outcome.secret = done?.secret?.text }
        return outcome
    }
}
