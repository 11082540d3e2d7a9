internal import CompanionKit
import Glibc
import Synchronization
import Telemetry

/// Names a chunk that came from a spool, to say later that it is done.
struct SpoolTicket: Sendable {
    var segment: UInt64
    var record: Int
}

/// Chunks of one sink that wait on disk: written at the end, read from the begin, in files of bounded
/// size that go once all of theirs is delivered.
///
/// What was written survives the end of the process; after ``sync()`` also that of the machine. Next
/// to each file `N.seg` lies `N.ack`, the number of its first records that are done. A torn end is cut
/// off at the start, a rotten record is left out and counted. The engine writes, the sink's threads read.
final class Spool: Sendable {
    /// One file of it.
    private struct Segment {
        var number: UInt64
        var bytes = 0
        var records = 0
        /// Where reading goes on; nil: it must be counted from the begin.
        var readBytes: Int? = 0
        var readRecords = 0
        /// Records done, from the begin without a gap, and those beyond one.
        var done = 0
        var doneBeyond: Set<Int> = []
        /// Copies of chunks that are sent from memory: not read in this run of the process.
        var kept: Set<Int> = []
    }

    private struct State {
        var segments: [Segment] = []
        var writer: Int32 = -1
        /// Full files that did not reach the disk yet, by their number, with their descriptors.
        var unsynced: [UInt64: Int32] = [:]
        /// Files that the disk refused: what is in the system's memory is written anew.
        var refused: Set<UInt64> = []
        var reader: Int32 = -1
        var readerNumber: UInt64 = 0
        var nextNumber: UInt64 = 1
        var bytes = 0
        var waiting = 0
    }

    /// What was found at the start.
    struct Found: Sendable, Equatable {
        var chunks = 0
        var bytes = 0
        /// Records that could not be read.
        var rotten = 0
        /// Bytes of a torn end that were cut off.
        var tornBytes = 0
    }

    let directory: String
    let bytesMax: Int
    private let segmentBytes: Int
    private let state = Mutex(State())
    private let bringToDisk: @Sendable (Int32) -> Bool
    let found: Found

    /// Opens the folder, and makes it where it is not there.
    init(
        directory: String,
        bytesMax: Int,
        segmentBytes: Int = 8 << 20,
        bringToDisk: @escaping @Sendable (Int32) -> Bool = { fsync($0) == 0 }
    ) throws(FileFailure) {
        self.bringToDisk = bringToDisk
        self.directory = directory
        self.bytesMax = bytesMax
        self.segmentBytes = segmentBytes
        try AtomicFile.makeDirectories(directory)
        var initial = State()
        var found = Found()
        let numbers = try Self.numbers(in: directory)
        for number in numbers.left {
            // Its file is gone and it stayed: a new file of this number would be taken for done.
            initial.nextNumber = max(initial.nextNumber, number + 1)
            _ = unsafe unlink(Self.ackPath(directory, number))
        }
        for number in numbers.segments {
            let segment = try Self.scan(directory, number, &found)
            initial.nextNumber = max(initial.nextNumber, number + 1)
            guard segment.readRecords < segment.records else {
                Self.remove(directory, number)
                continue
            }
            initial.bytes += segment.bytes
            initial.waiting += segment.records - segment.readRecords
            initial.segments.append(segment)
        }
        found.chunks = initial.waiting
        found.bytes = initial.bytes
        self.found = found
        state.withLock { $0 = initial }
    }

    deinit {
        state.withLock { state in
            if state.writer >= 0 { _ = close(state.writer) }
            if state.reader >= 0 { _ = close(state.reader) }
            for descriptor in state.unsynced.values { _ = close(descriptor) }
        }
    }

    /// True where nothing waits; what is under way does not wait.
    var isEmpty: Bool { state.withLock { $0.waiting == 0 } }
    /// Bytes of its files.
    var bytes: Int { state.withLock { $0.bytes } }
    var isFull: Bool { bytes >= bytesMax }

    // MARK: - Writing

    /// Writes a chunk at the end.
    ///
    /// - Returns: the bytes it takes.
    /// - Throws: what the system said, with the file as it was before.
    @discardableResult
    func append(_ chunk: borrowing Chunk) throws(FileFailure) -> Int {
        let record = SpoolRecord.encode(chunk)
        let failure = state.withLock { state -> FileFailure? in
            do throws(FileFailure) {
                try write(record, &state)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        return record.count
    }

    /// Writes a copy of a chunk that is sent from memory: it is read only where this process ends
    /// before the chunk is done.
    ///
    /// - Returns: what the copy is said to be done with.
    /// - Throws: what the system said, with the file as it was before.
    func keep(_ chunk: borrowing Chunk) throws(FileFailure) -> SpoolTicket {
        let record = SpoolRecord.encode(chunk)
        let result = state.withLock { state -> Result<SpoolTicket, FileFailure> in
            do throws(FileFailure) {
                try write(record, &state)
            } catch {
                return .failure(error)
            }
            let index = state.segments.count - 1
            let number = state.segments[index].records - 1
            state.segments[index].kept.insert(number)
            state.waiting -= 1
            return .success(SpoolTicket(segment: state.segments[index].number, record: number))
        }
        return try result.get()
    }

    private func write(_ record: [UInt8], _ state: inout State) throws(FileFailure) {
        let isNew =
            state.writer < 0
            || state.segments.last.map { $0.bytes + record.count > segmentBytes } ?? true
        if isNew {
            let number = state.nextNumber
            let path = Self.path(directory, number)
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw FileFailure(path: path, call: "open") }
            if state.writer >= 0, let last = state.segments.last {
                state.unsynced[last.number] = state.writer
            }
            state.writer = descriptor
            state.nextNumber += 1
            state.segments.append(Segment(number: number))
        }
        let index = state.segments.count - 1
        let before = state.segments[index].bytes
        do throws(FileFailure) {
            try AtomicFile.writeAll(
                record.span,
                to: state.writer,
                path: Self.path(directory, state.segments[index].number)
            )
        } catch {
            // A part of a record would hide all that come after it.
            _ = ftruncate(state.writer, before)
            _ = lseek(state.writer, before, SEEK_SET)
            throw error
        }
        state.segments[index].bytes += record.count
        state.segments[index].records += 1
        state.bytes += record.count
        state.waiting += 1
    }

    /// Brings what was written so far to the disk; blocks for as long as the disk takes.
    ///
    /// - Throws: what the disk said; what was written is then not safe, and the next call tries again.
    func sync() throws(FileFailure) {
        let refused = state.withLock { $0.refused }
        for number in refused.sorted() {
            let failure = state.withLock { writeAnew(number, &$0) }
            if let failure { throw failure }
        }
        let files = state.withLock { state in
            var files = state.unsynced
            state.unsynced = [:]
            if state.writer >= 0, let last = state.segments.last {
                let descriptor = fcntl(state.writer, F_DUPFD_CLOEXEC, 0)
                if descriptor >= 0 { files[last.number] = descriptor }
            }
            return files
        }
        guard !files.isEmpty else { return }
        var failure: FileFailure?
        for (number, descriptor) in files {
            if !bringToDisk(descriptor) {
                failure = FileFailure(path: Self.path(directory, number), call: "fsync")
                state.withLock { state in _ = state.refused.insert(number) }
            }
            _ = close(descriptor)
        }
        if let failure { throw failure }
        try AtomicFile.syncDirectory(of: directory + "/x")
    }

    /// Writes a file anew under its name: after a failed sync the system takes its pages for written,
    /// and a second sync would say nothing of those that are lost.
    private func writeAnew(_ number: UInt64, _ state: inout State) -> FileFailure? {
        guard let index = state.segments.firstIndex(where: { $0.number == number }) else {
            state.refused.remove(number)
            return nil
        }
        let path = Self.path(directory, number)
        do throws(FileFailure) {
            guard let bytes = try AtomicFile.read(path, bytesMax: Int.max),
                bytes.count >= state.segments[index].bytes
            else { throw FileFailure(path: path, call: "read", code: EIO) }
            try AtomicFile.write(bytes.span.extracting(..<state.segments[index].bytes), to: path)
        } catch {
            return error
        }
        if state.readerNumber == number, state.reader >= 0 {
            _ = close(state.reader)
            state.reader = -1
        }
        if index == state.segments.count - 1, state.writer >= 0 {
            // The next chunk opens a new file.
            _ = close(state.writer)
            state.writer = -1
        }
        state.refused.remove(number)
        return nil
    }

    // MARK: - Reading

    /// The oldest chunk that waits; nil where there is none.
    func next() -> (Chunk, SpoolTicket)? {
        state.withLock { state in
            while let index = state.segments.firstIndex(where: { $0.readRecords < $0.records }) {
                let segment = state.segments[index]
                let ticket = SpoolTicket(segment: segment.number, record: segment.readRecords)
                if segment.kept.contains(segment.readRecords) {
                    state.segments[index].readRecords += 1
                    state.segments[index].readBytes = nil
                    continue
                }
                switch read(segment, &state) {
                case .chunk(let chunk, let end):
                    state.segments[index].readRecords += 1
                    state.segments[index].readBytes = end
                    state.waiting -= 1
                    return (chunk, ticket)
                case .rotten(let end):
                    state.segments[index].readRecords += 1
                    state.segments[index].readBytes = end
                    state.waiting -= 1
                    // Nothing of it can be sent, so it is done.
                    lose([ticket], &state)
                case .unreadable:
                    let left = (segment.readRecords..<segment.records)
                        .filter { !segment.kept.contains($0) }
                    state.segments[index].readRecords = segment.records
                    state.segments[index].readBytes = segment.bytes
                    state.waiting -= left.count
                    lose(
                        left.map { SpoolTicket(segment: segment.number, record: $0) },
                        &state
                    )
                case .later: return nil
                }
            }
            return nil
        }
    }

    private func lose(_ tickets: [SpoolTicket], _ state: inout State) {
        for ticket in tickets { markDone(ticket, &state) }
        Log.shared.log(
            .error,
            "chunks of a spool can't be read and are lost",
            ["folder": directory, "chunks": "\(tickets.count)"]
        )
    }

    /// What reading one record came to.
    private enum Reading {
        case chunk(Chunk, end: Int)
        /// It is not what was written; the next begins there.
        case rotten(end: Int)
        /// Nothing of the rest of the file can be found.
        case unreadable
        /// The system has no file descriptor for it now.
        case later
    }

    private func read(_ segment: Segment, _ state: inout State) -> Reading {
        if state.readerNumber != segment.number || state.reader < 0 {
            if state.reader >= 0 { _ = close(state.reader) }
            state.reader = unsafe open(Self.path(directory, segment.number), O_RDONLY | O_CLOEXEC)
            state.readerNumber = segment.number
        }
        guard state.reader >= 0 else {
            return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? .later : .unreadable
        }
        let start = segment.readBytes ?? Self.offset(ofRecord: segment.readRecords, state.reader)
        guard let start, let head = Self.bytes(state.reader, at: start, SpoolRecord.headBytes),
            let (length, sum) = try? SpoolRecord.bodyLength(head.span),
            SpoolRecord.headBytes + length <= segment.bytes - start,
            let body = Self.bytes(state.reader, at: start + SpoolRecord.headBytes, length)
        else { return .unreadable }
        let end = start + SpoolRecord.headBytes + length
        guard let chunk = try? SpoolRecord.decode(body.span, sum: sum) else {
            return .rotten(end: end)
        }
        return .chunk(chunk, end: end)
    }

    /// Where a record begins; nil where what is before it can't be read.
    private static func offset(ofRecord record: Int, _ descriptor: Int32) -> Int? {
        var offset = 0
        for _ in 0..<record {
            guard let head = bytes(descriptor, at: offset, SpoolRecord.headBytes),
                let (length, _) = try? SpoolRecord.bodyLength(head.span)
            else { return nil }
            offset += SpoolRecord.headBytes + length
        }
        return offset
    }

    /// True where the disk takes so many bytes more.
    func hasRoom(for count: Int) -> Bool {
        let path = directory + "/probe"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer {
            _ = close(descriptor)
            _ = unsafe unlink(path)
        }
        let bytes = [UInt8](repeating: 0, count: count)
        return (try? AtomicFile.writeAll(bytes.span, to: descriptor, path: path)) != nil
    }

    /// A chunk is delivered or given up: it will not be read again, not even after a restart.
    func done(_ ticket: SpoolTicket) {
        state.withLock { state in markDone(ticket, &state) }
    }

    /// A chunk was not delivered, and will be read again.
    func putBack(_ ticket: SpoolTicket) {
        state.withLock { state in
            guard let index = state.segments.firstIndex(where: { $0.number == ticket.segment })
            else { return }
            // Reading begins anew after the records that are done; those between are sent again.
            let segment = state.segments[index]
            state.waiting += (segment.done..<max(segment.done, segment.readRecords))
                .count { !segment.kept.contains($0) }
            state.segments[index].readRecords = segment.done
            state.segments[index].doneBeyond = segment.doneBeyond.intersection(segment.kept)
            state.segments[index].readBytes = nil
        }
    }

    private func markDone(_ ticket: SpoolTicket, _ state: inout State) {
        guard let index = state.segments.firstIndex(where: { $0.number == ticket.segment })
        else { return }
        state.segments[index].doneBeyond.insert(ticket.record)
        while state.segments[index].doneBeyond.remove(state.segments[index].done) != nil {
            state.segments[index].done += 1
        }
        let segment = state.segments[index]
        let isLast = index == state.segments.count - 1
        if segment.done == segment.records {
            if isLast {
                // The next chunk opens a new file.
                if state.writer >= 0 { _ = close(state.writer) }
                state.writer = -1
            }
            if state.readerNumber == segment.number, state.reader >= 0 {
                _ = close(state.reader)
                state.reader = -1
            }
            if let descriptor = state.unsynced.removeValue(forKey: segment.number) {
                _ = close(descriptor)
            }
            state.refused.remove(segment.number)
            state.bytes -= segment.bytes
            state.segments.remove(at: index)
            Self.remove(directory, segment.number)
        } else {
            Self.writeAck(directory, segment.number, segment.done)
        }
    }

    // MARK: - Files

    private static func path(_ directory: String, _ number: UInt64) -> String {
        let digits = String(number)
        return directory + "/" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
            + ".seg"
    }

    private static func ackPath(_ directory: String, _ number: UInt64) -> String {
        String(path(directory, number).dropLast(4)) + ".ack"
    }

    private static func remove(_ directory: String, _ number: UInt64) {
        _ = unsafe unlink(path(directory, number))
        _ = unsafe unlink(ackPath(directory, number))
    }

    private static func writeAck(_ directory: String, _ number: UInt64, _ count: Int) {
        let descriptor = unsafe open(
            ackPath(directory, number),
            O_WRONLY | O_CREAT | O_CLOEXEC,
            0o600
        )
        // Without it some chunks are sent twice after a crash; that is all.
        guard descriptor >= 0 else { return }
        var value = UInt64(count).littleEndian
        _ = unsafe pwrite(descriptor, &value, 8, 0)
        _ = close(descriptor)
    }

    /// The numbers of its files, and those of which only the note of what is done is left.
    private static func numbers(
        in directory: String
    ) throws(FileFailure) -> (segments: [UInt64], left: [UInt64]) {
        guard let handle = unsafe opendir(directory) else {
            throw FileFailure(path: directory, call: "open")
        }
        defer { unsafe closedir(handle) }
        var segments: Set<UInt64> = []
        var notes: Set<UInt64> = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            guard let number = UInt64(name.dropLast(4)), number < UInt64(Int64.max) else {
                continue
            }
            if name.hasSuffix(".seg") { segments.insert(number) }
            if name.hasSuffix(".ack") { notes.insert(number) }
        }
        return (segments.sorted(), notes.subtracting(segments).sorted())
    }

    /// Walks through a file, cuts a torn end off, and finds where reading goes on.
    private static func scan(
        _ directory: String,
        _ number: UInt64,
        _ found: inout Found
    ) throws(FileFailure) -> Segment {
        let path = path(directory, number)
        let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileFailure(path: path, call: "open") }
        defer { _ = close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        var segment = Segment(number: number)
        if let bytes = try AtomicFile.read(ackPath(directory, number), bytesMax: 64),
            bytes.count >= 8
        {
            let count = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            segment.done = Int(clamping: count)
        }
        var offset = 0
        while offset < size {
            guard let head = Self.bytes(descriptor, at: offset, SpoolRecord.headBytes),
                let (length, sum) = try? SpoolRecord.bodyLength(head.span),
                let body = Self.bytes(descriptor, at: offset + SpoolRecord.headBytes, length)
            else { break }
            if segment.records == segment.done { segment.readBytes = offset }
            do throws(SpoolRecord.Fault) {
                _ = try SpoolRecord.decode(body.span, sum: sum)
            } catch {
                found.rotten += 1
            }
            segment.records += 1
            offset += SpoolRecord.headBytes + length
        }
        if offset < size {
            found.tornBytes += size - offset
            _ = ftruncate(descriptor, offset)
        }
        segment.done = min(segment.done, segment.records)
        if segment.done == segment.records { segment.readBytes = offset }
        segment.readRecords = segment.done
        segment.bytes = offset
        return segment
    }

    /// So many bytes at an offset; nil where the file ends before.
    private static func bytes(_ descriptor: Int32, at offset: Int, _ count: Int) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(
                    descriptor,
                    bytes.baseAddress.map { unsafe $0 + done },
                    count - done,
                    off_t(offset + done)
                )
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return buffer
    }
}
