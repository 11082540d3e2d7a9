/// Where some of a source's sinks are in a file.
///
/// Usually a file has one for all of them. A sink that takes nothing stays behind with a cursor of its
/// own, and the others read on.
final class TailCursor {
    /// What is done with the line that begins at ``offset``.
    enum LongLine {
        case none
        /// Pieces of it went out already.
        case inPieces
    }

    /// The begin of the next line, or of the rest of one that goes out in pieces.
    var offset: UInt64
    /// No line ends between ``offset`` and here.
    var scanned: UInt64
    var sinks: SinkSet
    var longLine = LongLine.none
    /// The last bytes before ``offset``, to see that they are still there.
    var marker: [UInt8] = []
    /// Joins lines; nil where each line is a record.
    var assembler: LineAssembler?

    init(offset: UInt64, sinks: SinkSet, assembler: LineAssembler?) {
        self.offset = offset
        scanned = offset
        self.sinks = sinks
        self.assembler = assembler
    }

    /// The same place, for sinks that stay behind.
    ///
    /// Lines that wait to be joined are read again: it begins where they do.
    func split(_ blocked: SinkSet, assembler: LineAssembler?) -> TailCursor {
        sinks.subtract(blocked)
        let start = self.assembler?.pendingStart ?? offset
        let other = TailCursor(offset: start, sinks: blocked, assembler: assembler)
        if start == offset {
            other.marker = marker
            other.longLine = longLine
        }
        return other
    }

    /// True where both are at the same place and nothing waits to be joined.
    func canMerge(_ other: TailCursor) -> Bool {
        guard offset == other.offset, assembler?.isPending != true,
            other.assembler?.isPending != true
        else { return false }
        switch (longLine, other.longLine) {
        case (.none, .none), (.inPieces, .inPieces): return true
        default: return false
        }
    }
}
