import Model

/// A line of syslog, old (RFC 3164) or new (RFC 5424), with its priority or without.
///
/// Fields have the names that fluentd's parser gives; a priority becomes words too, and structured
/// data an object. What is `-` in the new form is left out.
final class SyslogLine: LineReader {
    private let form: ParserOptions.SyslogForm
    private let message: [UInt8]
    private let pri = Array("pri".utf8)
    private let facility = Array("facility".utf8)
    private let severity = Array("severity".utf8)
    private let time = Array("time".utf8)
    private let host = Array("host".utf8)
    private let ident = Array("ident".utf8)
    private let pid = Array("pid".utf8)
    private let data = Array("extradata".utf8)
    private let structured = Array("structured_data".utf8)
    /// The words of the new form, in their order.
    private let header = ["time", "host", "ident", "pid", "msgid"].map { Array($0.utf8) }
    private var object: [UInt8] = []

    init(_ form: ParserOptions.SyslogForm, key: String) {
        self.form = form
        message = Array(key.utf8)
    }

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        var index = 0
        if line.count > 0, line[0] == UInt8(ascii: "<") {
            guard let priority = TimeDigits.number(line, 1, least: 1, most: 3),
                priority.value <= 191, priority.end < line.count,
                line[priority.end] == UInt8(ascii: ">")
            else { return .unmatched("its priority is not a number of syslog") }
            index = priority.end + 1
            add(priority.value, line.extracting(1..<priority.end), &record)
        }
        var body = line.extracting(index...)
        let version = Self.version(body)
        let isNew = form == .rfc5424 || form == .automatic && version > 0 && index > 0
        guard isNew else {
            return readOld(body, &record) ? .record : .unmatched("it is not like RFC 3164")
        }
        body = body.extracting(version...)
        return readNew(body, &record) ? .record : .unmatched("it is not like RFC 5424")
    }

    /// The length of `1 ` before a time of the new form.
    private static func version(_ body: Span<UInt8>) -> Int {
        guard let number = TimeDigits.number(body, 0, least: 1, most: 3), number.value > 0,
            number.end < body.count, body[number.end] == 0x20
        else { return 0 }
        return number.end + 1
    }

    private func add(_ priority: Int, _ digits: Span<UInt8>, _ record: inout LogRecord) {
        let isPlain = digits.count == 1 || digits[0] != 0x30
        let pri = pri
        record.append(name: pri.span, value: digits, kind: isPlain ? .json : .text)
        let facilityWord = SyslogWords.facilities[priority / 8]
        addText(facility, facilityWord.span, &record)
        let severityWord = SyslogWords.severities[priority % 8]
        addText(severity, severityWord.span, &record)
    }

    private func addText(_ name: [UInt8], _ value: Span<UInt8>, _ record: inout LogRecord) {
        record.append(name: name.span, value: value, kind: .text)
    }

    // MARK: - RFC 3164

    private func readOld(_ body: Span<UInt8>, _ record: inout LogRecord) -> Bool {
        guard let timeEnd = Self.oldTime(body), timeEnd < body.count,
            let hostEnd = body.firstIndex(of: 0x20, from: timeEnd + 1), hostEnd > timeEnd + 1
        else { return false }
        addText(time, body.extracting(0..<timeEnd), &record)
        addText(host, body.extracting(timeEnd + 1..<hostEnd), &record)
        var index = hostEnd + 1
        let start = index
        while index < body.count, !Self.endsIdent(body[index]) { index += 1 }
        if index > start { addText(ident, body.extracting(start..<index), &record) }
        if index < body.count, body[index] == UInt8(ascii: "["),
            let end = body.firstIndex(of: UInt8(ascii: "]"), from: index)
        {
            if end > index + 1 {
                addText(pid, body.extracting(index + 1..<end), &record)
            }
            index = end + 1
        }
        if index < body.count, body[index] == UInt8(ascii: ":") { index += 1 }
        while index < body.count, body[index] == 0x20 { index += 1 }
        addText(message, body.extracting(index...), &record)
        return true
    }

    private static func endsIdent(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[")
    }

    /// Where the time ends: `Nov 21 17:00:00`, or one word that begins with a digit.
    private static func oldTime(_ body: Span<UInt8>) -> Int? {
        guard body.count > 0 else { return nil }
        if body[0].isASCIIDigit { return body.firstIndex(of: 0x20) }
        guard let month = TimeNames.find(TimeNames.months, body, 0) else { return nil }
        var index = month.end
        for _ in 0..<2 {
            guard index < body.count, body[index] == 0x20 else { return nil }
            while index < body.count, body[index] == 0x20 { index += 1 }
            guard index < body.count, body[index].isASCIIDigit else { return nil }
            while index < body.count, body[index] != 0x20 { index += 1 }
        }
        return index
    }

    // MARK: - RFC 5424

    private func readNew(_ body: Span<UInt8>, _ record: inout LogRecord) -> Bool {
        var index = 0
        for name in header {
            guard let end = body.firstIndex(of: 0x20, from: index), end > index else {
                return false
            }
            let value = body.extracting(index..<end)
            if value.count != 1 || value[0] != UInt8(ascii: "-") { addText(name, value, &record) }
            index = end + 1
        }
        guard index < body.count else { return false }
        if body[index] == UInt8(ascii: "-") {
            index += 1
        } else {
            let start = index
            object.removeAll(keepingCapacity: true)
            guard let end = readData(body, index) else { return false }
            index = end
            addText(data, body.extracting(start..<end), &record)
            let object = object
            let structured = structured
            record.append(name: structured.span, value: object.span, kind: .json)
        }
        guard index < body.count else { return true }
        guard body[index] == 0x20 else { return false }
        index += 1
        if body.count - index >= 3, body[index] == 0xef, body[index + 1] == 0xbb,
            body[index + 2] == 0xbf
        {
            index += 3
        }
        addText(message, body.extracting(index...), &record)
        return true
    }

    /// Writes `[id name="value" …]…` as an object of objects; returns what comes after it.
    private func readData(_ body: Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        object.append(UInt8(ascii: "{"))
        while index < body.count, body[index] == UInt8(ascii: "[") {
            if index > start { object.append(UInt8(ascii: ",")) }
            guard let idEnd = nameEnd(body, index + 1) else { return nil }
            JSONWriter.appendString(body.extracting(index + 1..<idEnd), &object)
            JSONWriter.append(":{", &object)
            index = idEnd
            var isFirst = true
            while index < body.count, body[index] == 0x20 {
                while index < body.count, body[index] == 0x20 { index += 1 }
                if !isFirst { object.append(UInt8(ascii: ",")) }
                isFirst = false
                guard let end = parameter(body, index) else { return nil }
                index = end
            }
            guard index < body.count, body[index] == UInt8(ascii: "]") else { return nil }
            object.append(UInt8(ascii: "}"))
            index += 1
        }
        object.append(UInt8(ascii: "}"))
        return index > start ? index : nil
    }

    private func nameEnd(_ body: Span<UInt8>, _ start: Int) -> Int? {
        var index = start
        while index < body.count, body[index] > 0x20, body[index] < 0x7f, body[index] != 0x22,
            body[index] != UInt8(ascii: "="), body[index] != UInt8(ascii: "]")
        {
            index += 1
        }
        return index > start ? index : nil
    }

    private func parameter(_ body: Span<UInt8>, _ start: Int) -> Int? {
        guard let end = nameEnd(body, start), end + 1 < body.count,
            body[end] == UInt8(ascii: "="), body[end + 1] == 0x22
        else { return nil }
        JSONWriter.appendString(body.extracting(start..<end), &object)
        JSONWriter.append(":\"", &object)
        var index = end + 2
        var from = index
        while index < body.count, body[index] != 0x22 {
            let isEscape =
                body[index] == 0x5c && index + 1 < body.count
                && (body[index + 1] == 0x22 || body[index + 1] == 0x5c
                    || body[index + 1] == UInt8(ascii: "]"))
            if isEscape {
                JSONWriter.appendEscaped(body.extracting(from..<index), &object)
                from = index + 1
                index += 1
            }
            index += 1
        }
        guard index < body.count else { return nil }
        JSONWriter.appendEscaped(body.extracting(from..<index), &object)
        object.append(0x22)
        return index + 1
    }
}

/// The words for numbers of syslog (RFC 5424, section 6.2.1).
enum SyslogWords {
    static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3",
        "local4", "local5", "local6", "local7",
    ].map { Array($0.utf8) }

    static let severities = [
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
    ].map { Array($0.utf8) }
}
