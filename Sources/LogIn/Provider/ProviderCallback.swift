import AuthorizationRecords
import HTTP
import JSON
import Policy
import Texts

/// `/oauth2/login/callback`: a user comes back from the provider (OpenID Connect Core §3.1.2.5).
///
/// Nothing that stands in the request leads anywhere: where it goes on follows from what this server has stored.
struct ProviderCallback: ServerEndpoint {
    /// Of changes that meet others.
    private static let attemptsMax = 4

    let context: PageContext
    let redirect: ProviderRedirect
    let form: LoginForm
    let start: SessionStart
    let accounts: ProviderAccounts

    private var provider: any IdentityProvider { redirect.provider }

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        do {
            return try await receive(RequestParameters(query: call.request), call)
        } catch let fault as ProviderFault {
            return fault.noted(fault == .unavailable ? ErrorPage.unavailable(call) : ErrorPage.expired(call))
        } catch is ParameterFault {
            return ProviderFault.unknownState.noted(ErrorPage.expired(call))
        } catch is DamagedRecord {
            return ErrorPage.unavailable(call, because: ServiceFacts.damagedRecord)
        } catch {
            return ErrorPage.unavailable(call)
        }
    }

    private func receive(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let state = parameters.value("state"), RandomText.providerState.isWellFormed(state),
            let browser = BrowserCookie(call.request),
            let record = try await context.store.record(.providerLogIn, RandomText.providerState.key(of: state)),
            !record.isExpired(at: call.now),
            let logIn = ProviderLogIn(record), logIn.browserKey == browser.key,
            let (interaction, _) = try await context.interaction(logIn.interactionID, call)
        else { throw ProviderFault.unknownState }
        guard let facts = await provider.facts() else { throw ProviderFault.unavailable }
        guard facts.issuer.hasSameOctets(as: logIn.issuer), try await context.store.commit([logIn.use], now: call.now)
        else { throw ProviderFault.unknownState }
        do {
            let verified = try await identity(parameters, facts, logIn, ProviderSecrets(browser, state: state), call)
            return try await begin(verified.proved, verified.profile, interaction, call)
        } catch let fault as ProviderFault {
            return try await refused(fault, parameters, interaction, browser, call)
        }
    }

    // MARK: Who it is

    private func identity(
        _ parameters: RequestParameters, _ facts: ProviderFacts, _ logIn: ProviderLogIn, _ secrets: ProviderSecrets,
        _ call: EndpointCall
    ) async throws -> (proved: VerifiedIdentity, profile: ProviderProfile) {
        // RFC 9207 §2.4: before anything else of the answer counts, its error included.
        let issuer = parameters.value("iss")
        guard issuer?.hasSameOctets(as: facts.issuer) ?? !facts.sendsIssuer else { throw ProviderFault.wrongIssuer }
        guard parameters.value("error") == nil, let code = parameters.value("code") else { throw ProviderFault.refused }
        let tokens = try ProviderTokens(
            await provider.redeem(
                ProviderCode(code: code, verifier: secrets.verifier, redirectURI: redirect.redirectURI)))
        let judge = IDTokenVerifier(clientID: redirect.settings.clientID, provider: provider)
        let identity = try await judge.judge(
            tokens.idToken, accessToken: tokens.accessToken, facts, logIn, nonce: secrets.nonce, now: call.now)
        guard provider.admits(identity.claims) else { throw ProviderFault.claimsRefused }
        return (identity, await profile(of: identity, tokens.accessToken))
    }

    private func profile(of identity: VerifiedIdentity, _ accessToken: String?) async -> ProviderProfile {
        guard let accessToken,
            ProviderProfile.isMissing(
                in: identity.claims, scopes: redirect.settings.scopes, needed: accounts.access.claimsNeeded.values)
        else {
            return ProviderProfile(identity.claims, more: nil, isWhole: true)
        }
        let more = ProviderProfile.members(of: await provider.userInfo(accessToken), subject: identity.subject)
        return ProviderProfile(identity.claims, more: more, isWhole: more != nil)
    }

    // MARK: What comes of it

    private func begin(
        _ identity: VerifiedIdentity, _ profile: ProviderProfile, _ interaction: Interaction, _ call: EndpointCall
    ) async throws -> ServiceResponse {
        for _ in 0..<Self.attemptsMax {
            let (user, changes) = try await accounts.account(of: identity, profile, call)
            let session = start.session(of: user, identity.authentication, interaction, call)
            guard try await context.store.commit(changes + session.changes, now: call.now) else { continue }
            let presentation = call.presentation(interaction)
            var response = context.handOff(
                title: presentation[ProviderText.loggedIn], presentation[ProviderText.returning],
                to: interaction.continuation, presentation)
            response.fields.append(session.cookie)
            response.facts.event = "login"
            response.facts.subject = user.id
            response.facts.client = interaction.clientID
            return response
        }
        throw ProviderFault.unknownState
    }

    private func refused(
        _ fault: ProviderFault, _ parameters: RequestParameters, _ interaction: Interaction, _ browser: BrowserCookie,
        _ call: EndpointCall
    ) async throws -> ServiceResponse {
        let presentation = call.presentation(interaction)
        if fault == .refused, let refusal = Interaction.LogInRefusal(rawValue: parameters.value("error") ?? ""),
            form.leadsBack(interaction)
        {
            var next = interaction
            guard next.turnAway(refusal), try await context.store.commit([.replace(next.record)], now: call.now) else {
                return fault.noted(ErrorPage.expired(call))
            }
            return fault.noted(
                context.handOff(
                    title: presentation[ProviderText.notLoggedIn], presentation[ProviderText.returningWithout],
                    to: interaction.continuation, presentation))
        }
        let isBusy =
            fault == .unavailable
            || fault == .refused && ["temporarily_unavailable", "server_error"].contains(parameters.value("error"))
        let problem: ProviderText = isBusy ? .unavailable : fault.isOfTheUser ? .notAllowed : .wentWrong
        let status = isBusy ? 503 : fault.isOfTheUser ? 403 : 400
        return fault.noted(
            try await form.page(
                interaction, browser, presentation, now: call.now, username: "", problem: presentation[problem],
                status: status,
                fields: isBusy ? [("Retry-After", "10")] : [],
                offersAnother: !isBusy))
    }
}

extension ProviderFault {
    /// It is known who it is, and that it is somebody who may not.
    var isOfTheUser: Bool { [.claimsRefused, .unknownUser, .disabled].contains(self) }

    /// With what stands in the record of the request.
    func noted(_ response: ServiceResponse) -> ServiceResponse {
        var response = response
        response.facts.event = self == .unavailable ? "login_provider_unavailable" : "login_failed"
        response.facts.error = rawValue
        return response
    }
}

/// What the token endpoint of the provider gave (OpenID Connect Core §3.1.3.3).
struct ProviderTokens: Sendable {
    let idToken: String
    /// Only ever used for one question at its userinfo endpoint, and kept nowhere.
    let accessToken: String?

    init(_ reply: OutgoingAnswer?) throws(ProviderFault) {
        guard let reply, reply.status < 500, reply.status != 429 else { throw .unavailable }
        guard reply.status == 200 else { throw (400..<500).contains(reply.status) ? .codeRefused : .badAnswer }
        guard let members = reply.members, let idToken = members["id_token"]?.string else { throw .badAnswer }
        self.idToken = idToken
        // What could not stand in a header field is no token (RFC 6750 §2.1).
        accessToken = members["access_token"]?.string.flatMap { token in
            (1...16_384).contains(token.utf8.count) && token.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                ? token : nil
        }
    }
}
