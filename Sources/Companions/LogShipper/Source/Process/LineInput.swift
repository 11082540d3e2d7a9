import Glibc
import Model

/// Lines of one descriptor that can be read once: one of a process's outputs, or standard input.
///
/// While a sink takes nothing it reads nothing, and whoever writes waits: that is the backpressure.
/// Belongs to the engine's thread.
final class LineInput {
    /// What inputs of one source have in common.
    struct Parts {
        var engine: LogEngine
        var loop: EngineLoop
        var sinks: SinkSet
        /// How lines are joined; nil: each is a record.
        var assembler: LineAssembler?
    }

    /// Bytes that are read before others have their turn, and at most at a forced end.
    private static let turnBytes = 1 << 20

    private let descriptor: Int32
    /// A descriptor of somebody else: it may block, and stays open.
    private let isBorrowed: Bool
    private let stream: UInt32
    private let parts: Parts
    private let lines: StreamLines
    private let assembler: LineAssembler?
    private let ended: () -> Void
    private var key: UInt64?
    private var flushTimer: EngineLoop.Timer?
    /// Nothing more can be read; lines may wait here.
    private var isAtEnd = false
    private(set) var isOver = false
    /// A regular file, which is always ready and which epoll does not take.
    private var isAlwaysReady = false

    /// - Parameter ended: called once, after the last record.
    init(
        _ descriptor: Int32,
        isBorrowed: Bool,
        stream: UInt32,
        parts: Parts,
        lines: StreamLines,
        ended: @escaping () -> Void
    ) {
        self.descriptor = descriptor
        self.isBorrowed = isBorrowed
        self.stream = stream
        self.parts = parts
        self.lines = lines
        assembler = parts.assembler.map { LineAssembler(like: $0) }
        self.ended = ended
    }

    func start() {
        key = parts.loop.watch(descriptor) { [unowned self] in turn() }
        if key == nil {
            isAlwaysReady = true
            turnSoon()
        }
    }

    /// A sink takes records again.
    func resume() {
        guard !isOver else { return }
        if isAlwaysReady { turnSoon() } else { turn() }
    }

    /// Takes what is there and ends, whether sinks take it or not.
    func cut() {
        guard !isOver else { return }
        var left = Self.turnBytes
        while !isAtEnd, left > 0, isReadable, lines.read(from: descriptor) == .some {
            left -= StreamLines.readMax
        }
        isAtEnd = true
        _ = lines.takeLines(isBlocked: { false }, give)
        finish()
    }

    private func turnSoon() {
        parts.loop.schedule(after: 0) { [weak self] in self?.turn() }
    }

    private func turn() {
        guard !isOver else { return }
        parts.engine.beginRound()
        var left = Self.turnBytes
        while left > 0 {
            guard lines.takeLines(isBlocked: { isBlocked }, give) else {
                if let key { parts.loop.pause(key, true) }
                return
            }
            if isAtEnd {
                finish()
                return
            }
            guard isReadable else { break }
            let reading = lines.read(from: descriptor)
            if reading == .nothing { break }
            if reading == .end { isAtEnd = true }
            left -= StreamLines.readMax
        }
        if let key { parts.loop.pause(key, false) }
        if isAlwaysReady { turnSoon() }
        setFlush()
    }

    private var isBlocked: Bool { !parts.engine.blocked.isDisjoint(with: parts.sinks) }

    /// Whether a call of the system returns at once.
    private var isReadable: Bool {
        guard isBorrowed else { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) > 0
    }

    private func finish() {
        lines.takeRest(give)
        assembler?.flush(hand)
        isOver = true
        flushTimer?.cancel()
        if let key { parts.loop.unwatch(key) }
        if !isBorrowed { _ = close(descriptor) }
        ended()
    }

    // MARK: - Records

    private func give(_ line: Span<UInt8>, _ start: UInt64, _ end: UInt64, _ mark: LineMark) {
        guard let assembler else {
            hand(line, start, end, mark)
            return
        }
        assembler.add(
            line: line,
            start: start,
            end: end,
            mark: mark,
            now: parts.engine.now,
            emit: hand
        )
    }

    private func hand(_ line: Span<UInt8>, _ start: UInt64, _ end: UInt64, _ mark: LineMark) {
        let origin = RecordOrigin(stream: stream, start: start, end: end)
        parts.engine.take(line, origin: origin, mark: mark, sinks: parts.sinks)
    }

    /// Lines that wait for others go out after a while.
    private func setFlush() {
        guard let assembler, let since = assembler.pendingSince, flushTimer == nil else { return }
        let wait = since + assembler.flushAfter - EngineLoop.now
        flushTimer = parts.loop.schedule(after: max(wait, 1)) { [weak self] in self?.flushOld() }
    }

    private func flushOld() {
        flushTimer = nil
        guard !isOver, let assembler, let since = assembler.pendingSince else { return }
        parts.engine.beginRound()
        if since + assembler.flushAfter <= parts.engine.now { assembler.flush(hand) }
        setFlush()
    }
}
