import Model

/// Reads lines from a file for one cursor and hands them on.
///
/// One buffer serves all files; nothing is kept of a file between two rounds but offsets.
final class TailReader {
    /// What a round of reading came to.
    enum Outcome {
        /// All there is was read.
        case end
        /// There is more, and others should have their turn.
        case more
        /// A sink of the cursor takes nothing.
        case blocked
        /// What was read before is not there any more.
        case replaced
        case failed
    }

    /// Bytes of one round.
    static let roundBytes = 1 << 20
    private static let bufferBytes = 256 << 10

    private let options: TailOptions
    private let splitter: LineSplitter
    private let intake: any RecordIntake
    private let counters: SourceCounters
    private var converted: [UInt8] = []

    init(_ options: TailOptions, intake: any RecordIntake, counters: SourceCounters) {
        self.options = options
        splitter = LineSplitter(encoding: options.encoding)
        self.intake = intake
        self.counters = counters
    }

    /// Reads for a cursor until the end, a budget or a sink stops it.
    func read(_ file: TailedFile, _ cursor: TailCursor, budget: Int) -> Outcome {
        if !markerHolds(file, cursor) { return .replaced }
        var left = budget
        while left > 0 {
            if !intake.blocked.isDisjoint(with: cursor.sinks) { return .blocked }
            if cursor.scanned > cursor.offset {
                guard let step = readPartial(file, cursor, &left) else { continue }
                return step
            }
            let most = min(Self.bufferBytes, left)
            guard let bytes = file.content.read(at: cursor.offset, max: most) else {
                return .failed
            }
            if bytes.isEmpty { return .end }
            if cursor.offset == 0 { lookAtMark(bytes, file) }
            left -= bytes.count
            let isWhole = takeLines(bytes, file, cursor)
            if !isWhole { return .blocked }
        }
        return .more
    }

    /// Takes the whole lines of a buffer that begins at the cursor; false where a sink stopped it.
    private func takeLines(_ bytes: [UInt8], _ file: TailedFile, _ cursor: TailCursor) -> Bool {
        let span = bytes.span
        let base = cursor.offset
        var start = 0
        var isWhole = true
        while let end = splitter.end(
            in: span,
            from: start,
            base: base,
            isBigEndian: file.isBigEndian
        ) {
            take(span, start..<end, base, file, cursor)
            start = end
            if !intake.blocked.isDisjoint(with: cursor.sinks) {
                isWhole = false
                break
            }
        }
        if start > 0 {
            cursor.offset = base + UInt64(start)
            cursor.marker = Array(bytes[max(0, start - Marker.bytesMax)..<start])
        }
        cursor.scanned = isWhole ? base + UInt64(bytes.count) : cursor.offset
        return isWhole
    }

    /// One line of a buffer, its end included.
    private func take(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        _ base: UInt64,
        _ file: TailedFile,
        _ cursor: TailCursor
    ) {
        let origin = RecordOrigin(
            stream: file.stream,
            start: base + UInt64(line.lowerBound),
            end: base + UInt64(line.upperBound)
        )
        var mark: LineMark = []
        if case .inPieces = cursor.longLine {
            mark = [.piece, .lastPiece]
            cursor.longLine = .none
        } else if line.count > options.lineBytesMax + 2, options.longLines == .split {
            takePieces(bytes, line, base, file, cursor)
            return
        } else if line.count > options.lineBytesMax + 2 {
            // Only where a buffer is longer than a line may be.
            let kept = line.lowerBound..<line.lowerBound + options.lineBytesMax
            counters.truncated.add(1)
            if options.longLines == .skip {
                skip(origin, file, cursor)
            } else {
                hand(bytes.extracting(kept), origin, [.truncated], file, cursor)
            }
            return
        }
        hand(bytes.extracting(splitter.trimmed(line, in: bytes)), origin, mark, file, cursor)
    }

    /// A line of a buffer that is longer than a line may be, in the pieces that ``takePiece`` makes.
    private func takePieces(
        _ bytes: Span<UInt8>,
        _ line: Range<Int>,
        _ base: UInt64,
        _ file: TailedFile,
        _ cursor: TailCursor
    ) {
        var start = line.lowerBound
        let most = max(splitter.isWide ? options.lineBytesMax & ~1 : options.lineBytesMax, 4)
        while line.upperBound - start > most + 2 {
            var piece: [UInt8] = []
            for index in start..<start + most { piece.append(bytes[index]) }
            if splitter.encoding == .utf8 { Self.dropCutCharacter(&piece) }
            let end = start + piece.count
            let origin = RecordOrigin(
                stream: file.stream,
                start: base + UInt64(start),
                end: base + UInt64(end)
            )
            counters.truncated.add(1)
            hand(piece.span, origin, [.piece], file, cursor)
            start = end
        }
        let origin = RecordOrigin(
            stream: file.stream,
            start: base + UInt64(start),
            end: base + UInt64(line.upperBound)
        )
        let rest = splitter.trimmed(start..<line.upperBound, in: bytes)
        hand(bytes.extracting(rest), origin, [.piece, .lastPiece], file, cursor)
    }

    /// A line that is left out: an empty record with its place moves the watermark.
    private func skip(_ origin: RecordOrigin, _ file: TailedFile, _ cursor: TailCursor) {
        intake.pass(origin, sinks: cursor.sinks)
    }

    private func hand(
        _ line: Span<UInt8>,
        _ origin: RecordOrigin,
        _ mark: LineMark,
        _ file: TailedFile,
        _ cursor: TailCursor
    ) {
        if splitter.convert(line, isBigEndian: file.isBigEndian, into: &converted) {
            let bytes = converted
            give(bytes.span, origin, mark, cursor)
        } else if origin.start == 0, line.count >= 3, line[0] == 0xef, line[1] == 0xbb,
            line[2] == 0xbf
        {
            // The byte order mark of UTF-8 is no part of the first line.
            give(line.extracting(3...), origin, mark, cursor)
        } else {
            give(line, origin, mark, cursor)
        }
    }

    private func give(
        _ line: Span<UInt8>,
        _ origin: RecordOrigin,
        _ mark: LineMark,
        _ cursor: TailCursor
    ) {
        guard let assembler = cursor.assembler else {
            intake.take(line, origin: origin, mark: mark, sinks: cursor.sinks)
            return
        }
        assembler.add(line: line, start: origin.start, end: origin.end, mark: mark) {
            [intake] joined, start, end, mark in
            let origin = RecordOrigin(stream: origin.stream, start: start, end: end)
            intake.take(joined, origin: origin, mark: mark, sinks: cursor.sinks)
        }
    }

    /// Hands on what an assembler holds.
    func flush(_ file: TailedFile, _ cursor: TailCursor) {
        cursor.assembler?.flush { [intake] joined, start, end, mark in
            let origin = RecordOrigin(stream: file.stream, start: start, end: end)
            intake.take(joined, origin: origin, mark: mark, sinks: cursor.sinks)
        }
    }

    // MARK: - Lines longer than a buffer, and last lines without an end

    /// Looks for the end of a line whose begin was seen; nil where reading goes on.
    private func readPartial(
        _ file: TailedFile,
        _ cursor: TailCursor,
        _ left: inout Int
    ) -> Outcome? {
        let known = Int(cursor.scanned - cursor.offset)
        if options.longLines == .split, known >= options.lineBytesMax {
            return takePiece(file, cursor, &left)
        }
        let most = min(Self.bufferBytes, left)
        guard let bytes = file.content.read(at: cursor.scanned, max: most) else {
            return .failed
        }
        if bytes.isEmpty { return .end }
        left -= bytes.count
        let found = splitter.end(
            in: bytes.span,
            from: 0,
            base: cursor.scanned,
            isBigEndian: file.isBigEndian
        )
        guard let found else {
            cursor.scanned += UInt64(bytes.count)
            return nil
        }
        let end = cursor.scanned + UInt64(found)
        if options.longLines == .split, Int(end - cursor.offset) > options.lineBytesMax + 2 {
            cursor.scanned = cursor.offset + UInt64(options.lineBytesMax)
            return takePiece(file, cursor, &left)
        }
        return takeFound(file, cursor, end, &left)
    }

    private func takeFound(
        _ file: TailedFile,
        _ cursor: TailCursor,
        _ end: UInt64,
        _ left: inout Int
    ) -> Outcome? {
        let length = Int(end - cursor.offset)
        let kept = min(length, options.lineBytesMax + 2)
        guard let line = file.content.read(at: cursor.offset, max: kept), line.count == kept else {
            return .failed
        }
        left -= kept
        let base = cursor.offset
        if kept < length {
            let origin = RecordOrigin(stream: file.stream, start: base, end: end)
            counters.truncated.add(1)
            if options.longLines == .skip {
                skip(origin, file, cursor)
            } else {
                let span = line.span.extracting(..<min(kept, options.lineBytesMax))
                hand(span, origin, [.truncated], file, cursor)
            }
        } else {
            take(line.span, 0..<length, base, file, cursor)
        }
        advance(file, cursor, to: end)
        return nil
    }

    private func takePiece(
        _ file: TailedFile,
        _ cursor: TailCursor,
        _ left: inout Int
    ) -> Outcome? {
        var length = options.lineBytesMax
        if splitter.isWide { length -= length % 2 }
        guard var piece = file.content.read(at: cursor.offset, max: length) else { return .failed }
        guard piece.count == length else { return .end }
        left -= length
        if splitter.encoding == .utf8 { Self.dropCutCharacter(&piece) }
        let end = cursor.offset + UInt64(piece.count)
        let origin = RecordOrigin(stream: file.stream, start: cursor.offset, end: end)
        counters.truncated.add(1)
        hand(piece.span, origin, [.piece], file, cursor)
        advance(file, cursor, to: end)
        cursor.longLine = .inPieces
        return nil
    }

    /// A piece does not end within a character, where it ends within one that is whole.
    private static func dropCutCharacter(_ piece: inout [UInt8]) {
        var back = 0
        while back < 3, back < piece.count, piece[piece.count - 1 - back] & 0xc0 == 0x80 {
            back += 1
        }
        guard back < piece.count else { return }
        let lead = piece[piece.count - 1 - back]
        let length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
        if length > back + 1, piece.count > back + 1 { piece.removeLast(back + 1) }
    }

    /// The last line of a file that gets no more: it is taken without an end.
    func takeRest(_ file: TailedFile, _ cursor: TailCursor) {
        var left = Int.max
        let end = cursor.scanned
        while end > cursor.offset {
            let isLong = end - cursor.offset > UInt64(options.lineBytesMax)
            let outcome =
                isLong && options.longLines == .split
                ? takePiece(file, cursor, &left) : takeFound(file, cursor, end, &left)
            guard outcome == nil else { return }
        }
    }

    private func advance(_ file: TailedFile, _ cursor: TailCursor, to end: UInt64) {
        cursor.offset = end
        cursor.scanned = end
        let length = Int(min(end, UInt64(Marker.bytesMax)))
        cursor.marker = file.content.read(at: end - UInt64(length), max: length) ?? []
    }

    // MARK: - The content itself

    /// True where the bytes before the cursor are those that were read.
    private func markerHolds(_ file: TailedFile, _ cursor: TailCursor) -> Bool {
        guard !cursor.marker.isEmpty, !file.content.isCompressed else { return true }
        let start = cursor.offset - UInt64(cursor.marker.count)
        guard let bytes = file.content.read(at: start, max: cursor.marker.count) else {
            return true
        }
        return bytes == cursor.marker
    }

    /// The byte order of UTF-16, from its mark.
    private func lookAtMark(_ bytes: [UInt8], _ file: TailedFile) {
        switch options.encoding {
        case .utf16BigEndian: file.isBigEndian = true
        case .utf16:
            file.isBigEndian = bytes.count >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff
        default: break
        }
    }
}
