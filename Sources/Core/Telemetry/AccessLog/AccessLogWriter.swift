package import Model
import Synchronization

/// Writes the access logs of all workers, from one thread of its own.
///
/// Workers hand over chunks of whole lines and never wait: what does not fit into the backlog is
/// dropped, and its lines are counted. A disk that is full drops, too, warns once and goes on when
/// there is room again.
package final class AccessLogWriter: Sendable {
    /// Whole lines on their way to one sink.
    struct Chunk: Sendable {
        let sink: Int
        let bytes: [UInt8]
        let lineCount: Int
    }

    struct State: Sendable {
        var sinks: [AccessLogSink] = []
        var queue: [Chunk] = []
        /// Bytes that are queued or being written.
        var backlogBytes = 0
        var isClosing = false
        var wantsReopen = false
        /// How often the files have been opened again, for those who wait for it.
        var reopenCount: UInt64 = 0
    }

    let state = Mutex(State())
    private let backlogBytesMax: Int
    /// Wakes the thread.
    let wake: WakeDescriptor
    /// Wakes those who wait for the thread to have ended.
    private let ended: WakeDescriptor

    let linesWrittenCell = Atomic<UInt64>(0)
    let linesDroppedCell = Atomic<UInt64>(0)
    let bytesWrittenCell = Atomic<UInt64>(0)
    let failedWritesCell = Atomic<UInt64>(0)

    /// Starts the thread.
    ///
    /// - Parameter backlogBytesMax: What may wait for all sinks together.
    package init(backlogBytesMax: Int = 16 << 20) {
        self.backlogBytesMax = backlogBytesMax
        wake = WakeDescriptor()
        ended = WakeDescriptor()
        BackgroundThread.start { [self] in
            AccessLogDrain(writer: self).run()
            ended.signal()
        }
    }

    /// Opens a sink, or finds it where it is open already.
    package func open(_ sink: AccessLogConfiguration.Sink) throws(AccessLogOpenFailure) -> SinkID {
        // The result is typed by hand: `withLock` passes on no typed error.
        let result = state.withLock { state -> Result<SinkID, AccessLogOpenFailure> in
            if let index = state.sinks.firstIndex(where: { $0.configuration == sink }) {
                return .success(SinkID(index: index))
            }
            do throws(AccessLogOpenFailure) {
                state.sinks.append(try AccessLogSink(sink))
                return .success(SinkID(index: state.sinks.count - 1))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Hands over whole lines; false where they were dropped, which is counted.
    @discardableResult
    package func submit(sink: SinkID, bytes: [UInt8], lineCount: Int) -> Bool {
        let (isTaken, wakes) = state.withLock { state -> (Bool, Bool) in
            guard !state.isClosing, sink.index < state.sinks.count,
                bytes.count <= backlogBytesMax - state.backlogBytes
            else { return (false, false) }
            state.backlogBytes += bytes.count
            state.queue.append(Chunk(sink: sink.index, bytes: bytes, lineCount: lineCount))
            return (true, state.queue.count == 1)
        }
        if !isTaken {
            linesDroppedCell.wrappingAdd(UInt64(clamping: lineCount), ordering: .relaxed)
        }
        // Whoever made the queue not empty wakes the thread; it takes all that is there.
        if wakes { wake.signal() }
        return isTaken
    }

    /// Opens every file again, when what was handed over before has been written.
    package func reopen() {
        state.withLock { $0.wantsReopen = true }
        wake.signal()
    }

    /// Writes what waits and ends the thread; what is handed over from now on is dropped.
    ///
    /// - Returns: False where the deadline came first; what still waits then counts as dropped.
    @discardableResult
    package func flushAndClose(deadlineMilliseconds: Int64) -> Bool {
        state.withLock { $0.isClosing = true }
        wake.signal()
        if ended.wait(milliseconds: deadlineMilliseconds) {
            // For whoever asks a second time.
            ended.signal()
            return true
        }
        let rest = state.withLock { state -> [Chunk] in
            let rest = state.queue
            state.queue = []
            return rest
        }
        for chunk in rest { drop(chunk.lineCount) }
        return false
    }

    func drop(_ lineCount: Int) {
        linesDroppedCell.wrappingAdd(UInt64(clamping: lineCount), ordering: .relaxed)
    }

    // MARK: - Counters

    /// Lines that are in their file or stream.
    package var linesWritten: UInt64 { linesWrittenCell.load(ordering: .relaxed) }
    /// Lines that are lost: the backlog was full, or the write failed.
    package var linesDropped: UInt64 { linesDroppedCell.load(ordering: .relaxed) }
    package var bytesWritten: UInt64 { bytesWrittenCell.load(ordering: .relaxed) }
    /// Writes that the kernel refused.
    package var failedWrites: UInt64 { failedWritesCell.load(ordering: .relaxed) }
    /// How often `reopen` has been done.
    package var reopenCount: UInt64 { state.withLock { $0.reopenCount } }
    package var backlogBytes: Int { state.withLock { $0.backlogBytes } }

    /// Makes the counters of the process's `access_log.*` stats come from here.
    package func register(in registry: StatsRegistry) {
        registry.compute(.accessLogLinesTotal) { [self] in linesWritten }
        registry.compute(.accessLogLinesDropped) { [self] in linesDropped }
        registry.compute(.accessLogBytesTotal) { [self] in bytesWritten }
        registry.compute(.accessLogWriteFailed) { [self] in failedWrites }
        registry.compute(.accessLogReopenTotal) { [self] in reopenCount }
        registry.compute(.accessLogBacklogBytes) { [self] in UInt64(clamping: backlogBytes) }
    }
}
