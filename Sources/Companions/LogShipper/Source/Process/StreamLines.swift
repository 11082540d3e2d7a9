import Glibc
import Model

/// Takes lines out of bytes that come once and in pieces: a pipe's.
///
/// What a sink holds up stays here, and nobody reads on; so it is no longer than a line may be and what
/// one call reads. Used by the engine's thread.
final class StreamLines {
    /// What reading came to.
    enum Reading: Equatable {
        case some
        /// Nothing is there at the moment.
        case nothing
        /// The other end is closed.
        case end
    }

    /// Takes a line without its end: its place in the stream, and its marks.
    typealias Emit = (_ line: Span<UInt8>, _ start: UInt64, _ end: UInt64, _ mark: LineMark) -> Void

    /// Bytes of one call of the system.
    static let readMax = 64 << 10

    private let lineBytesMax: Int
    private let longLines: LongLines
    private let splitter = LineSplitter(encoding: .utf8)
    private let tooLong: () -> Void
    private var bytes: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: StreamLines.readMax)
    /// Where `bytes` begins in the stream.
    private var offset: UInt64 = 0
    /// No line ends before it in `bytes`.
    private var scanned = 0
    /// What is done with the bytes up to the next line end.
    private var rest = Rest.line
    private enum Rest { case line, lastPiece, nothing }

    /// - Parameter tooLong: called for each line that is longer than the limit.
    init(lineBytesMax: Int, longLines: LongLines, tooLong: @escaping () -> Void) {
        self.lineBytesMax = max(lineBytesMax, 4)
        self.longLines = longLines
        self.tooLong = tooLong
    }

    /// Bytes that were read and are no record yet.
    var count: Int { bytes.count }

    /// Reads once; a descriptor that blocks must be readable.
    func read(from descriptor: Int32) -> Reading {
        var got = -1
        repeat {
            got = unsafe Glibc.read(descriptor, &chunk, Self.readMax)
        } while got < 0 && errno == EINTR
        let code = errno
        if got > 0 {
            unsafe chunk.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0[..<got]) }
        }
        if got > 0 { return .some }
        return got < 0 && (code == EAGAIN || code == EWOULDBLOCK) ? .nothing : .end
    }

    /// Adds what was read elsewhere.
    func add(_ more: [UInt8]) { bytes += more }

    /// Gives out the whole lines that are there; false where `isBlocked` stopped it.
    func takeLines(isBlocked: () -> Bool, _ emit: Emit) -> Bool {
        let all = bytes
        let span = all.span
        var start = 0
        var isStopped = false
        while start < all.count {
            if isBlocked() {
                isStopped = true
                break
            }
            let found = splitter.end(
                in: span,
                from: max(start, scanned),
                base: offset,
                isBigEndian: false
            )
            guard let next = takeOne(span, from: start, end: found, emit) else { break }
            start = next
            scanned = max(scanned, start)
        }
        if !isStopped { scanned = all.count }
        if start > 0 {
            bytes.removeFirst(start)
            offset += UInt64(start)
            scanned = max(scanned - start, 0)
        }
        return !isStopped
    }

    /// Gives out the last line, which has no end.
    func takeRest(_ emit: Emit) {
        let all = bytes
        bytes = []
        scanned = 0
        let start = offset
        offset += UInt64(all.count)
        defer { rest = .line }
        guard !all.isEmpty, rest != .nothing else { return }
        let mark: LineMark = rest == .lastPiece ? [.piece, .lastPiece] : []
        emit(all.span, start, offset, mark)
    }

    /// The next line or piece; returns where the one after it begins, or nil where more must be read.
    private func takeOne(
        _ all: Span<UInt8>,
        from start: Int,
        end: Int?,
        _ emit: Emit
    ) -> Int? {
        let stop = end ?? all.count
        if rest == .nothing {
            if end != nil { rest = .line }
            return stop
        }
        let isLong = stop - start > lineBytesMax + (end == nil ? 0 : 2)
        if isLong { return takeLong(all, start..<stop, isWhole: end != nil, emit) }
        guard let end else { return nil }
        let line = splitter.trimmed(start..<end, in: all)
        let mark: LineMark = rest == .lastPiece ? [.piece, .lastPiece] : []
        rest = .line
        emit(all.extracting(line), offset + UInt64(start), offset + UInt64(end), mark)
        return end
    }

    private func takeLong(
        _ all: Span<UInt8>,
        _ line: Range<Int>,
        isWhole: Bool,
        _ emit: Emit
    ) -> Int {
        let start = line.lowerBound
        let begin = offset + UInt64(start)
        if longLines == .split {
            if rest == .line { tooLong() }
            let cut = Self.characterEnd(all, start, start + lineBytesMax)
            rest = .lastPiece
            emit(all.extracting(start..<cut), begin, offset + UInt64(cut), [.piece])
            return cut
        }
        tooLong()
        if longLines == .truncate {
            let cut = Self.characterEnd(all, start, start + lineBytesMax)
            emit(all.extracting(start..<cut), begin, offset + UInt64(line.upperBound), [.truncated])
        }
        rest = isWhole ? .line : .nothing
        return line.upperBound
    }

    /// The last place at or before `end` at which no character of UTF-8 is cut, where there is one.
    private static func characterEnd(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var cut = end
        while cut > start + 1, end - cut < 3, cut < bytes.count, bytes[cut] & 0xc0 == 0x80 {
            cut -= 1
        }
        return cut < bytes.count && bytes[cut] & 0xc0 == 0x80 ? end : cut
    }
}
