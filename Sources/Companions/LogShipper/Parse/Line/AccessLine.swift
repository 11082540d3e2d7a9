import Model

/// A line of an access log, in the combined format of Apache or in that of nginx.
///
/// Fields have the names that fluentd's parsers give. For Apache `-` is nothing, and status and size
/// are numbers; for nginx all are texts.
final class AccessLine: LineReader {
    enum Form { case apache2, nginx }

    private let form: Form
    private let first: [UInt8]
    private let second: [UInt8]?
    private let user = Array("user".utf8)
    private let time = Array("time".utf8)
    private let method = Array("method".utf8)
    private let path = Array("path".utf8)
    private let code = Array("code".utf8)
    private let size = Array("size".utf8)
    private let referer = Array("referer".utf8)
    private let agent = Array("agent".utf8)
    private let forwarded = Array("http_x_forwarded_for".utf8)

    init(_ form: Form) {
        self.form = form
        first = Array((form == .apache2 ? "host" : "remote").utf8)
        second = form == .apache2 ? nil : Array("host".utf8)
    }

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        guard let place = take(line, &record) else {
            return .unmatched("it is not in the format of an access log")
        }
        return place == line.count ? .record : .unmatched("something comes after the last field")
    }

    private func take(_ line: Span<UInt8>, _ record: inout LogRecord) -> Int? {
        guard var index = word(line, 0, first, &record) else { return nil }
        guard let afterSecond = word(line, index, second, &record) else { return nil }
        guard let afterUser = word(line, afterSecond, user, &record) else { return nil }
        index = afterUser
        guard index < line.count, line[index] == UInt8(ascii: "["),
            let bracket = line.firstIndex(of: UInt8(ascii: "]"), from: index),
            let quote = space(line, bracket + 1)
        else { return nil }
        let time = time
        record.append(name: time.span, value: line.extracting(index + 1..<bracket), kind: .text)
        guard let afterRequest = request(line, quote, &record),
            let codeStart = space(line, afterRequest)
        else { return nil }
        guard let sizeStart = word(line, codeStart, code, isNumber: true, &record) else {
            return nil
        }
        let end = line.firstIndex(of: 0x20, from: sizeStart) ?? line.count
        add(size, line.extracting(sizeStart..<end), isNumber: true, &record)
        guard end < line.count else { return end }
        guard let afterReferer = quoted(line, end + 1, referer, &record),
            let agentStart = space(line, afterReferer),
            let afterAgent = quoted(line, agentStart, agent, &record)
        else { return nil }
        guard form == .nginx, afterAgent < line.count, let more = space(line, afterAgent) else {
            return afterAgent
        }
        let stop = line.firstIndex(of: 0x20, from: more) ?? line.count
        if stop > more { add(forwarded, line.extracting(more..<stop), &record) }
        return stop
    }

    private func space(_ line: Span<UInt8>, _ index: Int) -> Int? {
        index < line.count && line[index] == 0x20 ? index + 1 : nil
    }

    /// Takes what comes before the next space; returns the position after that.
    private func word(
        _ line: Span<UInt8>,
        _ start: Int,
        _ name: [UInt8]?,
        isNumber: Bool = false,
        _ record: inout LogRecord
    ) -> Int? {
        guard let end = line.firstIndex(of: 0x20, from: start) else { return nil }
        if let name { add(name, line.extracting(start..<end), isNumber: isNumber, &record) }
        return end + 1
    }

    private func add(
        _ name: [UInt8],
        _ value: Span<UInt8>,
        isNumber: Bool = false,
        _ record: inout LogRecord
    ) {
        guard form == .apache2 else {
            record.append(name: name.span, value: value, kind: .text)
            return
        }
        if value.count == 1, value[0] == UInt8(ascii: "-") { return }
        let isPlain =
            isNumber && value.decimal() != nil && (value.count == 1 || value[0] != 0x30)
        record.append(name: name.span, value: value, kind: isPlain ? .json : .text)
    }

    /// Takes a text in quotes; returns the position after the second one.
    private func quoted(
        _ line: Span<UInt8>,
        _ start: Int,
        _ name: [UInt8],
        _ record: inout LogRecord
    ) -> Int? {
        guard let end = quoteEnd(line, start) else { return nil }
        add(name, line.extracting(start + 1..<end), &record)
        return end + 1
    }

    private func quoteEnd(_ line: Span<UInt8>, _ start: Int) -> Int? {
        guard start < line.count, line[start] == 0x22 else { return nil }
        var index = start + 1
        while index < line.count, line[index] != 0x22 { index += line[index] == 0x5c ? 2 : 1 }
        return index < line.count ? index : nil
    }

    /// `"GET /path HTTP/1.1"`: the last word is the protocol, where there are three.
    private func request(
        _ line: Span<UInt8>,
        _ start: Int,
        _ record: inout LogRecord
    ) -> Int? {
        guard let end = quoteEnd(line, start) else { return nil }
        let inside = line.extracting(start + 1..<end)
        let space = inside.firstIndex(of: 0x20) ?? inside.count
        let method = method
        record.append(name: method.span, value: inside.extracting(0..<space), kind: .text)
        var from = space
        while from < inside.count, inside[from] == 0x20 { from += 1 }
        guard from < inside.count else { return end + 1 }
        var to = inside.count
        while to > from, inside[to - 1] != 0x20 { to -= 1 }
        if to == from { to = inside.count }
        while to > from, inside[to - 1] == 0x20 { to -= 1 }
        let path = path
        record.append(name: path.span, value: inside.extracting(from..<to), kind: .text)
        return end + 1
    }
}
