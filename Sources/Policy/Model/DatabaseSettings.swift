/// Where the authorization server keeps clients, grants and keys.
package enum DatabaseSettings: Sendable, Equatable {
    /// A file, created with mode 0600.
    case sqlite(path: String)
    /// A server, which several gateways may share.
    case postgresql(PostgreSQLSettings)
}

extension DatabaseSettings: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sqlite(let path): path
        case .postgresql(let settings): settings.description
        }
    }
}

/// A PostgreSQL database, for several gateways side by side.
package struct PostgreSQLSettings: Sendable, Equatable {
    /// Name, address, or the folder of a Unix socket (which begins with a slash).
    package var host: String
    /// Also part of a Unix socket's name.
    package var port: Int
    /// Its name; it must exist.
    package var database: String
    /// The role to connect as.
    package var user: String
    /// nil: it is not asked for one (peer authentication, a certificate).
    package var password: SecretSource?
    /// nil: a Unix socket, or `insecure_plaintext`.
    package var tls: DatabaseTLS?
    /// Connections that this gateway opens for requests; one more listens.
    package var connections: Int

    package init(
        host: String, port: Int = PostgreSQLSettings.portDefault, database: String, user: String,
        password: SecretSource? = nil,
        tls: DatabaseTLS? = nil, connections: Int = PostgreSQLSettings.connectionsDefault
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.tls = tls
        self.connections = connections
    }

    /// The port that is registered for PostgreSQL.
    package static let portDefault = 5_432
    /// Where the policy does not say.
    package static let connectionsDefault = 4
    package var isUnixSocket: Bool { host.hasPrefix("/") }
}

extension PostgreSQLSettings: CustomStringConvertible {
    /// As a URL, without the password.
    package var description: String {
        let place = host.contains(":") ? "[\(host)]" : host
        return isUnixSocket
            ? "postgresql:\(host):\(port)/\(database) as \(user)" : "postgresql://\(user)@\(place):\(port)/\(database)"
    }
}

/// TLS to a database: its name is always checked.
package struct DatabaseTLS: Sendable, Equatable {
    /// PEM file of the authorities that may vouch for it.
    package var authorities: String
    /// What the gateway shows; nil: nothing.
    package var certificate: CertificateFiles?

    package init(authorities: String, certificate: CertificateFiles? = nil) {
        self.authorities = authorities
        self.certificate = certificate
    }
}
