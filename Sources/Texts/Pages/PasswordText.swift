/// Pages on which a password is set: by its user, or by whoever has a link.
package enum PasswordText: String, PageText {
    package static let page = "password"

    case title
    case current
    case new
    case again
    case hint
    case submit
    case othersEnd = "others_end"
    case changedTitle = "changed_title"
    case changed
    case none
    case wrong
    case different
    case tooShort = "too_short"
    case tooLong = "too_long"
    case containsName = "contains_name"
    case common
    case same
    case invitationTitle = "invitation_title"
    case invitation
    case resetTitle = "reset_title"
    case reset
    case setTitle = "set_title"
    case set
    case logIn = "log_in"
    case deadTitle = "dead_title"
    case dead
    case orPasskey = "or_passkey"
    case passkeySetTitle = "passkey_set_title"
    case passkeySet = "passkey_set"

    package var sentence: Sentence {
        switch self {
        case .orPasskey:
            Sentence(
                "Or do without a password, and log in with a passkey of this device:",
                de: "Oder verzichten Sie auf ein Passwort und melden Sie sich mit einem Passkey dieses Geräts an:")
        case .passkeySetTitle: Sentence("The passkey is set up", de: "Der Passkey ist eingerichtet")
        case .passkeySet:
            Sentence(
                "From now on you log in with it; your account has no password.",
                de: "Von nun an melden Sie sich damit an; Ihr Konto hat kein Passwort.")
        case .title:
            Sentence(
                "Change your password",
                de: "Passwort ändern")
        case .current:
            Sentence(
                "Current password",
                de: "Bisheriges Passwort")
        case .new:
            Sentence(
                "New password",
                de: "Neues Passwort")
        case .again:
            Sentence(
                "New password again",
                de: "Neues Passwort noch einmal")
        case .hint:
            Sentence(
                "At least 12 characters: some words that have nothing to do with each other are good.",
                de: "Mindestens 12 Zeichen: Gut sind einige Wörter, die nichts miteinander zu tun haben.")
        case .submit:
            Sentence(
                "Set the password",
                de: "Passwort setzen")
        case .othersEnd:
            Sentence(
                "You stay logged in here; every other browser is logged out.",
                de: "Hier bleiben Sie angemeldet; alle anderen Browser werden abgemeldet.")
        case .changedTitle:
            Sentence(
                "The password is changed",
                de: "Das Passwort ist geändert")
        case .changed:
            Sentence(
                "You are still logged in here, and nowhere else.",
                de: "Sie sind hier weiterhin angemeldet, und nirgends sonst.")
        case .none:
            Sentence(
                "This account has no password here.",
                de: "Dieses Konto hat hier kein Passwort.")
        case .wrong:
            Sentence(
                "The current password is not right.",
                de: "Das bisherige Passwort ist falsch.")
        case .different:
            Sentence(
                "The two new passwords are not the same.",
                de: "Die beiden neuen Passwörter sind nicht gleich.")
        case .tooShort:
            Sentence(
                "A password has at least 12 characters; some words in a row are good.",
                de: "Ein Passwort hat mindestens 12 Zeichen; gut sind einige Wörter hintereinander.")
        case .tooLong:
            Sentence(
                "A password has at most 256 octets.",
                de: "Ein Passwort hat höchstens 256 Oktette.")
        case .containsName:
            Sentence(
                "The password must not contain your name, your e-mail address or the name of this service.",
                de:
                    "Das Passwort darf weder Ihren Namen noch Ihre E-Mail-Adresse noch den Namen dieses Dienstes enthalten."
            )
        case .common:
            Sentence(
                "This is one of the passwords that anybody would try first: common words, names, years or rows of keys. Take some words that have nothing to do with each other.",
                de:
                    "Das ist eines der Passwörter, die jeder zuerst versucht: häufige Wörter, Namen, Jahre oder Tastenreihen. Nehmen Sie einige Wörter, die nichts miteinander zu tun haben."
            )
        case .same:
            Sentence(
                "The new password is the current one.",
                de: "Das neue Passwort ist das bisherige.")
        case .invitationTitle:
            Sentence(
                "Welcome",
                de: "Willkommen")
        case .invitation:
            Sentence(
                "Set a password for {user}. Then you can log in with it.",
                de: "Setzen Sie ein Passwort für {user}. Damit können Sie sich dann anmelden.")
        case .resetTitle:
            Sentence(
                "Set a new password",
                de: "Neues Passwort setzen")
        case .reset:
            Sentence(
                "Set a new password for {user}. Every browser is logged out, and applications lose their access.",
                de:
                    "Setzen Sie ein neues Passwort für {user}. Alle Browser werden abgemeldet, und Anwendungen verlieren den Zugriff."
            )
        case .setTitle:
            Sentence(
                "The password is set",
                de: "Das Passwort ist gesetzt")
        case .set:
            Sentence(
                "Now you can log in with it.",
                de: "Sie können sich jetzt damit anmelden.")
        case .logIn:
            Sentence(
                "Log in",
                de: "Anmelden")
        case .deadTitle:
            Sentence(
                "This link does not count any more",
                de: "Dieser Link gilt nicht mehr")
        case .dead:
            Sentence(
                "A link serves once and for a limited time, and another one replaces it. Ask for a new one.",
                de:
                    "Ein Link gilt einmal und für begrenzte Zeit, und ein neuer ersetzt ihn. Bitte fordern Sie einen neuen an."
            )
        }
    }
}
