import Admission
import Audit
import HTTP
import Policy
import Transport

/// A request on its way through the gateway: the pipeline of ARCHITECTURE.md. In HTTP/1.1 one of these serves the requests
/// of a connection one after the other; what there is of each is its `request`.
///
/// Each step takes the proof that the step before it made: `RouteMatch`, `Caller`, `Permit`, `Lease`. Everything runs
/// on the connection's event loop, and for a request whose token is known nothing suspends.
final class RequestPipeline: ExchangeDelegate {
    let exchange: Exchange
    let loop: GatewayLoop
    let connection: ConnectionFacts
    var request: RequestState

    init(exchange: Exchange, connection: ConnectionFacts) {
        self.exchange = exchange
        self.connection = connection
        loop = connection.loop
        request = RequestState(connection.loop.snapshot)
    }

    func exchangeBegan() {
        // Once for all steps: each reading of it takes a copy, of 400 octets and two references.
        let head = exchange.head
        loop.counts.inFlight += 1
        request.isInFlight = true
        do throws(Refusal) { try openRecord(head) } catch { return refuse(error) }
        // It asks about the gateway, not about anything behind it (RFC 9110 §9.3.7).
        if head.method == .options, head.asksAboutServer { return answerOptions(allow: nil) }
        decide(head)
    }

    /// Begins anew, since something was found out that a decision needed.
    func decideAgain() { decide(exchange.head) }

    /// From the match to the destination.
    private func decide(_ head: borrowing RequestHead) {
        let now = exchange.figures.startedAt
        do throws(Refusal) {
            let match = try matched(head)
            guard case .known(let caller) = try authenticated(head, match, now: now) else { return }
            let permit = try authorized(caller, match)
            try limited(permit, now: now)
            try forwarded(head, permit, match, now: now)
        } catch {
            refuse(error)
        }
    }

    // MARK: The steps

    /// 4. Nothing is served that cannot be recorded.
    private func openRecord(_ head: borrowing RequestHead) throws(Refusal) {
        request.begin(loop.snapshot, head: head, random: &loop.random, journal: loop.journal)
        if request.record == nil { throw Refusal(.auditUnavailable) }
    }

    /// 5. Which route is it?
    private func matched(_ head: borrowing RequestHead) throws(Refusal) -> RouteMatch {
        // A target that names the other scheme was meant for another connection (RFC 9110 §7.4).
        if let scheme = head.targetScheme, (scheme == .https) != connection.isTLS { throw Refusal(.misdirected) }
        let snapshot = request.snapshot
        let router = connection.isFromThisMachine ? snapshot.rules.router : snapshot.rules.outsideRouter
        let match = try router.match(head, sni: connection.serverName)
        guard match.route < snapshot.routes.count else { throw Refusal(.noRoute) }
        let route = snapshot.routes[match.route]
        request.route = route
        exchange.bodyBytesMax = route.bodyBytesMax
        if let transfer = route.transfer { exchange.limitTransfer(transfer) }
        if let most = route.bodyBytesMax, case .length(let length) = head.framing, length > most {
            throw Refusal(.bodyTooLarge)
        }
        return match
    }

    private enum Identification {
        /// nil: the route asks nobody.
        case known(Caller?)
        /// The exchange waits, and `decide` begins anew.
        case awaited
    }

    /// 6. Who is calling?
    private func authenticated(
        _ head: borrowing RequestHead, _ match: RouteMatch, now: Int64
    ) throws(Refusal) -> Identification {
        guard let route = request.route, route.rules.needsToken else { return .known(nil) }
        let token = try Credential.presented(in: head)
        do throws(Refusal) {
            return try identified(head, token, route.rules, now: now)
        } catch {
            if let token { note(token, of: head, error) }
            throw error
        }
    }

    /// For the record.
    private func note(_ token: PresentedToken, of head: borrowing RequestHead, _ refusal: Refusal) {
        guard let route = request.route else { return }
        let refused = loop.authenticator.refusedToken(
            head, token, refusal, rules: route.rules, issuers: request.snapshot.issuers, peer: connection.peer,
            unixSeconds: Clock.wallNanoseconds() / 1_000_000_000)
        request.refusedToken = refused
        let issuer = refused.owner.map { loop.ledgers.issuerNames.place(of: $0.issuerName) }
        loop.tokenCounts.refuse(issuer ?? CountedNames.none, refusal.code)
    }

    /// The answer on which the judgement of the request's token waited has not come.
    func refuseUnanswered(_ waiting: RequestState.Waiting) {
        let head = exchange.head
        loop.authenticator.suspect = waiting.suspect
        if let token = try? Credential.presented(in: head) { note(token, of: head, waiting.otherwise) }
        refuse(waiting.otherwise)
    }

    private func identified(
        _ head: borrowing RequestHead, _ token: PresentedToken?, _ rules: RouteRules, now: Int64
    ) throws(Refusal) -> Identification {
        switch verdict(head, token, rules, nil, now: now) {
        case .authenticated(let caller):
            accept(caller)
            return .known(caller)
        case .refused(let refusal):
            throw refusal
        case .inquire(let inquiry):
            guard let introspected = try inquire(inquiry, token, rules) else { return .awaited }
            // What the issuer says is known, so nothing but a proof's signature can be left to ask for.
            switch verdict(head, token, rules, introspected, now: now) {
            case .authenticated(let caller):
                accept(caller)
                return .known(caller)
            case .refused(let refusal):
                throw refusal
            case .inquire(let inquiry):
                if case .signature = inquiry, try inquire(inquiry, token, rules) == nil { return .awaited }
                // Its issuer's entry is another one by now.
                throw inquiry.unanswered
            }
        }
    }

    private func accept(_ caller: borrowing Caller) {
        request.principal = caller.principal
        let places = request.snapshot.issuerPlaces
        loop.tokenCounts.accept(
            caller.issuer < places.count ? places[caller.issuer] : CountedNames.others,
            wasRemembered: caller.wasRemembered)
    }

    private func verdict(
        _ head: borrowing RequestHead, _ token: PresentedToken?, _ rules: RouteRules, _ introspected: Introspected?,
        now: Int64
    ) -> Verdict {
        loop.authenticator.authenticate(
            head, token: token, rules: rules, issuers: request.snapshot.issuers, peer: connection.peer,
            unixSeconds: Clock.wallNanoseconds() / 1_000_000_000, now: now, introspected: introspected,
            checked: request.checked)
    }

    /// 7. May they?
    private func authorized(_ caller: Caller?, _ match: RouteMatch) throws(Refusal) -> Permit {
        guard let route = request.route else { throw Refusal(.noRoute) }
        // Taking hold of the head's octets costs, so only where a rule wants to see them.
        let path = route.rules.comparesCaptures ? CapturedPath(exchange.head, match) : .none
        return try Authorizer.authorize(caller, rules: route.rules, peer: connection.peer, path: path)
    }

    /// 8. How much?
    private func limited(_ permit: Permit, now: Int64) throws(Refusal) {
        do throws(Refusal) {
            try loop.ledgers.limits.take(permit, now: now, into: &request.allowance)
        } catch {
            countLimit()
            throw error
        }
    }

    /// The one that the record names.
    private func countLimit() {
        guard let route = request.route, let place = request.allowance.tightestPlace else { return }
        let limits = request.snapshot.policy.limits
        let names = route.route.limits.filter(limits.indices.contains).map { limits[$0].name }
        guard place < names.count else { return }
        loop.limitCounts.add(route: route.place, limit: names[place])
    }

    /// 9 and 10. Where to, and off it goes.
    private func forwarded(
        _ head: borrowing RequestHead, _ permit: Permit, _ match: RouteMatch, now: Int64
    ) throws(Refusal) {
        guard let route = request.route else { throw Refusal(.noRoute) }
        guard let upstream = route.upstream else {
            exchange.bodyBytesMax = min(route.bodyBytesMax ?? Self.localBodyBytesMax, Self.localBodyBytesMax)
            exchange.collectBody()
            return
        }
        if head.isLastHop { return answerAsLast(head) }
        request.permit = permit
        let token = try upstreamToken(upstream, permit)
        let pool = try pick(upstream, permit, excluding: nil, now: now)
        let runtime = request.snapshot.upstreams[upstream]
        let upstreamHead = loop.transport.takeUpstreamHead()
        let leftOut = runtime.writer.write(
            head, caller: permit.principal?.headers, token: token, connection: connection.fields,
            identity: request.identity, via: request.snapshot.via,
            forwardToken: route.route.forwardToken, upgrade: route.route.allowUpgrade,
            names: route.route.allowFieldNames, to: &upstreamHead.head)
        if leftOut > 0 { loop.ledgers.counters.leftOut(fields: leftOut) }
        exchange.forward(to: pool, head: upstreamHead, times: route.times)
    }

    /// What the gateway signs for the service in place of the client's token: once, until shortly before it ends.
    private func upstreamToken(_ upstream: Int, _ permit: Permit) throws(Refusal) -> FieldValue? {
        let snapshot = request.snapshot
        guard let audience = snapshot.upstreams[upstream].upstream.tokenAudience, let principal = permit.principal
        else {
            return nil
        }
        let now = Clock.wallNanoseconds() / 1_000_000_000
        let kept = (principal.companion as? PrincipalTexts)?.upstreamTokens
        if let token = kept?.find(upstream: upstream, generation: snapshot.generation, unixSeconds: now) {
            return token
        }
        guard let signer = snapshot.upstreamTokens else { throw Refusal(.signingFailed) }
        let token = try signer.sign(
            for: principal.facts, audience: audience, unixSeconds: now, random: &loop.random)
        kept?.keep(token, upstream: upstream, generation: snapshot.generation)
        return token.text
    }

    /// A service inside the process reads its request whole; more than this is no request for it.
    private static let localBodyBytesMax = 1_048_576

    private func pick(
        _ upstream: Int, _ permit: Permit, excluding: Int?, now: Int64
    ) throws(Refusal) -> UpstreamPool {
        guard upstream < loop.balancers.count else { throw Refusal(.noHealthyUpstream) }
        let lease = try loop.balancers[upstream].pick(permit, excluding: excluding, now: now)
        let endpoint = lease.endpoint
        request.endpoint = endpoint
        request.lease = consume lease
        guard let pool = loop.pool(upstream: upstream, endpoint: endpoint) else { throw Refusal(.noHealthyUpstream) }
        return pool
    }

    // MARK: What comes of it

    func passesTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool {
        guard let upstream = request.route?.upstream else { return false }
        return !request.snapshot.upstreams[upstream].writer.strips(field, of: trailers)
    }

    /// Fields about framing, credentials and the like are none for trailers in any case; of the rest all are the
    /// service's to send.
    func passesResponseTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { true }

    func passesCookie(_ field: Field, of head: borrowing ResponseHead) -> Bool {
        guard let ownCookies = request.snapshot.ownCookies, ownCookies.isSet(by: field, of: head) else { return true }
        loop.ledgers.counters.leftOutCookie()
        return false
    }

    func appendResponseFields(to fields: inout FieldList, answerIsHTTP10: Bool) {
        request.lease?.succeeded(now: exchange.figures.upstreamFirstByteAt)
        request.snapshot.via?.append(to: &fields, receivedIsHTTP10: answerIsHTTP10)
        AnswerFields.append(requestID: request.identity.requestID, allowance: request.allowance, to: &fields)
    }

    func forwardFailed(_ failure: ForwardFailure) {
        let now = loop.transport.now()
        note(failure)
        if failure.countsAgainstEndpoint { request.lease?.failed(now: now) }
        request.lease = nil
        guard let upstream = request.route?.upstream, let permit = request.permit else {
            return refuse(Refusal(.upstreamUnreachable))
        }
        if mayRetry(failure, upstream) {
            // An idle connection that its end had closed says nothing about the endpoint: it is tried again, freshly.
            let isAlone = request.snapshot.upstreams[upstream].health.count == 1
            if let pool = try? pick(
                upstream, permit, excluding: isAlone ? nil : request.endpoint, now: exchange.figures.startedAt)
            {
                exchange.forwardAgain(to: pool)
                return
            }
        }
        refuse(Refusal(failure.refusalCode))
    }

    private func note(_ failure: ForwardFailure) {
        guard let upstream = request.route?.upstream, request.endpoint >= 0 else { return }
        let detail = failure.detail
        request.upstreamFailures.append(detail)
        let health = request.snapshot.upstreams[upstream].health
        guard request.endpoint < health.count else { return }
        health[request.endpoint].note(detail.word, shown: detail.shown, isFault: failure.countsAgainstEndpoint)
    }

    private func mayRetry(_ failure: ForwardFailure, _ upstream: Int) -> Bool {
        let snapshot = request.snapshot
        guard snapshot.upstreams[upstream].upstream.retry, exchange.figures.upstreamAttempts < 2,
            failure.isSafeToRetry(method: exchange.head.method), snapshot.generation == loop.snapshot.generation
        else { return false }
        return snapshot.upstreams[upstream].health.count > 1 || failure.onReusedConnection
            || failure.reason == .notProcessed
    }

    func exchangeCollected(body: [UInt8]) {
        guard let service = request.route?.service else { return refuse(Refusal(.noRoute)) }
        var asked = ServiceRequest(
            exchange.head, body: body, peer: exchange.peer, isTLS: connection.isTLS,
            certificateCounts: !connection.certificateHasEnded)
        asked.requestID = String(decoding: request.identity.requestID.octets, as: UTF8.self)
        asked.caller = request.principal.map { ServiceCaller(client: $0.facts.clientID, subject: $0.facts.subject) }
        let answer = exchange.deferredAnswer(for: self)
        // The one task of the data plane: a service inside the process may have to ask its store.
        Task { [asked] in
            let response = await service.answer(asked)
            answer.resume { $0.answer(response) }
        }
    }

    /// No destination looks into answers yet.
    func exchangeCollectedAnswer(_ head: borrowing ResponseHead, body: [UInt8]) {
        exchange.passCollectedAnswer(body: body)
    }

    func exchangeAnswerTooLarge() { refuse(Refusal(.upstreamBadResponse)) }

    func exchangeRefused(_ error: HeadError) {
        request.begin(loop.snapshot, head: exchange.head, random: &loop.random, journal: loop.journal)
        refuse(Refusal(request.record == nil ? .auditUnavailable : RefusalCode(error)), close: true)
    }

    func exchangeTimedOut() {
        // A head that did not come to its end in time: its record begins only now.
        if request.record == nil {
            request.begin(loop.snapshot, head: exchange.head, random: &loop.random, journal: loop.journal)
        }
        refuse(Refusal(.requestTimeout), close: true)
    }

    func exchangeTooSlow() { refuse(Refusal(.bodyTooSlow), close: true) }

    func exchangeBodyTooLarge() { refuse(Refusal(.bodyTooLarge), close: true) }

    func exchangeBodyRefused(_ error: HeadError) { refuse(Refusal(RefusalCode(error)), close: true) }

    func exchangeEnded(_ ending: ExchangeEnding) {
        closeRecord(ending)
        if request.isInFlight { loop.counts.inFlight -= 1 }
        if let waiting = request.waiting { loop.inquiries.leave(waiting.place) }
        request.replace(loop.snapshot)
    }

    // MARK: Answers of the gateway itself

    func refuse(_ refusal: Refusal, close: Bool = false) {
        request.refusal = refusal.code
        request.difference = refusal.difference ?? connection.certificateFault(for: refusal.code)
        request.lease = nil
        loop.answerFields.clear()
        var body: [UInt8] = []
        let metadata =
            request.route.map { AnswerFields.metadataURL($0.metadataPath(for: exchange.head), of: exchange.head) } ?? []
        AnswerFields.append(
            refusal, requestID: request.identity.requestID, allowance: request.allowance, resourceMetadata: metadata,
            fields: &loop.answerFields, body: &body)
        if let rule = crossOriginRule(refusal) { append(rule) }
        let status = refusal.code.facts.status
        // Counted whether or not the connection ends with it: who is refused so connects again.
        let isOneTooMany = Self.isFaultOfClient(status) && isOneTooMany()
        // A client with a new certificate shows it on its next connection.
        let isLast = isOneTooMany || close || connection.certificateHasEnded
        exchange.answer(status: status, fields: loop.answerFields, body: body, close: isLast)
    }

    /// Of the route, or of the one that the path leads to by another method.
    private func crossOriginRule(_ refusal: Refusal) -> CrossOriginRule? {
        if let route = request.route { return route.route.crossOrigin }
        guard refusal.code == .methodNotAllowed else { return nil }
        let router = connection.isFromThisMachine ? request.snapshot.rules.router : request.snapshot.rules.outsideRouter
        let method: Method = refusal.allow.contains("GET") ? .get : .post
        guard let index = router.route(for: exchange.head, method: method), index < request.snapshot.routes.count else {
            return nil
        }
        return request.snapshot.routes[index].route.crossOrigin
    }

    /// A script of another origin learns why it is refused, and when to come again. A preflight learns it, too, and fails:
    /// no browser takes a refusal for a permission.
    private func append(_ rule: CrossOriginRule) {
        // The gateway's own routes are for scripts of any origin, or of none.
        for field in rule.answerFields(origin: nil) {
            loop.answerFields.append(field.name, field.value)
        }
    }

    /// 501 and 505 are about what the client sent.
    private static func isFaultOfClient(_ status: Int) -> Bool {
        (400..<500).contains(status) || status == 501 || status == 505
    }

    /// Refused requests cost their sender nothing, and a record each: an address that sends too many of them has to connect
    /// again, and may not do so for a while.
    private func isOneTooMany() -> Bool {
        guard let limiter = loop.ledgers.refusals else { return false }
        return !limiter.count(connection.peer.address, now: exchange.figures.startedAt)
    }

    /// What the client may ask of one path, or, as a sign of life, of the gateway.
    /// - Parameter allow: nil: nothing is said of methods.
    private func answerOptions(allow: [String]?) {
        loop.answerFields.clear()
        if let allow { loop.answerFields.append("Allow") { $0.append(text: allow.joined(separator: ", ")) } }
        AnswerFields.append(
            requestID: request.identity.requestID, allowance: request.allowance, to: &loop.answerFields)
        // No route has limits for what is asked of the gateway, so it counts as what is refused.
        exchange.answer(status: 200, fields: loop.answerFields, body: [], close: request.route == nil && isOneTooMany())
    }

    /// `Max-Forwards` has come to its end: the gateway answers as the last recipient (RFC 9110 §7.6.2). TRACE, which
    /// would send a client's credentials back to it, is answered by nobody here (§9.3.8).
    private func answerAsLast(_ head: borrowing RequestHead) {
        let router = connection.isFromThisMachine ? request.snapshot.rules.router : request.snapshot.rules.outsideRouter
        let methods = router.methods(for: head)
        if head.method == .trace {
            refuse(Refusal(.methodNotAllowed, retryAfterSeconds: nil, allow: methods.filter { $0 != "TRACE" }))
        } else {
            // A route for any method has no list of them.
            answerOptions(allow: request.route?.route.match.methods.isEmpty == false ? methods : nil)
        }
    }

    private func answer(_ response: ServiceResponse) {
        request.serviceFacts = response.facts
        loop.answerFields.clear()
        for field in response.fields { loop.answerFields.append(field.name, field.value) }
        AnswerFields.append(
            requestID: request.identity.requestID, allowance: request.allowance, to: &loop.answerFields)
        exchange.answer(status: response.status, fields: loop.answerFields, body: response.body)
    }
}
