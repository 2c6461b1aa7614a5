import Mustache
import Policy
import Texts

/// The pages as Mustache templates, in the program itself: it is one file. What comes in is escaped (`HTMLText`); there
/// is no triple mustache.
enum PageTemplate: String, CaseIterable, Sendable {
    case login, consent, deviceCode, deviceConfirmation, logout, message, handOff, formPost, mayNot
    case factor, factorSetUp, factorApp, recoveryCodes, factors
    case account, accountPassword, accountLink, accountEmail, askForMail, linkedMessage

    /// The page, whole; nil when the template is broken, which a test would have seen.
    /// - Parameter content: what this page says besides the texts of the catalogue.
    func rendered(_ content: [String: Any], _ presentation: Presentation) -> String? {
        var all = content
        all["texts"] = presentation.language.texts
        all["lang"] = presentation.language.tag
        all["rtl"] = presentation.language.isRightToLeft
        all.merge(Self.content(presentation)) { $1 }
        return Self.library[self]?.render(all)
    }

    /// Whose pages they are.
    private static func content(_ presentation: Presentation) -> [String: Any] {
        let brand = presentation.brand
        var content: [String: Any] = ["hasBrand": brand.name != nil || brand.logo != nil]
        content["brandName"] = brand.name?.shownOnPage()
        content["brandStyle"] = PageStyle.text(brand)
        content["logo"] = brand.logo.map { AuthorizationServerEndpoint.logo.path + "?v=" + $0.version }
        content["hasLinks"] = !brand.links.isEmpty
        content["links"] = brand.links.map { link in
            let text: CommonText =
                switch link.kind {
                case .privacy: .privacy
                case .terms: .terms
                case .help: .help
                }
            return ["href": link.url, "label": presentation[text]]
        }
        return content
    }

    /// A text of the catalogue.
    static func text<Key: PageText>(_ key: Key) -> String { "{{texts.\(Key.page).\(key.rawValue)}}" }

    /// A sentence with emphasised places, as `Presentation.emphasising` takes it apart.
    static func sentence(_ name: String) -> String {
        "{{#\(name)}}{{plain}}{{#strong}}<strong>{{strong}}</strong>{{/strong}}{{/\(name)}}"
    }

    private static let library: [PageTemplate: MustacheTemplate] = {
        HTMLText.register()
        var library: [PageTemplate: MustacheTemplate] = [:]
        for template in allCases {
            library[template] = try? MustacheTemplate(string: HTMLText.pragma + head + template.main + foot)
        }
        return library
    }()

    private static let head = """
        <!doctype html>
        <html lang="{{lang}}"{{#rtl}} dir="rtl"{{/rtl}}>
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        {{#refresh}}<meta http-equiv="refresh" content="0; url={{refresh}}">
        {{/refresh}}
        <title>{{#problem}}\(text(CommonText.problem)): {{/problem}}{{title}}{{#brandName}} – {{brandName}}{{/brandName}}</title>
        <style>\(PageStyle.text)</style>{{#brandStyle}}<style>{{brandStyle}}</style>{{/brandStyle}}
        </head>
        <body>
        <main>{{#hasBrand}}
        <p class="brand">{{#logo}}<img src="{{logo}}" alt="{{brandName}}">{{/logo}}{{^logo}}{{brandName}}{{/logo}}</p>{{/hasBrand}}
        <h1>{{title}}</h1>

        """

    private static let foot = """

        </main>
        <footer>{{host}}{{#hasLinks}}<nav aria-label="\(text(CommonText.links))">{{#links}}
        <a href="{{href}}" target="_blank" rel="noopener noreferrer">{{label}}</a>{{/links}}
        </nav>{{/hasLinks}}</footer>
        </body>
        </html>

        """

    private var main: String {
        switch self {
        case .login: Self.loginMain
        case .consent: Self.consentMain
        case .deviceCode: Self.deviceCodeMain
        case .deviceConfirmation: Self.deviceConfirmationMain
        case .logout: Self.logoutMain
        case .message: Self.messageMain
        case .handOff: Self.handOffMain
        case .formPost: Self.formPostMain
        case .mayNot: Self.mayNotMain
        case .factor: Self.factorMain
        case .factorSetUp: Self.factorSetUpMain
        case .factorApp: Self.factorAppMain
        case .recoveryCodes: Self.recoveryCodesMain
        case .factors: Self.factorsMain
        case .account: Self.accountMain
        case .accountPassword: Self.accountPasswordMain
        case .accountLink: Self.accountLinkMain
        case .accountEmail: Self.accountEmailMain
        case .askForMail: Self.askForMailMain
        case .linkedMessage: Self.linkedMessageMain
        }
    }

    static let problem =
        #"{{#problem}}<p class="problem" id="problem" role="alert">{{problem}}</p>{{/problem}}"#

    private static let loginMain = """
        {{#hasClient}}<p>\(sentence("client"))</p>{{/hasClient}}
        \(problem)
        {{#passwords}}<form method="post" action="{{action}}">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <label for="username">\(text(LoginText.userName))</label>
        <input id="username" name="username" type="text" value="{{username}}" autocomplete="username" autocapitalize="none" spellcheck="false" \
        required autofocus{{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>
        <label for="password">\(text(LoginText.password))</label>
        <input id="password" name="password" type="password" autocomplete="current-password" \
        required{{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>
        <div class="buttons"><button type="submit">\(text(LoginText.submit))</button></div>
        </form>{{/passwords}}
        \(passkeyLogIn)
        {{#hasProvider}}<form method="post" action="{{action}}">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <div class="buttons">
        <button type="submit" name="provider" value="go"{{#passwords}} class="other"{{/passwords}}>{{provider}}</button>
        {{#offersAnother}}<button type="submit" name="provider" value="another" class="other">\(text(LoginText.anotherAccount))</button>{{/offersAnother}}
        </div>
        </form>{{/hasProvider}}
        {{#forgottenPath}}<p class="soft end"><a href="{{forgottenPath}}">\(text(ForgottenText.title))</a></p>{{/forgottenPath}}
        {{#signUpPath}}<p class="soft end"><a href="{{signUpPath}}">\(text(ForgottenText.signUpTitle))</a></p>{{/signUpPath}}
        """

    /// What is asked for, on the consent and the device page.
    private static let asked = """
        {{#hasScopes}}<ul aria-label="\(text(ConsentText.askedFor))">
        {{#scopes}}<li>{{text}}{{#name}} <code class="soft">{{name}}</code>{{/name}}</li>
        {{/scopes}}</ul>{{/hasScopes}}
        {{^hasScopes}}<p>\(text(ConsentText.nothing))</p>{{/hasScopes}}
        {{#hasResources}}<h2>\(text(ConsentText.resources))</h2>
        <p class="soft" id="resources">\(text(ConsentText.resourcesHint))</p>
        <ul aria-describedby="resources">{{#resources}}<li><code>{{.}}</code></li>{{/resources}}</ul>{{/hasResources}}
        {{#hasDetails}}<h2>\(text(ConsentText.details))</h2>
        {{#details}}<pre>{{.}}</pre>{{/details}}{{/hasDetails}}
        """

    private static let decision = """
        <div class="buttons">
        <button type="submit" name="decision" value="allow">\(text(CommonText.allow))</button>
        <button type="submit" name="decision" value="deny" class="other">\(text(CommonText.deny))</button>
        </div>
        """

    private static let consentMain = """
        <p>\(sentence("asks"))</p>
        {{#isUnknown}}<p class="problem">\(sentence("unknown"))</p>{{/isUnknown}}
        \(asked)
        <p class="soft" id="where">\(sentence("destination")) \(text(ConsentText.warning))</p>
        <form method="post" action="{{action}}" aria-describedby="where">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="shown" value="{{shown}}">
        <input type="hidden" name="form_token" value="{{token}}">
        \(decision)
        </form>
        """

    private static let deviceCodeMain = """
        <p id="hint">\(text(DeviceText.hint))</p>
        \(problem)
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <label for="user_code">\(text(DeviceText.code))</label>
        <input id="user_code" name="user_code" class="entry" type="text" value="{{code}}" autocomplete="off" autocapitalize="characters" \
        spellcheck="false" required autofocus aria-describedby="hint{{#problem}} problem{{/problem}}"{{#problem}} aria-invalid="true"{{/problem}}>
        <div class="buttons"><button type="submit">\(text(CommonText.goOn))</button></div>
        </form>
        """

    private static let deviceConfirmationMain = """
        <p>\(text(DeviceText.confirmation))</p>
        <p class="code"><code>{{code}}</code></p>
        <p>\(sentence("asks"))</p>
        \(asked)
        <p class="soft" id="where">\(text(DeviceText.warning))</p>
        <form method="post" action="{{action}}" aria-describedby="where">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="shown" value="{{shown}}">
        <input type="hidden" name="form_token" value="{{token}}">
        \(decision)
        </form>
        """

    private static let logoutMain = """
        <p>\(sentence("user"))</p>
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        {{#client}}<input type="hidden" name="client_id" value="{{client}}">{{/client}}
        {{#returnTo}}<input type="hidden" name="post_logout_redirect_uri" value="{{returnTo}}">{{/returnTo}}
        {{#state}}<input type="hidden" name="state" value="{{state}}">{{/state}}
        {{#uiLocales}}<input type="hidden" name="ui_locales" value="{{uiLocales}}">{{/uiLocales}}
        <div class="buttons"><button type="submit">\(text(LogoutText.submit))</button></div>
        </form>
        """

    private static let handOffMain = """
        <p>{{message}}</p>
        <p><a href="{{refresh}}">\(text(CommonText.goOn))</a></p>
        """

    /// The button is for browsers without scripts.
    private static let formPostMain = """
        <p>\(sentence("destination"))</p>
        <form method="post" action="{{action}}">
        {{#members}}<input type="hidden" name="{{name}}" value="{{value}}">
        {{/members}}<div class="buttons"><button type="submit">\(text(CommonText.goOn))</button></div>
        </form>
        <script>\(FormPostPage.script)</script>
        """

    /// In place of the consent and the device page, where the user may not grant anything of it.
    private static let mayNotMain = """
        <p>\(sentence("asks"))</p>
        \(asked)
        <p class="soft" id="where">\(text(ConsentText.mayNotHint)) \(sentence("destination"))</p>
        <form method="post" action="{{action}}" aria-describedby="where">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="shown" value="{{shown}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <div class="buttons"><button type="submit" name="decision" value="deny">\(text(CommonText.goOn))</button></div>
        </form>
        """

    private static let messageMain = """
        <p>{{message}}</p>
        """
}
