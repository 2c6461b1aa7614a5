import AuthorizationRecords

/// A text is handed to SQLite and PostgreSQL up to its first NUL: `a\0b` would be `a`. Nothing that is stored has one,
/// so that such a text names nothing.
enum BindableText {
    static func isBindable(_ text: String) -> Bool { !text.utf8.contains(0) }

    static func isBindable(_ query: RecordQuery) -> Bool {
        [query.client, query.subject, query.grant, query.afterKey].allSatisfy { $0.map(isBindable) ?? true }
    }

    static func isBindable(_ change: StoreChange) -> Bool {
        switch change {
        case .insert(let record), .replace(let record):
            [record.key, record.client, record.subject, record.grant].allSatisfy { $0.map(isBindable) ?? true }
        case .expect(_, let key, _), .remove(_, let key, _): isBindable(key)
        case .removeAll(let query), .removeOldest(let query, _, _): isBindable(query)
        }
    }
}
