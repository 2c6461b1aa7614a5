import ArgumentParser
import Foundation
import Gateway
import JSON
import OperatorTools

struct JOSECommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jose",
        abstract: "Look into tokens, and check their signatures.",
        discussion: """
            Both commands read one token from standard input and write one JSON document. They use the code that judges \
            tokens on the request's path.
            """,
        subcommands: [JOSEVerifyCommand.self, JOSEInspectCommand.self])
}

struct JOSEVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the signature of a token with a key.",
        discussion: """
            Reads the token from standard input, so that it stands in no list of processes:

              portcullis jose verify --key certs/partner.jwks.json --alg ES256 < token

            The key is a JWK, a JWK Set or a public key in PEM. In a set the token's kid chooses, as for requests; a single \
            key is tried whatever kid the token names. Only the signature is checked, not whether the token has expired, \
            for whom it was made, or by whom.

            With --payload any the payload need be no set of claims, so that signatures of others (RFC 7515, Wycheproof) can be \
            run against the same code; the result then has it in base64url as "payload".

            The result says "valid", and, when it is not, a "code" that stays the same between releases.
            Exit status: 0 when the signature holds, 1 otherwise.
            """)

    @Option(help: "File with a JWK, a JWK Set or a public key in PEM.")
    var key: String

    @Option(
        help: "A signature algorithm that counts, such as ES256; repeat for more. Without it: all that fit the key.")
    var alg: [String] = []

    enum Payload: String, ExpressibleByArgument, CaseIterable { case claims, any }

    @Option(help: "What the payload may be: claims, as of every token, or any octets.")
    var payload = Payload.claims

    func validate() throws {
        for name in alg where !TokenInspection.algorithmNames.contains(name) {
            throw ValidationError(
                "there is no algorithm \"\(name)\"; there are \(TokenInspection.algorithmNames.joined(separator: ", "))"
            )
        }
    }

    func run() throws {
        guard let file = FileHandle(forReadingAtPath: key),
            let octets = try? file.read(upToCount: TokenInspection.keyBytesMax + 1)
        else { throw CommandFailure("\(key): cannot be read, or is empty") }
        try TokenInspection.verified(
            StandardInput.token(), keyFile: Array(octets), algorithms: alg, anyPayload: payload == .any
        )
        .finish()
    }
}

struct JOSEInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a token says, without believing it.",
        discussion: """
            Decodes the token on standard input and prints its header and claims. Nothing is verified, and the result says \
            so: anybody can write such a token.

              portcullis jose inspect < token

            Exit status: 0 when the token can be read, 1 otherwise; then "code" says why.
            """)

    func run() throws { try TokenInspection.decoded(StandardInput.token()).finish() }
}

/// The token on standard input.
enum StandardInput {
    /// As much of it as tells that it is too long.
    static func token() throws -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < TokenInspection.tokenBytesMax {
            let wanted = TokenInspection.tokenBytesMax - octets.count
            guard let part = try FileHandle.standardInput.read(upToCount: wanted), !part.isEmpty else { break }
            octets += part
        }
        return octets
    }
}

extension TokenInspection {
    /// Prints the report, and ends with the status that goes with it.
    fileprivate func finish() throws {
        print(String(decoding: report.serialized(pretty: true), as: UTF8.self))
        if !succeeded { throw ExitCode(1) }
    }
}
