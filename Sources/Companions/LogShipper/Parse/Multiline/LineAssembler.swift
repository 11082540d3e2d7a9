import Glibc
import Model

/// Joins the lines that are one record.
///
/// Lines that wait are kept up to the limits of lines and bytes; what would be more is given out as it
/// is, marked, and the rest begins another record. Used by one thread, for one file or connection.
package final class LineAssembler {
    /// Takes one record: its bytes, where they begin and end in the stream, and its marks.
    ///
    /// Where another record waits that began before it, the end is the begin of that one, so that
    /// nothing counts as delivered that only waits.
    package typealias Emit = (
        _ line: Span<UInt8>, _ start: UInt64, _ end: UInt64, _ mark: LineMark
    ) -> Void

    /// Lines that wait.
    private struct Pending {
        var bytes: [UInt8] = []
        var lines = 0
        var start: UInt64 = 0
        var end: UInt64 = 0
        var mark: LineMark = []
        var since: Int64 = 0
        /// What comes after the joined text: the rest of Docker's object.
        var tail: [UInt8] = []
    }

    /// Bytes of room that are kept for the next record.
    private static let keptMax = 1 << 16
    private let rule: any JoiningRule
    private let linesMax: Int
    private let bytesMax: Int
    /// Milliseconds after which what waits is a record; the caller asks ``pendingSince``.
    package let flushAfter: Int64
    /// One for each stream that the lines name, two at most; one otherwise.
    private var slots = [Pending(), Pending()]

    /// - Throws: what is wrong with an expression.
    package init(
        _ options: MultilineOptions,
        place: ConfigurationPlace
    ) throws(LogConfigurationFailure) {
        rule = try JoiningRules.make(options.rule, place: place)
        linesMax = max(options.linesMax, 1)
        bytesMax = max(options.bytesMax, 1)
        flushAfter = options.flushAfter
    }

    /// One with the same rule, in which nothing waits.
    package init(like other: LineAssembler) {
        rule = other.rule.another()
        linesMax = other.linesMax
        bytesMax = other.bytesMax
        flushAfter = other.flushAfter
    }

    package var isPending: Bool { slots[0].lines > 0 || slots[1].lines > 0 }

    /// Where the lines that wait begin, or nil.
    ///
    /// What is delivered counts up to here and no further.
    package var pendingStart: UInt64? {
        switch (slots[0].lines > 0, slots[1].lines > 0) {
        case (true, true): min(slots[0].start, slots[1].start)
        case (true, false): slots[0].start
        case (false, true): slots[1].start
        case (false, false): nil
        }
    }

    /// Since when the newest of the lines that wait is here: milliseconds on the monotonic clock.
    package var pendingSince: Int64? {
        isPending ? max(slots[0].since, slots[1].since) : nil
    }

    /// Takes one line without its line end.
    ///
    /// - Parameter now: milliseconds on the monotonic clock; it is read where nil.
    package func add(
        line: Span<UInt8>,
        start: UInt64,
        end: UInt64,
        mark: LineMark,
        now: Int64? = nil,
        emit: Emit
    ) {
        let slot = rule.slot(of: line) & 1
        let verdict = rule.judge(line, isPending: slots[slot].lines > 0)
        if verdict.beginsNew, slots[slot].lines > 0 { give(slot, emit) }
        if verdict.endsHere, slots[slot].lines == 0 {
            emit(line, start, limit(end), mark)
            return
        }
        if slots[slot].lines > 0, isFull(slot, line.count) {
            slots[slot].mark.formUnion(.truncated)
            give(slot, emit)
        }
        append(line, start, end, mark, slot)
        slots[slot].since = now ?? Self.now
        if verdict.endsHere { give(slot, emit) }
    }

    /// Gives out what waits: nothing came for a while, or the stream ended.
    package func flush(_ emit: Emit) {
        let first = slots[1].lines > 0 && slots[1].start < slots[0].start ? 1 : 0
        for slot in [first, 1 - first] where slots[slot].lines > 0 { give(slot, emit) }
        rule.reset()
    }

    /// Forgets what waits, because it is read again.
    package func removeAll() {
        for slot in slots.indices { clear(slot) }
        rule.reset()
    }

    private func isFull(_ slot: Int, _ more: Int) -> Bool {
        slots[slot].lines >= linesMax
            || slots[slot].bytes.count + slots[slot].tail.count + more + 1 > bytesMax
    }

    private func append(
        _ line: Span<UInt8>,
        _ start: UInt64,
        _ end: UInt64,
        _ mark: LineMark,
        _ slot: Int
    ) {
        let isFirst = slots[slot].lines == 0
        if isFirst { slots[slot].start = start }
        if rule.rewrites {
            var tail: [UInt8] = []
            swap(&tail, &slots[slot].tail)
            rule.append(line, isFirst: isFirst, to: &slots[slot].bytes, tail: &tail)
            swap(&tail, &slots[slot].tail)
        } else {
            if !isFirst { slots[slot].bytes.append(0x0a) }
            JSONWriter.append(line, &slots[slot].bytes)
        }
        slots[slot].lines += 1
        slots[slot].end = end
        slots[slot].mark.formUnion(mark)
    }

    private func give(_ slot: Int, _ emit: Emit) {
        slots[slot].bytes += slots[slot].tail
        // Taken out, so that the closure finds this object in order.
        var bytes: [UInt8] = []
        swap(&bytes, &slots[slot].bytes)
        let (start, end, mark) = (slots[slot].start, slots[slot].end, slots[slot].mark)
        clear(slot)
        give(bytes, start, limit(end), mark, emit)
        guard slots[slot].lines == 0, bytes.capacity <= Self.keptMax else { return }
        bytes.removeAll(keepingCapacity: true)
        swap(&bytes, &slots[slot].bytes)
    }

    private func give(
        _ bytes: [UInt8],
        _ start: UInt64,
        _ end: UInt64,
        _ mark: LineMark,
        _ emit: Emit
    ) {
        var count = bytes.count
        if rule.trimsEmptyLines {
            while count > 0, bytes[count - 1] == 0x0a { count -= 1 }
        }
        emit(bytes.span.extracting(0..<count), start, end, mark)
    }

    private func clear(_ slot: Int) {
        slots[slot].bytes.removeAll(keepingCapacity: true)
        slots[slot].tail.removeAll(keepingCapacity: true)
        slots[slot].lines = 0
        slots[slot].mark = []
        slots[slot].since = 0
    }

    private func limit(_ end: UInt64) -> UInt64 { min(end, pendingStart ?? end) }

    private static var now: Int64 {
        var clock = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &clock)
        return Int64(clock.tv_sec) * 1000 + Int64(clock.tv_nsec) / 1_000_000
    }
}
