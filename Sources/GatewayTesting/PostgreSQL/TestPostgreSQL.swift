import Foundation
import Glibc

/// A real PostgreSQL server from the system's package, in a folder of its own, on a free port and a Unix socket. Ended
/// with the test run at the latest.
package final class TestPostgreSQL: Sendable {
    /// The owner of all databases, and its password over TCP.
    package static let user = "portcullis"
    /// It must show up in no log and no file; tests look for it.
    package static let password = "kept out of routes.yaml"

    /// Of 127.0.0.1.
    package let port: Int
    /// Where its Unix socket lies; whoever connects there needs no password.
    package let socketFolder: String
    /// Vouches for its certificate, which names localhost.
    package let authorities: String
    private let folder: TemporaryFolder
    private let programs: String
    private let server: ChildProcess

    /// One for all tests that do not need one of their own.
    package static func shared() async throws -> TestPostgreSQL { try await common.value }
    private static let common = Task { try await TestPostgreSQL.start() }

    /// Makes a cluster and starts it.
    package static func start() async throws -> TestPostgreSQL {
        let programs = try newestPrograms()
        let folder = try TemporaryFolder("portcullis-postgresql")
        let certificates = try TestCertificates.shared()
        try folder.write(password, to: "password", permissions: 0o600)
        try folder.write(certificates.gateway.chain, to: "server.pem")
        try folder.write(certificates.gateway.key, to: "server.key", permissions: 0o600)
        let authorities = try folder.write(certificates.authority.pem, to: "ca.pem")
        // PostgreSQL refuses to run as root.
        if getuid() == 0 {
            guard let account = getpwnam("postgres") else { throw notInstalled }
            for name in ["", "password", "server.pem", "server.key", "ca.pem"] {
                chown(folder.path(name), account.pointee.pw_uid, account.pointee.pw_gid)
            }
        }
        let data = folder.path("data")
        try await run(
            programs + "/initdb",
            [
                "-D", data, "-U", user, "--pwfile", folder.path("password"), "--auth-local=trust",
                "--auth-host=scram-sha-256", "-E", "UTF8",
                "--locale=C.UTF-8", "--no-sync",
            ], in: folder)
        // Another test may take the port meanwhile.
        for _ in 0..<5 {
            let port = try TestUpstream.unusedPort()
            let server = try launch(programs, data: data, port: port, folder)
            let instance = TestPostgreSQL(
                port: port, authorities: authorities, folder: folder, programs: programs, server: server)
            if try await instance.isUp() { return instance }
        }
        throw ChildProcessFailure(description: "PostgreSQL does not start")
    }

    private init(port: Int, authorities: String, folder: TemporaryFolder, programs: String, server: ChildProcess) {
        self.port = port
        self.authorities = authorities
        self.folder = folder
        self.programs = programs
        self.server = server
        socketFolder = folder.url.path
    }

    /// A new, empty database of `user`; its name.
    package func database() async throws -> String {
        let name = "test_" + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
        _ = try await sql("CREATE DATABASE \(name)", in: "postgres")
        return name
    }

    /// Runs SQL with `psql` and gives back what it prints: rows as lines, columns with | between them.
    @discardableResult
    package func sql(_ text: String, in database: String) async throws -> String {
        try await Self.run(
            programs + "/psql",
            [
                "-h", socketFolder, "-p", "\(port)", "-U", Self.user, "-d", database, "-X", "-q", "-A", "-t", "-v",
                "ON_ERROR_STOP=1", "-c", text,
            ],
            in: folder)
    }

    /// Ends all connections to a database, as a restart of the server would, and waits until they have ended.
    package func endConnections(to database: String) async throws {
        try await sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '\(database)'", in: "postgres"
        )
    }

    /// Stops its processes where they are, or lets them go on: a server that takes connections and does not answer.
    package func freeze(_ isFrozen: Bool) { server.send(signal: isFrozen ? SIGSTOP : SIGCONT) }

    /// Ends its connections and stops it (`fast` shutdown). Its data stays until the last reference goes.
    package func stop() async throws {
        server.send(signal: SIGINT)
        try await server.waitForExit()
    }

    private func isUp() async throws -> Bool {
        try await eventually("PostgreSQL to answer") {
            if self.server.exitStatus != nil { return false }
            return (try? await self.sql("SELECT 1", in: "postgres")) != nil ? true : nil
        }
    }

    private static func launch(_ programs: String, data: String, port: Int, _ folder: TemporaryFolder) throws
        -> ChildProcess
    {
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=\(folder.url.path)", "fsync=off",
            "max_connections=600",
            "ssl=on", "ssl_cert_file=\(folder.path("server.pem"))", "ssl_key_file=\(folder.path("server.key"))",
            "timezone=UTC",
        ]
        let command = asOwner([programs + "/postgres", "-D", data] + settings.flatMap { ["-c", $0] })
        return try ChildProcess.start(command[0], Array(command.dropFirst()), in: folder.url.path)
    }

    @discardableResult
    private static func run(_ program: String, _ arguments: [String], in folder: TemporaryFolder) async throws -> String
    {
        let command = asOwner([program] + arguments)
        let process = try ChildProcess.start(command[0], Array(command.dropFirst()), in: folder.url.path)
        let status = try await process.waitForExit(within: .seconds(60))
        guard status == 0 else {
            throw ChildProcessFailure(description: ([program] + process.errors).joined(separator: "\n"))
        }
        return process.output.joined(separator: "\n")
    }

    /// The process itself changes its user, so that a signal to it is one to PostgreSQL.
    private static func asOwner(_ command: [String]) -> [String] {
        getuid() == 0
            ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + command : command
    }

    private static func newestPrograms() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let newest = versions.compactMap { Int($0) }.max()
        guard let newest, FileManager.default.isExecutableFile(atPath: "\(root)/\(newest)/bin/initdb") else {
            throw notInstalled
        }
        return "\(root)/\(newest)/bin"
    }

    private static let notInstalled = ChildProcessFailure(
        description:
            "there is no PostgreSQL on this machine; scripts/prepare test installs it (Debian: apt-get install postgresql)"
    )
}
