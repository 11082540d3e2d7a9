internal import CompanionKit
import Glibc

/// The offsets of a time zone, from a file of the tz database (RFC 8536).
struct TimeZoneTable: Sendable, Equatable {
    /// UTC seconds from which an offset holds, rising.
    private(set) var starts: [Int64] = []
    /// Seconds east of UTC, for each start.
    private(set) var offsets: [Int32] = []
    /// Before the first start.
    private(set) var first: Int32 = 0
    /// After the last start.
    private(set) var rule: TimeZoneRule?

    static let bytesMax = 1 << 20

    /// Reads a zone by its name, `Europe/Berlin`, or nil where the file is missing or malformed.
    static func named(_ name: String, folder: String = "/usr/share/zoneinfo") -> TimeZoneTable? {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty, bytes.count <= 255, bytes[0] != UInt8(ascii: "/"),
            !name.contains(".."),
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        return file("\(folder)/\(name)")
    }

    /// The machine's own: `TZ`, or `/etc/localtime`, or UTC where neither says anything.
    static func local(_ variable: String? = environment("TZ")) -> TimeZoneTable {
        guard var name = variable.map({ Substring($0) }) else {
            return file("/etc/localtime") ?? TimeZoneTable(offset: 0)
        }
        if name.hasPrefix(":") { name = name.dropFirst() }
        let found: TimeZoneTable?
        if name.hasPrefix("/") {
            found = file(String(name))
        } else {
            found = named(String(name)) ?? TimeZoneRule(Array(name.utf8)).map(TimeZoneTable.init)
        }
        return found ?? TimeZoneTable(offset: 0)
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    private static func file(_ path: String) -> TimeZoneTable? {
        guard let bytes = try? AtomicFile.read(path, bytesMax: bytesMax) else { return nil }
        return TimeZoneTable(bytes)
    }

    /// Always the same offset.
    init(offset: Int32) { first = offset }

    private init(_ rule: TimeZoneRule) {
        first = rule.standard
        self.rule = rule
    }

    /// Reads the content of a file; nil where it is malformed.
    init?(_ bytes: [UInt8]) {
        guard var header = Header(bytes, at: 0) else { return nil }
        var wordSize = 4
        if header.version >= 2 {
            guard let second = Header(bytes, at: header.end(wordSize: 4)) else { return nil }
            header = second
            wordSize = 8
        }
        guard header.end(wordSize: wordSize) <= bytes.count, header.typeCount > 0 else {
            return nil
        }
        let indices = header.start + header.timeCount * wordSize
        let types = indices + header.timeCount
        func offset(_ type: Int) -> Int32? {
            guard type < header.typeCount else { return nil }
            let value = Int32(truncatingIfNeeded: Self.number(bytes, types + 6 * type, 4))
            return abs(Int(value)) <= 26 * 3600 ? value : nil
        }
        guard let first = offset(0) else { return nil }
        self.first = first
        for index in 0..<header.timeCount {
            let start = Self.number(bytes, header.start + index * wordSize, wordSize)
            guard let offset = offset(Int(bytes[indices + index])), starts.last ?? .min < start
            else { return nil }
            starts.append(start)
            offsets.append(offset)
        }
        if wordSize == 8 {
            let footer = bytes[header.end(wordSize: 8)...]
            guard footer.first == 0x0a, let end = footer.dropFirst().firstIndex(of: 0x0a) else {
                return nil
            }
            let text = Array(footer[(footer.startIndex + 1)..<end])
            if !text.isEmpty {
                guard let rule = TimeZoneRule(text) else { return nil }
                self.rule = rule
            }
        }
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64 {
        var value: UInt64 = bytes[start] >= 0x80 ? .max : 0
        for index in start..<start + count { value = value << 8 | UInt64(bytes[index]) }
        return Int64(bitPattern: value)
    }

    private struct Header {
        var version: Int
        /// After the header.
        var start: Int
        var timeCount: Int
        var typeCount: Int
        var rest: (Int) -> Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard start >= 0, bytes.count - start >= 44,
                bytes[start..<start + 4].elementsEqual("TZif".utf8)
            else { return nil }
            let numbers = (0..<6).map { TimeZoneTable.number(bytes, start + 20 + 4 * $0, 4) }
            guard numbers.allSatisfy({ $0 >= 0 && $0 <= 100_000 }) else { return nil }
            let byte = bytes[start + 4]
            version = byte >= 0x32 ? Int(byte) - 0x30 : 1
            self.start = start + 44
            let (utc, standard, leap) = (Int(numbers[0]), Int(numbers[1]), Int(numbers[2]))
            timeCount = Int(numbers[3])
            typeCount = Int(numbers[4])
            let letters = Int(numbers[5])
            rest = { letters + leap * ($0 + 4) + standard + utc }
        }

        func end(wordSize: Int) -> Int {
            start + timeCount * (wordSize + 1) + typeCount * 6 + rest(wordSize)
        }
    }

    // MARK: - Asking

    /// Seconds east of UTC at a moment.
    func offset(at seconds: Int64) -> Int32 {
        guard let begin = starts.first, seconds >= begin else {
            return starts.isEmpty ? rule?.offset(at: seconds) ?? first : first
        }
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= seconds { low = middle } else { high = middle }
        }
        if low == starts.count - 1, let rule { return rule.offset(at: seconds) }
        return offsets[low]
    }

    /// The offset for what clocks there show, as seconds since 1970 without one.
    ///
    /// Of a time that there is twice the first one counts; one that there is not is read with the
    /// offset before the gap.
    func offset(local seconds: Int64) -> Int32 {
        let before = offset(at: seconds - 86_400)
        let after = offset(at: seconds + 86_400)
        if before == after { return before }
        if offset(at: seconds - Int64(before)) == before { return before }
        return offset(at: seconds - Int64(after)) == after ? after : before
    }

    /// The same offset for all of the day, or nil where it changes near it.
    func offset(day: Int64) -> Int32? {
        let before = offset(at: (day - 1) * 86_400)
        return before == offset(at: (day + 2) * 86_400) ? before : nil
    }
}
