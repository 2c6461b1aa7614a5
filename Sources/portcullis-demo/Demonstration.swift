import Certificates
import Foundation
import Gateway
import JSON
import Logging
import OperatorTools
import Policy
import PolicyFile
import Transport

/// The main job, shown with real parts. Certificates, two instances of a service behind mutual TLS
/// and an impostor, the gateway with `routes.yaml`, a client, and requests made by curl, each with the answer that was
/// expected.
package struct Demonstration: Sendable {
    /// What did not go as it should, in a sentence.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Where `routes.yaml`, `certs/` and `var/` are or are made.
    private let folder: String
    private let policyPath: String
    /// Nobody is there to log in: a browser without a window does.
    private let once: Bool
    private let print: @Sendable (String) -> Void

    package init(folder: String, policyPath: String, once: Bool, print: @escaping @Sendable (String) -> Void) {
        self.folder = folder
        self.policyPath = policyPath
        self.once = once
        self.print = print
    }

    /// Shows everything. True: every answer was the expected one. `stayUp` is called before the parts are stopped.
    package func run(stayUp: @Sendable (_ hints: [String]) async -> Void) async throws -> Bool {
        try checkCurl()
        heading("1. Certificates (portcullis certs init)")
        let certs = "\(folder)/certs"
        for file in try DevelopmentCertificates(folder: certs).make(now: Int64(Date().timeIntervalSince1970)) {
            print("   \(file.description)")
        }

        heading("2. Services that demand the gateway's certificate")
        let services = try await startServices(certs)

        heading("3. The gateway (portcullis run \(policyPath))")
        var logger = Logger(label: "portcullis") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let gateway: GatewayServer
        do {
            gateway = try await GatewayServer.start(policyPath: policyPath, logger: logger)
        } catch {
            for service in services { await service.stop() }
            throw Failure(description: "\(error)")
        }
        for address in gateway.addresses {
            print("   listening on \(address.host):\(address.port), policy \(gateway.policyHash)")
        }

        heading("4. A client (portcullis client add)")
        let outcome: Result<Bool, any Error>
        do {
            let (settings, auditPath) = try settings()
            let client = try await register(try await ClientRegistry(settings, creating: true))
            let transcript = Transcript(
                port: gateway.addresses.first?.port ?? 8443, authorities: "\(certs)/ca.pem", client: client,
                print: print)
            var good = try await transcript.run()
            try await showRecords(in: auditPath)
            heading("8. A user in a browser (authorization code flow with PKCE), and a token that is taken back")
            let journey = UserJourney(
                settings: settings, authorities: "\(certs)/ca.pem",
                base: "https://localhost:\(gateway.addresses.first?.port ?? 8443)",
                api: "https://api.localhost:\(gateway.addresses.first?.port ?? 8443)", print: print)
            let password = try await journey.prepare()
            if once {
                good = try await journey.run(password: password) && good
                heading("9. An agent that nobody registered (Model Context Protocol)")
                good = try await AgentJourney(folder: folder, print: print).run() && good
            } else {
                print("   Try it: portcullis token --client-id \(UserJourney.application) --scope orders:read")
                print("   and log in as \(UserJourney.name) with the password \(password)")
            }
            print("")
            print(good ? "Every answer was the expected one." : "Some answers were NOT the expected ones; see above.")
            outcome = .success(good)
            // What a newcomer looks at next: what happens on the gateway, in figures.
            let monitor = gateway.monitors.first.map { "\($0.host):\($0.port)" }
            let page = once ? nil : monitor.flatMap { PrometheusPage.start(monitor: $0, rules: Self.rules) }
            defer { page?.stop() }
            let figures = monitor.map { ["curl http://\($0)/metrics    # and /health, /readyz, /livez"] } ?? []
            await stayUp(transcript.hints + figures + (page.map { ["Prometheus: \($0.address)"] } ?? []))
        } catch {
            outcome = .failure(error)
        }
        await gateway.stop()
        for service in services { await service.stop() }
        return try outcome.get()
    }

    /// From the project's folder, where the demonstration runs.
    private static let rules = "deploy/prometheus/portcullis.rules.yml"

    // MARK: The parts

    private func checkCurl() throws {
        guard Curl.path != nil else { throw Failure(description: "curl is needed for the demo: apt-get install curl") }
    }

    /// Two instances of orders, and on the port where payments is expected somebody who can only prove to be orders.
    private func startServices(_ certs: String) async throws -> [ExampleService] {
        let orders = ServerTLSFiles.Pair(chain: "\(certs)/orders.pem", key: "\(certs)/orders.key")
        var services: [ExampleService] = []
        for (name, port) in [("orders-1", 9443), ("orders-2", 9444), ("impostor", 9445)] {
            do {
                services.append(
                    try await ExampleService.start(
                        name: name, port: port, certificate: orders, clientAuthorities: "\(certs)/upstream-ca.pem"))
            } catch {
                for service in services { await service.stop() }
                throw Failure(description: "cannot start the example service \(name) on port \(port): \(error)")
            }
            let identity =
                name == "impostor"
                ? "claims payments' place, but is spiffe://example.org/orders" : "spiffe://example.org/orders"
            print("   \(name) on 127.0.0.1:\(port), \(identity)")
        }
        return services
    }

    private func settings() throws -> (AuthorizationServerSettings, auditPath: String) {
        guard let policy = PolicyReader(files: DiskPolicyFiles()).read(fileAt: policyPath).policy,
            let settings = policy.authorizationServer, case .file(let path, _, _) = policy.audit.sink
        else {
            throw Failure(
                description: "\(policyPath): the demonstration needs an authorization_server and an audit file")
        }
        return (settings, path)
    }

    private func register(_ registry: ClientRegistry) async throws -> Transcript.Client {
        _ = try await registry.remove(id: "demo")
        let (client, secret) = try await registry.add(
            id: "demo", name: "demonstration", scopes: ["orders:read", "payments"])
        print(
            "   client_id \(client.id), scopes \(client.scopes.joined(separator: " ")); its secret is kept as a hash only"
        )
        return Transcript.Client(id: client.id, secret: secret)
    }

    /// The writer takes its batches in a few hundredths of a second; the demonstration waits until they are in the
    /// file.
    private func showRecords(in path: String) async throws {
        heading("7. Audit records of these requests, one for each (\(path))")
        var records: [String] = []
        for _ in 0..<40 {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            records = text.split(separator: "\n").suffix(Transcript.requestCount).map(String.init)
            if records.count == Transcript.requestCount, records.last?.contains("rate_limited") == true { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        let shown = ["route", "decision", "code", "status", "client_id", "upstream", "duration_us"]
        for record in records {
            guard let members = (try? JSON.parse(Array(record.utf8)))?.object else { continue }
            let parts = shown.compactMap { name in
                members[name].map { "\(name)=\($0.string ?? $0.int.map(String.init) ?? "")" }
            }
            print("   \(parts.joined(separator: " "))")
        }
        if let whole = records.first(where: { $0.contains("orders.read") }) {
            print("   one of them whole:")
            print("   \(whole)")
        }
    }

    private func heading(_ text: String) {
        print("")
        print(text)
    }
}
