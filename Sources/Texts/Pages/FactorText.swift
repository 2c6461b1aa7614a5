/// The pages about second factors: asked for at the log-in, set up, and shown with the account.
package enum FactorText: String, PageText {
    package static let page = "factor"

    case title
    case user
    case passkeyButton = "passkey_button"
    case passkeyNeedsScript = "passkey_needs_script"
    case passkeyFailed = "passkey_failed"
    case or
    case code
    case codeButton = "code_button"
    case recoverySummary = "recovery_summary"
    case recoveryCode = "recovery_code"
    case somebodyElse = "somebody_else"
    case wrongCode = "wrong_code"
    case tooManyAttempts = "too_many_attempts"
    case tryAgain = "try_again"
    case passkeyLogIn = "passkey_log_in"

    case requiredTitle = "required_title"
    case required
    case missingTitle = "missing_title"
    case missing
    case newPasskey = "new_passkey"
    case newPasskeyHint = "new_passkey_hint"
    case newPasskeyLabel = "new_passkey_label"
    case newPasskeyButton = "new_passkey_button"
    case passkeyNotMade = "passkey_not_made"
    case passkeyThere = "passkey_there"
    case tooManyPasskeys = "too_many_passkeys"
    case newApp = "new_app"
    case newAppHint = "new_app_hint"
    case newAppButton = "new_app_button"
    case appTitle = "app_title"
    case appStepOne = "app_step_one"
    case appAddress = "app_address"
    case appStepTwo = "app_step_two"
    case appButton = "app_button"
    case appAlreadyThere = "app_already_there"
    case back

    case recoveryTitle = "recovery_title"
    case recoveryHint = "recovery_hint"

    case listTitle = "list_title"
    case loggedIn = "logged_in"
    case none
    case passkey
    case synced
    case app
    case addedOn = "added_on"
    case usedOn = "used_on"
    case remove
    case removeNamed = "remove_named"
    case removeHint = "remove_hint"
    case lastFactor = "last_factor"
    case recovery
    case codesLeft = "codes_left"
    case newCodes = "new_codes"
    case account

    package var sentence: Sentence {
        switch self {
        case .title: Sentence("One more step", de: "Noch ein Schritt")
        case .user: Sentence("You are logging in as {user}.", de: "Sie melden sich als {user} an.")
        case .passkeyButton: Sentence("Use a passkey", de: "Passkey verwenden")
        case .passkeyNeedsScript:
            Sentence(
                "Passkeys need JavaScript, which is switched off in this browser.",
                de: "Für Passkeys muss JavaScript in diesem Browser eingeschaltet sein.")
        case .passkeyFailed:
            Sentence(
                "The passkey could not be used. Try again, or choose another way.",
                de:
                    "Der Passkey konnte nicht verwendet werden. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg."
            )
        case .or: Sentence("or", de: "oder")
        case .code: Sentence("Code from your authenticator app", de: "Code aus Ihrer Authenticator-App")
        case .codeButton: Sentence("Continue", de: "Weiter")
        case .recoverySummary:
            Sentence("Use a recovery code instead", de: "Stattdessen einen Wiederherstellungscode verwenden")
        case .recoveryCode: Sentence("Recovery code", de: "Wiederherstellungscode")
        case .somebodyElse: Sentence("Log in as somebody else", de: "Als jemand anderes anmelden")
        case .wrongCode:
            Sentence(
                "This code is not right, or was used before. Wait for the next one, then try again.",
                de:
                    "Dieser Code ist falsch oder wurde schon verwendet. Warten Sie auf den nächsten und versuchen Sie es noch einmal."
            )
        case .tooManyAttempts:
            Sentence(
                "There were too many wrong codes. Wait a minute, then try again.",
                de: "Zu viele falsche Codes. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.")
        case .tryAgain:
            Sentence(
                "Something has changed meanwhile. Please try again.",
                de: "In der Zwischenzeit hat sich etwas geändert. Bitte versuchen Sie es noch einmal.")
        case .passkeyLogIn: Sentence("Log in with a passkey", de: "Mit einem Passkey anmelden")
        case .requiredTitle: Sentence("Set up a second factor", de: "Zweiten Faktor einrichten")
        case .required:
            Sentence(
                "A password alone does not do here. Set up one of these; from now on you are asked for it when you log in.",
                de:
                    "Ein Passwort allein genügt hier nicht. Richten Sie eines davon ein; von nun an werden Sie beim Anmelden danach gefragt."
            )
        case .missingTitle: Sentence("A second factor is needed", de: "Ein zweiter Faktor wird gebraucht")
        case .missing:
            Sentence(
                "A password alone does not do here, and the log-in has shown no second factor that does. Set one up with your account, or ask those who run this service.",
                de:
                    "Ein Passwort allein genügt hier nicht, und die Anmeldung hat keinen zweiten Faktor gezeigt, der genügt. Richten Sie einen bei Ihrem Konto ein oder fragen Sie, wer diesen Dienst betreibt."
            )
        case .newPasskey: Sentence("Passkey", de: "Passkey")
        case .newPasskeyHint:
            Sentence(
                "Your fingerprint, face or screen lock, or a security key. Nobody can trick you out of it, and you can log in with it alone.",
                de:
                    "Ihr Fingerabdruck, Gesicht, die Bildschirmsperre oder ein Sicherheitsschlüssel. Niemand kann ihn Ihnen ablisten, und Sie können sich mit ihm allein anmelden."
            )
        case .newPasskeyLabel:
            Sentence("A name for it, if you like", de: "Ein Name dafür, wenn Sie möchten")
        case .newPasskeyButton: Sentence("Add a passkey", de: "Passkey hinzufügen")
        case .passkeyNotMade:
            Sentence(
                "The passkey was not made. Try again, or choose another way.",
                de: "Der Passkey wurde nicht erstellt. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg."
            )
        case .passkeyThere:
            Sentence(
                "This device or security key has a passkey for this account already.",
                de: "Dieses Gerät oder dieser Sicherheitsschlüssel hat schon einen Passkey für dieses Konto.")
        case .tooManyPasskeys:
            Sentence(
                "There are as many passkeys as there can be. Remove one first.",
                de: "Mehr Passkeys sind nicht möglich. Entfernen Sie zuerst einen.")
        case .newApp: Sentence("Authenticator app", de: "Authenticator-App")
        case .newAppHint:
            Sentence(
                "An app on your telephone that shows a new code every half minute.",
                de: "Eine App auf Ihrem Telefon, die jede halbe Minute einen neuen Code zeigt.")
        case .newAppButton: Sentence("Set up an app", de: "App einrichten")
        case .appTitle: Sentence("Set up an authenticator app", de: "Authenticator-App einrichten")
        case .appStepOne:
            Sentence(
                "Add an account in your app and type this key; it is time-based, with six digits.",
                de:
                    "Legen Sie in Ihrer App ein Konto an und geben Sie diesen Schlüssel ein; er ist zeitbasiert, mit sechs Ziffern."
            )
        case .appAddress:
            Sentence("Open it in an app on this device", de: "In einer App auf diesem Gerät öffnen")
        case .appStepTwo:
            Sentence("The code that the app shows now", de: "Der Code, den die App jetzt zeigt")
        case .appButton: Sentence("Switch it on", de: "Einschalten")
        case .appAlreadyThere:
            Sentence(
                "There is an authenticator app already. Remove it first.",
                de: "Es gibt schon eine Authenticator-App. Entfernen Sie sie zuerst.")
        case .back: Sentence("Back", de: "Zurück")
        case .recoveryTitle: Sentence("Your recovery codes", de: "Ihre Wiederherstellungscodes")
        case .recoveryHint:
            Sentence(
                "Keep these where you find them without your telephone. Each serves once when you have nothing else to log in with. They are not shown again, and older ones count no longer.",
                de:
                    "Bewahren Sie diese Codes dort auf, wo Sie sie auch ohne Telefon finden. Jeder gilt einmal, wenn Sie sich sonst nicht mehr anmelden können. Sie werden nicht noch einmal gezeigt, und ältere gelten nicht mehr."
            )
        case .listTitle: Sentence("Ways to log in", de: "Wege zur Anmeldung")
        case .loggedIn: Sentence("You are logged in as {user}.", de: "Sie sind als {user} angemeldet.")
        case .none:
            Sentence(
                "Your password is the only thing that protects your account. A second factor keeps others out who have found it out.",
                de:
                    "Ihr Konto ist nur durch Ihr Passwort geschützt. Ein zweiter Faktor hält auch die ab, die es herausgefunden haben."
            )
        case .passkey: Sentence("Passkey", de: "Passkey")
        case .synced: Sentence("on several devices", de: "auf mehreren Geräten")
        case .app: Sentence("Authenticator app", de: "Authenticator-App")
        case .addedOn: Sentence("added {date}", de: "hinzugefügt {date}")
        case .usedOn: Sentence("last used {date}", de: "zuletzt verwendet {date}")
        case .remove: Sentence("Remove", de: "Entfernen")
        case .removeNamed: Sentence("Remove {name}", de: "{name} entfernen")
        case .removeHint:
            Sentence(
                "Removing one logs you out in all other browsers.",
                de: "Wenn Sie etwas entfernen, werden Sie in allen anderen Browsern abgemeldet.")
        case .lastFactor:
            Sentence(
                "This is the last one, and you need one. Add another first.",
                de: "Das ist der letzte, und Sie brauchen einen. Fügen Sie zuerst einen anderen hinzu.")
        case .recovery: Sentence("Recovery codes", de: "Wiederherstellungscodes")
        case .codesLeft: Sentence("{count} codes are left.", de: "{count} Codes sind übrig.")
        case .newCodes: Sentence("Make new codes", de: "Neue Codes erstellen")
        case .account: Sentence("Back to your account", de: "Zurück zu Ihrem Konto")
        }
    }
}
