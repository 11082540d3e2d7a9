public import Synchronization

/// Cells that are allocated when the first value comes; a scope's cell keeps their address.
///
/// Only the scope's owner allocates and counts; any thread may find them.
@usableFromInline
enum LaterCells {
    /// Stats that get their cells together.
    @inlinable static var pageSize: Int { 16 }

    /// The cells behind a slot; nil where nothing came yet.
    @inlinable
    static func find(
        _ slot: UnsafeMutablePointer<Atomic<UInt64>>
    ) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        let bits = unsafe slot.pointee.load(ordering: .acquiring)
        return unsafe UnsafeMutablePointer(bitPattern: UInt(bits))
    }

    /// The cells behind a slot, made where there are none.
    @inlinable
    static func allocateOnce(
        _ slot: UnsafeMutablePointer<Atomic<UInt64>>,
        count: Int
    ) -> UnsafeMutablePointer<Atomic<UInt64>> {
        let bits = unsafe slot.pointee.load(ordering: .relaxed)
        if let block = unsafe UnsafeMutablePointer<Atomic<UInt64>>(bitPattern: UInt(bits)) {
            return unsafe block
        }
        return unsafe allocate(slot, count: count)
    }

    @usableFromInline
    static func allocate(
        _ slot: UnsafeMutablePointer<Atomic<UInt64>>,
        count: Int
    ) -> UnsafeMutablePointer<Atomic<UInt64>> {
        let block = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: count)
        for index in 0..<count {
            unsafe (block + index).initialize(to: Atomic(0))
        }
        // A reader that sees the pointer sees the zeros, too.
        unsafe slot.pointee.store(UInt64(UInt(bitPattern: block)), ordering: .releasing)
        return unsafe block
    }

    /// Counts one value of the histogram behind a slot.
    @usableFromInline
    static func record(_ slot: UnsafeMutablePointer<Atomic<UInt64>>, milliseconds: UInt64) {
        let block = unsafe allocateOnce(slot, count: HistogramLayout.cellCount)
        unsafe bump(block + HistogramLayout.sum, by: milliseconds)
        unsafe bump(block + HistogramLayout.boundaryCell(of: milliseconds), by: 1)
        unsafe bump(block + HistogramLayout.fineCell(of: milliseconds), by: 1)
    }

    @inlinable @inline(__always)
    static func bump(_ cell: UnsafeMutablePointer<Atomic<UInt64>>, by amount: UInt64) {
        let value = unsafe cell.pointee.load(ordering: .relaxed)
        unsafe cell.pointee.store(value &+ amount, ordering: .relaxed)
    }
}
