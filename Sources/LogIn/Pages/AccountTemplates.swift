import Texts

extension PageTemplate {
    private static let notice = #"{{#notice}}<p class="notice" role="status">{{notice}}</p>{{/notice}}"#

    /// Each button says what it does to which line, so that everything works without scripts.
    static let accountMain = """
        <p>\(sentence("user"))</p>
        \(notice)\(problem)
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <label for="display_name">\(text(AccountText.displayName))</label>
        <input id="display_name" name="display_name" type="text" value="{{displayName}}" autocomplete="name" maxlength="128" \
        aria-describedby="display_name_hint{{#problem}} problem{{/problem}}"{{#problem}} aria-invalid="true"{{/problem}}>
        <p class="soft" id="display_name_hint">\(text(AccountText.displayNameHint))</p>
        <div class="buttons"><button type="submit" name="save" value="name" class="other">\(text(AccountText.save))</button></div>
        </form>
        <h2>\(text(AccountText.email))</h2>
        <p>{{#email}}{{email}}{{#isEmailVerified}} <span class="soft">(\(text(AccountText.verified)))</span>{{/isEmailVerified}}\
        {{#isEmailUnverified}} <span class="soft">(\(text(AccountText.notVerified)))</span>{{/isEmailUnverified}}{{/email}}\
        {{^email}}\(text(AccountText.noEmail)){{/email}}
        {{#emailPath}}<a href="{{emailPath}}">\(text(AccountText.changeEmail))</a>{{/emailPath}}\
        {{^emailPath}}<span class="soft">\(text(AccountText.emailByOperator))</span>{{/emailPath}}</p>
        {{#passwordPath}}<h2>\(text(AccountText.password))</h2>
        <p><a href="{{passwordPath}}">\(text(AccountText.changePassword))</a></p>{{/passwordPath}}
        {{#factorsPath}}<p><a href="{{factorsPath}}">\(text(AccountText.factors))</a></p>{{/factorsPath}}
        <h2 id="sessions_title">\(text(AccountText.sessions))</h2>
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <ul class="rows" aria-labelledby="sessions_title">
        {{#sessions}}<li><div><strong>{{place}}</strong>{{#isThis}} <span class="mark">\(text(AccountText.thisBrowser))</span>{{/isThis}}
        <p class="soft">{{#address}}{{address}}{{/address}} {{#since}}{{since}}{{/since}}{{#used}}, {{used}}{{/used}}</p></div>
        {{^isThis}}<button type="submit" name="end" value="{{sid}}" class="other small">\(text(AccountText.endSession))</button>{{/isThis}}</li>
        {{/sessions}}</ul>
        {{#moreSessions}}<p class="soft">{{moreSessions}}</p>{{/moreSessions}}
        </form>
        <h2 id="applications_title">\(text(AccountText.applications))</h2>
        {{^hasApplications}}<p class="soft">\(text(AccountText.noApplications))</p>{{/hasApplications}}
        {{#hasApplications}}<form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <ul class="rows" aria-labelledby="applications_title">
        {{#applications}}<li><div><strong>{{client}}</strong> <span class="soft">{{since}}</span>
        {{#isUnknown}}<p class="problem">\(text(AccountText.unknownApplication))</p>{{/isUnknown}}
        {{#isGone}}<p class="soft">\(text(AccountText.goneApplication))</p>{{/isGone}}
        <ul class="soft">{{#scopes}}<li>{{text}}{{#name}} <code>{{name}}</code>{{/name}}</li>{{/scopes}}</ul></div>
        <button type="submit" name="revoke" value="{{id}}" class="other small">\(text(AccountText.revoke))</button></li>
        {{/applications}}</ul>
        {{#moreApplications}}<p class="soft">{{moreApplications}}</p>{{/moreApplications}}
        </form>{{/hasApplications}}
        <h2 id="everywhere_title">\(text(AccountText.everywhere))</h2>
        <form method="post" action="{{action}}" aria-labelledby="everywhere_title">
        <input type="hidden" name="form_token" value="{{token}}">
        <p class="soft">\(text(AccountText.everywhereHint))</p>
        <p class="choice"><input type="checkbox" id="also" name="applications" value="end"> <label for="also">\(text(AccountText.alsoApplications))</label></p>
        <div class="buttons"><button type="submit" name="everywhere" value="end" class="other">\(text(AccountText.everywhere))</button></div>
        </form>
        <p class="soft end"><a href="{{logoutPath}}">\(text(AccountText.logOut))</a></p>
        """

    /// For password managers, which store what stands in the two fields together.
    private static let hiddenName =
        #"<input class="unseen" type="text" name="username" value="{{username}}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">"#

    private static let newPassword = """
        <label for="new">\(text(PasswordText.new))</label>
        <input id="new" name="new" type="password" autocomplete="new-password" required \
        aria-describedby="hint{{#problem}} problem{{/problem}}"{{#problem}} aria-invalid="true"{{/problem}}>
        <p class="soft" id="hint">\(text(PasswordText.hint))</p>
        <label for="again">\(text(PasswordText.again))</label>
        <input id="again" name="again" type="password" autocomplete="new-password" required\
        {{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>
        """

    static let accountPasswordMain = """
        <p>\(text(PasswordText.othersEnd))</p>
        \(problem)
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        \(hiddenName)
        <label for="current">\(text(PasswordText.current))</label>
        <input id="current" name="current" type="password" autocomplete="current-password" required autofocus\
        {{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>
        \(newPassword)
        <p class="choice"><input type="checkbox" id="also" name="applications" value="end"> <label for="also">\(text(AccountText.alsoApplications))</label></p>
        <div class="buttons"><button type="submit">\(text(PasswordText.submit))</button></div>
        </form>
        <p class="soft end"><a href="{{accountPath}}">\(text(AccountText.back))</a></p>
        """

    static let accountLinkMain = """
        <p>\(sentence("intro"))</p>
        \(problem)
        <form method="post" action="{{action}}">
        <input type="hidden" name="link" value="{{link}}">
        <input type="hidden" name="form_token" value="{{token}}">
        {{#setsPassword}}\(hiddenName)
        {{#asksName}}<label for="display_name">\(text(AccountText.displayName))</label>
        <input id="display_name" name="display_name" type="text" value="{{displayName}}" autocomplete="name" maxlength="128"\
        {{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>{{/asksName}}
        \(newPassword)
        <div class="buttons"><button type="submit">\(text(PasswordText.submit))</button></div>{{/setsPassword}}
        {{^setsPassword}}<div class="buttons"><button type="submit">\(text(ForgottenText.emailSubmit))</button></div>{{/setsPassword}}
        </form>
        {{#newPasskey}}<p class="soft">\(text(PasswordText.orPasskey))</p>{{/newPasskey}}
        \(newPasskey)
        """

    static let accountEmailMain = """
        <p id="hint">\(text(AccountText.emailHint))</p>
        \(problem)
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <label for="email">\(text(AccountText.newEmail))</label>
        <input id="email" name="email" type="email" value="{{typed}}" autocomplete="email" maxlength="254" required autofocus \
        aria-describedby="hint{{#problem}} problem{{/problem}}"{{#problem}} aria-invalid="true"{{/problem}}>
        <div class="buttons"><button type="submit">\(text(AccountText.sendLink))</button></div>
        </form>
        <p class="soft end"><a href="{{accountPath}}">\(text(AccountText.back))</a></p>
        """

    static let askForMailMain = """
        <p id="hint">{{intro}}{{#note}} {{note}}{{/note}}</p>
        \(problem)
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <label for="who">{{label}}</label>
        <input id="who" name="who" type="{{#isAnyName}}text{{/isAnyName}}{{^isAnyName}}email{{/isAnyName}}" value="{{typed}}" \
        autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="254" required autofocus \
        aria-describedby="hint{{#problem}} problem{{/problem}}"{{#problem}} aria-invalid="true"{{/problem}}>
        <div class="buttons"><button type="submit">\(text(ForgottenText.submit))</button></div>
        </form>
        """

    static let linkedMessageMain = """
        <p>{{message}}</p>
        <p><a href="{{linkPath}}">{{linkText}}</a></p>
        """
}
