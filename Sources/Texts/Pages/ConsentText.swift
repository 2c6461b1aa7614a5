/// What an application asks for, on the consent page and for devices.
package enum ConsentText: String, PageText {
    package static let page = "consent"

    case title
    case asks
    case unknownClient = "unknown_client"
    case unknownClientPublished = "unknown_client_published"
    case askedFor = "asked_for"
    case nothing
    case resources
    case resourcesHint = "resources_hint"
    case details
    case destination
    case mayNotTitle = "may_not_title"
    case asksInVain = "asks_in_vain"
    case mayNotHint = "may_not_hint"
    case warning
    case scopeOpenID = "scope_openid"
    case scopeProfile = "scope_profile"
    case scopeEmail = "scope_email"
    case scopeOfflineAccess = "scope_offline_access"

    package var sentence: Sentence {
        switch self {
        case .title: Sentence("Allow access?", de: "Zugriff erlauben?")
        case .asks:
            Sentence(
                "{client} asks to act for you, {user}:", de: "{client} möchte in Ihrem Namen handeln, {user}:")
        case .unknownClient:
            Sentence(
                "Nobody has checked who this application is: it has given itself this name.",
                de: "Niemand hat geprüft, wer hinter dieser Anwendung steht: Sie hat sich diesen Namen selbst gegeben.")
        case .unknownClientPublished:
            Sentence(
                "Nobody has checked who this application is: it has given itself this name, at {host}.",
                de:
                    "Niemand hat geprüft, wer hinter dieser Anwendung steht: Sie hat sich diesen Namen selbst gegeben, auf {host}."
            )
        case .askedFor: Sentence("What it asks for", de: "Was sie möchte")
        case .nothing: Sentence("It asks for nothing in particular.", de: "Sie bittet um nichts Bestimmtes.")
        case .resources: Sentence("Where", de: "Wo")
        case .resourcesHint:
            Sentence(
                "It may do this at these services and nowhere else:",
                de: "Das darf sie bei diesen Diensten und nirgends sonst:")
        case .details: Sentence("In particular", de: "Im Einzelnen")
        case .destination:
            Sentence("Afterwards you return to {destination}.", de: "Danach kehren Sie zu {destination} zurück.")
        case .mayNotTitle: Sentence("You may not allow this", de: "Sie können das nicht erlauben")
        case .asksInVain:
            Sentence(
                "{client} asks for what your account, {user}, may not give to an application:",
                de: "{client} möchte etwas, das Ihr Konto, {user}, keiner Anwendung geben darf:")
        case .mayNotHint:
            Sentence(
                "Whoever runs this server decides what your account may. Nothing has been given to the application.",
                de: "Was Ihr Konto darf, entscheidet, wer diesen Dienst betreibt. Die Anwendung hat nichts bekommen.")
        case .warning:
            Sentence(
                "Allow this only if you began it yourself.",
                de: "Erlauben Sie das nur, wenn Sie es selbst begonnen haben.")
        case .scopeOpenID: Sentence("Know who you are here", de: "Wissen, wer Sie hier sind")
        case .scopeProfile: Sentence("See your name", de: "Ihren Namen sehen")
        case .scopeEmail: Sentence("See your e-mail address", de: "Ihre E-Mail-Adresse sehen")
        case .scopeOfflineAccess:
            Sentence("Keep its access while you are away", de: "Den Zugriff behalten, auch wenn Sie nicht da sind")
        }
    }
}
