import Model

/// A line of a container runtime's log (CRI): time, stream, `P` or `F`, and the text.
final class ContainerLine: LineReader {
    private let key: [UInt8]
    private let time = Array("time".utf8)
    private let stream = Array("stream".utf8)
    private let tag = Array("logtag".utf8)

    init(key: String) { self.key = Array(key.utf8) }

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        guard let parts = Self.parts(line) else {
            return .unmatched("it is not in the container runtime's format")
        }
        let names = (time, stream, tag, key)
        record.append(name: names.0.span, value: line.extracting(0..<parts.time), kind: .text)
        let stream = line.extracting(parts.time + 1..<parts.stream)
        record.append(name: names.1.span, value: stream, kind: .text)
        let tag = line.extracting(parts.stream + 1..<parts.tag)
        record.append(name: names.2.span, value: tag, kind: .text)
        record.append(name: names.3.span, value: line.extracting(parts.text...), kind: .text)
        return .record
    }

    /// Where time, stream and tag end, and where the text begins.
    static func parts(_ line: Span<UInt8>) -> (time: Int, stream: Int, tag: Int, text: Int)? {
        guard line.count > 0, line[0].isASCIIDigit, let time = line.firstIndex(of: 0x20),
            let stream = line.firstIndex(of: 0x20, from: time + 1), stream - time == 7,
            line[time + 1] == UInt8(ascii: "s"), line[time + 2] == UInt8(ascii: "t"),
            line[time + 3] == UInt8(ascii: "d")
        else { return nil }
        let tag = line.firstIndex(of: 0x20, from: stream + 1) ?? line.count
        guard tag > stream + 1,
            line[stream + 1] == UInt8(ascii: "F") || line[stream + 1] == UInt8(ascii: "P")
        else { return nil }
        return (time, stream, tag, min(tag + 1, line.count))
    }
}
