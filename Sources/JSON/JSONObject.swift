/// The members of a JSON object in their order, each name once.
package struct JSONObject: Sendable {
    /// One named value of an object.
    package typealias Member = (name: String, value: JSON)

    package private(set) var members: [Member]

    /// Without members.
    package init() { members = [] }

    /// The first of members with the same name stays.
    package init(_ members: [(String, JSON)]) {
        self.members = []
        self.members.reserveCapacity(members.count)
        for (name, value) in members where self[name] == nil {
            self.members.append((name, value))
        }
    }

    /// For the parser, which has found no name twice.
    init(distinct members: [Member]) { self.members = members }

    /// Members.
    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    /// In the order of the members, unescaped.
    package var names: [String] { members.map(\.name) }

    /// Without members that are `null`: what is optional may be left out, or be nothing.
    package var withoutNulls: JSONObject {
        members.contains { $0.value == .null } ? JSONObject(distinct: members.filter { $0.value != .null }) : self
    }

    /// The value of a member; assigning nil removes it, assigning to a new name appends it. Linear: objects are small.
    package subscript(_ name: String) -> JSON? {
        get {
            for member in members where member.name.hasSameOctets(as: name) { return member.value }
            return nil
        }
        set {
            let place = members.firstIndex { $0.name.hasSameOctets(as: name) }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: Equatable {
    /// The same members, in whatever order.
    package static func == (one: JSONObject, other: JSONObject) -> Bool {
        guard one.count == other.count else { return false }
        for index in one.members.indices {
            let member = one.members[index]
            if other.members[index].name.hasSameOctets(as: member.name) {
                if other.members[index].value != member.value { return false }
            } else if other[member.name] != member.value {
                return false
            }
        }
        return true
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
