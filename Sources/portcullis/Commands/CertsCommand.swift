import ArgumentParser
import Certificates
import Foundation

struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "Make development certificates.",
        subcommands: [CertsInitCommand.self])
}

struct CertsInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make certificate authorities and certificates for development.",
        discussion: """
            Makes three small hierarchies, so that no certificate can stand in for another: one for what clients see \
            (ca.pem, gateway.pem), one for client certificates (client-ca.pem, client.pem), one for the upstreams and the \
            gateway's own client certificate (upstream-ca.pem, orders.pem, payments.pem, gateway-client.pem). Also \
            partner.jwks.json and partner.key, which stand in for an external issuer.

            Private keys are written with mode 0600. Nothing that is still valid is overwritten; --force renews the \
            certificates. Not for production: there, use your own CA.
            """)

    @Option(help: "Where to write them.")
    var folder = "certs"

    @Flag(help: "Make new ones even where the old ones are still valid.")
    var force = false

    func run() throws {
        let certificates = DevelopmentCertificates(folder: folder)
        do {
            for file in try certificates.make(now: Int64(Date().timeIntervalSince1970), force: force) {
                print(file.description)
            }
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}
