public import Synchronization

/// The cells of a cluster.
public typealias ClusterStats = StatScope<ClusterStat>
/// The cells of an HTTP connection manager.
public typealias HTTPStats = StatScope<HTTPStat>
/// The cells of a listener.
public typealias ListenerStats = StatScope<ListenerStat>
/// The cells of the process.
public typealias ServerStats = StatScope<ServerStat>
/// The cells of a part of a cluster's responses: canaries, a zone, an alternative name.
public typealias ClusterPartStats = StatScope<ClusterPartStat>
/// The cells of the HTTP/2 codec: of the clients' connections, or of those to a cluster.
public typealias HTTP2Stats = StatScope<HTTP2Stat>
/// The cells of a TCP proxy.
public typealias TCPStats = StatScope<TCPStat>
/// The cells of what looks at connections before a filter chain is chosen.
public typealias ListenerFilterStats = StatScope<ListenerFilterStat>
/// The cells of the calls of a gRPC method.
public typealias GRPCStats = StatScope<GRPCStat>
/// The cells of what the handshakes of a listener or cluster need.
public typealias TLSContextStats = StatScope<TLSContextStat>
/// The cells of a virtual cluster, or of a route with a `stat_prefix`.
public typealias RouteStats = StatScope<RouteStat>

/// The cells of one cluster, connection manager, listener or process, at one worker.
///
/// One thread writes and any thread reads. Because there is one writer, a change is a relaxed load
/// and a relaxed store, which are plain moves: no lock prefix, no shared cache line with another
/// worker. What is rarely written (all but the first `directCount` stats, in pages, the counters by
/// status and the histograms) is allocated when the first value comes, so that an idle cluster costs
/// its common cells only.
///
/// It and its stats are `public`, not `package`: the compiler keeps the bodies of public inlinable
/// functions only for other modules, and a count that is a call costs ten times as much.
///
/// `@unchecked Sendable`: all that changes is in atomic cells; that only the owner writes is the
/// contract of every changing method.
@safe
public final class StatScope<Stat: StatSet>: @unchecked Sendable {
    /// The cluster, stat prefix or address, as it is printed.
    public let name: String

    /// First one cell for each of the common stats, then pointers, as bits, to what is allocated
    /// later: the pages of the other stats, the counters by status of each class, the histograms.
    @usableFromInline let cells: UnsafeMutablePointer<Atomic<UInt64>>

    // The layout, as plain numbers: asking the generic type's statics costs a metadata lookup for
    // each request.
    private let cellCount: Int
    /// The cell of all responses and of the first class; -1 where responses are not counted.
    @usableFromInline let completedCell: Int
    @usableFromInline let firstClassCell: Int
    @usableFromInline let countsCodes: Bool
    /// Where the pointers to the pages begin, those to the counters by status, and those to the
    /// histograms.
    private let directCount: Int
    @usableFromInline let codeSlot: Int
    @usableFromInline let histogramSlot: Int

    /// Makes the cells, all at 0.
    public init(name: String) {
        self.name = name
        precondition(
            Stat.allCases.enumerated().allSatisfy { $0.offset == $0.element.rawValue },
            "raw values are positions"
        )
        let responses = Stat.responses
        completedCell = responses?.completed.rawValue ?? -1
        firstClassCell = responses?.firstClass.rawValue ?? -1
        countsCodes = responses?.codeName != nil
        let count = Stat.allCases.count
        directCount = min(Stat.directCount, count)
        codeSlot =
            directCount + (count - directCount + LaterCells.pageSize - 1) / LaterCells.pageSize
        histogramSlot = codeSlot + (countsCodes ? 5 : 0)
        cellCount = histogramSlot + Stat.Histogram.allCases.count
        unsafe cells = .allocate(capacity: cellCount)
        for index in 0..<cellCount {
            unsafe (cells + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        for index in directCount..<cellCount {
            unsafe LaterCells.find(cells + index)?.deallocate()
        }
        unsafe cells.deallocate()
    }

    /// The cell of a stat, made where it is not there yet.
    @inlinable @inline(__always)
    func cell(_ stat: Stat) -> UnsafeMutablePointer<Atomic<UInt64>> {
        let position = stat.rawValue
        let direct = Stat.directCount
        if position < direct { return unsafe cells + position }
        let later = position &- direct
        let page = unsafe LaterCells.allocateOnce(
            cells + (direct &+ later / LaterCells.pageSize),
            count: LaterCells.pageSize
        )
        return unsafe page + later % LaterCells.pageSize
    }

    /// The cell of a stat, or nil where nothing was written to its page.
    @inlinable @inline(__always)
    func cellIfMade(_ stat: Stat) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        let position = stat.rawValue
        let direct = Stat.directCount
        if position < direct { return unsafe cells + position }
        let later = position &- direct
        guard let page = unsafe LaterCells.find(cells + (direct &+ later / LaterCells.pageSize))
        else { return nil }
        return unsafe page + later % LaterCells.pageSize
    }

    // MARK: - On the owning worker only

    /// Adds 1.
    @inlinable @inline(__always)
    public func increment(_ stat: Stat) { add(stat, 1) }

    /// Adds `amount`; a counter that has counted 2^64 begins at 0 again.
    @inlinable @inline(__always)
    public func add(_ stat: Stat, _ amount: UInt64) {
        let cell = unsafe cell(stat)
        let value = unsafe cell.pointee.load(ordering: .relaxed)
        unsafe cell.pointee.store(value &+ amount, ordering: .relaxed)
    }

    /// Takes 1 from a gauge; one that stands at 0 stays there.
    @inlinable @inline(__always)
    public func decrement(_ stat: Stat) { subtract(stat, 1) }

    /// Takes `amount` from a gauge, down to 0 at most.
    @inlinable @inline(__always)
    public func subtract(_ stat: Stat, _ amount: UInt64) {
        let cell = unsafe cell(stat)
        let value = unsafe cell.pointee.load(ordering: .relaxed)
        assert(value >= amount, "a gauge below zero: a decrement without its increment")
        unsafe cell.pointee.store(value < amount ? 0 : value - amount, ordering: .relaxed)
    }

    /// Sets a gauge.
    ///
    /// A 0 where nothing was written yet changes nothing.
    @inlinable @inline(__always)
    public func set(_ stat: Stat, _ value: UInt64) {
        if value == 0 {
            if let cell = unsafe cellIfMade(stat) {
                unsafe cell.pointee.store(0, ordering: .relaxed)
            }
        } else {
            unsafe cell(stat).pointee.store(value, ordering: .relaxed)
        }
    }

    /// Counts a response: in total, by class and, where the scope has them, by exact status.
    ///
    /// A status outside of 100 to 599 counts in total only.
    @inlinable
    public func countResponse(status: UInt16) {
        guard completedCell >= 0 else { return }
        unsafe LaterCells.bump(cells + completedCell, by: 1)
        guard status >= 100, status < 600 else { return }
        let (digit, rest) = status.quotientAndRemainder(dividingBy: 100)
        let offset = Int(digit) - 1
        unsafe LaterCells.bump(cells + (firstClassCell + offset), by: 1)
        guard countsCodes else { return }
        let codes = unsafe LaterCells.allocateOnce(cells + (codeSlot + offset), count: 100)
        unsafe LaterCells.bump(codes + Int(rest), by: 1)
    }

    /// Counts one value of a histogram that measures something else than time.
    @inlinable
    public func record(_ histogram: Stat.Histogram, value: UInt64) {
        record(histogram, milliseconds: value)
    }

    /// Counts one value of a histogram.
    @inlinable
    public func record(_ histogram: Stat.Histogram, milliseconds: UInt64) {
        unsafe LaterCells.record(
            cells + (histogramSlot + histogram.rawValue),
            milliseconds: milliseconds
        )
    }

    // MARK: - On any thread

    /// The value of one cell.
    public func value(_ stat: Stat) -> UInt64 {
        guard let cell = unsafe cellIfMade(stat) else { return 0 }
        return unsafe cell.pointee.load(ordering: .relaxed)
    }

    /// Whether the stat has a cell: one of a page has none before the first value of the page.
    func hasCell(_ stat: Stat) -> Bool { unsafe cellIfMade(stat) != nil }

    /// Adds this scope's responses with each exact status to `totals`, from status 100.
    func addCodes(to totals: inout [UInt64]) {
        guard countsCodes else { return }
        for offset in 0..<5 {
            guard let codes = unsafe LaterCells.find(cells + (codeSlot + offset)) else {
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
        let slot = unsafe cells + (histogramSlot + histogram.rawValue)
        guard let block = unsafe LaterCells.find(slot) else { return }
        if totals.isEmpty { totals = Array(repeating: 0, count: HistogramLayout.cellCount) }
        for index in totals.indices {
            totals[index] &+= unsafe block[index].load(ordering: .relaxed)
        }
    }
}
