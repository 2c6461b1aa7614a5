/// The nearest of the words that are known.
package enum Spelling {
    /// `; did you mean "scopes"?` or nothing, to be put behind a message.
    package static func hint(for word: String, among known: [String]) -> String {
        nearest(to: word, among: known).map { "; did you mean \(Shown.value($0))?" } ?? ""
    }

    /// nil: none is near enough to be meant.
    package static func nearest(to word: String, among known: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let folded = fold(word)
        if let same = known.first(where: { fold($0) == folded }) { return same }
        let distances = known.map { ($0, distance(Array(folded), Array(fold($0)))) }
        // A third of the longer word's letters, and always one.
        guard let (best, distance) = distances.min(by: { $0.1 < $1.1 }) else { return nil }
        if distance <= max(1, max(folded.count, fold(best).count) / 3) { return best }
        // A word inside the other counts as near, and so does one that is the other with something left out.
        return known.first { word in
            let other = fold(word)
            guard folded.count >= 4, other.count >= 4 else { return false }
            return other.contains(folded) || folded.contains(other)
                || folded.first == other.first && other.count * 2 >= folded.count && isSubsequence(other, of: folded)
        }
    }

    private static func isSubsequence(_ part: String, of whole: String) -> Bool {
        var rest = whole[...]
        for letter in part {
            guard let index = rest.firstIndex(of: letter) else { return false }
            rest = rest[rest.index(after: index)...]
        }
        return true
    }

    /// `connectionsMax`, `connections-max` and `Connections_Max` are one word.
    private static func fold(_ word: String) -> String {
        word.lowercased().filter { $0 != "_" && $0 != "-" && $0 != "." && $0 != " " }
    }

    /// Optimal string alignment: insertions, deletions, replacements and neighbours that changed places.
    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
