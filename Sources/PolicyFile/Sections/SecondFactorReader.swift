import Policy

/// `second_factor` and `second_factor_methods` of `login`.
struct SecondFactorReader {
    /// - Parameter passwords: there are log-ins by password.
    func read(_ reader: MappingReader, passwords: Bool) -> SecondFactorSettings {
        var settings = SecondFactorSettings()
        settings.mode = reader.value(
            "second_factor", ValueKind<SecondFactorSettings.Mode>.word, default: SecondFactorSettings.Mode.optional)
        settings.missing = reader.value(
            "second_factor_missing", ValueKind<SecondFactorSettings.Missing>.word,
            default: SecondFactorSettings.Missing.setUp)
        if settings.mode == .off, reader.has("second_factor_missing") {
            reader.error(
                .contradiction, at: "second_factor_missing",
                "\(reader.name) has second_factor: off, so that nobody needs a second factor and \"second_factor_missing\" means nothing"
            )
        }
        let methods = reader.list("second_factor_methods", of: ValueKind<SecondFactorSettings.Method>.word)
        if let methods {
            settings.methods = SecondFactorSettings.Method.allCases.filter { method in
                methods.contains { $0.value == method }
            }
        }
        if !passwords, reader.has("second_factor"), settings.mode == .required {
            reader.error(
                .contradiction, at: "second_factor",
                "\(reader.name) has second_factor: required, but no log-in by password that it would apply to: who logs in at the provider shows there what the provider asks for; write \"claims\" under \"provider\" to insist on it, such as {acr: {equals: …}}"
            )
        }
        return settings
    }
}
