/// The page about the user's own account.
package enum AccountText: String, PageText {
    package static let page = "account"

    case title
    case user
    case displayName = "display_name"
    case displayNameHint = "display_name_hint"
    case save
    case saved
    case badName = "bad_name"
    case email
    case noEmail = "no_email"
    case verified
    case notVerified = "not_verified"
    case emailByOperator = "email_by_operator"
    case changeEmail = "change_email"
    case emailTitle = "email_title"
    case emailHint = "email_hint"
    case newEmail = "new_email"
    case sendLink = "send_link"
    case emailSent = "email_sent"
    case badEmail = "bad_email"
    case tooManyMails = "too_many_mails"
    case password
    case changePassword = "change_password"
    case factors
    case sessions
    case thisBrowser = "this_browser"
    case unknownBrowser = "unknown_browser"
    case browserOnSystem = "browser_on_system"
    case since
    case lastUsed = "last_used"
    case endSession = "end_session"
    case andOthers = "and_others"
    case applications
    case noApplications = "no_applications"
    case unknownApplication = "unknown_application"
    case goneApplication = "gone_application"
    case revoke
    case everywhere
    case everywhereHint = "everywhere_hint"
    case alsoApplications = "also_applications"
    case everywhereTitle = "everywhere_title"
    case everywhereDone = "everywhere_done"
    case everywhereDoneApplications = "everywhere_done_applications"
    case sessionEnded = "session_ended"
    case accessRemoved = "access_removed"
    case logOut = "log_out"
    case back

    package var sentence: Sentence {
        switch self {
        case .title:
            Sentence(
                "Your account",
                de: "Ihr Konto")
        case .user:
            Sentence(
                "You are logged in as {user}.",
                de: "Sie sind angemeldet als {user}.")
        case .displayName:
            Sentence(
                "Name",
                de: "Name")
        case .displayNameHint:
            Sentence(
                "Applications that may see it show this name.",
                de: "Anwendungen, die ihn sehen dürfen, zeigen diesen Namen an.")
        case .save:
            Sentence(
                "Save",
                de: "Speichern")
        case .saved:
            Sentence(
                "Saved.",
                de: "Gespeichert.")
        case .badName:
            Sentence(
                "This name cannot be used. A name has at most 256 octets on one line, ordinary letters of one script, no < and >, and does not say or look as if you had a role in this service.",
                de:
                    "Dieser Name ist nicht möglich. Ein Name hat höchstens 256 Oktette auf einer Zeile, gewöhnliche Buchstaben einer einzigen Schrift, kein < und > und bezeichnet keine Rolle in diesem Dienst, auch nicht dem Aussehen nach."
            )
        case .email:
            Sentence(
                "E-mail address",
                de: "E-Mail-Adresse")
        case .noEmail:
            Sentence(
                "None is known.",
                de: "Keine bekannt.")
        case .verified:
            Sentence(
                "verified",
                de: "bestätigt")
        case .notVerified:
            Sentence(
                "not verified",
                de: "nicht bestätigt")
        case .emailByOperator:
            Sentence(
                "Whoever runs this service can change it.",
                de: "Ändern kann sie, wer diesen Dienst betreibt.")
        case .changeEmail:
            Sentence(
                "Change",
                de: "Ändern")
        case .emailTitle:
            Sentence(
                "Change your e-mail address",
                de: "E-Mail-Adresse ändern")
        case .emailHint:
            Sentence(
                "A link is sent to the new address. The address is changed once you have opened the link in this browser.",
                de:
                    "An die neue Adresse wird ein Link geschickt. Geändert wird sie, sobald Sie den Link in diesem Browser geöffnet haben."
            )
        case .newEmail:
            Sentence(
                "New e-mail address",
                de: "Neue E-Mail-Adresse")
        case .sendLink:
            Sentence(
                "Send the link",
                de: "Link schicken")
        case .emailSent:
            Sentence(
                "If mail reaches this address, a link is on its way. It counts for an hour.",
                de: "Falls E-Mail diese Adresse erreicht, ist ein Link unterwegs. Er gilt eine Stunde.")
        case .badEmail:
            Sentence(
                "This is no e-mail address to which mail can be sent.",
                de: "Das ist keine E-Mail-Adresse, an die etwas geschickt werden kann.")
        case .tooManyMails:
            Sentence(
                "Too much mail was asked for. Wait an hour, then try again.",
                de:
                    "Es wurde zu viel E-Mail angefordert. Bitte warten Sie eine Stunde und versuchen Sie es dann noch einmal."
            )
        case .password:
            Sentence(
                "Password",
                de: "Passwort")
        case .changePassword:
            Sentence(
                "Change the password",
                de: "Passwort ändern")
        case .factors:
            Sentence(
                "Passkeys and second factor",
                de: "Passkeys und zweiter Faktor")
        case .sessions:
            Sentence(
                "Where you are logged in",
                de: "Wo Sie angemeldet sind")
        case .thisBrowser:
            Sentence(
                "this browser",
                de: "dieser Browser")
        case .unknownBrowser:
            Sentence(
                "Unknown browser",
                de: "Unbekannter Browser")
        case .browserOnSystem:
            Sentence(
                "{browser} on {system}",
                de: "{browser} auf {system}")
        case .since:
            Sentence(
                "since {time}",
                de: "seit {time}")
        case .lastUsed:
            Sentence(
                "last used {time}",
                de: "zuletzt benutzt {time}")
        case .endSession:
            Sentence(
                "Log out there",
                de: "Dort abmelden")
        case .andOthers:
            Sentence(
                "and {count} others",
                de: "und {count} weitere")
        case .applications:
            Sentence(
                "Applications with access",
                de: "Anwendungen mit Zugriff")
        case .noApplications:
            Sentence(
                "None.",
                de: "Keine.")
        case .unknownApplication:
            Sentence(
                "Nobody has checked who this application is.",
                de: "Niemand hat geprüft, wer diese Anwendung ist.")
        case .goneApplication:
            Sentence(
                "This application is not registered any more.",
                de: "Diese Anwendung ist nicht mehr registriert.")
        case .revoke:
            Sentence(
                "Remove access",
                de: "Zugriff entziehen")
        case .everywhere:
            Sentence(
                "Sign out everywhere",
                de: "Überall abmelden")
        case .everywhereHint:
            Sentence(
                "Ends your log-in in every browser, also in this one.",
                de: "Beendet Ihre Anmeldung in allen Browsern, auch in diesem.")
        case .alsoApplications:
            Sentence(
                "Also remove the access of all applications",
                de: "Auch allen Anwendungen den Zugriff entziehen")
        case .everywhereTitle:
            Sentence(
                "Signed out everywhere",
                de: "Überall abgemeldet")
        case .everywhereDone:
            Sentence(
                "You are logged out in every browser.",
                de: "Sie sind in allen Browsern abgemeldet.")
        case .everywhereDoneApplications:
            Sentence(
                "You are logged out in every browser, and no application has access any more.",
                de: "Sie sind in allen Browsern abgemeldet, und keine Anwendung hat mehr Zugriff.")
        case .sessionEnded:
            Sentence(
                "The log-in there has ended.",
                de: "Die Anmeldung dort ist beendet.")
        case .accessRemoved:
            Sentence(
                "The application has no access any more.",
                de: "Die Anwendung hat keinen Zugriff mehr.")
        case .logOut:
            Sentence(
                "Log out",
                de: "Abmelden")
        case .back:
            Sentence(
                "Back to your account",
                de: "Zurück zu Ihrem Konto")
        }
    }
}
