package import Model

/// Why a sink could not be opened.
package struct AccessLogOpenFailure: Error, Equatable, CustomStringConvertible {
    package let path: String
    /// `errno`.
    package let code: Int32
    package var description: String { "access log \(path): cannot be opened: errno \(code)" }
}

/// Which sink of the process a chunk goes to.
package struct SinkID: Sendable, Hashable {
    let index: Int
}

/// Writes the access logs of all workers, from one thread of its own.
package final class AccessLogWriter: Sendable {
    package init(backlogBytesMax: Int = 16 << 20) {}
    /// Opens a sink, or finds it where it is open already.
    package func open(_ sink: AccessLogConfiguration.Sink) throws(AccessLogOpenFailure) -> SinkID {
        SinkID(index: 0)
    }
    /// Hands over whole lines; false where they were dropped.
    @discardableResult
    package func submit(sink: SinkID, bytes: [UInt8], lineCount: Int) -> Bool { true }
    /// Opens every file again.
    package func reopen() {}
    /// Writes what waits and ends the thread; false where the deadline came first.
    @discardableResult
    package func flushAndClose(deadlineMilliseconds: Int64) -> Bool { true }

    package var linesWritten: UInt64 { 0 }
    package var linesDropped: UInt64 { 0 }
}
