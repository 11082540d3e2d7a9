package import Model

/// Where sources put what they read.
///
/// It belongs to the engine's thread, as its callers do.
package protocol RecordIntake: AnyObject {
    /// The sinks that take nothing at the moment, because their buffer is full and their policy is to
    /// block; asked before each line.
    var blocked: SinkSet { get }

    /// Adds a stream to the engine's table and returns its number.
    func open(_ stream: LogStream) -> UInt32

    /// The stream brings no more; what is on its way goes on.
    func close(_ stream: UInt32)

    /// One line (or joined lines) without its line end, for some of the source's sinks.
    ///
    /// It is parsed, shaped, routed and encoded here; a line that nobody wants counts as delivered.
    func take(_ line: Span<UInt8>, origin: RecordOrigin, mark: LineMark, sinks: SinkSet)

    /// Bytes that are left out: for these sinks they count as delivered.
    func pass(_ origin: RecordOrigin, sinks: SinkSet)

    /// A record that needs no parsing, from a source that has fields and a tag of its own.
    func take(_ record: inout LogRecord, sinks: SinkSet)
}

/// What happened to a line before it was whole.
package struct LineMark: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It was longer than the limit, and its rest was left out.
    package static let truncated = LineMark(rawValue: 1)
    /// It is a piece of a line that was longer than the limit.
    package static let piece = LineMark(rawValue: 2)
    /// The last piece of such a line.
    package static let lastPiece = LineMark(rawValue: 4)
}

/// A file's content, a connection, a process's output: what records come from in order.
package final class LogStream {
    package let identity: StreamIdentity
    /// The number of its source in the configuration.
    package let source: Int
    /// The path, or the peer's address.
    package let name: String
    /// The tag of its records, `*` filled in; a source with tags of its own leaves it empty.
    package let tag: ByteString
    /// Whether its source is told of what is delivered: for a checkpoint, or for an acknowledgement.
    package let isDurable: Bool
    /// Whether what was not delivered can be read once more after the end of the process; chunks with
    /// records of other streams are written to a spool where they wait for a second.
    package let isRepeatable: Bool
    /// Fields that each of its records gets.
    package let fields: [(name: [UInt8], value: [UInt8])]

    package init(
        identity: StreamIdentity,
        source: Int,
        name: String,
        tag: ByteString,
        isDurable: Bool,
        isRepeatable: Bool? = nil,
        fields: [(name: [UInt8], value: [UInt8])] = []
    ) {
        self.fields = fields
        self.identity = identity
        self.source = source
        self.name = name
        self.tag = tag
        self.isDurable = isDurable
        self.isRepeatable = isRepeatable ?? isDurable
    }
}
