import Mustache

/// The pages as Mustache templates, in the program itself: it is one file. What comes in is escaped (`HTMLText`); there
/// is no triple mustache.
enum PageTemplate: String, CaseIterable, Sendable {
    case login, consent, deviceCode, deviceConfirmation, logout, message, handOff, formPost

    /// The page, whole; nil when the template is broken, which a test would have seen.
    func rendered(_ content: [String: Any]) -> String? { Self.library[self]?.render(content) }

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
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        {{#refresh}}<meta http-equiv="refresh" content="0; url={{refresh}}">
        {{/refresh}}
        <title>{{#problem}}Problem: {{/problem}}{{title}}</title>
        <style>\(PageStyle.text)</style>
        </head>
        <body>
        <main>
        <h1>{{title}}</h1>

        """

    private static let foot = """

        </main>
        {{#host}}<footer>{{host}}</footer>{{/host}}
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
        }
    }

    private static let problem =
        #"{{#problem}}<p class="problem" id="problem" role="alert">{{problem}}</p>{{/problem}}"#

    private static let loginMain = """
        {{#client}}<p>to go on to <strong>{{client}}</strong></p>{{/client}}
        \(problem)
        {{#passwords}}<form method="post" action="{{action}}">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <label for="username">User name</label>
        <input id="username" name="username" type="text" value="{{username}}" autocomplete="username" autocapitalize="none" spellcheck="false" \
        required autofocus{{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" \
        required{{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>
        <div class="buttons"><button type="submit">Log in</button></div>
        </form>{{/passwords}}
        {{#hasProvider}}<form method="post" action="{{action}}">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <div class="buttons">
        <button type="submit" name="provider" value="go"{{#passwords}} class="other"{{/passwords}}>Log in with {{provider}}</button>
        {{#offersAnother}}<button type="submit" name="provider" value="another" class="other">Use another account</button>{{/offersAnother}}
        </div>
        </form>{{/hasProvider}}
        """

    /// What is asked for, on the consent and the device page.
    private static let asked = """
        {{#hasScopes}}<ul aria-label="What it asks for">
        {{#scopes}}<li>{{text}}{{#name}} <code class="soft">{{name}}</code>{{/name}}</li>
        {{/scopes}}</ul>{{/hasScopes}}
        {{^hasScopes}}<p>It asks for nothing in particular.</p>{{/hasScopes}}
        {{#hasResources}}<h2>Where</h2>
        <ul>{{#resources}}<li><code>{{.}}</code></li>{{/resources}}</ul>{{/hasResources}}
        {{#hasDetails}}<h2>In particular</h2>
        {{#details}}<pre>{{.}}</pre>{{/details}}{{/hasDetails}}
        """

    private static let decision = """
        <div class="buttons">
        <button type="submit" name="decision" value="allow">Allow</button>
        <button type="submit" name="decision" value="deny" class="other">Deny</button>
        </div>
        """

    private static let consentMain = """
        <p><strong>{{client}}</strong> asks to act for you, <strong>{{user}}</strong>:</p>
        {{#stranger}}<p class="problem">Nobody has checked who this application is: it has given itself this name\
        {{#published}}, at <strong>{{published}}</strong>{{/published}}.</p>{{/stranger}}
        \(asked)
        <p class="soft" id="where">{{#destination}}Afterwards you return to <strong>{{destination}}</strong>. {{/destination}}\
        Allow this only if you began it yourself.</p>
        <form method="post" action="{{action}}" aria-describedby="where">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="form_token" value="{{token}}">
        \(decision)
        </form>
        """

    private static let deviceCodeMain = """
        <p id="hint">Type the code that your device shows. Dashes and capitals do not matter.</p>
        \(problem)
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <label for="user_code">Code</label>
        <input id="user_code" name="user_code" class="entry" type="text" value="{{code}}" autocomplete="off" autocapitalize="characters" \
        spellcheck="false" required autofocus aria-describedby="hint{{#problem}} problem{{/problem}}"{{#problem}} aria-invalid="true"{{/problem}}>
        <div class="buttons"><button type="submit">Continue</button></div>
        </form>
        """

    private static let deviceConfirmationMain = """
        <p>Does your device show this code?</p>
        <p class="code"><code>{{code}}</code></p>
        <p><strong>{{client}}</strong> on that device asks to act for you, <strong>{{user}}</strong>:</p>
        \(asked)
        <p class="soft" id="where">Allow this only if the device is in front of you and you began it yourself. Nobody who sends you a code means you well.</p>
        <form method="post" action="{{action}}" aria-describedby="where">
        <input type="hidden" name="interaction" value="{{interaction}}">
        <input type="hidden" name="form_token" value="{{token}}">
        \(decision)
        </form>
        """

    private static let logoutMain = """
        {{#user}}<p>You are logged in as <strong>{{user}}</strong>.</p>{{/user}}
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        {{#client}}<input type="hidden" name="client_id" value="{{client}}">{{/client}}
        {{#returnTo}}<input type="hidden" name="post_logout_redirect_uri" value="{{returnTo}}">{{/returnTo}}
        {{#state}}<input type="hidden" name="state" value="{{state}}">{{/state}}
        <div class="buttons"><button type="submit">Log out</button></div>
        </form>
        """

    private static let handOffMain = """
        <p>{{message}}</p>
        <p><a href="{{refresh}}">Go on</a></p>
        """

    /// The button is for browsers without scripts.
    private static let formPostMain = """
        <p>You return to <strong>{{destination}}</strong>.</p>
        <form method="post" action="{{action}}">
        {{#members}}<input type="hidden" name="{{name}}" value="{{value}}">
        {{/members}}<div class="buttons"><button type="submit">Continue</button></div>
        </form>
        <script>\(FormPostPage.script)</script>
        """

    private static let messageMain = """
        <p>{{message}}</p>
        """
}
