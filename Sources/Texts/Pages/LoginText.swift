/// The log-in page.
package enum LoginText: String, PageText {
    package static let page = "login"

    case title
    case client
    case userName = "user_name"
    case password
    case submit
    case provider
    case anotherAccount = "another_account"
    case failed
    case tooManyAttempts = "too_many_attempts"

    package var sentence: Sentence {
        switch self {
        case .title: Sentence("Log in", de: "Anmelden")
        case .client: Sentence("to continue to {client}", de: "Weiter zu {client}")
        case .userName: Sentence("User name", de: "Benutzername")
        case .password: Sentence("Password", de: "Passwort")
        case .submit: Sentence("Log in", de: "Anmelden")
        case .provider: Sentence("Log in with {provider}", de: "Mit {provider} anmelden")
        case .anotherAccount: Sentence("Use another account", de: "Anderes Konto verwenden")
        case .failed:
            Sentence("The user name or the password is not right.", de: "Benutzername oder Passwort ist falsch.")
        case .tooManyAttempts:
            Sentence(
                "There were too many attempts. Wait a minute, then try again.",
                de: "Zu viele Versuche. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.")
        }
    }
}
