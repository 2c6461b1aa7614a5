import AuthorizationRecords
import HTTP
import LogIn

/// An authorization request whose client is known, with the parameters that count: those of the request itself, or
/// those that were pushed or signed, and then no others (RFC 9126 §4, RFC 9101 §5).
struct ReceivedRequest: Sendable {
    var client: RegisteredClient
    var parameters: RequestParameters
    /// What was pushed before, and ends with the answer.
    var pushed: PushedRequest?
    /// What is wrong with it although it is known where to answer: said there.
    var fault: OAuthError?
}

/// Finds out what an authorization request really asks for.
struct RequestReceiver: Sendable {
    let store: any AuthorizationStore
    let objects: RequestObjects
    /// nil: a client's id is never the address of its metadata.
    let documents: ClientDocuments?
    let terms: OpenClientTerms
    /// No other requests than pushed ones (RFC 9126 §5), whatever the client says.
    let requiresPushedRequests: Bool

    /// What decides where and how to answer.
    private static let answered: Set<String> = ["client_id", "redirect_uri", "state"]

    /// What is thrown is shown on a page, because it is not known yet where an answer may go.
    /// - Parameter address: whence the request comes.
    func receive(_ front: FrontChannel, address: String, now: Int64) async throws(OAuthError) -> ReceivedRequest {
        guard let id = front.parameters.value("client_id"), ClientID.mayExist(id) else { throw .unknownClient }
        let found: RegisteredClient?
        if let documents, let url = ClientDocumentURL(id) {
            // What another site's page makes a browser load must not make the server load something.
            guard front.isNavigation else { throw .unknownClient }
            found = try await documents.client(at: url, address: address, now: now)
        } else {
            found = try await store.orUnavailable { try await $0.client(id: id) }
        }
        guard let client = found.flatMap(terms.inForce) else { throw .unknownClient }
        do throws(OAuthError) {
            return try await receive(front, client, now: now)
        } catch {
            // The request cannot be read, but beside it stands where the client takes errors (OpenID Connect Core §3.1.2.6,
            // RFC 9101 §6.2).
            guard error != .unavailable, let uri = front.parameters.value("redirect_uri"),
                (try? RedirectURI.chosen(asked: uri, of: client)) != nil,
                !front.repeated.contains(where: Self.answered.contains)
            else { throw error }
            let parameters = front.parameters.all.filter {
                Self.answered.contains($0.name)
                    || $0.name == "response_mode" && !front.repeated.contains("response_mode")
            }
            return ReceivedRequest(client: client, parameters: RequestParameters(pairs: parameters), fault: error)
        }
    }

    private func receive(_ front: FrontChannel, _ client: RegisteredClient, now: Int64) async throws(OAuthError)
        -> ReceivedRequest
    {
        if let reference = front.parameters.value("request_uri") {
            guard front.parameters.value("request") == nil else { throw .requestTwice }
            let pushed = try await pushed(reference, client: client, now: now)
            return ReceivedRequest(client: client, parameters: pushed.parameters, pushed: pushed)
        }
        let mustBePushed: OAuthError? = requiresPushedRequests || client.requiresPushedRequests ? .notPushed : nil
        if let object = front.parameters.value("request") {
            let parameters = try await objects.parameters(of: object, client: client, now: now)
            return ReceivedRequest(client: client, parameters: parameters, fault: mustBePushed)
        }
        guard !front.repeated.contains(where: Self.answered.contains) else { throw .repeatedParameter }
        return ReceivedRequest(
            client: client, parameters: front.parameters,
            fault: mustBePushed ?? (front.repeated.isEmpty ? nil : .repeatedParameter))
    }

    /// One answer, whatever is wrong with it.
    private func pushed(_ reference: String, client: RegisteredClient, now: Int64) async throws(OAuthError)
        -> PushedRequest
    {
        guard let key = PushedRequest.key(of: reference) else { throw .badRequestURI }
        let record = try await store.orUnavailable { try await $0.record(.pushedRequest, key) }
        guard let pushed = record.flatMap(PushedRequest.init), pushed.clientID == client.id, now < pushed.acceptedUntil
        else { throw .badRequestURI }
        return pushed
    }
}

/// What came through the browser: the query, or a form (OpenID Connect Core §3.1.2.1).
struct FrontChannel: Sendable {
    let parameters: RequestParameters
    /// Names that are there more than once although they must not be.
    let repeated: [String]
    /// A browser shows the answer to its user, as far as it says (Fetch Metadata).
    let isNavigation: Bool

    init(_ request: ServiceRequest) throws(OAuthError) {
        isNavigation = request.values("sec-fetch-dest").allSatisfy { $0 == "document" }
        if request.method == "POST" {
            guard RequestParameters.isForm(request.values("content-type")) else { throw .notAForm }
        }
        let form: FormFields
        do {
            form = try FormFields(request.method == "POST" ? request.body : Array((request.query ?? "").utf8))
        } catch {
            throw .badForm
        }
        parameters = RequestParameters(pairs: form.pairs)
        repeated = form.repeatedNames.filter { !RequestParameters.repeatable.contains($0) }
    }
}

extension AuthorizationStore {
    /// What the store says, or that it cannot say anything now.
    func orUnavailable<Value>(_ ask: (any AuthorizationStore) async throws -> Value) async throws(OAuthError) -> Value {
        do {
            return try await ask(self)
        } catch is DamagedRecord {
            throw .damagedRecord
        } catch is UnstorableRecord {
            throw .requestTooLarge
        } catch {
            throw .unavailable
        }
    }
}

extension OAuthError {
    static let requestTwice = OAuthError("invalid_request", "request and request_uri exclude each other")
    static let notPushed = OAuthError("invalid_request", "this client has to push its requests (RFC 9126)")
    /// RFC 9101 §6.2, RFC 9126 §2.2.
    static let badRequestURI = OAuthError(
        "invalid_request_uri", "request_uri is unknown, expired, used, or another client's")
}
