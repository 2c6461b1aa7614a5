import Authenticators
import AuthorizationRecords
import Crypto
import Octets

/// What a page needs for the one script that speaks with authenticators: the script is always the same, so that the policy of
/// the page allows it by its hash, and what it is to do stands in attributes of the form.
enum PasskeyForm {
    /// Of CSP (§2.3.1).
    static let source = "'sha256-" + Base64.encode(SHA256.hash(data: Array(script.utf8)).map { $0 }) + "'"

    /// Forms with `data-passkey` are shown once it is known that the browser can do it. Without scripts they stay hidden.
    static let script = """
        (() => {
        const octets = t => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
        const text = b => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=+$/, '');
        const keys = t => t.split(' ').filter(Boolean).map(t => ({ type: 'public-key', id: octets(t) }));
        async function create(d) {
        const rp = { id: d.party, name: d.party };
        const user = { id: octets(d.user), name: d.name, displayName: d.display };
        const c = await navigator.credentials.create({ publicKey: { rp, user, challenge: octets(d.challenge),
        pubKeyCredParams: d.algorithms.split(' ').map(a => ({ type: 'public-key', alg: Number(a) })), excludeCredentials: keys(d.known),
        authenticatorSelection: { residentKey: d.verification || 'preferred', userVerification: d.verification || 'preferred' }, attestation: 'none', timeout: 300000 } });
        const r = c.response;
        return { clientData: text(r.clientDataJSON), attestation: text(r.attestationObject), transports: r.getTransports ? r.getTransports() : [] };
        }
        async function get(d) {
        const c = await navigator.credentials.get({ publicKey: { rpId: d.party, challenge: octets(d.challenge),
        allowCredentials: keys(d.known), userVerification: d.verification, timeout: 300000 } });
        const r = c.response;
        return { id: text(c.rawId), clientData: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData),
        signature: text(r.signature), userHandle: r.userHandle && r.userHandle.byteLength ? text(r.userHandle) : null };
        }
        if (!window.PublicKeyCredential) return;
        for (const form of document.querySelectorAll('form[data-passkey]')) {
        const d = form.dataset, button = form.querySelector('button'), problem = form.querySelector('[role=alert]');
        form.hidden = false;
        form.addEventListener('submit', async event => {
        event.preventDefault();
        button.disabled = true;
        problem.hidden = true;
        try {
        form.elements.passkey.value = JSON.stringify(await (d.passkey === 'create' ? create(d) : get(d)));
        form.submit();
        } catch (error) {
        problem.textContent = error.name === 'InvalidStateError' ? d.there : d.failed;
        problem.hidden = false;
        button.disabled = false;
        }
        });
        }
        })();
        """

    /// For using a passkey.
    /// - Parameter known: those that will do; empty: whatever the user has for this site.
    static func use(_ party: RelyingParty, challenge: String, known: [StoredFactor], verifiesUser: Bool)
        -> [String: Any]
    {
        [
            "party": party.id, "challenge": challenge, "known": Self.known(known),
            "verification": verifiesUser ? "required" : "preferred",
        ]
    }

    /// For making one. `user.id` is the user's `sub`, which is random and says nothing (WebAuthn §14.6.1).
    static func make(_ party: RelyingParty, challenge: String, for user: StoredUser, known: [StoredFactor])
        -> [String: Any]
    {
        [
            "party": party.id, "challenge": challenge, "known": Self.known(known),
            "userHandle": Base64URL.encode(Array(user.id.utf8)), "userName": user.name,
            "displayName": user.displayName?.shownOnPage() ?? user.name,
            "algorithms": PasskeyKey.algorithms.compactMap(\.coseIdentifier).map(String.init).joined(separator: " "),
        ]
    }

    private static func known(_ factors: [StoredFactor]) -> String {
        factors.compactMap { factor in
            if case .passkey(let passkey) = factor.content { Base64URL.encode(passkey.credentialID) } else { nil }
        }.joined(separator: " ")
    }
}
