/// How sure it is that a log-in here was the user's, as `acr` has it: a log-in of one level meets the lower ones, too.
package enum AuthenticationLevel: String, Sendable, CaseIterable, Comparable {
    /// One factor: a password, say.
    case password = "pwd"
    /// Two different factors.
    case multiFactor = "mfa"
    /// Two different factors, of which one is bound to this site, so that no other site can get hold of it (OpenID Connect
    /// Extended Authentication Profile ACR Values).
    case phishingResistant = "phr"

    private var rank: Int {
        switch self {
        case .password: 0
        case .multiFactor: 1
        case .phishingResistant: 2
        }
    }

    package static func < (one: AuthenticationLevel, other: AuthenticationLevel) -> Bool { one.rank < other.rank }
}

extension UserAuthentication {
    /// nil: it is none of ours; a provider has its own values.
    package var level: AuthenticationLevel? { acr.flatMap(AuthenticationLevel.init(rawValue:)) }

    /// Whether it is a log-in of this kind, or of a higher level of ours.
    package func meets(_ asked: String) -> Bool {
        if acr == asked { return true }
        guard let level, let asked = AuthenticationLevel(rawValue: asked) else { return false }
        return level >= asked
    }

    /// Whether it was of this level, or a higher one, by what was shown: also where a client has been told of a lower one.
    /// - Parameter least: nil: any will do.
    package func reaches(_ least: AuthenticationLevel?) -> Bool {
        guard let least, least > .password else { return true }
        if let level, level >= least { return true }
        return methods.contains("mfa") && (least <= .multiFactor || methods.contains("pop"))
    }

    /// As it is told to a client: `acr` is the first of the values it asks for that is met (OpenID Connect Core §3.1.2.1),
    /// so that whoever asks for a level is not told of a higher one, which may mean nothing there.
    package func told(asked values: [String]) -> UserAuthentication {
        guard let met = values.first(where: meets) else { return self }
        var told = self
        told.acr = met
        return told
    }
}
