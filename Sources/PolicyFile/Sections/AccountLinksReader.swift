import Octets
import Policy

/// `links` of `login`: how long links count that set a password.
enum AccountLinksReader {
    static func read(_ owner: MappingReader) -> AccountLinkLifetimes {
        var lifetimes = AccountLinkLifetimes()
        guard let reader = owner.nested("links") else { return lifetimes }
        // A link lies in a mailbox, and whoever reads it later must not find it open.
        lifetimes.invitation = reader.value(
            "invitation", .duration(.seconds(300) ... .seconds(14 * 86_400)), default: lifetimes.invitation)
        lifetimes.reset = reader.value(
            "reset", .duration(.seconds(300) ... .seconds(86_400)), default: lifetimes.reset)
        reader.finish()
        return lifetimes
    }

    /// `sign_up` of `login`: who may make an account without being invited.
    static func signUp(_ owner: MappingReader) -> SignUpSettings? {
        guard let reader = owner.nested("sign_up") else { return nil }
        reader.require(
            "domains",
            "name the domains of the e-mail addresses that may have accounts, as in [example.com], or [\"*\"]")
        let domains = reader.list("domains", of: .mailDomain)
        reader.finish()
        guard let domains, !domains.isEmpty else { return nil }
        if domains.count > 1, domains.contains(where: { $0.value == "*" }) {
            reader.error(
                .contradiction, at: "domains", "\"domains\" in \(reader.name) has \"*\" beside others; keep one of them"
            )
        }
        return SignUpSettings(domains: domains.map(\.value).filter { $0 != "*" })
    }
}

extension ValueKind where Value == String {
    /// Of an e-mail address; `*` is any.
    static var mailDomain: ValueKind {
        ValueKind("the domain of an e-mail address, such as example.com, or \"*\"") { scalar throws(ValueProblem) in
            let text = try text.parse(scalar)
            guard text == "*" || MailAddress("a@" + text) != nil else {
                throw ValueProblem("expected the domain of an e-mail address, such as example.com, or \"*\"")
            }
            return text.lowercased()
        }
    }
}
