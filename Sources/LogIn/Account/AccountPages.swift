import AuthorizationRecords
import Policy

/// The pages about users' own accounts, as far as the settings have them.
struct AccountPages: Sendable {
    let endpoints: [AuthorizationServerEndpoint: any ServerEndpoint]

    /// - Parameters:
    ///   - limiter: that of the log-in page: passwords are guessed no faster here.
    ///   - queue: takes mail; nil: none is sent.
    init(
        _ settings: AuthorizationServerSettings, _ context: PageContext, hasher: PasswordHasher, pepper: SecretPepper,
        limiter: LoginAttemptLimiter, factors: FactorTerms, asked: AskedFor, queue: (any MailQueue)?
    ) {
        let access = AccountAccess(context: context, factors: factors)
        let change = PasswordChange(
            context: context, hasher: hasher, rules: PasswordRules(host: settings.issuer.host))
        let mail = queue.flatMap { queue in
            settings.mail.map { own in
                AccountMail(
                    store: context.store, queue: queue,
                    rates: MailRates(
                        perRecipientHour: own.perRecipientHourMax, perSenderHour: own.perAddressHourMax),
                    host: settings.issuer.authority, linkAddress: settings.issuer.address(of: .accountLink),
                    forgottenAddress: settings.issuer.address(of: .accountForgotten),
                    lifetimes: settings.logIn.links, pending: context.pending)
            }
        }
        let passwords = settings.logIn.passwords
        var endpoints: [AuthorizationServerEndpoint: any ServerEndpoint] = [
            .account: AccountPage(
                context: context, access: access, asked: asked, passwords: passwords, changesEmail: mail != nil,
                factorsPath: settings.logIn.asksForFactors ? AuthorizationServerEndpoint.factors.path : nil)
        ]
        if passwords {
            endpoints[.accountPassword] = AccountPasswordPage(
                context: context, access: access, change: change, limiter: limiter, pepper: pepper)
        }
        if passwords || mail != nil {
            endpoints[.accountLink] = AccountLinkPage(
                context: context, access: access, change: change, mail: mail, rules: UserAccess(settings),
                enrolment: factors.takesPasskeysAlone
                    ? FactorEnrolment(terms: factors, challenges: PasskeyChallenge(pepper: pepper)) : nil)
        }
        if let mail {
            endpoints[.accountEmail] = AccountEmailPage(context: context, access: access, mail: mail)
            if passwords {
                endpoints[.accountForgotten] = AskForMailPage(
                    context: context, access: access, mail: mail, kind: .forgotten)
            }
            if let signUp = settings.logIn.signUp {
                endpoints[.signUp] = AskForMailPage(
                    context: context, access: access, mail: mail, kind: .signUp(domains: signUp.domains))
            }
        }
        self.endpoints = endpoints
    }
}
