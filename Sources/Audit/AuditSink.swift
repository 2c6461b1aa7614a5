import Glibc

/// Where records go.
package enum AuditSink: Sendable, Equatable {
    case standardOutput
    /// A file, appended to, mode 0600. Before it would exceed `rotateBytes` it becomes `path.1`, that one `path.2`, up
    /// to `keep` of them.
    case file(path: String, rotateBytes: Int, keep: Int)
}

/// The sink cannot be opened.
package struct AuditSinkError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Why the sink did not take what it was given.
struct SinkFailure: Error {
    let number: Int32
    var text: String { String(cString: strerror(number)) }
}

/// The open end of a sink; used by the writer's thread only.
struct OpenSink: ~Copyable {
    private let sink: AuditSink
    private let retention: AuditRetention
    private var file: OpenFile
    /// Octets of refused requests that matched no route that the file still takes; nil: as many as come.
    private var unmatchedBytesLeft: Int?
    /// Files that ought to have been kept were removed at the last rotation.
    private var historyCut: String?
    /// The file was removed and could not be made again: what were written into it would be lost.
    private var isRemoved = false
    /// The file was moved away and no new one can be opened: reported once.
    private var isMovedAway = false

    init(_ sink: AuditSink, retention: AuditRetention = AuditRetention()) throws(AuditSinkError) {
        switch sink {
        case .standardOutput:
            self.init(standardOutput: 1)
        case .file(let path, _, _):
            do throws(SinkFailure) {
                self.init(sink: sink, retention: retention, file: try OpenFile(path))
            } catch {
                throw AuditSinkError(description: "\(path): cannot be opened for audit records: \(error.text)")
            }
        }
    }

    private init(sink: AuditSink, retention: AuditRetention, file: consuming OpenFile) {
        self.sink = sink
        self.retention = retention
        self.file = file
        shareAnew()
    }

    /// Standard output, under whichever number it is open.
    init(standardOutput descriptor: Int32) {
        self.init(sink: .standardOutput, retention: AuditRetention(), file: OpenFile(standardOutput: descriptor))
    }

    /// How long a batch waits for another process that writes to the file: many times what a record takes. Then it goes
    /// on without: a process that was stopped in the middle must not hold up the gateway.
    private static let lockMilliseconds = 1_000
    private var isShared = false

    /// Before a batch: nobody else who keeps to the lock writes until `end`. Rotates first if that is due.
    /// - Returns: whether others have removed or cut the file; its name is not looked up.
    mutating func begin(before count: Int) -> AuditNotice? {
        isShared = true
        _ = file.lock(within: Self.lockMilliseconds)
        let notice = verified(lookingForName: false)
        rotateIfDue(before: count)
        return notice
    }

    /// Between batches, when there is nothing to write: what others have done to the file. Nothing is written into a
    /// file that nobody will find.
    /// - Parameter looksForName: whether the name is looked up, too; otherwise only whether the file has one.
    mutating func verify(lookingForName looksForName: Bool = true) -> AuditNotice? {
        isShared = true
        defer { end() }
        // Who writes at the moment will be looked at the next time.
        guard file.lock(within: 1) else { return nil }
        return verified(lookingForName: looksForName)
    }

    /// In the middle of a batch whose file takes nothing: whether that is still the file.
    mutating func reverify() -> AuditNotice? { verified(lookingForName: true) }

    /// Why the file cannot be written to: it was removed, and cannot be made again. nil: it can.
    var failure: SinkFailure? {
        guard isRemoved, case .file = sink else { return nil }
        return SinkFailure(number: ENOENT)
    }

    private mutating func verified(lookingForName looksForName: Bool) -> AuditNotice? {
        guard case .file(let path, _, _) = sink else {
            guard !isRemoved, case .removed = file.place(at: nil) else { return nil }
            // There is no name that could be opened.
            isRemoved = true
            return .outputRemoved
        }
        switch file.place(at: looksForName ? path : nil) {
        case .named:
            return file.takeCut().map { .truncated(path: path, from: $0.from, to: $0.to) }
        case .movedAway:
            let isKnown = isMovedAway
            isMovedAway = !reopen()
            return isMovedAway && isKnown ? nil : .movedAway(path: path, isReopened: !isMovedAway)
        case .removed:
            let isKnown = isRemoved
            isRemoved = true
            guard case .success(let rescued) = reopenRemoved(path) else {
                return isKnown ? nil : .removed(path: path, rescuedBytes: nil)
            }
            isRemoved = false
            return .removed(path: path, rescuedBytes: rescued)
        }
    }

    /// Makes the file again, with what was written since it was removed.
    private mutating func reopenRemoved(_ path: String) -> Result<Int, SinkFailure> {
        do throws(SinkFailure) {
            var opened = try OpenFile(path)
            if isShared { _ = opened.lock(within: Self.lockMilliseconds) }
            switch file.rescue(into: &opened) {
            case .failure(let failure):
                return .failure(failure)
            case .success(let rescued):
                file = opened
                shareAnew()
                return .success(rescued)
            }
        } catch {
            return .failure(error)
        }
    }

    mutating func end() {
        isShared = false
        file.unlock()
    }

    /// Octets taken, at least one.
    mutating func write(_ octets: ArraySlice<UInt8>) -> Result<Int, SinkFailure> {
        guard isRemoved, case .file(let path, _, _) = sink else { return file.write(octets) }
        if case .failure(let failure) = reopenRemoved(path) { return .failure(failure) }
        isRemoved = false
        return file.write(octets)
    }

    /// Takes back the last octets that were written. False: that cannot be done here.
    mutating func takeBack(_ count: Int) -> Bool { file.takeBack(count) }

    /// Opens what the path leads to now. False: the old file goes on, because the path cannot be opened or there is
    /// none.
    @discardableResult
    mutating func reopen() -> Bool {
        guard case .file(let path, _, _) = sink else { return false }
        if case .removed = file.place(at: nil) {
            guard case .success = reopenRemoved(path) else { return false }
        } else {
            guard let opened = try? OpenFile(path) else { return false }
            file = opened
            shareAnew()
        }
        isRemoved = false
        if isShared { _ = file.lock(within: Self.lockMilliseconds) }
        return true
    }

    /// Called between batches, which are whole records. A rotation that fails leaves the file as it is: it grows, and
    /// nothing is lost.
    mutating func rotateIfDue(before count: Int) {
        guard case .file(let path, let rotateBytes, let keep) = sink, file.isRegular, file.size > 0,
            rotateBytes > 0, file.size + count > rotateBytes
        else { return }
        // Moved away by somebody else, or by a rotation that could not open the new file: there is nothing to rename.
        guard file.isStill(at: path) else {
            reopen()
            return
        }
        if keep > 0 {
            guard makeRoom(path, keep: keep, before: count), rename(path, "\(path).1") == 0 else { return }
        } else {
            guard unlink(path) == 0 else { return }
        }
        reopen()
    }

    /// Whether the history was cut because of the bound of the disk since this was asked last.
    mutating func takeHistoryCut() -> AuditNotice? {
        guard let path = historyCut.take() else { return nil }
        return .historyCut(path: path, bytesMax: retention.bytesMax)
    }

    /// Removes what need not be kept, and makes room for `path.1`. False: a file cannot be removed or moved, and so must
    /// not be written over either.
    private mutating func makeRoom(_ path: String, keep: Int, before count: Int) -> Bool {
        let unmatchedPath = Self.unmatchedPath(path)
        let kept = Self.rotated(path)
        let plan = RotationPlan(
            kept, unmatched: Self.rotated(unmatchedPath), currentBytes: file.size + count, keep: keep,
            retention: retention, now: Int(RecordClock.wallNanoseconds() / 1_000_000_000))
        for number in plan.unmatchedRemoved { _ = unlink("\(unmatchedPath).\(number)") }
        for number in plan.removed { guard unlink("\(path).\(number)") == 0 else { return false } }
        if plan.isForced { historyCut = path }
        // Up to the first gap: what stands behind it keeps its number.
        let numbers = Set(kept.map(\.number)).subtracting(plan.removed)
        var last = 0
        while numbers.contains(last + 1) { last += 1 }
        for number in stride(from: last, through: 1, by: -1) {
            guard rename("\(path).\(number)", "\(path).\(number + 1)") == 0 else { return false }
        }
        return true
    }

    /// The files `path.1`, `path.2` and so on that there are.
    private static func rotated(_ path: String) -> [RotationPlan.Kept] {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let prefix = path[(slash.map(path.index(after:)) ?? path.startIndex)...] + "."
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var kept: [RotationPlan.Kept] = []
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)), number > 0,
                "\(number)" == name.dropFirst(prefix.count)
            else { continue }
            var status = stat()
            guard lstat("\(path).\(number)", &status) == 0 else { continue }
            kept.append(
                RotationPlan.Kept(
                    number: number, bytes: Int(status.st_size), modifiedAt: Int(status.st_mtim.tv_sec)))
        }
        return kept
    }

    // MARK: Refused requests that matched no route

    private static func unmatchedPath(_ path: String) -> String { "\(path).unmatched" }

    /// Whether so many octets of theirs go into this file; they are taken off its share then.
    mutating func hasShare(for count: Int) -> Bool {
        guard let left = unmatchedBytesLeft, count > 0 else { return true }
        guard count <= left else { return false }
        unmatchedBytesLeft = left - count
        return true
    }

    /// A quarter of what the file has room for.
    private mutating func shareAnew() {
        guard case .file(_, let rotateBytes, _) = sink, rotateBytes > 0, file.isRegular else {
            unmatchedBytesLeft = nil
            return
        }
        unmatchedBytesLeft = max(rotateBytes - file.size, 0) / 4
    }

    /// The file for what is more than their share. nil: it cannot be opened.
    func openForUnmatched() -> OpenSink? {
        guard case .file(let path, let rotateBytes, _) = sink else { return nil }
        var opened = try? OpenSink(
            .file(path: Self.unmatchedPath(path), rotateBytes: rotateBytes, keep: retention.unmatchedKeep))
        opened?.unmatchedBytesLeft = nil
        return opened
    }
}
