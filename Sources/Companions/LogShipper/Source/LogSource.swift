/// Something that records come from, made ready.
///
/// It belongs to the engine's thread.
package protocol LogSource: AnyObject {
    /// Begins to read.
    func start()

    /// Sinks that took nothing take records again.
    func resume()

    /// Reads no more; what was taken goes on.
    ///
    /// What needs time for that (a process that is asked to end) goes on until ``isAtRest``.
    func stop()

    /// True once a source that was stopped brings no more records.
    var isAtRest: Bool { get }

    /// Is at rest when it returns: the time for an orderly stop is over.
    func abandon()

    /// Everything of the stream before `offset` is delivered to this sink, given up, or durable in
    /// its spool. Only for streams that are durable.
    func delivered(stream: UInt32, sink: Int, upTo offset: UInt64)

    /// Writes what must survive, after the last `delivered`; blocks.
    func save()

    /// How far it is behind, for the status.
    func lag() -> SourceLag
}

extension LogSource {
    /// Most sources are at rest when ``stop()`` returns.
    package var isAtRest: Bool { true }
    package func abandon() {}
}

/// What a source has not read or delivered yet.
package struct SourceLag: Sendable, Equatable {
    package struct Stream: Sendable, Equatable {
        package var name: String
        /// Bytes after what every sink has.
        package var bytes: Int
        /// Milliseconds since 1970 of the last change that is not delivered; 0: nothing is behind.
        package var since: Int64
        /// Bytes that were not read yet, of those.
        package var unread: Int

        package init(name: String, bytes: Int, since: Int64, unread: Int = 0) {
            self.name = name
            self.bytes = bytes
            self.since = since
            self.unread = unread
        }
    }

    package var streams: [Stream] = []
    package var openFiles = 0
    /// Files that can't be read, with the reason.
    package var troubles: [String] = []

    package init() {}
}
