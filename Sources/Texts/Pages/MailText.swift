/// What mail to users says: a subject, and paragraphs around the link.
package enum MailText: String, PageText {
    package static let page = "mail"

    case hello
    case helloNobody = "hello_nobody"
    case resetSubject = "reset_subject"
    case reset
    case resetEnd = "reset_end"
    case invitationSubject = "invitation_subject"
    case invitation
    case emailSubject = "email_subject"
    case email
    case emailEnd = "email_end"
    case signUpSubject = "sign_up_subject"
    case signUp = "sign_up"
    case signUpEnd = "sign_up_end"
    case knownSubject = "known_subject"
    case known
    case changedSubject = "changed_subject"
    case changed

    package var sentence: Sentence {
        switch self {
        case .hello:
            Sentence(
                "Hello {user},",
                de: "Hallo {user},")
        case .helloNobody:
            Sentence(
                "Hello,",
                de: "Hallo,")
        case .resetSubject:
            Sentence(
                "Set a new password at {host}",
                de: "Neues Passwort für {host} setzen")
        case .reset:
            Sentence(
                "somebody, probably you, asked to set a new password for your account at {host}. Open this link to do so. It serves once, for {minutes} minutes:",
                de:
                    "jemand, vermutlich Sie selbst, möchte ein neues Passwort für Ihr Konto bei {host} setzen. Öffnen Sie dazu diesen Link. Er gilt einmal, {minutes} Minuten lang:"
            )
        case .resetEnd:
            Sentence(
                "If it was not you, do nothing: your password stays as it is.",
                de: "Wenn Sie es nicht waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.")
        case .invitationSubject:
            Sentence("Your account at {host}", de: "Ihr Konto bei {host}")
        case .invitation:
            Sentence(
                "an account at {host} was made for you. Open this link to set a password. It serves once, for {minutes} minutes:",
                de:
                    "bei {host} wurde ein Konto für Sie eingerichtet. Öffnen Sie diesen Link, um ein Passwort zu setzen. Er gilt einmal, {minutes} Minuten lang:"
            )
        case .emailSubject:
            Sentence(
                "Your new e-mail address at {host}",
                de: "Ihre neue E-Mail-Adresse bei {host}")
        case .email:
            Sentence(
                "open this link in the browser in which you are logged in at {host} to use this address for your account. It serves once, for {minutes} minutes:",
                de:
                    "öffnen Sie diesen Link in dem Browser, in dem Sie bei {host} angemeldet sind, um diese Adresse für Ihr Konto zu verwenden. Er gilt einmal, {minutes} Minuten lang:"
            )
        case .emailEnd:
            Sentence(
                "If you did not ask for it, do nothing.",
                de: "Wenn Sie nicht darum gebeten haben, tun Sie nichts.")
        case .signUpSubject:
            Sentence(
                "Your new account at {host}",
                de: "Ihr neues Konto bei {host}")
        case .signUp:
            Sentence(
                "somebody, probably you, wants an account at {host} with this address. Open this link to set a password. It serves once, for {minutes} minutes:",
                de:
                    "jemand, vermutlich Sie selbst, möchte ein Konto bei {host} mit dieser Adresse. Öffnen Sie diesen Link, um ein Passwort zu setzen. Er gilt einmal, {minutes} Minuten lang:"
            )
        case .signUpEnd:
            Sentence(
                "If it was not you, do nothing: without the link there will be no account.",
                de: "Wenn Sie es nicht waren, tun Sie nichts: Ohne den Link entsteht kein Konto.")
        case .knownSubject:
            Sentence(
                "You have an account at {host} already",
                de: "Sie haben bereits ein Konto bei {host}")
        case .known:
            Sentence(
                "somebody, probably you, wants an account at {host} with this address. There is one already, with the user name {user}. If you have forgotten the password, set a new one here:",
                de:
                    "jemand, vermutlich Sie selbst, möchte ein Konto bei {host} mit dieser Adresse. Es gibt schon eines, mit dem Benutzernamen {user}. Wenn Sie das Passwort vergessen haben, setzen Sie hier ein neues:"
            )
        case .changedSubject:
            Sentence(
                "Your e-mail address at {host} was changed",
                de: "Ihre E-Mail-Adresse bei {host} wurde geändert")
        case .changed:
            Sentence(
                "another e-mail address is used for your account at {host} now. If you did not change it, tell whoever runs this service at once.",
                de:
                    "für Ihr Konto bei {host} wird jetzt eine andere E-Mail-Adresse verwendet. Wenn Sie das nicht geändert haben, wenden Sie sich bitte sofort an den Betreiber dieses Dienstes."
            )
        }
    }
}
