/// Log-in at another provider, on the way there and back.
package enum ProviderText: String, PageText {
    package static let page = "provider"

    case leaving
    case leavingHint = "leaving_hint"
    case loggedIn = "logged_in"
    case returning
    case notLoggedIn = "not_logged_in"
    case returningWithout = "returning_without"
    case unavailable
    case notAllowed = "not_allowed"
    case wentWrong = "went_wrong"

    package var sentence: Sentence {
        switch self {
        case .leaving: Sentence("On to {provider}", de: "Weiter zu {provider}")
        case .leavingHint:
            Sentence(
                "You log in there, and come back here.",
                de: "Dort melden Sie sich an und kommen danach hierher zurück.")
        case .loggedIn: Sentence("You are logged in", de: "Sie sind angemeldet")
        case .returning: Sentence("Returning you to the application.", de: "Sie gelangen zurück zur Anwendung.")
        case .notLoggedIn: Sentence("Not logged in", de: "Nicht angemeldet")
        case .returningWithout:
            Sentence("Now back to where you came from.", de: "Sie gelangen dorthin zurück, woher Sie gekommen sind.")
        case .unavailable:
            Sentence(
                "Nobody can be logged in there at the moment. Try again in a few seconds.",
                de:
                    "Die Anmeldung dort ist zurzeit nicht möglich. Bitte versuchen Sie es in einigen Sekunden noch einmal."
            )
        case .notAllowed:
            Sentence(
                "You were logged in there, but may not log in here. Ask whoever runs this service.",
                de:
                    "Sie haben sich dort angemeldet, dürfen sich hier aber nicht anmelden. Bitte wenden Sie sich an den Betreiber dieses Dienstes."
            )
        case .wentWrong:
            Sentence(
                "The log-in did not come to an end. Try again; if this happens again, tell whoever runs this service.",
                de:
                    "Die Anmeldung wurde nicht abgeschlossen. Bitte versuchen Sie es noch einmal. Geschieht das wieder, wenden Sie sich bitte an den Betreiber dieses Dienstes."
            )
        }
    }
}
