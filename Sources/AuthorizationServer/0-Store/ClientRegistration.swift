package import JSON

extension AuthorizationStore {
    /// Registers a client with any metadata (RFC 7591 §2); the secret, if it authenticates by one, exists nowhere else.
    /// - Parameters:
    ///   - id: nil: one is made.
    ///   - rules: throws `ClientMetadataError`. Without `token_endpoint_auth_method` both ways of showing a secret
    ///   count.
    ///   - change: what is not the client's own to say.
    package func addClient(
        id: String? = nil, metadata: JSONObject, rules: ClientMetadata, pepper: SecretPepper, now: Int64,
        random: Randomness,
        _ change: (inout RegisteredClient) -> Void = { _ in }
    ) async throws -> (client: RegisteredClient, secret: ClientSecret?) {
        let id = id ?? "client-" + ClientID.generated(random)
        guard ClientID.isValid(id) else { throw RegistrationError.badID }
        var client = try rules.client(metadata, id: id, now: now)
        if metadata["token_endpoint_auth_method"] == nil {
            client.authenticationMethods = [.clientSecretBasic, .clientSecretPost]
        }
        guard !client.scopes.isEmpty || !client.grants.contains(.clientCredentials) else {
            throw RegistrationError.noScope
        }
        change(&client)
        var secret: ClientSecret?
        if client.usesSecret {
            let made = ClientSecret.generate(random)
            client.secrets = [StoredSecret(mac: pepper.mac(of: made.text, clientID: id), createdAt: now)]
            secret = made
        }
        guard try await insert(client, now: now) else { throw RegistrationError.idTaken(id) }
        return (client, secret)
    }
}

/// Why a client cannot be registered.
package enum RegistrationError: Error, Equatable, Sendable, CustomStringConvertible {
    case badID, noScope
    case idTaken(String)

    package var description: String {
        switch self {
        case .badID: "a client id has 1 to 128 of the characters A-Z a-z 0-9 - . _ ~"
        case .noScope: "a client needs at least one scope; without any it could do nothing"
        case .idTaken(let id): "there is a client \"\(id)\" already; remove it first, or choose another id"
        }
    }
}

enum ClientID {
    /// Characters that no encoding changes: clients disagree on whether to form-encode before Basic (RFC 6749 §2.3.1).
    static func isValid(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy { octet in
                switch octet {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }

    /// 80 random bits in lower-case letters and digits.
    static func generated(_ random: Randomness) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        return String(decoding: random.octets(16).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}

/// `scope` in its text form (RFC 6749 §3.3).
enum ScopeText {
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    /// The tokens between single spaces; nil when it is not well-formed.
    static func tokens(_ text: String) -> [String]? {
        let tokens = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return tokens.allSatisfy(isToken) ? distinct(tokens) : nil
    }

    /// Each once, in their order.
    static func distinct(_ tokens: [String]) -> [String] {
        var seen: Set<String> = []
        return tokens.filter { seen.insert($0).inserted }
    }
}
