import Glibc
import Model

/// Adds the trace's id that the sidecar's own access log names for the same request.
///
/// The log is followed simply: read on where it ended, from its begin where it is another file or
/// shorter. So many requests are remembered, the oldest forgotten first.
final class TraceStage: RecordStage {
    private struct Known {
        var request: [UInt8]
        var trace: [UInt8]
        var span: [UInt8]
    }

    /// Bytes that are read at a time, and before the end when it is first opened.
    private static let partBytes = 256 << 10
    private static let lineBytesMax = 64 << 10
    /// Seconds between two looks at the file.
    private static let pause = 0.05

    private let requestPath: FieldPath
    private let traceKey: FieldPath
    private let spanKey: FieldPath
    private let path: String?
    private let rememberedMax: Int
    private let clock: () -> Double
    private var numbers: [[UInt8]: Int] = [:]
    private var known: [Known] = []
    private var oldest = 0
    private var lookedAt = -Double.infinity
    private var descriptor: Int32 = -1
    private var inode: UInt = 0
    private var offset: Int64 = 0
    private var rest: [UInt8] = []
    private var skipsLine = false
    private var text: [UInt8] = []
    private let line = JSONLine()
    private var entry = LogRecord()
    private var part: [UInt8] = []

    init(_ options: TraceOptions, clock: @escaping () -> Double = RateLimitStage.monotonic) {
        requestPath = FieldPath(options.requestKey)
        traceKey = FieldPath(options.traceKey)
        spanKey = FieldPath(options.spanKey)
        path = options.accessLog
        rememberedMax = max(options.rememberedMax, 1)
        self.clock = clock
    }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        guard traceKey.find(in: record) == nil else { return .pass }
        text.removeAll(keepingCapacity: true)
        guard requestPath.appendText(of: record, &text), !text.isEmpty else { return .pass }
        var number = numbers[text]
        if number == nil, read() { number = numbers[text] }
        guard let number else { return .pass }
        let found = known[number]
        set(traceKey, found.trace, &record)
        if !found.span.isEmpty { set(spanKey, found.span, &record) }
        return .pass
    }

    private func set(_ key: FieldPath, _ value: [UInt8], _ record: inout LogRecord) {
        let name = key.name
        record.set(name: name.span, value: value.span, kind: .text)
    }

    // MARK: - The access log

    /// Reads what is new; false where nothing is, or it was looked at just now.
    private func read() -> Bool {
        let now = clock()
        guard let path, now - lookedAt >= Self.pause else { return false }
        lookedAt = now
        guard open(path) else { return false }
        if part.isEmpty { part = Array(repeating: 0, count: Self.partBytes) }
        var hasRead = false
        // What is written faster than this waits for the next look.
        for _ in 0..<16 {
            let count = unsafe pread(descriptor, &part, part.count, Int(offset))
            guard count > 0 else { break }
            offset += Int64(count)
            hasRead = true
            take(part[..<count])
            if count < part.count { break }
        }
        return hasRead
    }

    private func open(_ path: String) -> Bool {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            return descriptor >= 0
        }
        if descriptor >= 0, UInt(facts.st_ino) == inode {
            if Int64(facts.st_size) < offset { begin(at: 0) }
            return true
        }
        let opened = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else { return descriptor >= 0 }
        let isFirst = descriptor < 0
        if !isFirst { _ = close(descriptor) }
        descriptor = opened
        inode = UInt(facts.st_ino)
        let start = max(0, Int64(facts.st_size) - Int64(Self.partBytes))
        begin(at: isFirst ? start : 0)
        return true
    }

    private func begin(at start: Int64) {
        offset = start
        rest.removeAll(keepingCapacity: true)
        skipsLine = start > 0
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x0a) {
            if !skipsLine, rest.count + end - start <= Self.lineBytesMax {
                rest += bytes[start..<end]
                remember(rest)
            }
            skipsLine = false
            rest.removeAll(keepingCapacity: true)
            start = end + 1
        }
        if rest.count + bytes.endIndex - start > Self.lineBytesMax {
            skipsLine = true
            rest.removeAll(keepingCapacity: true)
        } else if !skipsLine {
            rest += bytes[start...]
        }
    }

    private func remember(_ bytes: [UInt8]) {
        entry.removeAll()
        guard line.read(bytes.span, into: &entry) == .record else { return }
        var request: [UInt8] = []
        var trace: [UInt8] = []
        var span: [UInt8] = []
        guard requestPath.appendText(of: entry, &request), !request.isEmpty,
            traceKey.appendText(of: entry, &trace), !trace.isEmpty
        else { return }
        spanKey.appendText(of: entry, &span)
        let made = Known(request: request, trace: trace, span: span)
        if let number = numbers[request] {
            known[number] = made
        } else if known.count < rememberedMax {
            numbers[request] = known.count
            known.append(made)
        } else {
            numbers[known[oldest].request] = nil
            known[oldest] = made
            numbers[request] = oldest
            oldest = (oldest + 1) % rememberedMax
        }
    }
}
