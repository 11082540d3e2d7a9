package import Synchronization

package typealias ClusterStats = StatScope<ClusterStat>
package typealias HTTPStats = StatScope<HTTPStat>
package typealias ListenerStats = StatScope<ListenerStat>
package typealias EndpointStats = StatScope<EndpointStat>
package typealias ServerStats = StatScope<ServerStat>

/// The cells of one cluster, connection manager, listener, endpoint or process, at one worker.
///
/// One thread writes and any thread reads. Because there is one writer, a change is a relaxed load
/// and a relaxed store, which are plain moves: no lock prefix, no shared cache line with another
/// worker. Counters by status and histograms are allocated when the first value comes, so that an
/// idle cluster costs its plain cells only.
///
/// `@unchecked Sendable`: all that changes is in atomic cells; that only the owner writes is the
/// contract of every changing method.
@safe
package final class StatScope<Stat: StatSet>: @unchecked Sendable {
    /// The cluster, stat prefix or address, as the configuration says it.
    package let name: String

    /// First one cell for each stat, then pointers, as bits, to what is allocated later: the
    /// counters by status of each class, then the histograms.
    @usableFromInline let cells: UnsafeMutablePointer<Atomic<UInt64>>

    package init(name: String) {
        self.name = name
        precondition(
            Stat.allCases.enumerated().allSatisfy { $0.offset == $0.element.rawValue },
            "raw values are positions")
        let count = Self.cellCount
        unsafe cells = .allocate(capacity: count)
        for index in 0..<count {
            unsafe (cells + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        for index in Self.statCount..<Self.cellCount {
            guard let block = unsafe laterCells(index) else { continue }
            unsafe block.deallocate()
        }
        unsafe cells.deallocate()
    }

    private static var statCount: Int { Stat.allCases.count }
    private static var cellCount: Int {
        statCount + responseClassCount + Stat.Histogram.allCases.count
    }
    private static var responseClassCount: Int { Stat.responses == nil ? 0 : 5 }

    // MARK: - On the owning worker only

    /// Adds 1.
    @inlinable @inline(__always)
    package func increment(_ stat: Stat) { add(stat, 1) }

    /// Adds `amount`; a counter that has counted 2^64 begins at 0 again.
    @inlinable @inline(__always)
    package func add(_ stat: Stat, _ amount: UInt64) {
        let cell = unsafe cells + stat.rawValue
        let value = unsafe cell.pointee.load(ordering: .relaxed)
        unsafe cell.pointee.store(value &+ amount, ordering: .relaxed)
    }

    /// Takes 1 from a gauge; one that stands at 0 stays there.
    @inlinable @inline(__always)
    package func decrement(_ stat: Stat) { subtract(stat, 1) }

    /// Takes `amount` from a gauge, down to 0 at most.
    @inlinable @inline(__always)
    package func subtract(_ stat: Stat, _ amount: UInt64) {
        let cell = unsafe cells + stat.rawValue
        let value = unsafe cell.pointee.load(ordering: .relaxed)
        assert(value >= amount, "a gauge below zero: a decrement without its increment")
        unsafe cell.pointee.store(value < amount ? 0 : value - amount, ordering: .relaxed)
    }

    /// Sets a gauge.
    @inlinable @inline(__always)
    package func set(_ stat: Stat, _ value: UInt64) {
        unsafe (cells + stat.rawValue).pointee.store(value, ordering: .relaxed)
    }

    /// Counts a response: in total, by class and, where the scope has them, by exact status.
    ///
    /// A status outside of 100 to 599 counts in total only.
    package func countResponse(status: UInt16) {
        guard let responses = Stat.responses else { return }
        increment(responses.completed)
        guard status >= 100, status < 600 else { return }
        let (digit, rest) = status.quotientAndRemainder(dividingBy: 100)
        let offset = Int(digit) - 1
        let classCell = unsafe cells + (responses.firstClass.rawValue + offset)
        unsafe Self.bump(classCell, by: 1)
        guard responses.codeName != nil else { return }
        let codes = unsafe allocateOnce(Self.statCount + offset, count: 100)
        unsafe Self.bump(codes + Int(rest), by: 1)
    }

    /// Counts one value of a histogram.
    package func record(_ histogram: Stat.Histogram, milliseconds: UInt64) {
        let slot = Self.statCount + Self.responseClassCount + histogram.rawValue
        let block = unsafe allocateOnce(slot, count: HistogramLayout.cellCount)
        unsafe Self.bump(block + HistogramLayout.sum, by: milliseconds)
        unsafe Self.bump(block + HistogramLayout.boundaryCell(of: milliseconds), by: 1)
        unsafe Self.bump(block + HistogramLayout.fineCell(of: milliseconds), by: 1)
    }

    // MARK: - On any thread

    /// The value of one cell.
    package func value(_ stat: Stat) -> UInt64 {
        unsafe cells[stat.rawValue].load(ordering: .relaxed)
    }

    /// Adds this scope's responses with each exact status to `totals`, from status 100.
    func addCodes(to totals: inout [UInt64]) {
        guard Stat.responses?.codeName != nil else { return }
        for offset in 0..<5 {
            guard let codes = unsafe laterCells(Self.statCount + offset) else {
                continue
            }
            if totals.isEmpty { totals = Array(repeating: 0, count: 500) }
            for rest in 0..<100 {
                totals[offset * 100 + rest] &+= unsafe codes[rest].load(ordering: .relaxed)
            }
        }
    }

    /// Adds the cells of a histogram to `totals`; leaves it empty where no value came yet.
    func addHistogram(_ histogram: Stat.Histogram, to totals: inout [UInt64]) {
        let slot = Self.statCount + Self.responseClassCount + histogram.rawValue
        guard let block = unsafe laterCells(slot) else { return }
        if totals.isEmpty { totals = Array(repeating: 0, count: HistogramLayout.cellCount) }
        for index in totals.indices {
            totals[index] &+= unsafe block[index].load(ordering: .relaxed)
        }
    }

    // MARK: - Cells that come later

    private func laterCells(_ slot: Int) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        let bits = unsafe cells[slot].load(ordering: .acquiring)
        return unsafe UnsafeMutablePointer(bitPattern: UInt(bits))
    }

    private func allocateOnce(
        _ slot: Int, count: Int
    ) -> UnsafeMutablePointer<Atomic<UInt64>> {
        let bits = unsafe cells[slot].load(ordering: .relaxed)
        if let block = unsafe UnsafeMutablePointer<Atomic<UInt64>>(bitPattern: UInt(bits)) {
            return unsafe block
        }
        let block = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: count)
        for index in 0..<count {
            unsafe (block + index).initialize(to: Atomic(0))
        }
        // A reader that sees the pointer sees the zeros, too.
        unsafe cells[slot].store(UInt64(UInt(bitPattern: block)), ordering: .releasing)
        return unsafe block
    }

    @inline(__always)
    private static func bump(_ cell: UnsafeMutablePointer<Atomic<UInt64>>, by amount: UInt64) {
        let value = unsafe cell.pointee.load(ordering: .relaxed)
        unsafe cell.pointee.store(value &+ amount, ordering: .relaxed)
    }
}
