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
    private var file: OpenFile
    /// The file was removed and could not be made again: what were written into it would be lost.
    private var isRemoved = false
    /// The file was moved away and no new one can be opened: reported once.
    private var isMovedAway = false

    init(_ sink: AuditSink) throws(AuditSinkError) {
        switch sink {
        case .standardOutput:
            self.init(standardOutput: 1)
        case .file(let path, _, _):
            do throws(SinkFailure) {
                self.init(sink: sink, file: try OpenFile(path))
            } catch {
                throw AuditSinkError(description: "\(path): cannot be opened for audit records: \(error.text)")
            }
        }
    }

    private init(sink: AuditSink, file: consuming OpenFile) {
        self.sink = sink
        self.file = file
    }

    /// Standard output, under whichever number it is open.
    init(standardOutput descriptor: Int32) {
        self.init(sink: .standardOutput, file: OpenFile(standardOutput: descriptor))
    }

    /// How long a batch waits for another process that writes to the file: many times what a record takes. Then it goes
    /// on without: a process that was stopped in the middle must not hold up the gateway.
    private static let lockMilliseconds = 1_000
    private var isShared = false

    /// Before a batch: nobody else who keeps to the lock writes until `end`. Rotates first if that is due.
    /// - Parameter looksForName: whether the name is looked up, too; otherwise only whether the file has one.
    /// - Returns: what others have done to the file.
    mutating func begin(before count: Int, lookingForName looksForName: Bool = true) -> AuditNotice? {
        isShared = true
        _ = file.lock(within: Self.lockMilliseconds)
        let notice = verified(lookingForName: looksForName)
        rotateIfDue(before: count)
        return notice
    }

    /// Between batches, when there is nothing to write: what others have done to the file. Nothing is written into a
    /// file that nobody will find.
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
            guard Self.shift(path, keep: keep), rename(path, "\(path).1") == 0 else { return }
        } else {
            guard unlink(path) == 0 else { return }
        }
        reopen()
    }

    /// Makes room for `path.1`. False: one of them cannot be moved, and so must not be written over either.
    private static func shift(_ path: String, keep: Int) -> Bool {
        for number in stride(from: keep - 1, through: 1, by: -1) {
            guard rename("\(path).\(number)", "\(path).\(number + 1)") == 0 || errno == ENOENT else { return false }
        }
        return true
    }
}
