import Texts

// Pages about second factors. A form with `data-passkey` is hidden until the script has seen that the browser can do it.
extension PageTemplate {
    private static let hidden = """
        {{#interaction}}<input type="hidden" name="interaction" value="{{interaction}}">
        {{/interaction}}{{#link}}<input type="hidden" name="link" value="{{link}}">
        {{/link}}<input type="hidden" name="form_token" value="{{token}}">
        """

    private static let passkeyScript = """
        <noscript><p class="soft">\(text(FactorText.passkeyNeedsScript))</p></noscript>
        <script>\(PasskeyForm.script)</script>
        """

    /// Within the content of `PasskeyForm.use`.
    private static func usePasskey(_ label: FactorText, hidden: String, isOther: String) -> String {
        """
        <form method="post" action="{{action}}" hidden data-passkey="get" data-party="{{party}}" data-challenge="{{challenge}}" \
        data-known="{{known}}" data-verification="{{verification}}" data-failed="\(text(FactorText.passkeyFailed))">
        \(hidden)
        <input type="hidden" name="challenge" value="{{challenge}}">
        <input type="hidden" name="passkey" value="">
        <p class="problem" role="alert" hidden></p>
        <div class="buttons"><button type="submit"\(isOther)>\(text(label))</button></div>
        </form>
        """
    }

    /// On the log-in page.
    static let passkeyLogIn = """
        {{#passkey}}\(usePasskey(.passkeyLogIn, hidden: hidden, isOther: #" class="other""#))
        <script>\(PasskeyForm.script)</script>{{/passkey}}
        """

    static let factorMain = """
        {{#hasClient}}<p>\(sentence("client"))</p>{{/hasClient}}
        <p>\(sentence("user"))</p>
        \(problem)
        {{#passkey}}\(usePasskey(.passkeyButton, hidden: hidden, isOther: ""))
        \(passkeyScript){{/passkey}}
        {{#hasCodes}}<form method="post" action="{{action}}">
        \(hidden)
        <label for="code">\(text(FactorText.code))</label>
        <input id="code" name="code" class="entry" type="text" inputmode="numeric" autocomplete="one-time-code" spellcheck="false" \
        required{{^passkey}} autofocus{{/passkey}}{{#isWrong}} aria-invalid="true" aria-describedby="problem"{{/isWrong}}>
        <div class="buttons"><button type="submit"{{#passkey}} class="other"{{/passkey}}>\(text(FactorText.codeButton))</button></div>
        </form>{{/hasCodes}}
        {{#hasRecovery}}<details class="end"><summary>\(text(FactorText.recoverySummary))</summary>
        <form method="post" action="{{action}}">
        \(hidden)
        <label for="recovery">\(text(FactorText.recoveryCode))</label>
        <input id="recovery" name="code" type="text" autocomplete="off" autocapitalize="none" spellcheck="false" required>
        <div class="buttons"><button type="submit" class="other">\(text(FactorText.codeButton))</button></div>
        </form></details>{{/hasRecovery}}
        <p class="soft end"><a href="{{loginPath}}">\(text(FactorText.somebodyElse))</a></p>
        """

    static let newPasskey = """
        {{#newPasskey}}<h2>\(text(FactorText.newPasskey))</h2>
        <p class="soft">\(text(FactorText.newPasskeyHint))</p>
        <form method="post" action="{{action}}" hidden data-passkey="create" data-party="{{party}}" data-challenge="{{challenge}}" \
        data-known="{{known}}" data-user="{{userHandle}}" data-name="{{userName}}" data-display="{{displayName}}" \
        data-algorithms="{{algorithms}}"{{#verification}} data-verification="{{verification}}"{{/verification}} data-failed="\(text(FactorText.passkeyNotMade))" data-there="\(text(FactorText.passkeyThere))">
        \(hidden)
        <input type="hidden" name="challenge" value="{{challenge}}">
        <input type="hidden" name="passkey" value="">
        <label for="label">\(text(FactorText.newPasskeyLabel))</label>
        <input id="label" name="label" type="text" maxlength="40" autocomplete="off">
        <p class="problem" role="alert" hidden></p>
        <div class="buttons"><button type="submit">\(text(FactorText.newPasskeyButton))</button></div>
        </form>
        \(passkeyScript){{/newPasskey}}
        """

    private static let newApp = """
        {{#appPath}}<h2>\(text(FactorText.newApp))</h2>
        <p class="soft">\(text(FactorText.newAppHint))</p>
        <p class="buttons"><a class="button other" href="{{appPath}}">\(text(FactorText.newAppButton))</a></p>{{/appPath}}
        """

    static let factorSetUpMain = """
        <p>\(sentence("user"))</p>
        <p>{{intro}}</p>
        \(problem)
        \(newPasskey)
        \(newApp)
        """

    static let factorAppMain = """
        <p>\(sentence("user"))</p>
        \(problem)
        <p>\(text(FactorText.appStepOne))</p>
        <p class="code"><code class="secret">{{secretShown}}</code></p>
        <p><a href="{{address}}">\(text(FactorText.appAddress))</a></p>
        <form method="post" action="{{action}}">
        \(hidden)
        <input type="hidden" name="secret" value="{{secret}}">
        <input type="hidden" name="secret_token" value="{{secretToken}}">
        <label for="code">\(text(FactorText.appStepTwo))</label>
        <input id="code" name="code" class="entry" type="text" inputmode="numeric" autocomplete="one-time-code" spellcheck="false" \
        required autofocus{{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}>
        <div class="buttons"><button type="submit" name="do" value="add_app">\(text(FactorText.appButton))</button></div>
        </form>
        <p class="soft end"><a href="{{backPath}}">\(text(FactorText.back))</a></p>
        """

    static let recoveryCodesMain = """
        <p>\(text(FactorText.recoveryHint))</p>
        <ol class="codes">
        {{#codes}}<li><code>{{.}}</code></li>
        {{/codes}}</ol>
        <p class="buttons"><a class="button" href="{{continuePath}}">\(text(CommonText.goOn))</a></p>
        """

    static let factorsMain = """
        <p>\(sentence("user"))</p>
        \(problem)
        {{^hasFactors}}<p>\(text(FactorText.none))</p>{{/hasFactors}}
        {{#hasFactors}}<ul class="rows" aria-label="\(text(FactorText.listTitle))">
        {{#factors}}<li><div><strong>{{name}}</strong><p class="soft">{{about}}</p></div>
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <input type="hidden" name="factor" value="{{key}}">
        <button type="submit" name="do" value="remove" class="other small" aria-label="{{removal}}" aria-describedby="removing">\(text(FactorText.remove))</button>
        </form></li>
        {{/factors}}</ul>
        <p class="soft end" id="removing">\(text(FactorText.removeHint))</p>{{/hasFactors}}
        {{#recovery}}<h2>\(text(FactorText.recovery))</h2>
        <p class="soft">{{recovery}}</p>
        <form method="post" action="{{action}}">
        <input type="hidden" name="form_token" value="{{token}}">
        <div class="buttons"><button type="submit" name="do" value="new_codes" class="other">\(text(FactorText.newCodes))</button></div>
        </form>{{/recovery}}
        \(newPasskey)
        \(newApp)
        <p class="soft end"><a href="{{accountPath}}">\(text(FactorText.account))</a></p>
        """
}
