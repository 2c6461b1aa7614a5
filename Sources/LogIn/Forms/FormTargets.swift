import Octets

/// Where the answer to a form may lead in the end: the client's redirect URI, as a source of `form-action` (CSP 3
/// §2.3.1).
enum FormTargets {
    /// Empty: there is no way to write it. Then browsers that apply `form-action` to redirects stay here.
    static func of(redirectURI: String) -> [String] {
        guard let colon = redirectURI.firstIndex(of: ":") else { return [] }
        let scheme = redirectURI[..<colon].lowercased()
        guard let first = scheme.utf8.first, (0x61...0x7A).contains(first),
            scheme.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || ASCII.isDigit($0) || [0x2B, 0x2D, 0x2E].contains($0)
            })
        else { return [] }
        guard scheme == "https" || scheme == "http" else { return [scheme + ":"] }
        guard let authority = authority(redirectURI) else { return [] }
        // CSP has no form for IPv6 addresses.
        if authority.hasPrefix("[") { return [scheme + ":"] }
        let isPlain = authority.utf8.allSatisfy {
            ASCII.isAlphanumeric($0)
                || [0x2D, 0x2E, 0x3A].contains($0)
        }
        return isPlain && !authority.isEmpty ? [scheme + "://" + authority.lowercased()] : []
    }

    /// How a user is told where it leads: host and port, or the scheme of an app.
    static func shown(redirectURI: String) -> String {
        guard redirectURI.hasPrefix("https://") || redirectURI.hasPrefix("http://"),
            let authority = authority(redirectURI)
        else {
            return String(redirectURI.prefix { $0 != ":" }).shownOnPage()
        }
        return authority.shownOnPage()
    }

    private static func authority(_ uri: String) -> String? {
        guard let colon = uri.firstIndex(of: ":"), uri[colon...].hasPrefix("://") else { return nil }
        return String(uri[colon...].dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" })
    }
}
