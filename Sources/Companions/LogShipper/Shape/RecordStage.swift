/// One filter, made ready.
///
/// Used by the engine's thread.
package protocol RecordStage: AnyObject {
    /// Changes the record, or says that it goes no further.
    func apply(_ record: inout LogRecord) -> StageOutcome
}

/// What a filter decided.
package enum StageOutcome: Sendable, Equatable {
    case pass
    /// Left out on purpose: counted, and done.
    case drop
    /// It could not be worked on, in words: goes to the dead letters.
    case refused(String)
}
