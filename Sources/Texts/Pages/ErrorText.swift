/// Where it does not go on, and a page on which it goes on by itself.
package enum ErrorText: String, PageText {
    package static let page = "error"

    case expiredTitle = "expired_title"
    case expired
    case unavailableTitle = "unavailable_title"
    case unavailable
    case unreadableTitle = "unreadable_title"
    case unreadable
    case badRequestTitle = "bad_request_title"
    case badRequest = "bad_request"
    case returningTitle = "returning_title"
    case returning

    package var sentence: Sentence {
        switch self {
        case .expiredTitle: Sentence("This page has expired", de: "Diese Seite ist abgelaufen")
        case .expired:
            Sentence(
                "Go back to the application and begin again. Cookies must be allowed for this site, and one log-in is bound to one browser.",
                de:
                    "Gehen Sie zurück zur Anwendung und beginnen Sie von vorn. Cookies müssen für diese Website erlaubt sein, und eine Anmeldung ist an einen Browser gebunden."
            )
        case .unavailableTitle: Sentence("Not now", de: "Im Moment nicht")
        case .unavailable:
            Sentence(
                "The server cannot answer at the moment. Try again in a few seconds.",
                de: "Der Server kann gerade nicht antworten. Bitte versuchen Sie es in einigen Sekunden noch einmal.")
        case .unreadableTitle: Sentence("This cannot be read", de: "Das ist nicht lesbar")
        case .unreadable:
            Sentence(
                "What the browser sent is not in order: {reason}.",
                de: "Was der Browser geschickt hat, ist nicht in Ordnung: {reason}.")
        case .badRequestTitle:
            Sentence(
                "The application's request cannot be answered",
                de: "Die Anfrage der Anwendung lässt sich nicht beantworten")
        case .badRequest:
            Sentence(
                "What the application sent is not right ({reason}). Go back to it; if this happens again, tell whoever runs it.",
                de:
                    "Was die Anwendung geschickt hat, ist nicht richtig ({reason}). Gehen Sie zu ihr zurück; geschieht das wieder, wenden Sie sich bitte an deren Betreiber."
            )
        case .returningTitle: Sentence("One moment", de: "Einen Moment")
        case .returning: Sentence("You return to {destination}.", de: "Sie kehren zu {destination} zurück.")
        }
    }
}
