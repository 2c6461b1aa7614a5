import Policy

/// `database` of `authorization_server`: a SQLite file, or `{postgresql: …}`.
struct DatabaseReader {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities

    /// nil: something mandatory is broken, and said.
    func read(_ server: MappingReader) -> DatabaseSettings? {
        guard let node = server.node("database"), !node.isRefused else { return nil }
        guard case .mapping = node.content else { return server.value("database", .path).flatMap(sqlite) }
        guard let reader = server.nested("database") else { return nil }
        reader.require(
            "postgresql", "write the path of a SQLite file instead, or postgresql: {host: …, database: …, user: …}")
        defer { reader.finish() }
        return reader.nested("postgresql").flatMap(postgresql)
    }

    private func sqlite(_ path: Located<String>) -> DatabaseSettings? {
        if case .folder = context.files.status(of: context.path(path.value)) {
            context.findings.error(
                .fileUnreadable, at: path.position, "database \(Shown.value(path.value)) is a folder, expected a file")
        }
        return .sqlite(path: context.path(path.value))
    }

    private func postgresql(_ reader: MappingReader) -> DatabaseSettings? {
        reader.require("host", "a name, an address, or the folder of a Unix socket as in /run/postgresql")
        reader.require("database", "the name of the database, which is there already and belongs to the user")
        reader.require("user", "whose password it is, or whom the certificate names")
        let host = reader.value("host", .text)
        let port = reader.value("port", .number(1...65_535), default: PostgreSQLSettings.portDefault)
        let database = reader.value("database", .text)
        let user = reader.value("user", .text)
        let secrets = SecretReader(context: context)
        let password = secrets.read(reader, "password", octetsMin: 1)
        let connections = reader.value("connections", .number(1...64), default: PostgreSQLSettings.connectionsDefault)
        let tls = tls(reader, host)
        reader.finish()
        guard let host, let database, let user else { return nil }
        if host.value.contains(",") || host.value.contains("://") {
            reader.error(.badValue, at: "host", "\"host\" in \(reader.name): expected one host without scheme and port")
        }
        return .postgresql(
            PostgreSQLSettings(
                host: host.value, port: port, database: database.value, user: user.value, password: password, tls: tls,
                connections: connections))
    }

    private func tls(_ database: MappingReader, _ host: Located<String>?) -> DatabaseTLS? {
        let isUnixSocket = host?.value.hasPrefix("/") ?? false
        let isPlaintext = insecurities.accept(
            "insecure_plaintext", in: database, path: "authorization_server.database.postgresql", code: .plaintext,
            meaning: "keys and grants travel unencrypted, and nobody checks who answers")
        if database.has("tls"), isPlaintext || isUnixSocket {
            database.error(
                .contradiction, at: "tls",
                isPlaintext
                    ? "\(database.name) has \"tls\" and insecure_plaintext: true; keep one of them"
                    : "\(database.name) has \"tls\", but a Unix socket has none; leave it out")
        }
        if host != nil, !database.has("tls"), !isPlaintext, !isUnixSocket {
            database.findings.error(
                .plaintext, at: database.position,
                "\(database.name) has no \"tls\"; name the authorities that vouch for it, or say insecure_plaintext: true"
            )
        }
        guard let reader = database.nested("tls", name: "\"tls\" of \(database.name)") else { return nil }
        defer { reader.finish() }
        reader.require(
            "authorities", "name the PEM file of the authorities that may vouch for it; the system's are not used")
        let authorities = reader.value("authorities", .path)
        if let authorities { files.check(authorities: authorities) }
        let certificate = reader.node("certificate").flatMap {
            CertificateFilesReader(context: context, files: files).read($0, name: "\"certificate\" in \(reader.name)")
        }
        return authorities.map { DatabaseTLS(authorities: context.path($0.value), certificate: certificate) }
    }
}
