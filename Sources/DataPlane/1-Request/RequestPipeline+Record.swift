import Admission
import Audit
import HTTP
import Transport

extension RequestPipeline {
    /// 11. The record closes: one for each request, whatever happened to it.
    func closeRecord(_ ending: ExchangeEnding) {
        let now = loop.transport.now()
        let figures = exchange.figures
        count(figures, now: now)
        guard let ticket = request.record.take() else { return }
        let wall = Clock.wallNanoseconds()
        if request.route == nil {
            ticket.closeUnmatched(
                by: connection.sender, code: request.refusal?.rawValue ?? .max, text: request.refusal?.text, at: wall
            ) {
                describe(&$0, ending, figures, now: now)
            }
        } else {
            ticket.close(at: wall) { describe(&$0, ending, figures, now: now) }
        }
        loop.transport.wakeSoon()
    }

    /// Into the loop's own memory, also where there is no record.
    private func count(_ figures: ExchangeFigures, now: Int64) {
        let place = request.route?.place ?? CountedNames.none
        guard place < loop.counts.routes.count else { return }
        let wasForwarded = figures.upstreamStartedAt > 0
        loop.counts.routes[place].add(
            RequestCounts.Outcome(exchange.method, status: figures.status, refusal: request.refusal),
            whole: now &- figures.startedAt,
            own: (wasForwarded ? figures.upstreamStartedAt : now) &- figures.startedAt,
            firstByte: figures.upstreamFirstByteAt > 0 ? figures.upstreamFirstByteAt &- figures.upstreamStartedAt : nil,
            bytesIn: figures.bodyBytesIn, bytesOut: figures.bodyBytesOut)
    }

    private func describe(
        _ record: inout AuditRecord, _ ending: ExchangeEnding, _ figures: ExchangeFigures, now: Int64
    ) {
        record.add(.requestID, plain: request.identity.requestID.octets)
        record.add(.traceID, plain: request.identity.traceID.octets)
        record.add(connection.record)
        describeRequest(&record)
        describeDecision(&record, ending, status: figures.status)
        describeCaller(&record)
        describeService(&record)
        describeLimits(&record)
        describeUpstream(&record, figures)
        record.add(.status, figures.status)
        record.add(.bytesIn, figures.bodyBytesIn)
        record.add(.bytesOut, figures.bodyBytesOut)
        record.add(.durationMicroseconds, Int((now &- figures.startedAt) / 1_000))
    }

    private func describeRequest(_ record: inout AuditRecord) {
        let head = exchange.head
        record.add(.method, clientText: head.octets(head.methodText))
        record.add(.host, clientText: head.octets(head.host))
        record.add(.path, clientText: head.octets(head.path))
        // Else the path says all of it.
        if head.path.isEmpty || !head.pathFeatures.isEmpty, !head.target.isEmpty {
            record.add(.target, clientText: MaskedText.target(head.octets(head.target)))
        }
        if request.snapshot.recordsQuery, let query = head.query {
            record.add(.query, clientText: MaskedText.query(head.octets(query))[...])
        }
        if let agent = head.block.first(.userAgent) { record.add(.userAgent, clientText: head.octets(agent)) }
        if let route = request.route {
            record.add(route.record)
        } else {
            record.add(.policy, request.snapshot.policyHash)
        }
    }

    private func describeDecision(_ record: inout AuditRecord, _ ending: ExchangeEnding, status: Int) {
        if let refusal = request.refusal {
            record.add(.decision, "refused")
            record.add(.code, refusal.text)
        } else if request.serviceFacts?.isRefusal == true {
            record.add(.decision, "refused")
        } else if status == 0 {
            record.add(.decision, "abandoned")
        } else {
            record.add(.decision, "allowed")
        }
        switch ending {
        case .complete: break
        case .clientGone: record.add(.ending, "client_gone")
        case .upstreamBrokeOff: record.add(.ending, "upstream_broke_off")
        case .stalled: record.add(.ending, "stalled")
        case .clientTooSlow: record.add(.ending, "client_too_slow")
        case .shutDown: record.add(.ending, "shut_down")
        }
    }

    private func describeCaller(_ record: inout AuditRecord) {
        if let texts = request.principal?.companion as? PrincipalTexts {
            record.add(texts.record)
        } else if let token = request.refusedToken {
            describe(token, &record)
        }
        if let difference = request.difference ?? request.refusedToken?.difference { describe(difference, &record) }
    }

    private func describe(_ difference: Difference, _ record: inout AuditRecord) {
        record.add(.found, clientText: Array(difference.found.utf8)[...])
        if let expected = difference.expected { record.add(.expected, clientText: Array(expected.utf8)[...]) }
    }

    /// Whose token was refused is said only where its issuer vouches for it, and it is marked either way.
    private func describe(_ token: RefusedToken, _ record: inout AuditRecord) {
        if let owner = token.owner {
            record.add(.issuer, AuditText(owner.issuerName))
            if let subject = owner.subject { record.add(.subject, AuditText(subject)) }
            if let client = owner.clientID { record.add(.clientID, AuditText(client)) }
            if let scope = owner.scope { record.add(.scopesHeld, AuditText(scope)) }
        }
        record.add(.token, loop.ledgers.tokenDigestKey.digest(token.digest.octets))
        record.add(.tokenVerified, token.owner == nil ? "no" : "yes")
        if let issuer = token.issuerClaimed { record.add(.issuerClaimed, clientText: Array(issuer.utf8)[...]) }
    }

    /// What the service inside the process that answered has to say.
    private func describeService(_ record: inout AuditRecord) {
        guard let facts = request.serviceFacts else { return }
        if let client = facts.client { record.add(.clientID, AuditText(client)) }
        if let subject = facts.subject { record.add(.subject, AuditText(subject)) }
        if let error = facts.error { record.add(.error, AuditText(error)) }
        if let event = facts.event { record.add(.event, AuditText(event)) }
        if !facts.scopesLeftOut.isEmpty {
            record.add(.scopesLeftOut, AuditText(facts.scopesLeftOut.joined(separator: " ")))
        }
        // Of the token that let the request in, where one did, the record says so already.
        guard request.principal == nil else { return }
        let key = loop.ledgers.tokenDigestKey
        if let issuer = facts.issuer { record.add(.issuer, AuditText(issuer)) }
        if let token = facts.token { record.add(.token, key.digest(token)) }
        if let token = facts.refreshToken { record.add(.refreshToken, key.digest(token)) }
        if let token = facts.tokenPresented { record.add(.tokenPresented, key.digest(token)) }
        if let isVerified = facts.isTokenVerified { record.add(.tokenVerified, isVerified ? "yes" : "no") }
    }

    private func describeLimits(_ record: inout AuditRecord) {
        guard let place = request.allowance.tightestPlace, let names = request.route?.limitNames, place < names.count
        else { return }
        let line = request.allowance.lines[place]
        record.add(.limit, names[place])
        record.add(.limitRemaining, Int(line.remaining))
        record.add(.limitReset, Int(line.resetSeconds))
    }

    private func describeUpstream(_ record: inout AuditRecord, _ figures: ExchangeFigures) {
        let endpoint = request.endpoint
        guard let upstream = request.route?.upstream, endpoint >= 0, upstream < request.snapshot.upstreams.count else {
            return
        }
        let runtime = request.snapshot.upstreams[upstream]
        let endpoints = figures.upstreamVerified ? runtime.verifiedEndpoints : runtime.endpoints
        if endpoint < endpoints.count { record.add(endpoints[endpoint]) }
        record.add(.attempts, figures.upstreamAttempts)
        if !request.upstreamFailures.isEmpty {
            let words = request.upstreamFailures.map(\.word).joined(separator: " ")
            record.add(.upstreamFailure, AuditText(words))
            if let shown = request.upstreamFailures.lazy.compactMap(\.shown).last {
                record.add(.upstreamShown, AuditText(shown))
            }
        }
        if figures.upstreamFirstByteAt > 0 {
            record.add(
                .upstreamMicroseconds, Int((figures.upstreamFirstByteAt &- figures.upstreamStartedAt) / 1_000))
        }
    }
}
