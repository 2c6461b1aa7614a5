package import Admission

/// What one event loop has found of tokens since the start, by issuer. Plain memory of the loop, as `RequestCounts` is.
package struct TokenCounts: Sendable {
    /// Of the tokens of one issuer.
    package struct OfIssuer: Sendable {
        /// Accepted, and known from a request before.
        package internal(set) var remembered = 0
        /// Accepted, after their signatures were checked or their issuer was asked.
        package internal(set) var judged = 0
        /// Why tokens were not accepted; what could not be found out is among the codes.
        package private(set) var refused: [RefusalCode: Int] = [:]

        /// Nothing was counted.
        package var isEmpty: Bool { remembered == 0 && judged == 0 && refused.isEmpty }

        mutating func refuse(_ code: RefusalCode, _ count: Int = 1) { refused[code, default: 0] &+= count }

        fileprivate mutating func add(_ other: OfIssuer) {
            remembered &+= other.remembered
            judged &+= other.judged
            for (code, count) in other.refused { refuse(code, count) }
        }
    }

    /// At the places of `Ledgers.issuerNames`. The first is for tokens for which nobody vouches.
    package private(set) var issuers: [OfIssuer] = []

    mutating func makeRoom(for places: Int) {
        while issuers.count < places { issuers.append(OfIssuer()) }
    }

    mutating func accept(_ place: Int, wasRemembered: Bool) {
        guard place < issuers.count else { return }
        if wasRemembered { issuers[place].remembered &+= 1 } else { issuers[place].judged &+= 1 }
    }

    mutating func refuse(_ place: Int, _ code: RefusalCode) {
        guard place < issuers.count else { return }
        issuers[place].refuse(code)
    }

    mutating func add(_ other: TokenCounts) {
        makeRoom(for: other.issuers.count)
        for index in other.issuers.indices { issuers[index].add(other.issuers[index]) }
    }
}
