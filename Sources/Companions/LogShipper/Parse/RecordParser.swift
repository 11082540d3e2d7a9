/// Turns one line into fields.
///
/// Used by the engine's thread.
package protocol RecordParser: AnyObject {
    /// Fills a record that has no fields; its time is that of reading and is replaced where the line
    /// has one.
    func parse(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome
}

/// Whether a line was what its parser expects.
package enum ParseOutcome: Sendable, Equatable {
    case record
    /// Why not, in words; the record may hold anything.
    case unmatched(String)
}
