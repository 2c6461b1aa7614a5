import ArgumentParser
import Certificates
import Foundation
import Glibc
import OperatorTools

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a first policy, with development certificates.",
        discussion: """
            Writes routes.yaml, some forty lines with comments, which runs as it is, and the certificates that it names into certs/ \
            (as `portcullis certs init` does). Nothing that is there is overwritten. Then it says what to type next.

              portcullis init                                  tokens, and a status page to try them with
              portcullis init --for https://127.0.0.1:9443     in front of a service
              portcullis init --for http://127.0.0.1:3000 --service shop --host shop.example.com

            A service over https gets a certificate of its own, certs/NAME.pem, and must demand the gateway's (certs/upstream-ca.pem).
            """)

    @Option(name: .customLong("for"), help: "The service behind the gateway: https:// or http://, host and port.")
    var url: String?

    @Option(help: "What the service is called in routes and scopes.")
    var service = "service"

    @Option(help: "A host name under which clients call it; may be repeated. (default: api.localhost)")
    var host: [String] = []

    @Option(help: "Where the gateway listens, on this machine.")
    var port = 8443

    @Option(help: "Where to write everything.")
    var folder = "."

    func validate() throws {
        guard (1...65_535).contains(port), port != 9901 else {
            throw ValidationError("--port: from 1 to 65535, but for 9901, where health and metrics are")
        }
        guard DevelopmentCertificates.isServiceName(service) else {
            throw ValidationError(
                "--service: \(service) cannot be a service; use lower-case letters, digits and -, and no name of the gateway's own files"
            )
        }
        for name in host where DevelopmentCertificates.GatewayName(name)?.hostName == nil {
            throw ValidationError("--host: \(name) is no host name in lower case; write it as api.example.com")
        }
        if host.contains("localhost") {
            throw ValidationError(
                "--host: localhost is the authorization server's; the API needs a name of its own, so that no service gets its cookies: api.localhost"
            )
        }
        if let url, behind == nil {
            throw ValidationError(
                "--for: \(url) is no service; write scheme, host and port, as in https://127.0.0.1:9443")
        }
    }

    private var behind: PolicyTemplate.Service? { url.flatMap { PolicyTemplate.Service(name: service, url: $0) } }

    private var template: PolicyTemplate {
        PolicyTemplate(service: behind, hosts: host.isEmpty ? ["api.localhost"] : host, port: port)
    }

    func run() throws {
        let template = template
        let path = folder == "." ? "routes.yaml" : "\(folder)/routes.yaml"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            // First, so that a policy that is there ends it before anything is made.
            try write(Array(template.text.utf8), to: path)
            print("\(path): written")
            let certificates = DevelopmentCertificates(
                folder: folder == "." ? "certs" : "\(folder)/certs",
                hostNames: DevelopmentCertificates.hostNamesDefault
                    + host.filter { !DevelopmentCertificates.hostNamesDefault.contains($0) },
                services: template.service?.isHTTPS == true ? [service] : [])
            for file in try certificates.make(now: Int64(Date().timeIntervalSince1970)) {
                print("certs/\(file.description)")
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(error)")
        }
        print(next(template))
    }

    /// Fails where there is something, also a link that leads nowhere.
    private func write(_ octets: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw CommandFailure(
                errno == EEXIST
                    ? "\(path) is there already, and is left as it is; move it away, or name another --folder"
                    : "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        guard Glibc.write(file, octets, octets.count) == octets.count else {
            let reason = String(cString: strerror(errno))
            unlink(path)
            throw CommandFailure("\(path): \(reason)")
        }
    }

    private func next(_ template: PolicyTemplate) -> String {
        let there = folder == "." ? "" : "   cd \(folder)\n"
        let reached =
            host.isEmpty
            ? "" : " --resolve \(template.hosts[0]):\(port):127.0.0.1"
        return """

            Next:

            \(there)   portcullis check
               portcullis run

            and in another terminal a client, a token and a call:

            \(there)   portcullis client add demo --scope \(template.scope)
               export PORTCULLIS_CLIENT_SECRET=…     # as it was printed
               TOKEN=$(portcullis token --client-id demo --scope \(template.scope))
               curl --cacert certs/ca.pem\(reached) -H "Authorization: Bearer $TOKEN" \(template.origin)\(template.path)

            How it is: portcullis health, and http://127.0.0.1:9901/metrics. Its records: var/audit.jsonl
            """
    }
}
