import JOSE
import JSON
import Octets

/// To whom a token is bound: its `cnf` claim (RFC 7800 §3.1).
struct Confirmation: Sendable, Equatable {
    /// `x5t#S256` (RFC 8705 §3.1)
    var certificate: Digest256?
    /// `jkt` (RFC 9449 §6.1)
    var key: Digest256?

    /// - Throws: `malformed_claims` when it is not an object or a known member has not the right shape;
    ///   `unknown_confirmation` when there is no member that the gateway could check: such a token is not a plain
    ///   bearer token.
    init(_ claim: JSON) throws(Refusal) {
        guard let members = claim.object else { throw TokenFacts.malformed("cnf", claim, expected: "an object") }
        certificate = try Self.digest(members["x5t#S256"], "cnf.x5t#S256")
        key = try Self.digest(members["jkt"], "cnf.jkt")
        guard certificate != nil || key != nil else {
            let names = members.names
            throw Refusal(.unknownConfirmation).noting(
                Difference(
                    found: "cnf: \(names.isEmpty ? "empty" : Difference.words(names))", expected: "cnf: x5t#S256 jkt"))
        }
    }

    /// SHA-256 in base64url.
    private static func digest(_ member: JSON?, _ name: String) throws(Refusal) -> Digest256? {
        guard let member else { return nil }
        guard let text = member.string, let octets = Base64URL.decode(text), let digest = Digest256(octets) else {
            throw TokenFacts.malformed(name, member, expected: "a SHA-256 in base64url")
        }
        return digest
    }

    /// Judged on every request, because the connection may be another one.
    func checkCertificate(_ peer: borrowing PeerFacts) throws(Refusal) {
        guard let certificate else { return }
        guard let held = peer.heldThumbprint, held == certificate else { throw Refusal(.wrongCertificate) }
    }
}
