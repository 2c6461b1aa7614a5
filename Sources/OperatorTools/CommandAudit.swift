import Administration
import Audit
import AuthorizationRecords
import Foundation
import Gateway
import LogIn
package import Policy
import Storage
import Transport

/// Where the command line records what it changes: in the audit file of the policy, beside a gateway that may be
/// writing to it; where the policy has none (`standard_output`), on standard error.
package struct CommandAudit: Sendable {
    private let path: String?

    /// Opens nothing yet.
    package init(_ settings: AuditSettings) {
        path = if case .file(let path, _, _) = settings.sink { path } else { nil }
    }

    /// Before a change: whether it could be recorded. Throws `AuditSinkError`, and then nothing is changed.
    func prepare() throws {
        guard let path else { return }
        try GatewayServer.makeFolder(of: path)
        try AuditFile.check(path)
    }

    /// After it. Throws where it was made and could not be recorded; the message has the record.
    func record(_ change: ManagedChange) throws {
        let record = ChangeRecord(
            at: Clock.wallNanoseconds(),
            [
                (.change, change.action.rawValue), (.outcome, "done"), (.object, change.id),
                (.actorUser, "\(ProcessInfo.processInfo.userName) (\(getuid()))"),
            ], before: change.before, after: change.after)
        do {
            if let path {
                try AuditFile.append(record, to: path)
            } else {
                try FileHandle.standardError.write(contentsOf: Data(record.octets))
            }
        } catch {
            throw UnrecordedChange(reason: "\(error)", record: String(decoding: record.octets, as: UTF8.self))
        }
    }
}

/// Something was changed, and the audit file does not say so.
struct UnrecordedChange: Error, CustomStringConvertible {
    let reason: String
    let record: String
    /// One that was just made, and is shown here, since it is shown nowhere else.
    var secret: ClientSecret?

    var description: String {
        "the change was made, but not recorded: \(reason)\nIts record would have been: \(record)"
            + (secret.map { "client_secret: \($0.text)" } ?? "")
    }
}

/// The authorization server's store as the command line changes it: `Administration`, with a record of each change.
struct RecordedAdministration: Sendable {
    let database: AuthorizationDatabase
    private(set) var administration: Administration
    private let settings: AuthorizationServerSettings
    private var otherStore: (any AuthorizationStore)?
    let audit: CommandAudit?

    /// - Parameter creating: false: a store that is not there is an error.
    init(_ settings: AuthorizationServerSettings, creating: Bool, audit: CommandAudit?) async throws {
        database = try await AuthorizationDatabase.open(
            settings, secrets: DatabaseSecrets(settings), creating: creating, signs: false, now: Self.now)
        if database.isNew {
            StandardError.write("warning: database \(database.name) was not there and was created new, with new keys\n")
        }
        for key in database.signingKeys.unusable {
            // The command signs nothing, and goes on.
            StandardError.write("warning: database \(database.name) \(key.reason)\n")
        }
        administration = Self.administration(of: database, on: database.store, settings)
        self.audit = audit
        self.settings = settings
    }

    /// What changes read and write; another one than the database's for a dry run.
    var store: any AuthorizationStore { otherStore ?? database.store }

    /// The same on another store.
    func onStore(_ store: any AuthorizationStore) -> RecordedAdministration {
        var other = self
        other.otherStore = store
        other.administration = Self.administration(of: database, on: store, settings)
        return other
    }

    private static func administration(
        of database: AuthorizationDatabase, on store: any AuthorizationStore, _ settings: AuthorizationServerSettings
    ) -> Administration {
        Administration(
            store: store, pepper: database.pepper,
            hasher: PasswordHasher(atOnce: 1, library: SystemPasswordLibrary()),
            profile: settings.profile, authorizationDetailsTypes: settings.authorizationDetailsTypes,
            idTokenAlgorithms: settings.idTokenAlgorithms, users: settings.users,
            passwordRules: PasswordRules(host: settings.issuer.host),
            terms: database.signing, links: settings.logIn.passwords ? AccountLinkTerms(settings) : nil,
            clock: { now })
    }

    /// Makes a change, records it, and waits until it is in force everywhere. nil: there is no such thing.
    /// - Parameters:
    ///   - isDry: nothing is written, so that there is nothing to record and to wait for.
    ///   - shown: the secret in what was made, which must not be lost when only the record fails.
    func make<Value>(
        isDry: Bool = false, _ change: (Administration) async throws -> (ManagedChange, Value),
        shown secret: (Value) -> ClientSecret? = { _ in nil }
    ) async throws -> Value? {
        if !isDry { try audit?.prepare() }
        do {
            let (made, value) = try await change(administration)
            if isDry { return value }
            do { if !made.isEmpty { try audit?.record(made) } } catch var unrecorded as UnrecordedChange {
                unrecorded.secret = secret(value)
                throw unrecorded
            }
            if made.settling > .zero { try? await Task.sleep(for: made.settling) }
            return value
        } catch ManagementError.notFound {
            return nil
        }
    }

    /// Until what had a name before has ended, so that what gets the name now does not end with it: some seconds at most.
    static func wait(until second: Int64) async throws {
        let seconds = Double(second) - Date().timeIntervalSince1970
        if seconds > 0 { try await Task.sleep(for: .seconds(min(seconds, Double(Revoker.overtakingSeconds + 1)))) }
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}
