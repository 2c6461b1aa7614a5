import Admission
import HTTP
import Issuers
import JOSE
import JSON
import LogIn
import Logging
import Outgoing
import Policy
import Synchronization
import Transport

/// Reaches the OpenID provider at which users log in: its metadata and keys are those that the gateway keeps of the
/// issuer for its routes anyway; what is asked besides goes the way that the issuer's entry says.
///
/// Before anybody has shown who they are they can make it ask: with a code of their own making, once for each log-in
/// that they have begun. So it asks a few times at once, and waits no longer than `deadline`.
final class OpenIDProviderClient: IdentityProvider {
    /// For one question, from resolving the name to the last octet.
    static let deadline = Duration.seconds(5)
    /// Octets of an answer at most.
    static let answerBytesMax = 131_072
    /// Questions at once at most; more get 503.
    static let questionsMax = 32
    /// Metadata and keys that are not there are waited for so long.
    private static let waitMax = Duration.seconds(1)

    private let settings: LogInProvider
    private let logger: Logger
    private let current: CurrentPolicy
    private let clock: ControlClock
    private let questions = Atomic<Int>(0)

    /// nil: users log in nowhere else.
    /// - Throws: when the secret or key, by which the gateway shows who it is, cannot be read.
    init?(
        _ settings: AuthorizationServerSettings, current: CurrentPolicy, logger: Logger, clock: ControlClock = .system
    ) throws {
        guard let provider = settings.logIn.provider else { return nil }
        _ = try ClientCredentials(provider.clientID, provider.authentication, issuer: "")
        self.settings = provider
        self.current = current
        self.clock = clock
        var logger = logger
        logger[metadataKey: "issuer"] = "\(provider.issuer)"
        self.logger = logger
    }

    // MARK: What is known

    func facts() async -> ProviderFacts? {
        guard let (issuer, _, endpoints) = await known() else { return nil }
        return ProviderFacts(
            issuer: issuer.identifier, authorizationEndpoint: endpoints.authorization.description,
            sendsIssuer: endpoints.sendsIssuer,
            algorithms: issuer.algorithms, clockSkewSeconds: issuer.clockSkew.components.seconds)
    }

    func keys(for kid: String?) async -> JWKSet? {
        guard let (_, fetcher) = place() else { return nil }
        switch await fetcher.wanted(kid: kid, before: clock.deadline(in: Self.waitMax)) {
        // Absent: the others are not it, and say so.
        case .known, .absent: return fetcher.keys?.set
        case .unknowable, .pending: return nil
        }
    }

    func admits(_ claims: JSONObject) -> Bool { settings.claims.areSatisfied(by: claims) }

    /// The issuer's entry as it is in force, and who fetches its keys.
    private func place() -> (Issuer, IssuerKeyFetcher)? {
        guard let inForce = current.inForce,
            let index = inForce.policy.issuers.firstIndex(where: { $0.name == settings.issuer }),
            index < inForce.keyFetchers.count,
            let fetcher = inForce.keyFetchers[index]
        else { return nil }
        return (inForce.policy.issuers[index], fetcher)
    }

    private func known() async -> (Issuer, IssuerKeyFetcher, ProviderEndpoints)? {
        guard let (issuer, fetcher) = place() else { return nil }
        if fetcher.provider == nil {
            _ = await fetcher.wanted(kid: nil, before: clock.deadline(in: Self.waitMax))
        }
        switch fetcher.provider {
        case .success(let endpoints)?: return (issuer, fetcher, endpoints)
        case .failure(let fault)?:
            logger.error("nobody can log in at the provider", metadata: ["failure": "\(fault.rawValue)"])
        case nil:
            logger.error("nobody can log in at the provider", metadata: ["failure": "no_metadata"])
        }
        return nil
    }

    // MARK: Questions

    func redeem(_ code: ProviderCode) async -> OutgoingAnswer? {
        guard let (issuer, fetcher, endpoints) = await known() else { return nil }
        do {
            var form = FormText()
            form.add("grant_type", "authorization_code")
            form.add("code", code.code)
            form.add("redirect_uri", code.redirectURI)
            form.add("code_verifier", code.verifier)
            // Read anew, so that a secret can be replaced without a restart.
            let credentials = try ClientCredentials(
                settings.clientID, settings.authentication, issuer: issuer.identifier)
            let field = try credentials.show(in: &form, unixSeconds: clock.unixSeconds())
            let reply = await ask(endpoints.token, fetcher) { http, fields in
                try await http.postForm(endpoints.token, form: form.octets, fields: fields + [field].compactMap { $0 })
            }
            if let reply, reply.status != 200 {
                logger.warning(
                    "the provider does not take a code",
                    metadata: ["status": "\(reply.status)", "error": "\(Self.word(reply))"])
            }
            return reply
        } catch {
            logger.error("the gateway cannot show the provider who it is", metadata: ["detail": "\(error)"])
            return nil
        }
    }

    func userInfo(_ accessToken: String) async -> OutgoingAnswer? {
        guard let (_, fetcher, endpoints) = await known(), let url = endpoints.userInfo else { return nil }
        return await ask(url, fetcher) { http, fields in
            try await http.get(url, fields: fields + [("Authorization", "Bearer " + accessToken)])
        }
    }

    private func ask(
        _ url: AbsoluteURL, _ fetcher: IssuerKeyFetcher,
        _ question: (OutgoingHTTP, [(String, String)]) async throws -> OutgoingAnswer
    ) async -> OutgoingAnswer? {
        defer { questions.subtract(1, ordering: .relaxed) }
        guard questions.add(1, ordering: .relaxed).newValue <= Self.questionsMax else {
            logger.warning("too many log-ins ask the provider at once")
            return nil
        }
        var outgoing = fetcher.fetching.way.outgoing(isOwnPlace: !fetcher.fetching.jwksHosts.contains(url.host))
        outgoing.timeout = Self.deadline
        outgoing.bodyBytesMax = Self.answerBytesMax
        if let certificate = settings.certificate { outgoing.certificate = certificate.transport }
        do {
            return try await question(
                OutgoingHTTP(outgoing), [("Accept", "application/json"), ("User-Agent", "portcullis")])
        } catch {
            logger.error("the provider cannot be asked", metadata: ["detail": "\(error)"])
            return nil
        }
    }

    /// The error's word (RFC 6749 §5.2), of an answer that has one.
    private static func word(_ reply: OutgoingAnswer) -> String {
        guard let word = (try? JSON.parse(reply.body))?.object?["error"]?.string, word.utf8.count <= 64,
            word.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x5F })
        else { return "-" }
        return word
    }
}
