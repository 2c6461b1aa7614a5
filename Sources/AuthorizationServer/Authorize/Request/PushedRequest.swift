import AuthorizationRecords
import HTTP
import JSON
import LogIn

/// An authorization request that the client sent ahead, not through the browser (RFC 9126).
struct PushedRequest: Sendable {
    /// §2.2; short enough for FAPI 2.0 §5.3.2.2 (under 600 s).
    static let lifetimeSeconds: Int64 = 300
    /// So long may log-in and consent take on top, before what was pushed is forgotten.
    static let completionSeconds = AuthorizationEndpoint.interactionSeconds
    /// Octets of the parameters as they are stored, at most.
    static let storedBytesMax = 16_384

    let key: String
    let clientID: String
    let parameters: RequestParameters
    /// Seconds since 1970: until then a browser may come with it.
    let acceptedUntil: Int64
    /// Who pushed it, to bound how many wait; nil: not counted.
    let sender: RequestSender?
    var version: Int64 = 0

    /// - Parameter reference: `request_uri`
    init(reference: String, clientID: String, parameters: RequestParameters, now: Int64, sender: RequestSender? = nil) {
        key = RandomText.requestURI.key(of: reference)
        self.clientID = clientID
        self.parameters = parameters
        acceptedUntil = now + Self.lifetimeSeconds
        self.sender = sender
    }

    /// What is stored for a `request_uri`; nil if this server did not issue it.
    static func key(of reference: String) -> String? {
        reference.hasPrefix(RandomText.requestURI.prefix) && reference.utf8.count <= 128
            ? RandomText.requestURI.key(of: reference) : nil
    }

    var record: StoredRecord {
        var record = StoredRecord(
            .pushedRequest, key, expiresAt: acceptedUntil + Self.completionSeconds, client: clientID,
            body: ["parameters": pairs, "accepted_until": .integer(acceptedUntil)])
        record.mark(sender)
        return record
    }

    private var pairs: JSON { .array(parameters.all.map { JSON.strings([$0.name, $0.value]) }) }

    /// Whether it keeps to the bound.
    var isStorable: Bool { pairs.serialized().count <= Self.storedBytesMax }

    init?(_ record: StoredRecord) {
        guard record.kind == .pushedRequest, let client = record.client, let until = record.body["accepted_until"]?.int,
            let pairs = record.body["parameters"]?.array
        else { return nil }
        key = record.key
        clientID = client
        acceptedUntil = until
        sender = record.sender
        version = record.version
        parameters = RequestParameters(
            pairs: pairs.compactMap { pair in
                guard let texts = pair.array?.compactMap(\.string), texts.count == 2 else { return nil }
                return (texts[0], texts[1])
            })
    }

    /// Used: only the first answer that is given to it can make this change (RFC 9126 §7.3).
    static func use(_ pushed: PushedReference) -> StoreChange {
        .remove(.pushedRequest, key: pushed.key, version: pushed.version)
    }
}
