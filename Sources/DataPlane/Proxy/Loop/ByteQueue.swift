import Glibc
import Model

/// Bytes that wait: to be written, to be parsed, or to be sent again.
///
/// Memory is taken when the first byte comes and given back when the last one goes, so an idle
/// connection holds none.
///
/// Blocks of 16 KiB come from the loop's free list; larger ones from malloc. The limit is the
/// caller's business: it stops reading from whoever fills the queue.
@safe
package struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    package init() {}

    deinit {
        if let base = unsafe base { unsafe BlockPool.give(base, capacity: capacity) }
    }

    package var count: Int { end - start }
    package var isEmpty: Bool { end == start }

    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            guard let base = unsafe base else {
                return unsafe _overrideLifetime(Span<UInt8>(), borrowing: self)
            }
            let bytes = unsafe base.advanced(by: start).assumingMemoryBound(to: UInt8.self)
            let span = unsafe Span(_unsafeStart: UnsafePointer(unsafe bytes), count: end - start)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The first waiting byte, for system calls; valid until the queue is changed.
    var pointer: UnsafeMutableRawPointer? {
        guard let base = unsafe base else { return nil }
        return unsafe base.advanced(by: start)
    }

    package mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe append(from, count: source.count)
        }
    }

    mutating func append(_ source: UnsafeRawPointer, count: Int) {
        guard count > 0 else { return }
        let room = unsafe reserve(count)
        unsafe room.copyMemory(from: source, byteCount: count)
        end += count
    }

    package mutating func append(_ text: StaticString) {
        unsafe append(UnsafeRawPointer(text.utf8Start), count: text.utf8CodeUnitCount)
    }

    package mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

    /// Room for `count` bytes after the last one; `commit` says how many were written.
    mutating func reserve(_ count: Int) -> UnsafeMutableRawPointer {
        if let base = unsafe base, end + count <= capacity {
            return unsafe base.advanced(by: end)
        }
        let waiting = end - start
        if let base = unsafe base, waiting + count <= capacity, start >= capacity / 2 {
            unsafe base.copyMemory(from: base.advanced(by: start), byteCount: waiting)
            start = 0
            end = waiting
            return unsafe base.advanced(by: end)
        }
        var wanted = max(BlockPool.blockBytes, capacity)
        while wanted < waiting + count { wanted *= 2 }
        let (block, blockCapacity) = unsafe BlockPool.take(wanted)
        if let base = unsafe base {
            unsafe block.copyMemory(from: base.advanced(by: start), byteCount: waiting)
            unsafe BlockPool.give(base, capacity: capacity)
        }
        unsafe base = block
        capacity = blockCapacity
        start = 0
        end = waiting
        return unsafe block.advanced(by: end)
    }

    mutating func commit(_ count: Int) {
        precondition(count >= 0 && end + count <= capacity, "more bytes than there was room for")
        end += count
    }

    package mutating func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= end - start, "fewer bytes wait than are taken")
        start += count
        if start == end { removeAll() }
    }

    package mutating func removeAll() {
        if let held = unsafe base {
            unsafe BlockPool.give(held, capacity: capacity)
            unsafe base = nil
        }
        capacity = 0
        start = 0
        end = 0
    }
}

/// Blocks of 16 KiB that this thread used last, so that a request costs no malloc.
@safe
enum BlockPool {
    static let blockBytes = 16 * 1024
    /// 64 free blocks are kept: one MiB for each worker.
    private static let keptMax = 64

    @safe
    private final class FreeList {
        var blocks: [UnsafeMutableRawPointer]
        init() {
            unsafe blocks = []
            unsafe blocks.reserveCapacity(BlockPool.keptMax)
        }
        deinit {
            while let block = unsafe blocks.popLast() { unsafe free(block) }
        }
    }

    /// One list for each thread that runs a loop: a thread-local, because a queue is a value and
    /// has no place for a reference to its loop.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        _ = unsafe pthread_key_create(&key) { raw in
            guard let raw = unsafe raw else { return }
            unsafe Unmanaged<FreeList>.fromOpaque(raw).release()
        }
        return key
    }()

    private static var list: FreeList {
        if let raw = unsafe pthread_getspecific(key) {
            return unsafe Unmanaged<FreeList>.fromOpaque(raw).takeUnretainedValue()
        }
        let list = FreeList()
        _ = unsafe pthread_setspecific(key, Unmanaged.passRetained(list).toOpaque())
        return list
    }

    static func take(_ count: Int) -> (UnsafeMutableRawPointer, Int) {
        if count <= blockBytes {
            if let block = unsafe list.blocks.popLast() { return unsafe (block, blockBytes) }
            return unsafe (allocate(blockBytes), blockBytes)
        }
        return unsafe (allocate(count), count)
    }

    static func give(_ block: UnsafeMutableRawPointer, capacity: Int) {
        if capacity == blockBytes {
            let list = Self.list
            if unsafe list.blocks.count < keptMax {
                unsafe list.blocks.append(block)
                return
            }
        }
        unsafe free(block)
    }

    private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        guard let block = unsafe malloc(count) else {
            preconditionFailure("out of memory: \(count) bytes")
        }
        return unsafe block
    }
}
