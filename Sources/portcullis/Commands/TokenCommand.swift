import ArgumentParser
import Foundation
import Gateway
import JSON
import Policy

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Obtain an access token, as a client does.",
        discussion: """
            Asks the authorization server for a token with the client_credentials grant and prints it, alone, on standard \
            output, so that it can be used in a command:

              curl --cacert certs/ca.pem -H "Authorization: Bearer $(portcullis token --client-id billing --scope orders:read)" \\
                https://localhost:8443/orders/1

            The client's secret is read from the environment variable PORTCULLIS_CLIENT_SECRET, or from a file with \
            --client-secret-file; it is never an argument, where other users of the machine could read it.
            """)

    @Option(help: "The client's id.")
    var clientId: String

    @Option(help: "File that holds the client's secret. Without it: the environment variable PORTCULLIS_CLIENT_SECRET.")
    var clientSecretFile: String?

    @Option(help: "Scopes to ask for, separated by spaces. Without it: all that the client may have.")
    var scope: String?

    @Option(help: "The resource that the token is meant for (RFC 8707).")
    var resource: String?

    @Option(help: "Issuer of the token. Without it: the authorization server of --policy.")
    var issuer: String?

    @Option(help: "PEM file of the authorities to trust for the connection. Without it: certs/ca.pem if there is one, else the system's.")
    var cacert: String?

    @Option(help: "The policy file that names the issuer.")
    var policy = "routes.yaml"

    @Flag(help: "Print the whole token response as JSON.")
    var json = false

    func run() async throws {
        let request = TokenRequest(
            issuer: try resolvedIssuer(), clientID: clientId, clientSecret: try secret(), scope: scope,
            resource: resource, authorities: resolvedAuthorities())
        do {
            let response = try await request.send()
            if json {
                print(String(decoding: response.serialized(pretty: true), as: UTF8.self))
            } else {
                print(response.object?["access_token"]?.string ?? "")
            }
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    private func resolvedIssuer() throws -> String {
        if let issuer { return issuer }
        return try PolicySettings.authorizationServer(of: policy).issuer
    }

    private func resolvedAuthorities() -> String? {
        if let cacert { return cacert }
        let development = "certs/ca.pem"
        return FileManager.default.isReadableFile(atPath: development) ? development : nil
    }

    private func secret() throws -> String {
        if let clientSecretFile {
            guard let text = try? String(contentsOfFile: clientSecretFile, encoding: .utf8) else {
                throw CommandFailure("\(clientSecretFile): cannot be read")
            }
            return text.trimmingCharacters(in: .newlines)
        }
        guard let secret = ProcessInfo.processInfo.environment["PORTCULLIS_CLIENT_SECRET"], !secret.isEmpty else {
            throw CommandFailure("no client secret: set PORTCULLIS_CLIENT_SECRET, or name a file with --client-secret-file")
        }
        return secret
    }
}
