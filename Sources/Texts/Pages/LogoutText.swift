/// The log-out page.
package enum LogoutText: String, PageText {
    package static let page = "logout"

    case title
    case user
    case submit
    case doneTitle = "done_title"
    case done
    case nobody
    case tooLong = "too_long"

    package var sentence: Sentence {
        switch self {
        case .title: Sentence("Log out?", de: "Abmelden?")
        case .user: Sentence("You are logged in as {user}.", de: "Sie sind angemeldet als {user}.")
        case .submit: Sentence("Log out", de: "Abmelden")
        case .doneTitle: Sentence("Logged out", de: "Abgemeldet")
        case .done:
            Sentence(
                "You are logged out here. Applications that you used may still know you.",
                de: "Sie sind hier abgemeldet. Anwendungen, die Sie benutzt haben, kennen Sie vielleicht noch.")
        case .nobody: Sentence("Nobody is logged in here.", de: "Hier ist niemand angemeldet.")
        case .tooLong:
            Sentence("What the application sent is too long.", de: "Was die Anwendung geschickt hat, ist zu lang.")
        }
    }
}
