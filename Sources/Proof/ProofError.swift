/// Why a proof of possession does not count. Whoever asked decides what the client is told.
package enum ProofError: Error, Equatable, Sendable, CaseIterable {
    /// Not a JWT of type `dpop+jwt` with all that RFC 9449 §4.2 requires, or by an algorithm that is not allowed.
    case malformed
    /// Its key is private, symmetric, too weak, or none.
    case badKey
    /// Made for another method or URL.
    case wrongTarget
    /// `iat` is too far from now, `exp` is past, or `nbf` is to come.
    case stale
    /// Its own key did not make its signature.
    case badSignature
}
