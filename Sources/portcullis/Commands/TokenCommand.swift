import ArgumentParser
import Foundation
import Gateway
import Glibc
import JSON
import OperatorTools
import Policy

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Obtain an access token, as a client does.",
        discussion: """
            Asks an authorization server for a token and prints it, alone, on standard output, so that it can be used in a command:

              curl --cacert certs/ca.pem -H "Authorization: Bearer $(portcullis token --client-id billing --scope orders:read)" \\
                https://api.localhost:8443/orders/1

            Three ways (--flow):

              client   the client for itself (client_credentials). Its secret is read from the environment variable
                       PORTCULLIS_CLIENT_SECRET, or from a file with --client-secret-file; it is never an argument, where other
                       users of the machine could read it. This is what happens when there is a secret.
              code     you, in your browser: log in, agree, and the browser comes back to this command (the client needs the
                       redirect URI http://127.0.0.1/callback). This is what happens when there is none.
              device   you, in a browser on any other machine: this command shows an address and a code.

            Tokens of the flows code and device are kept until they expire, for your eyes only (mode 0600 in
            ~/.local/state/portcullis), and renewed by their refresh token.
            """)

    enum Flow: String, ExpressibleByArgument, CaseIterable {
        case client, code, device
    }

    @Option(help: "The client's id.")
    var clientId: String

    @Option(help: "client, code or device. Without it: client if there is a secret or no terminal, else code.")
    var flow: Flow?

    @Option(help: "File that holds the client's secret. Without it: the environment variable PORTCULLIS_CLIENT_SECRET.")
    var clientSecretFile: String?

    @Option(help: "Scopes to ask for, separated by spaces. Without it: all that the client may have.")
    var scope: String?

    @Option(help: "The resource that the token is meant for (RFC 8707).")
    var resource: String?

    @Option(help: "Issuer of the token. Without it: the authorization server of --policy.")
    var issuer: String?

    @Option(
        help:
            "PEM file of the authorities to trust for the connection. Without it: certs/ca.pem if there is one, else the system's."
    )
    var cacert: String?

    @Option(help: "The policy file that names the issuer.")
    var policy = "routes.yaml"

    @Flag(help: "Only print the address to open; start no browser.")
    var noBrowser = false

    @Flag(help: "Neither use a token that was kept nor keep this one.")
    var noStore = false

    @Flag(help: "Print the whole token response as JSON.")
    var json = false

    func run() async throws {
        do {
            let response = try await obtain()
            if json {
                print(String(decoding: response.serialized(pretty: true), as: UTF8.self))
            } else {
                print(response.object?["access_token"]?.string ?? "")
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    private func obtain() async throws -> JSON {
        let issuer = try resolvedIssuer()
        let secret = try secret()
        // A script has nobody who could log in.
        let flow = flow ?? (secret == nil && isatty(STDERR_FILENO) == 1 ? .code : .client)
        let client = TokenClient(
            issuer: issuer, clientID: clientId, clientSecret: secret, scope: scope, resource: resource,
            authorities: resolvedAuthorities())
        if flow == .client {
            guard secret != nil else {
                throw CommandFailure(
                    "no client secret: set PORTCULLIS_CLIENT_SECRET, or name a file with --client-secret-file")
            }
            return try await client.clientCredentials()
        }
        let wallet = TokenWallet(names: [issuer.text, clientId, scope, resource])
        if !noStore, let kept = try await kept(in: wallet, client) { return kept }
        let response =
            if flow == .code {
                try await client.authorizationCode(within: .seconds(300)) { address in open(address) }
            } else {
                try await client.device { address, code in
                    Self.say("Open \(address)\nand check that it shows the code \(code). Waiting …")
                }
            }
        if !noStore { try wallet.keep(response, unixSeconds: Self.now) }
        return response
    }

    /// What was kept, renewed if need be; nil: the user is needed again.
    private func kept(in wallet: TokenWallet, _ client: TokenClient) async throws -> JSON? {
        let (response, refreshToken) = wallet.find(unixSeconds: Self.now)
        if let response { return response }
        guard let refreshToken else { return nil }
        guard let renewed = try? await client.refresh(refreshToken) else {
            wallet.forget()
            return nil
        }
        var kept = renewed.object ?? [:]
        // A server that does not rotate it sends none: the one that is there goes on.
        if kept["refresh_token"] == nil { kept["refresh_token"] = .string(refreshToken) }
        try wallet.keep(.object(kept), unixSeconds: Self.now)
        return .object(kept)
    }

    private func open(_ address: String) {
        Self.say("Open this address in your browser:\n\(address)")
        guard !noBrowser else { return }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/xdg-open")
        process.arguments = [address]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try? process.run()
    }

    private static func say(_ text: String) { StandardError.write(text + "\n") }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }

    private func resolvedIssuer() throws -> HTTPSIdentifier {
        guard let issuer else { return try PolicySettings.authorizationServer(of: policy).issuer.identifier }
        do {
            return try HTTPSIdentifier(issuer)
        } catch {
            throw CommandFailure("--issuer: \(error.message)")
        }
    }

    private func resolvedAuthorities() -> String? {
        if let cacert { return cacert }
        let development = "certs/ca.pem"
        return FileManager.default.isReadableFile(atPath: development) ? development : nil
    }

    private func secret() throws -> String? {
        if let clientSecretFile {
            guard let text = try? String(contentsOfFile: clientSecretFile, encoding: .utf8) else {
                throw CommandFailure("\(clientSecretFile): cannot be read")
            }
            return text.trimmingCharacters(in: .newlines)
        }
        guard let secret = ProcessInfo.processInfo.environment["PORTCULLIS_CLIENT_SECRET"], !secret.isEmpty else {
            return nil
        }
        return secret
    }
}
