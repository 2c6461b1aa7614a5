import AuthorizationRecords
import HTTP
import Octets
import Policy
import Texts

/// What pages send by mail: made and sent after the answer.
struct AccountMail: Sendable {
    let store: any AuthorizationStore
    let queue: any MailQueue
    let rates: MailRates
    /// Of the issuer, with the port if it has one.
    let host: String
    let linkAddress: String
    let forgottenAddress: String
    let lifetimes: AccountLinkLifetimes
    let pending: PendingRequests
    /// Accounts of one address that get mail at most.
    private static let accountsMax = 3

    /// False: too much was asked for, or waits; nothing is sent.
    private func later(
        to recipient: String, _ call: EndpointCall,
        _ work: @escaping @Sendable (_ now: Int64) async throws -> [UserMail]
    ) -> Bool {
        rates.allows(recipient.lowercased(), from: call.request.clientAddress, now: call.now) && queue.later(work)
    }

    /// A link to another password for the account of this name, or for those of this address.
    func sendReset(for typed: String, _ presentation: Presentation, _ call: EndpointCall) -> Bool {
        later(to: typed, call) { now in
            var mails: [UserMail] = []
            for user in try await accounts(typed).prefix(Self.accountsMax) {
                guard let to = user.email.flatMap(MailAddress.init) else { continue }
                let secret = RandomText.accountLink.make(call.random)
                let link = AccountLink(
                    secret: secret, .reset, userID: user.id, email: user.email, expiresAt: now + linkSeconds)
                guard try await store.commit([user.unchanged] + link.besideOthers, now: now) else { continue }
                mails.append(
                    mail(
                        "reset", to, .resetSubject, [.hello, .reset], link: address(secret), end: .resetEnd,
                        user: user.greeting, presentation))
            }
            return mails
        }
    }

    /// To the address that is to become the user's.
    func sendProof(of to: MailAddress, for user: StoredUser, _ presentation: Presentation, _ call: EndpointCall)
        -> Bool
    {
        later(to: to.text, call) { now in
            let secret = RandomText.accountLink.make(call.random)
            let link = AccountLink(
                secret: secret, .email, userID: user.id, email: to.text, expiresAt: now + linkSeconds)
            guard try await store.commit([user.unchanged] + link.besideOthers, now: now) else { return [] }
            return [
                mail(
                    "email", to, .emailSubject, [.hello, .email], link: address(secret), end: .emailEnd,
                    user: user.greeting, presentation)
            ]
        }
    }

    /// A link by which whoever reads mail of this address makes an account; who has one is told so.
    func sendSignUp(to: MailAddress, _ presentation: Presentation, _ call: EndpointCall) -> Bool {
        let sender = call.sender
        return later(to: to.text, call) { now in
            if let known = try await accounts(to.text, withDisabled: true).first {
                // Of one who is disabled or logs in elsewhere nothing is said.
                guard !known.isDisabled, known.identity == nil else { return [] }
                return [
                    mail(
                        "sign_up_known", to, .knownSubject, [.helloNobody, .known], link: forgottenAddress,
                        user: known.name, presentation)
                ]
            }
            let secret = RandomText.accountLink.make(call.random)
            let link = AccountLink(
                secret: secret, .signUp, userID: nil, email: to.text, expiresAt: now + linkSeconds, sender: sender)
            guard try await store.commit(pending.insertion(of: link.record), now: now) else { return [] }
            return [
                mail(
                    "sign_up", to, .signUpSubject, [.helloNobody, .signUp], link: address(secret), end: .signUpEnd,
                    presentation)
            ]
        }
    }

    /// To the address that was the user's until now. Not counted: whoever changes it has shown who they are.
    func sendNotice(to old: String, _ user: StoredUser, _ presentation: Presentation) {
        guard let to = MailAddress(old) else { return }
        let notice = mail("email_changed", to, .changedSubject, [.hello, .changed], user: user.greeting, presentation)
        _ = queue.later { _ in [notice] }
    }

    private var linkSeconds: Int64 { lifetimes.reset.components.seconds }
    private func address(_ secret: String) -> String { linkAddress + "?link=" + secret }

    private func mail(
        _ kind: String, _ to: MailAddress, _ subject: MailText, _ texts: [MailText], link: String? = nil,
        end: MailText? = nil, user: String = "", _ presentation: Presentation
    ) -> UserMail {
        let values = ["host": presentation.sender(host: host), "user": user, "minutes": "\(linkSeconds / 60)"]
        var paragraphs = texts.map { presentation.text($0, values) }
        if let link { paragraphs.append(link) }
        if let end { paragraphs.append(presentation.text(end, values)) }
        return UserMail(
            kind: kind, to: to, subject: presentation.text(subject, values),
            text: paragraphs.joined(separator: "\n\n") + "\n")
    }

    /// By the name, or by the address. Accounts are not found by their addresses anywhere else, so all are looked through;
    /// the queue does one such thing at a time.
    private func accounts(_ typed: String, withDisabled: Bool = false) async throws -> [StoredUser] {
        var found: [StoredUser] = []
        if let name = UserName.normalised(typed), let user = try await store.user(name: name) { found.append(user) }
        if found.isEmpty || withDisabled, let address = MailAddress(typed) {
            let wanted = address.text.lowercased()
            found += try await store.users().values.filter {
                $0.email?.lowercased() == wanted && !found.map(\.id).contains($0.id)
            }
        }
        return withDisabled ? found : found.filter { !$0.isDisabled && $0.identity == nil }
    }
}
