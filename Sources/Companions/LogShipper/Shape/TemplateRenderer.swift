import Glibc
import Model

/// Writes a template with what a record has.
///
/// A field that is not there is nothing. Used by one thread: a time is written once for all records of
/// the same second.
package final class TemplateRenderer {
    private enum Part {
        case literal([UInt8])
        case tag
        case tagParts(from: Int?, to: Int?)
        case field(FieldPath)
        case time(TimeWriter)
        case isoTime, unixTime
    }

    private struct WrittenTime {
        var second: Int64 = .min
        var bytes: [UInt8] = []
    }

    private let parts: [Part]
    private var times: [WrittenTime]
    private var text: [UInt8] = []

    /// - Parameter hostname: nil for the machine's.
    package init(_ template: RecordTemplate, hostname: String? = nil) {
        parts = template.parts.map { part in
            switch part {
            case .literal(let text): .literal(Array(text.utf8))
            case .tag: .tag
            case .tagPart(let number): .tagParts(from: number, to: number)
            case .tagPrefix(let number): .tagParts(from: nil, to: number)
            case .tagSuffix(let number): .tagParts(from: number, to: nil)
            case .field(let path): .field(FieldPath(path))
            case .time(let format): .time(TimeWriter(format))
            case .hostname: .literal(Array((hostname ?? Self.machine).utf8))
            case .isoTime: .isoTime
            case .unixTime: .unixTime
            }
        }
        times = Array(repeating: WrittenTime(), count: parts.count)
    }

    private static var machine: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    /// The path, where the template is one field and nothing else.
    var onlyField: FieldPath? {
        guard parts.count == 1, case .field(let path) = parts[0] else { return nil }
        return path
    }

    /// Whether it begins as JSON does.
    var looksLikeJSON: Bool {
        guard case .literal(let text)? = parts.first else { return false }
        return text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[")
    }

    /// Appends the text.
    package func append(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        for number in parts.indices { append(number, record, &out) }
    }

    /// Appends the text as the path of a file: what comes from the record is a part of a name, and leads
    /// into no other folder.
    func appendPath(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        for number in parts.indices {
            let start = out.count
            append(number, record, &out)
            switch parts[number] {
            case .tag, .tagParts, .field:
                var index = start
                while index < out.count {
                    if out[index] == UInt8(ascii: "/") { out[index] = UInt8(ascii: "_") }
                    index += 1
                }
            case .literal, .time, .isoTime, .unixTime: break
            }
        }
    }

    /// Appends the text, its parts that come from the record as the inside of a JSON text.
    func appendEscaping(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        for number in parts.indices {
            if case .literal(let literal) = parts[number] {
                out += literal
                continue
            }
            text.removeAll(keepingCapacity: true)
            var made: [UInt8] = []
            swap(&made, &text)
            append(number, record, &made)
            Self.appendEscaped(made, &out)
            swap(&made, &text)
        }
    }

    private static func appendEscaped(_ bytes: [UInt8], _ out: inout [UInt8]) {
        JSONWriter.appendEscaped(bytes.span, &out)
    }

    private func append(_ number: Int, _ record: borrowing LogRecord, _ out: inout [UInt8]) {
        switch parts[number] {
        case .literal(let text): out += text
        case .tag: out += record.tag.bytes
        case .tagParts(let from, let to): appendTag(record.tag.bytes, from, to, &out)
        case .field(let path): path.appendText(of: record, &out)
        case .time(let writer): appendTime(number, writer, record.time, &out)
        case .isoTime: LogTime.appendISO8601(record.time, digits: 3, &out)
        case .unixTime: LogTime.appendNumber(Int(Self.second(record.time)), width: 1, &out)
        }
    }

    private static func second(_ time: Int64) -> Int64 {
        let second: Int64 = 1_000_000_000
        return time >= 0 ? time / second : (time - (second - 1)) / second
    }

    private func appendTime(
        _ number: Int,
        _ writer: TimeWriter,
        _ time: Int64,
        _ out: inout [UInt8]
    ) {
        if writer.hasFraction {
            writer.append(time, &out)
            return
        }
        let second = Self.second(time)
        if times[number].second != second {
            times[number].bytes.removeAll(keepingCapacity: true)
            writer.append(time, &times[number].bytes)
            times[number].second = second
        }
        out += times[number].bytes
    }

    /// The tag's parts between two numbers, both included; negative ones count from the end.
    private func appendTag(_ tag: [UInt8], _ from: Int?, _ to: Int?, _ out: inout [UInt8]) {
        let dot = UInt8(ascii: ".")
        var count = 1
        for byte in tag where byte == dot { count += 1 }
        var first = from ?? 0
        var last = to ?? count - 1
        if first < 0 { first += count }
        if last < 0 { last += count }
        guard first >= 0, first <= last, last < count else { return }
        var number = 0
        for byte in tag {
            if byte == dot {
                number += 1
                if number > last { return }
                if number <= first { continue }
            }
            if number >= first { out.append(byte) }
        }
    }
}
