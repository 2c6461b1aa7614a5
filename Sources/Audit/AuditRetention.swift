/// How long rotated files are kept, besides their number.
package struct AuditRetention: Sendable, Equatable {
    /// A file whose last record is younger is not removed because there are too many; 0: the number alone decides.
    package var keepSeconds: Int
    /// Octets of all files together above which even those go.
    package var bytesMax: Int
    /// Rotated files kept of those for requests that matched no route.
    package var unmatchedKeep: Int

    /// By default the number of files alone decides.
    package init(keepSeconds: Int = 0, bytesMax: Int = .max, unmatchedKeep: Int = 2) {
        self.keepSeconds = keepSeconds
        self.bytesMax = bytesMax
        self.unmatchedKeep = unmatchedKeep
    }
}

/// Which rotated files go, to make room for one more.
struct RotationPlan: Equatable {
    /// A rotated file.
    struct Kept: Equatable {
        let number: Int
        let bytes: Int
        /// When it was last written to, in seconds since 1970.
        let modifiedAt: Int
    }

    /// Numbers to be removed, the oldest first.
    private(set) var removed: [Int] = []
    /// Numbers of files for requests that matched no route to be removed before them, the oldest first.
    private(set) var unmatchedRemoved: [Int] = []
    /// Files that ought to have been kept for longer are among `removed`.
    private(set) var isForced = false

    /// - Parameters:
    ///   - kept: rotated files, in any order.
    ///   - unmatched: those for requests that matched no route, in any order.
    ///   - currentBytes: of the file that is rotated now, and of what is written next.
    ///   - keep: how many there shall be afterwards, unless age demands more.
    init(
        _ kept: [Kept], unmatched: [Kept], currentBytes: Int, keep: Int, retention: AuditRetention, now: Int
    ) {
        var rest = kept.sorted { $0.number < $1.number }
        var others = unmatched.sorted { $0.number < $1.number }
        func bytes() -> Int { (rest + others).reduce(currentBytes) { $0 &+ $1.bytes } }
        func isYoung(_ file: Kept) -> Bool { now - file.modifiedAt < retention.keepSeconds }
        while rest.count >= keep, let oldest = rest.last {
            if isYoung(oldest) {
                guard bytes() > retention.bytesMax else { break }
                if let other = others.popLast() {
                    unmatchedRemoved.append(other.number)
                    continue
                }
                isForced = true
            }
            removed.append(oldest.number)
            rest.removeLast()
        }
    }
}
