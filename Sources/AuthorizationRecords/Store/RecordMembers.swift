import JSON

/// Reads the members of a stored object strictly: each of its type and within its bound, and none that nobody asked for.
/// What does not hold means that the record is damaged.
struct RecordMembers {
    /// Something is missing, of another type, beyond its bound, or unknown.
    struct Malformed: Error {}

    /// Octets of a text at most: as many as the body of a request, or an answer of an OpenID provider, has.
    static let textBytesMax = 131_072
    /// Texts of a list at most; more than a request of that size could name and a client be allowed.
    static let textsMax = 16_384

    private let object: JSONObject
    private var taken = 0

    init(_ object: JSONObject) { self.object = object }

    /// To be called once for each name.
    private mutating func take(_ name: String) -> JSON? {
        guard let value = object[name] else { return nil }
        taken += 1
        return value
    }

    mutating func text(_ name: String, bytesMax: Int = textBytesMax) throws(Malformed) -> String {
        guard let text = try optionalText(name, bytesMax: bytesMax) else { throw Malformed() }
        return text
    }

    mutating func optionalText(_ name: String, bytesMax: Int = textBytesMax) throws(Malformed) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string, text.utf8.count <= bytesMax else { throw Malformed() }
        return text
    }

    /// A word of a closed list.
    mutating func optionalWord<Word: RawRepresentable<String>>(_ name: String) throws(Malformed) -> Word? {
        guard let text = try optionalText(name) else { return nil }
        guard let word = Word(rawValue: text) else { throw Malformed() }
        return word
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int64>) throws(Malformed) -> Int64 {
        guard let number = try optionalInteger(name, in: range) else { throw Malformed() }
        return number
    }

    mutating func optionalInteger(_ name: String, in range: ClosedRange<Int64>) throws(Malformed) -> Int64? {
        guard let value = take(name) else { return nil }
        guard let number = value.int, range.contains(number) else { throw Malformed() }
        return number
    }

    /// false where there is no such member.
    mutating func flag(_ name: String) throws(Malformed) -> Bool {
        guard let value = take(name) else { return false }
        guard let flag = value.bool else { throw Malformed() }
        return flag
    }

    /// Empty where there is no such member.
    mutating func texts(_ name: String) throws(Malformed) -> [String] {
        guard let value = take(name) else { return [] }
        guard let values = value.array, values.count <= Self.textsMax else { throw Malformed() }
        let texts = values.compactMap(\.string)
        guard texts.count == values.count, texts.allSatisfy({ $0.utf8.count <= Self.textBytesMax }) else {
            throw Malformed()
        }
        return texts
    }

    mutating func optionalObject(_ name: String) throws(Malformed) -> JSONObject? {
        guard let value = take(name) else { return nil }
        guard let object = value.object else { throw Malformed() }
        return object
    }

    /// Of any type; its bound is the store's.
    mutating func optionalValue(_ name: String) -> JSON? { take(name) }

    /// All members have been read.
    func end() throws(Malformed) {
        guard taken == object.count else { throw Malformed() }
    }
}
