import Model

/// Reads the entries of one message, one after the other, with stops in between.
struct ReceivedEntries {
    enum Step: Equatable {
        /// The record is filled.
        case record
        /// An entry that is none was left out: why, in words.
        case skipped(String)
        /// A mark that is no record.
        case mark
        case end
        /// Nothing that follows can be read.
        case broken
    }

    let message: ReceivedMessage
    private var position = 0
    private var left: Int

    init(_ message: ReceivedMessage) {
        self.message = message
        left =
            switch message.form {
            case .single: 1
            case .counted(let count): count
            case .packed: .max
            }
    }

    /// Fills an empty record from the next entry.
    ///
    /// - Parameter now: the time for entries without one.
    mutating func next(
        into record: inout LogRecord,
        reader: inout MessagePackRecord,
        now: Int64
    ) -> Step {
        let entries = message.entries
        let bytes = entries.span
        guard left > 0, position < bytes.count else { return .end }
        left -= 1
        let begin = position
        do throws(MessagePackFault) {
            var at = begin
            position =
                message.form == .single
                ? bytes.count : try MessagePackReader.skip(bytes, at: begin)
            if message.form != .single {
                let head = try MessagePackReader.head(bytes, at: at)
                guard case .array(let count) = head.kind, count >= 2 else {
                    return .skipped("it is no pair of time and record")
                }
                at = head.end
            }
            let recordAt = try MessagePackReader.skip(bytes, at: at)
            guard let time = try Self.time(bytes, at: at, now: now) else { return .mark }
            record.time = time
            guard case .map = try MessagePackReader.head(bytes, at: recordAt).kind else {
                return .skipped("its record is no map")
            }
            _ = try reader.fill(&record, from: bytes, at: recordAt)
            return .record
        } catch {
            if error == .deep {
                return .skipped(
                    "it is nested deeper than \(MessagePackReader.depthMax), or too large"
                )
            }
            // Where one entry ends is not known, nor where the next begins.
            left = 0
            return .broken
        }
    }

    /// The time of an entry; nil where it is one of fluent-bit's marks around groups.
    ///
    /// fluent-bit may put it into an array with metadata, which is left out.
    private static func time(
        _ bytes: Span<UInt8>,
        at index: Int,
        now: Int64
    ) throws(MessagePackFault) -> Int64? {
        var head = try MessagePackReader.head(bytes, at: index)
        var isInArray = false
        if case .array(let count) = head.kind, count >= 1 {
            head = try MessagePackReader.head(bytes, at: head.end)
            isInArray = true
        }
        switch head.kind {
        case .unsigned(let seconds):
            return Self.time(Int64(clamping: seconds), now)
        case .signed(let seconds):
            return isInArray && seconds < 0 ? nil : Self.time(seconds, now)
        case .float(let seconds):
            guard seconds > 0, seconds < 9e9 else { return now }
            return Int64(seconds * 1e9)
        case .extension(0):
            guard let time = EventTime(bytes.extracting(head.content)) else { return now }
            // Groups begin and end with -1 and -2.
            if isInArray, time.seconds >= UInt32.max - 1 { return nil }
            return time.seconds == 0 ? now : time.time
        default:
            return now
        }
    }

    /// Whole seconds; nothing, and what no clock shows, is now.
    private static func time(_ seconds: Int64, _ now: Int64) -> Int64 {
        seconds > 0 && seconds < 9_000_000_000 ? seconds * 1_000_000_000 : now
    }
}
