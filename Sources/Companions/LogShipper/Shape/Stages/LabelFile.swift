internal import CompanionKit
import Glibc

/// A file of the downward API, `key="value"` lines, as an object; read again when it changed.
final class LabelFile {
    private static let bytesMax = 1 << 20
    private let path: String
    private let clock: () -> Double
    private var lookedAt = -Double.infinity
    private var signature: [Int] = []
    /// The object; empty where there is no file or nothing in it.
    private(set) var object: [UInt8] = []

    init(path: String, clock: @escaping () -> Double = RateLimitStage.monotonic) {
        self.path = path
        self.clock = clock
    }

    /// Looks whether it changed, once in a second at most; true where the object is another one.
    func refresh() -> Bool {
        let now = clock()
        guard now - lookedAt >= 1 else { return false }
        lookedAt = now
        var facts = stat()
        var found: [Int] = []
        if unsafe stat(path, &facts) == 0 {
            found = [
                Int(facts.st_ino), Int(facts.st_size), facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec,
            ]
        }
        guard found != signature else { return false }
        signature = found
        let bytes = (try? AtomicFile.read(path, bytesMax: Self.bytesMax)) ?? nil
        object = bytes.map(Self.read) ?? []
        return true
    }

    /// The object of a file's lines; what is no `key="value"` is left out.
    static func read(_ bytes: [UInt8]) -> [UInt8] {
        var object: [UInt8] = []
        for line in bytes.split(separator: 0x0a) {
            let line = Array(line)
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > 0,
                line.count >= equals + 3, line[equals + 1] == 0x22, line.last == 0x22
            else { continue }
            var value: [UInt8] = []
            unquote(Array(line[(equals + 2)..<line.count - 1]), &value)
            object.append(UInt8(ascii: object.isEmpty ? "{" : ","))
            append(Array(line[..<equals]), &object)
            object.append(UInt8(ascii: ":"))
            append(value, &object)
        }
        if !object.isEmpty { object.append(UInt8(ascii: "}")) }
        return object
    }

    private static func append(_ text: [UInt8], _ out: inout [UInt8]) {
        JSONWriter.appendString(text.span, &out)
    }

    /// Go's quoted texts have the escapes of JSON, and some more that are taken as they are.
    private static func unquote(_ text: [UInt8], _ out: inout [UInt8]) {
        JSONText.append(unescaping: text.span, &out)
    }
}
