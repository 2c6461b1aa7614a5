import AuthorizationRecords
package import Policy
package import Storage

extension DatabaseSecrets {
    /// Reads them from the files and variables that the policy names.
    package init(_ settings: AuthorizationServerSettings) throws {
        let seal = try settings.keyEncryptionKey.flatMap {
            KeySeal(secret: try SecretReader.read($0, octetsMin: AuthorizationServerSettings.keyEncryptionKeyOctetsMin))
        }
        self.init(password: try Self.password(of: settings.database), seal: seal)
    }

    /// Only what a connection needs: for those who read no key.
    package init(connectingTo database: DatabaseSettings) throws(StorageError) {
        self.init(password: try Self.password(of: database), seal: nil)
    }

    private static func password(of database: DatabaseSettings) throws(StorageError) -> String? {
        guard case .postgresql(let server) = database, let source = server.password else { return nil }
        do { return try SecretReader.text(source) } catch {
            throw StorageError(database.description, "cannot be opened: \(error)")
        }
    }
}
