/// The pages on which somebody without a log-in asks for mail: for another password, or for an account.
package enum ForgottenText: String, PageText {
    package static let page = "forgotten"

    case title
    case intro
    case who
    case submit
    case sentTitle = "sent_title"
    case sent
    case tooMany = "too_many"
    case signUpTitle = "sign_up_title"
    case signUpIntro = "sign_up_intro"
    case email
    case badEmail = "bad_email"
    case otherDomain = "other_domain"
    case signUpSent = "sign_up_sent"
    case finishTitle = "finish_title"
    case finish
    case emailTitle = "email_title"
    case emailConfirm = "email_confirm"
    case emailSubmit = "email_submit"
    case emailLogIn = "email_log_in"
    case emailDoneTitle = "email_done_title"
    case emailDone = "email_done"

    package var sentence: Sentence {
        switch self {
        case .title:
            Sentence(
                "Forgotten your password?",
                de: "Passwort vergessen?")
        case .intro:
            Sentence(
                "A link to set a new one is sent to the e-mail address of your account.",
                de: "An die E-Mail-Adresse Ihres Kontos wird ein Link geschickt, mit dem Sie ein neues setzen können.")
        case .who:
            Sentence(
                "User name or e-mail address",
                de: "Benutzername oder E-Mail-Adresse")
        case .submit:
            Sentence(
                "Send the link",
                de: "Link schicken")
        case .sentTitle:
            Sentence(
                "Look into your mail",
                de: "Sehen Sie in Ihre E-Mail")
        case .sent:
            Sentence(
                "If there is such an account with an e-mail address, a link is on its way. It serves once and for a limited time. Look into the folder for spam, too.",
                de:
                    "Falls es ein solches Konto mit einer E-Mail-Adresse gibt, ist ein Link unterwegs. Er gilt einmal und für begrenzte Zeit. Sehen Sie auch im Spam-Ordner nach."
            )
        case .tooMany:
            Sentence(
                "Too much mail was asked for. Wait an hour, then try again.",
                de:
                    "Es wurde zu viel E-Mail angefordert. Bitte warten Sie eine Stunde und versuchen Sie es dann noch einmal."
            )
        case .signUpTitle:
            Sentence(
                "Create an account",
                de: "Konto anlegen")
        case .signUpIntro:
            Sentence(
                "A link is sent to your e-mail address. The address becomes your user name.",
                de: "An Ihre E-Mail-Adresse wird ein Link geschickt. Die Adresse wird Ihr Benutzername.")
        case .email:
            Sentence(
                "E-mail address",
                de: "E-Mail-Adresse")
        case .badEmail:
            Sentence(
                "This is no e-mail address that can be used here.",
                de: "Diese E-Mail-Adresse kann hier nicht verwendet werden.")
        case .otherDomain:
            Sentence(
                "Accounts are only for addresses at {domains}.",
                de: "Konten gibt es nur für Adressen bei {domains}.")
        case .signUpSent:
            Sentence(
                "If mail reaches this address, a link is on its way. It serves once and for a limited time. Look into the folder for spam, too.",
                de:
                    "Falls E-Mail diese Adresse erreicht, ist ein Link unterwegs. Er gilt einmal und für begrenzte Zeit. Sehen Sie auch im Spam-Ordner nach."
            )
        case .finishTitle:
            Sentence(
                "Your new account",
                de: "Ihr neues Konto")
        case .finish:
            Sentence(
                "Your user name is {user}. Set a password for it.",
                de: "Ihr Benutzername ist {user}. Setzen Sie ein Passwort dafür.")
        case .emailTitle:
            Sentence(
                "Use this e-mail address?",
                de: "Diese E-Mail-Adresse verwenden?")
        case .emailConfirm:
            Sentence(
                "{email} becomes the address of your account {user}.",
                de: "{email} wird die Adresse Ihres Kontos {user}.")
        case .emailSubmit:
            Sentence(
                "Use this address",
                de: "Diese Adresse verwenden")
        case .emailLogIn:
            Sentence(
                "Log in to your account in this browser first, then open the link again.",
                de:
                    "Melden Sie sich zuerst in diesem Browser bei Ihrem Konto an und öffnen Sie den Link dann noch einmal."
            )
        case .emailDoneTitle:
            Sentence(
                "The address is changed",
                de: "Die Adresse ist geändert")
        case .emailDone:
            Sentence(
                "Your account has the new e-mail address.",
                de: "Ihr Konto hat die neue E-Mail-Adresse.")
        }
    }
}
