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

            The gateway's certificate is for localhost, api.localhost and api.example.com; --host adds names of your own. --service \
            makes certificates for services of your own, which prove to be spiffe://example.org/NAME.

            Private keys are written with mode 0600. Nothing that is still valid is overwritten; --force renews the \
            certificates. Not for production: there, use your own CA.
            """)

    @Option(help: "Where to write them.")
    var folder = "certs"

    @Flag(help: "Make new ones even where the old ones are still valid.")
    var force = false

    @OptionGroup var names: CertificateNames

    func run() throws {
        let certificates = DevelopmentCertificates(
            folder: folder, hostNames: names.hostNames, ipAddresses: names.ipAddresses, services: names.service)
        do {
            for file in try certificates.make(now: Int64(Date().timeIntervalSince1970), force: force) {
                print(file.description)
            }
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

/// For whom development certificates are made.
struct CertificateNames: ParsableArguments {
    @Option(help: "A host name, or an IP address, of the gateway besides localhost; may be repeated.")
    var host: [String] = []

    @Option(help: "A service behind the gateway, in lower case; may be repeated.")
    var service: [String] = []

    private var names: [DevelopmentCertificates.GatewayName] { host.compactMap { .init($0) } }

    var hostNames: [String] {
        DevelopmentCertificates.hostNamesDefault
            + names.compactMap(\.hostName).filter { !DevelopmentCertificates.hostNamesDefault.contains($0) }
    }

    var ipAddresses: [String] {
        DevelopmentCertificates.ipAddressesDefault
            + names.compactMap(\.ipAddress).filter { !DevelopmentCertificates.ipAddressesDefault.contains($0) }
    }

    func validate() throws {
        for name in host where DevelopmentCertificates.GatewayName(name) == nil {
            throw ValidationError(
                "--host: \(name) is neither a host name in lower case nor an IP address; write it as api.example.com")
        }
        for name in service where !DevelopmentCertificates.isServiceName(name) {
            throw ValidationError(
                "--service: \(name) cannot be a service; use lower-case letters, digits and -, and no name of the gateway's own files"
            )
        }
    }
}
