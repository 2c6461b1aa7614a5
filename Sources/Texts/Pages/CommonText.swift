/// What several pages say.
package enum CommonText: String, PageText {
    package static let page = "common"

    /// Before the title where something is wrong.
    case problem
    case goOn = "go_on"
    case allow, deny
    /// In the foot of pages.
    case links, privacy, terms, help

    package var sentence: Sentence {
        switch self {
        case .problem: Sentence("Problem", de: "Problem")
        case .goOn: Sentence("Continue", de: "Weiter")
        case .allow: Sentence("Allow", de: "Erlauben")
        case .deny: Sentence("Deny", de: "Ablehnen")
        case .links: Sentence("More about this service", de: "Mehr zu diesem Dienst")
        case .privacy: Sentence("Privacy", de: "Datenschutz")
        case .terms: Sentence("Terms of use", de: "Nutzungsbedingungen")
        case .help: Sentence("Help", de: "Hilfe")
        }
    }
}
