import Glibc

/// One open file, pipe or device that records are appended to.
struct OpenFile: ~Copyable {
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    let isRegular: Bool
    private(set) var size: Int
    /// The octets up to here were in the file when a name last led to it: whoever removes the file removes them, too.
    private var sizeSeen: Int
    /// How large the file was before somebody cut it, until that has been reported.
    private var sizeBeforeCut: Int?
    /// Whether a name led to the file when it was opened: some supervisors hand over files that never had one.
    private let hadName: Bool
    /// The file ends in the middle of a line: whoever wrote it was killed. The next record begins on a line of its own.
    private var owesLineFeed = false

    /// How long one attempt waits for a pipe to have room.
    private static let pollMilliseconds: Int32 = 500

    init(_ path: String) throws(SinkFailure) {
        descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw SinkFailure(number: errno) }
        ownsDescriptor = true
        (isRegular, size) = Self.state(descriptor)
        sizeSeen = size
        hadName = true
        if isRegular { owesLineFeed = Self.endsWithinLine(descriptor, size) }
    }

    init(standardOutput descriptor: Int32) {
        self.descriptor = descriptor
        ownsDescriptor = false
        isRegular = false
        size = 0
        sizeSeen = 0
        hadName = Self.links(descriptor) > 0
    }

    deinit {
        if ownsDescriptor { close(descriptor) }
    }

    private static func state(_ descriptor: Int32) -> (isRegular: Bool, size: Int) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return (false, 0) }
        return (status.st_mode & S_IFMT == S_IFREG, Int(status.st_size))
    }

    mutating func write(_ octets: ArraySlice<UInt8>) -> Result<Int, SinkFailure> {
        if owesLineFeed {
            if case .failure(let failure) = writeOnce([0x0A]) { return .failure(failure) }
            owesLineFeed = false
        }
        return writeOnce(octets)
    }

    private mutating func writeOnce(_ octets: ArraySlice<UInt8>) -> Result<Int, SinkFailure> {
        var mayWait = true
        while true {
            let count = octets.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                size += count
                return .success(count)
            }
            let number = count == 0 ? EIO : errno
            if number == EINTR { continue }
            guard number == EAGAIN, mayWait else { return .failure(SinkFailure(number: number)) }
            // Somebody made the terminal or pipe non-blocking.
            mayWait = false
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&waiting, 1, Self.pollMilliseconds)
        }
    }

    /// Keeps others that ask for it (the command line, which records its changes here) from writing at the same time,
    /// and looks at what they have written meanwhile. Waits for `milliseconds` at most; false: somebody holds it longer
    /// than writing a record takes.
    mutating func lock(within milliseconds: Int) -> Bool {
        guard isRegular else { return true }
        for _ in 0..<max(1, milliseconds) {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                let known = size
                catchUp()
                // Whoever keeps to the lock takes nothing back that was there before.
                if size < known { sizeBeforeCut = max(known, sizeBeforeCut ?? 0) }
                return true
            }
            guard errno == EWOULDBLOCK || errno == EINTR else { break }
            poll(nil, 0, 1)
        }
        catchUp()
        return false
    }

    func unlock() {
        if isRegular { _ = flock(descriptor, LOCK_UN) }
    }

    private mutating func catchUp() {
        let now = Self.state(descriptor).size
        guard now != size else { return }
        size = now
        owesLineFeed = Self.endsWithinLine(descriptor, size)
    }

    private static func endsWithinLine(_ descriptor: Int32, _ size: Int) -> Bool {
        var last: UInt8 = 0
        return size > 0 && pread(descriptor, &last, 1, off_t(size - 1)) == 1 && last != 0x0A
    }

    /// Removes the last `count` octets, if they are still the last: nobody else has appended.
    mutating func takeBack(_ count: Int) -> Bool {
        guard isRegular, count <= size, Self.state(descriptor).size == size else { return false }
        guard ftruncate(descriptor, off_t(size - count)) == 0 else { return false }
        size -= count
        return true
    }

    /// Whether the path leads to this very file.
    func isStill(at path: String) -> Bool {
        var own = stat()
        var other = stat()
        guard fstat(descriptor, &own) == 0, stat(path, &other) == 0 else { return false }
        return own.st_ino == other.st_ino && own.st_dev == other.st_dev
    }

    // MARK: What others do to it

    /// Whether a name still leads to the file.
    enum Place { case named, movedAway, removed }

    /// - Parameter path: nil: only whether it has any name at all is of interest.
    mutating func place(at path: String?) -> Place {
        if hadName, Self.links(descriptor) == 0 { return .removed }
        if let path, !isStill(at: path) { return .movedAway }
        sizeSeen = size
        return .named
    }

    private static func links(_ descriptor: Int32) -> Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_nlink) : 1
    }

    /// From which size on which the file was cut since this was asked last; nil: it was not.
    mutating func takeCut() -> (from: Int, to: Int)? {
        guard let from = sizeBeforeCut.take() else { return nil }
        return (from, size)
    }

    /// Appends to another file what was written into this one since a name last led to it. All of it, or nothing and
    /// the reason.
    mutating func rescue(into other: inout OpenFile) -> Result<Int, SinkFailure> {
        guard isRegular, sizeSeen < size else { return .success(0) }
        var part = [UInt8](repeating: 0, count: 65_536)
        var copied = 0
        while sizeSeen + copied < size {
            let got = pread(descriptor, &part, min(part.count, size - sizeSeen - copied), off_t(sizeSeen + copied))
            guard got > 0 else { break }
            var offset = 0
            while offset < got {
                switch other.write(part[offset..<got]) {
                case .success(let count): offset += count
                case .failure(let failure):
                    _ = other.takeBack(copied + offset)
                    return .failure(failure)
                }
            }
            copied += got
        }
        if other.isRegular { other.owesLineFeed = Self.endsWithinLine(other.descriptor, other.size) }
        return .success(copied)
    }
}
