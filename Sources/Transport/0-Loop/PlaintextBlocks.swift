import Glibc
@_spi(CustomByteBufferAllocator) internal import NIOCore
import Synchronization

/// Memory for the buffers into which NIOSSL decrypts: 32 KiB for each connection, of which a request of ordinary size
/// touches the first page.
///
/// From `malloc` they would lie across pages, and often where a handshake has just been, so that an idle connection
/// kept three pages of memory for one that it used. Here each begins on a page of its own, and pages behind the first
/// are given back when the connection ends. Whatever has another size comes from `malloc`, as does everything beyond
/// `blocksMax`.
enum PlaintextBlocks {
    /// What NIOSSL asks for (twice the largest record).
    private static let blockBytes = 32_768
    /// Blocks at a time; connections beyond that have theirs from `malloc`. It is address space: 2 GiB, none of it in
    /// use.
    private static let blocksMax = 65_536
    private static let pageBytes = 4_096

    /// For the channels of clients. Safe on all threads.
    static let allocator = ByteBufferAllocator(
        allocate: { PlaintextBlocks.allocate($0) },
        reallocate: { PlaintextBlocks.reallocate($0, $1, $2) },
        deallocate: { PlaintextBlocks.deallocate($0) },
        copy: { $0.copyMemory(from: $1, byteCount: $2) })

    /// nil: the address space is limited; then all comes from `malloc`.
    nonisolated(unsafe) private static let region: UnsafeMutableRawPointer? = {
        let bytes = blockBytes * blocksMax
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let region = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), region != MAP_FAILED else {
            return nil
        }
        // A huge page would bring in the untouched ones of 64 connections.
        _ = madvise(region, bytes, MADV_NOHUGEPAGE)
        return region
    }()

    private struct Places {
        /// Those from here on were never used.
        var fresh = 0
        /// Those that were given back, the last one first.
        var free: [Int32] = []
    }
    private static let places = Mutex(Places())

    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
        guard bytes == blockBytes, let region else { return malloc(bytes) }
        let place = places.withLock { places -> Int? in
            if let place = places.free.popLast() { return Int(place) }
            guard places.fresh < blocksMax else { return nil }
            places.fresh += 1
            return places.fresh - 1
        }
        guard let place else { return malloc(bytes) }
        return region + place * blockBytes
    }

    private static func deallocate(_ pointer: UnsafeMutableRawPointer) {
        guard let place = place(of: pointer) else { return free(pointer) }
        _ = madvise(pointer + pageBytes, blockBytes - pageBytes, MADV_DONTNEED)
        places.withLock { $0.free.append(Int32(place)) }
    }

    private static func reallocate(
        _ pointer: UnsafeMutableRawPointer?, _ old: Int, _ new: Int
    ) -> UnsafeMutableRawPointer? {
        guard let pointer else { return allocate(new) }
        guard new == blockBytes || place(of: pointer) != nil else { return realloc(pointer, new) }
        guard let moved = allocate(new) else { return nil }
        moved.copyMemory(from: pointer, byteCount: min(old, new))
        deallocate(pointer)
        return moved
    }

    /// nil: it is one of `malloc`'s.
    private static func place(of pointer: UnsafeMutableRawPointer) -> Int? {
        guard let region, pointer >= region, pointer < region + blockBytes * blocksMax else { return nil }
        return (pointer - region) / blockBytes
    }
}
