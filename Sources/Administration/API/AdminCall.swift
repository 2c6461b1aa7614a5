import AuthorizationRecords
import AuthorizationServer
import HTTP
import JSON
import Octets

/// A request to the management interface, with what it takes to read it.
struct AdminCall: Sendable {
    /// Characters of ids and cursors at most.
    static let idOctetsMax = 256

    let request: ServiceRequest
    /// Seconds since 1970.
    let now: Int64
    let random: Randomness

    var isReading: Bool { request.method == "GET" || request.method == "HEAD" }

    /// What stands behind `/admin/v1/`, in segments; empty where something else stands there. Ids have no characters
    /// that a path would encode.
    var path: [String] {
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard segments.count >= 4, segments[0].isEmpty, segments[1] == "admin", segments[2] == "v1" else { return [] }
        let rest = Array(segments[3...])
        return rest.allSatisfy(Self.isID) ? rest : []
    }

    static func isID(_ text: String) -> Bool {
        (1...idOctetsMax).contains(text.utf8.count)
            && text.utf8.allSatisfy(PercentEncoding.isUnreserved)
    }

    /// The parameters of the query, each at most once and none but these.
    func query(_ known: Set<String>) throws(AdminRefusal) -> [String: String] {
        guard let query = request.query, !query.isEmpty else { return [:] }
        let form: FormFields
        do { form = try FormFields(Array(query.utf8)) } catch { throw AdminRefusal(.badQuery) }
        var values: [String: String] = [:]
        for pair in form.pairs {
            guard known.contains(pair.name), values.updateValue(pair.value, forKey: pair.name) == nil else {
                throw AdminRefusal(.badQuery)
            }
        }
        return values
    }

    // MARK: Bodies

    /// The body's one object, with no other members than these.
    func document(
        _ known: Set<String>, prefix: String? = nil, types: Set<String> = ["application/json"]
    ) throws(AdminRefusal) -> JSONObject {
        let sent = request.values("content-type")
        guard sent.count == 1, let type = sent[0].split(separator: ";", omittingEmptySubsequences: false).first,
            types.contains(type.lowercased().trimmed)
        else { throw AdminRefusal(.unsupportedMediaType) }
        let body: JSON
        do { body = try JSON.parse(request.body) } catch { throw AdminRefusal(.badDocument) }
        guard let object = body.object else { throw AdminRefusal(.badDocument) }
        for name in object.names where !known.contains(name) && !(prefix.map(name.hasPrefix) ?? false) {
            throw AdminRefusal(
                .badMember,
                "The body has a member that is not known here; known are \(known.sorted().joined(separator: ", ")).")
        }
        return object
    }

    // MARK: Preconditions (RFC 9110 §13)

    /// The version that a change is for: the current one, if the caller has seen it or wants none in particular
    /// (`If-Match: *`).
    func expectedVersion(current: Int64) throws(AdminRefusal) -> Int64 {
        let fields = request.values("if-match")
        guard !fields.isEmpty else { throw AdminRefusal(.preconditionRequired) }
        // Compared strongly: a weak tag (W/"…") is never the same.
        let tags = fields.flatMap { $0.split(separator: ",").map { String($0).trimmed } }
        guard tags == ["*"] || tags.contains(EntityTag.text(current)) else { throw AdminRefusal(.preconditionFailed) }
        return current
    }

    /// The answer to GET and HEAD; 304 for who has this version already (RFC 9110 §13.1.2).
    func shown(_ document: JSONObject, _ version: Int64) -> ServiceResponse {
        let tags = request.values("if-none-match").flatMap { $0.split(separator: ",").map { String($0).trimmed } }
        let isKnown =
            tags == ["*"] || tags.contains { $0 == EntityTag.text(version) || $0 == "W/" + EntityTag.text(version) }
        return .admin(isKnown ? 304 : 200, isKnown ? nil : .object(document), fields: [EntityTag.field(version)])
    }
}

/// The strong validator of what a record says: its version, which every write counts up (RFC 9110 §8.8.3).
enum EntityTag {
    static func text(_ version: Int64) -> String { "\"\(version)\"" }
    static func field(_ version: Int64) -> ServiceResponse.Field { ("ETag", text(version)) }
}

extension String {
    /// Without spaces and tabs around it.
    fileprivate var trimmed: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

extension JSONObject {
    /// The text of a member; nil: it is not there, or null.
    func optionalText(_ name: String) throws(AdminRefusal) -> String? {
        guard let value = self[name], !value.isNull else { return nil }
        guard let text = value.string else { throw AdminRefusal(.badMember, "\(name) must be a text.") }
        return text
    }

    func optionalFlag(_ name: String) throws(AdminRefusal) -> Bool? {
        guard let value = self[name], !value.isNull else { return nil }
        guard let flag = value.bool else { throw AdminRefusal(.badMember, "\(name) must be true or false.") }
        return flag
    }

    func optionalTexts(_ name: String) throws(AdminRefusal) -> [String]? {
        guard let value = self[name], !value.isNull else { return nil }
        let texts = value.array?.compactMap(\.string)
        guard let texts, texts.count == value.array?.count, texts.count <= 100,
            texts.allSatisfy({ (1...2_048).contains($0.utf8.count) })
        else {
            throw AdminRefusal(.badMember, "\(name) must be a list of at most 100 texts.")
        }
        return texts
    }
}
