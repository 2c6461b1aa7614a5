/// The pages on which a user lets a device in (RFC 8628 §3.3).
package enum DeviceText: String, PageText {
    package static let page = "device"

    case title
    case hint
    case code
    case confirmationTitle = "confirmation_title"
    case confirmation
    case asks
    case warning
    case unknownCode = "unknown_code"
    case tooManyAttempts = "too_many_attempts"
    case allowedTitle = "allowed_title"
    case allowed
    case deniedTitle = "denied_title"
    case denied

    package var sentence: Sentence {
        switch self {
        case .title: Sentence("Connect a device", de: "Gerät verbinden")
        case .hint:
            Sentence(
                "Type the code that your device shows. Dashes and capitals do not matter.",
                de:
                    "Geben Sie den Code ein, den Ihr Gerät anzeigt. Bindestriche und Großschreibung spielen keine Rolle."
            )
        case .code: Sentence("Code", de: "Code")
        case .confirmationTitle: Sentence("Connect this device?", de: "Dieses Gerät verbinden?")
        case .confirmation: Sentence("Does your device show this code?", de: "Zeigt Ihr Gerät diesen Code an?")
        case .asks:
            Sentence(
                "{client} on that device asks to act for you, {user}:",
                de: "{client} auf diesem Gerät möchte in Ihrem Namen handeln, {user}:")
        case .warning:
            Sentence(
                "Allow this only if the device is in front of you and you began it yourself. Nobody who sends you a code means you well.",
                de:
                    "Erlauben Sie das nur, wenn das Gerät vor Ihnen steht und Sie es selbst begonnen haben. Wer Ihnen einen Code schickt, meint es nicht gut mit Ihnen."
            )
        case .unknownCode:
            Sentence(
                "There is no such code, or it is over. Look again at your device; codes last ten minutes.",
                de:
                    "Diesen Code gibt es nicht, oder er ist abgelaufen. Bitte sehen Sie noch einmal auf Ihr Gerät; Codes gelten zehn Minuten."
            )
        case .tooManyAttempts:
            Sentence(
                "There were too many wrong codes. Wait a minute, then try again.",
                de: "Zu viele falsche Codes. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.")
        case .allowedTitle: Sentence("Device connected", de: "Gerät verbunden")
        case .allowed:
            Sentence(
                "Go on at your device; you can close this page.",
                de: "Machen Sie an Ihrem Gerät weiter; diese Seite können Sie schließen.")
        case .deniedTitle: Sentence("Device turned away", de: "Gerät abgewiesen")
        case .denied:
            Sentence(
                "Nothing was given to it. You can close this page.",
                de: "Es hat nichts bekommen. Sie können diese Seite schließen.")
        }
    }
}
