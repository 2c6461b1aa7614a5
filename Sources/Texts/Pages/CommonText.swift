/// What several pages say.
package enum CommonText: String, PageText {
    package static let page = "common"

    /// Before the title where something is wrong.
    case problem
    case goOn = "go_on"
    case allow, deny

    package var sentence: Sentence {
        switch self {
        case .problem: Sentence("Problem", de: "Problem")
        case .goOn: Sentence("Continue", de: "Weiter")
        case .allow: Sentence("Allow", de: "Erlauben")
        case .deny: Sentence("Deny", de: "Ablehnen")
        }
    }
}
