import AuthorizationRecords
import AuthorizationServer
import HTTP
import JSON

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

    /// - Parameters:
    ///   - query: of the records, behind `after`.
    ///   - describe: nil: the record is left out of the list, so that a page may be shorter than `limit`.
    func answer(
        _ query: RecordQuery, in store: any AuthorizationStore, path: String, _ describe: (StoredRecord) -> JSONObject?
    ) async throws -> ServiceResponse {
        var query = query
        query.afterKey = after
        // One more than asked for tells whether there is a next page.
        let records = try await store.records(query, most: limit + 1)
        let shown = records.prefix(limit)
        var body: JSONObject = ["items": .array(shown.compactMap(describe).map { .object($0) })]
        var fields: [ServiceResponse.Field] = []
        if records.count > limit, let last = shown.last?.key {
            body["next"] = .string(last)
            let parameters =
                ["limit=\(limit)", "after=\(last)"] + filters.map { "\($0.name)=\(Self.encoded($0.value))" }
            fields.append(("Link", "<\(path)?\(parameters.joined(separator: "&"))>; rel=\"next\""))
        }
        return .admin(200, .object(body), fields: fields)
    }

    /// All but the unreserved characters (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let octets = text.utf8.flatMap { octet -> [UInt8] in
            AdminCall.isID(String(decoding: [octet], as: UTF8.self))
                ? [octet] : [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
