import AuthorizationRecords
import AuthorizationServer
import HTTP
import JSON
import Octets

/// One page of a list: `limit` and `after` in the query, `items` and `next` in the body, and the next address as a link
/// (RFC 8288).
struct Page {
    static let limitDefault = 50
    static let limitMax = 200

    let limit: Int
    /// The key behind which it begins.
    let after: String?
    /// Further parameters of the query, for the link.
    let filters: [(name: String, value: String)]

    init(_ call: AdminCall, filters names: [String] = []) throws(AdminRefusal) {
        let query = try call.query(Set(names + ["limit", "after"]))
        if let text = query["limit"] {
            guard let number = Int(text), (1...Self.limitMax).contains(number), "\(number)" == text else {
                throw AdminRefusal(.badQuery, "limit is a number from 1 to \(Self.limitMax).")
            }
            limit = number
        } else {
            limit = Self.limitDefault
        }
        if let after = query["after"], !AdminCall.isID(after) {
            throw AdminRefusal(.badQuery, "after is what next of the page before said.")
        }
        after = query["after"]
        filters = names.compactMap { name in query[name].map { (name, $0) } }
        for filter in filters where !(1...1_024).contains(filter.value.utf8.count) {
            throw AdminRefusal(.badQuery, "\(filter.name) has 1 to 1024 octets.")
        }
    }

    /// Expired records are left out, so that a page may be shorter than `limit`.
    /// - Parameters:
    ///   - query: of the records; `after` is added.
    ///   - describe: nil: it is left out.
    func answer<Value: Sendable>(
        _ query: RecordQuery, _ call: AdminCall, in store: any AuthorizationStore, path: String,
        _ make: (StoredRecord) -> Value?, _ describe: (Value) async throws -> JSONObject?
    ) async throws -> ServiceResponse {
        var query = query
        query.afterKey = after
        let page = try await store.page(query, most: limit)
        var items: [JSONObject] = []
        var damaged: [DamagedRecord] = []
        for row in page.rows {
            let value: Value
            do throws(DamagedRecord) {
                let record = try row.get()
                if record.isExpired(at: call.now) { continue }
                value = try record.read(make)
            } catch {
                damaged.append(error)
                continue
            }
            if let item = try await describe(value) { items.append(item) }
        }
        var body = Self.body(items, damaged: damaged, now: call.now)
        var fields: [ServiceResponse.Field] = []
        if let last = page.next?.afterKey {
            body["next"] = .string(last)
            let parameters =
                ["limit=\(limit)", "after=\(last)"] + filters.map { "\($0.name)=\(PercentEncoding.encoded($0.value))" }
            fields.append(("Link", "<\(path)?\(parameters.joined(separator: "&"))>; rel=\"next\""))
        }
        return .admin(200, .object(body), fields: fields)
    }

    /// - Parameter damaged: are named, so that nobody takes the list for complete.
    static func body(_ items: [JSONObject], damaged: [DamagedRecord], now: Int64) -> JSONObject {
        var body: JSONObject = ["items": .array(items.map { .object($0) })]
        let keys = damaged.filter { !$0.isExpired(at: now) }.map(\.key)
        if !keys.isEmpty { body["damaged"] = .strings(keys) }
        return body
    }
}
