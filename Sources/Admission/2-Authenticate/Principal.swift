package import HTTP
import JOSE
import JSON
import Octets
import Policy

/// Who calls: the facts of a token that its issuer vouches for, by a signature or by saying so.
///
/// Made here only, from a `VerifiedJWS`, which only the verification of a signature makes, or an
/// `IntrospectionVerdict`, which only an answer of the issuer's endpoint makes. It is shared by all requests that show
/// the token; whether it suffices for one of them is judged anew each time.
package final class Principal: Sendable {
    package let facts: TokenFacts
    /// Header values for the upstream: octets that a field value cannot hold, or that could be mistaken for an
    /// escape, are percent-encoded.
    package let headers: PrincipalHeaders
    /// What the gateway wants to keep beside the facts, such as texts for records; made once for each verified token.
    package let companion: (any AnyObject & Sendable)?
    /// Stand for issuer and client, and for issuer and subject, in the keys of rate limits.
    let clientKey: (UInt64, UInt64)
    let subjectKey: (UInt64, UInt64)
    /// nil: nothing but its own end ends the token, as far as the gateway can know.
    let marks: RevocationMarks?

    /// Makes a principal's companion from its facts.
    package typealias MakeCompanion = @Sendable (borrowing TokenFacts) -> (any AnyObject & Sendable)?

    fileprivate init(_ facts: TokenFacts, isRevocable: Bool, companion: MakeCompanion?) {
        self.headers = PrincipalHeaders(facts)
        self.companion = companion?(facts)
        let client = Self.key(facts.issuer, facts.clientID ?? facts.subject)
        clientKey = client
        let isOne = facts.isClientItself || facts.clientID == nil || facts.subject == nil
        subjectKey = isOne ? client : Self.key(facts.issuer, facts.subject)
        marks = isRevocable ? RevocationMarks(facts) : nil
        self.facts = facts
    }

    /// 128 bits of a SHA-256: two callers that share one by chance would share a bucket, which nobody can bring
    /// about.
    private static func key(_ issuer: String, _ name: String?) -> (UInt64, UInt64) {
        var text: [UInt8] = []
        text.reserveCapacity(issuer.utf8.count + (name?.utf8.count ?? 0) + 8)
        JSONText.append(Int64(issuer.utf8.count), to: &text)
        text.append(UInt8(ascii: ":"))
        text.append(contentsOf: issuer.utf8)
        if let name {
            text.append(UInt8(ascii: ":"))
            text.append(contentsOf: name.utf8)
        }
        return Digest256.leading(of: text)
    }
}

/// Values of the headers that tell an upstream who calls.
package struct PrincipalHeaders: Sendable {
    /// nil: the token does not say.
    package let subject: FieldValue?
    /// nil: the token does not say.
    package let clientID: FieldValue?
    /// The identifier of its issuer.
    package let issuer: FieldValue
    /// Empty: the token has no scope.
    package let scope: FieldValue

    fileprivate init(_ facts: TokenFacts) {
        subject = facts.subject.map(Self.fieldValue)
        clientID = facts.clientID.map(Self.fieldValue)
        issuer = Self.fieldValue(facts.issuer)
        scope = Self.fieldValue(facts.scope)
    }

    /// Percent-encodes what is not printable ASCII, `%` itself, and a space at either end (RFC 9110 §5.5 has it
    /// trimmed), so that no two texts give one value.
    static func fieldValue(_ text: String) -> FieldValue {
        let octets = Array(text.utf8)
        let isPlain = octets.first != 0x20 && octets.last != 0x20 && octets.allSatisfy(Self.isPlain)
        guard !isPlain else { return FieldValue(octets) }
        var out: [UInt8] = []
        out.reserveCapacity(octets.count)
        for (index, octet) in octets.enumerated() {
            let isOuterSpace = octet == 0x20 && (index == 0 || index == octets.count - 1)
            if Self.isPlain(octet), !isOuterSpace {
                out.append(octet)
            } else {
                PercentEncoding.append(octet, to: &out)
            }
        }
        return FieldValue(out)
    }

    private static func isPlain(_ octet: UInt8) -> Bool { octet >= 0x20 && octet <= 0x7E && octet != UInt8(ascii: "%") }
}

extension VerifiedJWS {
    /// The principal of this token, judged by the rules of its issuer.
    /// - Parameter verdict: what the issuer says of it besides; nil: it is not asked.
    func principal(
        issuer: Issuer, identifier: String, type: String, digest: Digest256,
        narrowedBy verdict: IntrospectionVerdict? = nil,
        companion: Principal.MakeCompanion?
    ) throws(Refusal) -> Principal {
        let facts = try TokenFacts(payload, type: type, issuer: issuer, identifier: identifier, digest: digest)
        guard let verdict else { return Principal(facts, isRevocable: issuer.keys == .embedded, companion: companion) }
        return Principal(try facts.narrowed(by: verdict, of: issuer), isRevocable: false, companion: companion)
    }
}

extension IntrospectionVerdict {
    /// The principal of this token, judged by the rules of its issuer.
    func principal(issuer: Issuer, companion: Principal.MakeCompanion?) throws(Refusal) -> Principal {
        Principal(try TokenFacts(self, of: issuer), isRevocable: false, companion: companion)
    }
}
