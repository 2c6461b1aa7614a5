import JSON
import Policy

/// By what `iss` an issuer's tokens are known: its identifier, its aliases, or those with a tenant's id in them.
struct IssuerIdentifiers: Sendable {
    private let identifier: String
    private let aliases: [String]
    private let tenants: [String]

    init(_ issuer: Issuer) {
        identifier = issuer.identifier
        aliases = issuer.aliases
        tenants = issuer.tenants
    }

    /// What the issuer is called from here on, or nil: the token is not one of its.
    ///
    /// `iss` is compared code point by code point (RFC 8414 §3.3). A template stands for one identifier for each tenant
    /// on the list, and the token must say in `tid` which it is. A token under an alias is known by the identifier
    /// itself, so that a caller has one name, whichever of the two its token has.
    func canonical(_ name: String, _ claims: JSONObject) -> String? {
        guard !tenants.isEmpty else {
            return identifier.hasSameOctets(as: name) || aliases.contains { $0.hasSameOctets(as: name) }
                ? identifier : nil
        }
        guard let said = claims["tid"]?.string, let tenant = tenants.first(where: { $0.hasSameOctets(as: said) }) else {
            return nil
        }
        for template in [identifier] + aliases where Self.filled(template, tenant).hasSameOctets(as: name) {
            return Self.filled(identifier, tenant)
        }
        return nil
    }

    private static func filled(_ template: String, _ tenant: String) -> String {
        let place = Array(Issuer.tenantPlace.utf8)
        let octets = Array(template.utf8)
        guard octets.count >= place.count,
            let start = (0...octets.count - place.count).first(where: {
                octets[$0..<$0 + place.count].elementsEqual(place)
            })
        else { return template }
        return String(decoding: octets[..<start] + Array(tenant.utf8) + octets[(start + place.count)...], as: UTF8.self)
    }
}
