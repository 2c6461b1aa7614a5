import Crypto
import HTTP
import JOSE
import JSON
import Policy

@testable import Admission

/// The entry of an issuer that is asked.
func asked(
    _ identifier: String = "https://issuer.example", name: String = "as", judgement: TokenJudgement = .introspection,
    prefixes: [String] = [], change: (inout Issuer) -> Void = { _ in }
) -> Issuer {
    // swift-format-ignore: NeverForceUnwrap
    let endpoint = AbsoluteURL("https://issuer.example/introspect")!
    var introspection = Introspection(
        place: .url(endpoint), way: OutgoingWay(), clientID: "gateway",
        authentication: .secretBasic(.environment("SECRET")))
    introspection.tokenPrefixes = prefixes
    var issuer = Issuer(
        name: name, identifier: identifier, keys: judgement == .introspection ? .unneeded : .jwksFile("keys"),
        audiences: ["https://api.example.com"], algorithms: judgement == .introspection ? [] : [.es256],
        types: ["at+jwt"],
        clockSkew: .seconds(15))
    issuer.judgement = judgement
    issuer.introspection = introspection
    change(&issuer)
    return issuer
}

/// What a good issuer says of a good token; `nil` takes a member away.
func answer(_ changed: [String: JSON?] = [:]) -> JSONObject {
    var members: JSONObject = [
        "active": true, "iss": "https://issuer.example", "aud": "https://api.example.com", "sub": "user-1",
        "client_id": "client-1", "iat": 1000, "exp": 1600, "jti": "t-1", "scope": "orders:read orders:write",
    ]
    for (name, value) in changed { members[name] = value }
    return members
}

func reply(_ members: JSONObject) -> OutgoingAnswer {
    OutgoingAnswer(status: 200, body: JSON.object(members).serialized())
}

func digest(_ token: String) -> Digest256 {
    SHA256.hash(data: Array(token.utf8)).withUnsafeBytes { Digest256(digest: $0) }
}

extension AuthenticationHarness {
    /// Issuers that are asked, and routes that accept all of them.
    convenience init(
        asking issuers: [Issuer], keys: [IssuerKeys?] = [], routes: [Requirement]? = nil, cacheEntriesMax: Int = 100
    ) {
        let all = Requirement(issuers: Array(issuers.indices))
        self.init(issuers, keys: keys, require: routes ?? [all], cacheEntriesMax: cacheEntriesMax)
    }

    /// Judges a token, and answers the inquiry with what the issuer says.
    /// - Parameter freshUntil: how long that counts, in the nanoseconds of `now`.
    func judged(
        _ token: String, saying members: JSONObject = answer(), route: Int = 0, peer: PeerFacts = anyPeer,
        at seconds: Int64 = 1_100, now: Int64 = 0, freshUntil: Int64 = 30_000_000_000
    ) throws -> String {
        let first = try judge(token, route: route, peer: peer, at: seconds, now: now)
        guard case .inquire(.introspection(let issuer, let octets, let digest)) = first else { return word(first) }
        guard octets.text == token, let reader = IntrospectionAnswerReader(issuers[issuer]) else { return "not asked" }
        switch try reader.read(reply(members), about: digest, keys: set.entries[issuer].keys, unixSeconds: seconds) {
        case .inactive:
            let refusal = authenticator.refused(
                .inactiveToken, by: issuer, set, token: nil, rules: rules[route], peer: peer, now: now)
            return refusal.code.facts.word.description
        case .active(let verdict):
            let head = try head("GET", "/", ["Authorization: Bearer \(token)"])
            return word(
                authenticator.authenticate(
                    head, token: try Credential.presented(in: head), rules: rules[route], issuers: set, peer: peer,
                    unixSeconds: seconds, now: now, introspected: (verdict, freshUntil)))
        }
    }

    func word(_ verdict: Verdict) -> String {
        switch verdict {
        case .authenticated: "ok"
        case .refused(let refusal): refusal.code.facts.word.description
        case .inquire(.keys): "keys"
        case .inquire(.introspection(let issuer, _, _)): "asks \(issuers[issuer].name)"
        case .inquire(.signature): "signature"
        }
    }
}

/// A ledger and somebody who drives it: time and answers are given, nothing is sent.
struct LedgerHarness {
    var ledger: IntrospectionLedger
    var now: Int64 = 1_000_000_000_000
    var unixSeconds: Int64 = 1_100
    /// Calls that were asked for and have not ended.
    var calls: [IntrospectionLedger.Call] = []
    var callCount = 0
    var settled: [Digest256] = []
    var notes: [IntrospectionNote] = []
    private let reader: IntrospectionAnswerReader

    init(_ change: (inout IntrospectionBounds) -> Void = { _ in }) throws {
        var bounds = IntrospectionBounds()
        change(&bounds)
        ledger = IntrospectionLedger(bounds, seed: (1, 2))
        guard let reader = IntrospectionAnswerReader(asked()) else { throw AuthenticationHarness.NoCaller() }
        self.reader = reader
    }

    mutating func pass(milliseconds: Int64) {
        now += milliseconds * 1_000_000
        if (now / 1_000_000_000) != ((now - milliseconds * 1_000_000) / 1_000_000_000) {
            unixSeconds = 1_100 + (now / 1_000_000_000 - 1_000)
        }
        // Whatever is due meanwhile, once, at its end.
        if let wakeAt = ledger.wakeAt, wakeAt <= now { take(ledger.woke(now: now, random: 0)) }
    }

    /// `active`, `inactive`, `pending` or `unknowable`.
    mutating func ask(_ token: String, since: Int64? = nil) -> String {
        let (answer, commands) = ledger.asked(
            digest(token), token: Array(token.utf8), since: since ?? now, now: now, unixSeconds: unixSeconds)
        take(commands)
        switch answer {
        case .active: return "active"
        case .inactive: return "inactive"
        case .pending: return "pending"
        case .unknowable(let seconds): return "unknowable \(seconds)"
        }
    }

    /// The oldest call ends like this.
    mutating func end(with result: Result<JSONObject, IntrospectionFailure>, call index: Int = 0) throws {
        let call = calls.remove(at: index)
        let understood = result.flatMap { members -> Result<IntrospectionAnswer, IntrospectionFailure> in
            do throws(IntrospectionFailure) {
                return .success(
                    try reader.read(reply(members), about: call.digest, keys: nil, unixSeconds: unixSeconds))
            } catch { return .failure(error) }
        }
        take(ledger.finished(call.number, understood, now: now, unixSeconds: unixSeconds, random: 0))
    }

    /// Asks, and has it answered at once.
    mutating func learn(_ token: String, _ members: JSONObject = answer()) throws {
        _ = ask(token)
        try end(with: .success(members), call: calls.count - 1)
    }

    mutating func fail(_ token: String, _ failure: IntrospectionFailure = .badStatus) throws -> String {
        let said = ask(token)
        if said == "pending" { try end(with: .failure(failure), call: calls.count - 1) }
        return said
    }

    private mutating func take(_ commands: [IntrospectionLedger.Command]) {
        for command in commands {
            switch command {
            case .call(let call):
                calls.append(call)
                callCount += 1
            case .cancel(let number): calls.removeAll { $0.number == number }
            case .settled(let digest): settled.append(digest)
            case .note(let note): notes.append(note)
            }
        }
    }
}
