import Octets
import Policy

/// `mail` of `authorization_server`: the server that takes mail to users.
struct MailSection {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities

    /// nil: there is no such key, or something mandatory is broken, and said.
    func read(_ server: MappingReader) -> MailSettings? {
        guard let reader = server.nested("mail") else { return nil }
        reader.require("host", "the server that takes mail, as in smtp.example.com")
        reader.require("from", "the address that mail comes from, as in accounts@example.com")
        let host = reader.value("host", .text)
        let from = reader.value("from", .mailAddress)
        let fromName = reader.value("from_name", .label)
        let isPlaintext = insecurities.accept(
            "insecure_plaintext", in: reader, path: "authorization_server.mail", code: .plaintext,
            meaning: "links that set passwords travel unencrypted, and nobody checks who takes them")
        let security = reader.value("tls", .mailSecurity)
        if security != nil, isPlaintext {
            reader.error(
                .contradiction, at: "tls",
                "\(reader.name) has \"tls\" and insecure_plaintext: true; keep one of them")
        }
        let chosen = isPlaintext ? nil : security?.value ?? .startTLS
        let port = reader.value("port", .number(1...65_535), default: chosen == .implicit ? 465 : 587)
        let authorities = reader.value("authorities", .path)
        if let authorities {
            files.check(authorities: authorities)
        } else if chosen != nil, !reader.has("authorities") {
            files.checkSystemAuthorities(for: reader.name, at: reader.position)
        }
        let user = reader.value("user", .text)
        let password = SecretReader(context: context).read(reader, "password", octetsMin: 1)
        if (user == nil) != (password == nil), reader.has("user") != reader.has("password") {
            reader.error(
                .contradiction, at: user == nil ? "password" : "user",
                "\(reader.name) has one of \"user\" and \"password\"; the server asks for both, or for neither")
        }
        if user != nil, isPlaintext {
            reader.error(
                .contradiction, at: "user",
                "\(reader.name) has \"user\" and insecure_plaintext: true; a password travels over TLS only")
        }
        let timeout = reader.value("timeout", .duration(.seconds(1) ... .seconds(120)), default: .seconds(30))
        let perRecipient = reader.value("per_recipient_hour_max", .number(1...100), default: 4)
        let perAddress = reader.value("per_address_hour_max", .number(1...10_000), default: 20)
        reader.finish()
        guard let host, let from, let address = MailAddress(from.value) else { return nil }
        var settings = MailSettings(host: host.value, port: port, security: chosen, from: address)
        settings.authorities = authorities.map { context.path($0.value) }
        settings.user = user?.value
        settings.password = password
        settings.fromName = fromName?.value
        settings.timeout = timeout
        settings.perRecipientHourMax = perRecipient
        settings.perAddressHourMax = perAddress
        return settings
    }
}

extension ValueKind where Value == String {
    static var mailAddress: ValueKind {
        ValueKind("an e-mail address, such as accounts@example.com") { scalar throws(ValueProblem) in
            let text = try text.parse(scalar)
            guard MailAddress(text) != nil else {
                throw ValueProblem(
                    "expected an e-mail address of ASCII characters without quotes, such as accounts@example.com")
            }
            return text
        }
    }
}

extension ValueKind where Value == MailSettings.Security {
    static var mailSecurity: ValueKind {
        ValueKind("starttls or implicit") { scalar throws(ValueProblem) in
            guard let security = MailSettings.Security(rawValue: scalar.text) else {
                throw ValueProblem("expected starttls or implicit")
            }
            return security
        }
    }
}
