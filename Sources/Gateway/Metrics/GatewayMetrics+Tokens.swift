import Admission
import DataPlane
import Issuers
import Policy
import Transport

// What became of tokens, and how those are who vouch for them.

extension GatewayMetrics {
    func tokens(_ loops: LoopFigures, _ text: inout MetricsText) {
        let issuers = zip(ledgers.issuerNames.all, loops.tokens.issuers).filter { !$1.isEmpty }
        text.family(
            "portcullis_tokens_accepted", .counter,
            "Tokens that were accepted, by issuer, and whether they were remembered (cache: hit) or judged anew (miss)."
        )
        for (name, counts) in issuers where counts.remembered + counts.judged > 0 {
            text.sample([("issuer", name), ("cache", "hit")], counts.remembered)
            text.sample([("issuer", name), ("cache", "miss")], counts.judged)
        }
        text.family(
            "portcullis_tokens_refused", .counter,
            "Tokens that were not accepted, by issuer (empty: none vouches for it) and the code of the refusal.")
        for (name, counts) in issuers {
            for (code, count) in counts.refused.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                text.sample([("issuer", name), ("code", "\(code.facts.word)")], count)
            }
        }
        text.family("portcullis_token_cache_entries", .gauge, "Tokens that the event loops remember, each its own.")
        text.value(loops.tokensRemembered)
    }

    func issuers(_ text: inout MetricsText) {
        guard let inForce = current.inForce else { return }
        let without = Set(inForce.snapshot.issuers.namesWithoutKeys)
        text.family("portcullis_issuer_has_keys", .gauge, "0 while tokens of an issuer cannot be verified, else 1.")
        for issuer in inForce.policy.issuers {
            text.sample([("issuer", issuer.name)], without.contains(issuer.name) ? 0 : 1)
        }
        keys(inForce, &text)
        introspection(inForce, &text)
    }

    /// Of issuers whose keys are fetched.
    private func keys(_ inForce: PolicyInForce, _ text: inout MetricsText) {
        let now = Clock.monotonicNanoseconds()
        let states = inForce.keyFetchers.compactMap { $0 }.map { (name: $0.name, status: $0.status(now: now)) }
        guard !states.isEmpty else { return }
        text.family("portcullis_issuer_keys", .gauge, "Keys of an issuer that can be used.")
        for (name, status) in states { text.sample([("issuer", name)], status.keys ?? 0) }
        text.family(
            "portcullis_issuer_keys_age_seconds", .gauge, "Since an issuer's keys were fetched; absent: never.")
        for (name, status) in states {
            guard let age = status.ageNanoseconds else { continue }
            text.sample([("issuer", name)], Int(age / 1_000_000_000))
        }
        text.family(
            "portcullis_issuer_keys_stale", .gauge,
            "1 while keys of an issuer are in force beyond the time that the issuer gave them, else 0.")
        for (name, status) in states {
            text.sample([("issuer", name)], status.isStale && status.failure != nil ? 1 : 0)
        }
        text.family(
            "portcullis_issuer_keys_fetch_failures_in_a_row", .gauge,
            "Fetches of an issuer's keys that have failed since the last one that did not.")
        for (name, status) in states { text.sample([("issuer", name)], status.failures) }
    }

    /// Of issuers that are asked about tokens. Counts begin anew when a reload changes the issuer.
    private func introspection(_ inForce: PolicyInForce, _ text: inout MetricsText) {
        let now = Clock.monotonicNanoseconds()
        let states = inForce.introspection.compactMap { $0?.client }.map { ($0.issuer.name, $0.status(now: now).1) }
        guard !states.isEmpty else { return }
        text.family(
            "portcullis_introspection_answers", .counter,
            "What issuers said of tokens when they were asked, by issuer and answer.")
        for (name, status) in states {
            text.sample([("issuer", name), ("answer", "active")], status.answeredActive)
            text.sample([("issuer", name), ("answer", "inactive")], status.answeredInactive)
        }
        text.family(
            "portcullis_introspection_failures", .counter, "Questions to issuers that were not answered, by reason.")
        for (name, status) in states {
            for (reason, count) in status.failureCounts.sorted(by: { $0.key < $1.key }) {
                text.sample([("issuer", name), ("reason", reason)], count)
            }
        }
        text.family(
            "portcullis_introspection_suspended", .gauge,
            "1 while an issuer is not asked, or with one question only, since it failed to answer; else 0.")
        for (name, status) in states { text.sample([("issuer", name)], status.breaker == .closed ? 0 : 1) }
        text.family("portcullis_introspection_waiting", .gauge, "Questions that wait, or were not answered yet.")
        for (name, status) in states { text.sample([("issuer", name)], status.callsUnderWay + status.waiting) }
    }
}
