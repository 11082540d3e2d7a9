internal import CompanionKit
import Glibc
import Synchronization

/// A file of records that a sink can never take, one JSON object a line, with the reason.
///
/// It grows up to a limit; then it is renamed to `….old`, and what was there before is gone, which is
/// said by the caller. Written by the engine's thread and those of one sink.
final class DeadLetterFile: Sendable {
    /// One line of it.
    struct Entry {
        /// Nanoseconds since 1970.
        var time: Int64
        var sink: String
        var reason: String
        /// The path, or the peer; empty where it is not known any more.
        var source: String
        var offset: UInt64
    }

    let path: String
    private let bytesMax: Int
    private let descriptor = Mutex<Int32>(-1)

    init(path: String, bytesMax: Int = 256 << 20) {
        self.path = path
        self.bytesMax = bytesMax
    }

    deinit {
        descriptor.withLock { if $0 >= 0 { _ = close($0) } }
    }

    /// Writes one record.
    ///
    /// - Returns: true where older letters had to go for it.
    /// - Throws: what the system said: then the record must be kept, and tried again.
    func write(_ entry: Entry, record: Span<UInt8>) throws(FileFailure) -> Bool {
        var line: [UInt8] = []
        line.reserveCapacity(record.count + 200)
        JSONWriter.append("{\"time\":\"", &line)
        LogTime.appendISO8601(entry.time, digits: 3, &line)
        JSONWriter.append("\",\"sink\":", &line)
        JSONWriter.appendString(entry.sink, &line)
        JSONWriter.append(",\"reason\":", &line)
        JSONWriter.appendString(entry.reason, &line)
        JSONWriter.append(",\"source\":", &line)
        JSONWriter.appendString(entry.source, &line)
        JSONWriter.append(",\"offset\":\(entry.offset),\"record\":", &line)
        JSONWriter.appendString(record, &line)
        JSONWriter.append("}\n", &line)
        let outcome = descriptor.withLock { held -> Result<Bool, FileFailure> in
            do throws(FileFailure) {
                return .success(try append(line, &held))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func append(_ line: [UInt8], _ held: inout Int32) throws(FileFailure) -> Bool {
        var isRotated = false
        if held >= 0, lseek(held, 0, SEEK_END) + off_t(line.count) > bytesMax {
            _ = close(held)
            held = -1
            var facts = stat()
            isRotated = unsafe stat(path + ".old", &facts) == 0
            guard unsafe rename(path, path + ".old") == 0 else {
                throw FileFailure(path: path, call: "rename")
            }
        }
        if held < 0 {
            held = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard held >= 0 else { throw FileFailure(path: path, call: "open") }
        }
        let before = lseek(held, 0, SEEK_END)
        do throws(FileFailure) {
            try AtomicFile.writeAll(line.span, to: held, path: path)
        } catch {
            _ = ftruncate(held, before)
            throw error
        }
        return isRotated
    }
}
