internal import Model

/// Turns JSON into MessagePack, in one pass and without building anything between.
///
/// Whole numbers stay whole as far as 64 bits go, others become doubles; a number that neither holds
/// becomes a text of its digits, so that nothing is rounded off unseen. The JSON was written by this
/// process or checked when it was read; what is none all the same becomes a text.
enum MessagePackJSON {
    /// Deeper values become texts with their JSON; records that were read are not so deep.
    static let depthMax = 100

    /// Appends one value.
    static func append(_ json: Span<UInt8>, _ out: inout [UInt8]) {
        let start = out.count
        var index = 0
        if appendValue(json, &index, &out, depth: 0), JSONCursor.skip(json, index) == json.count {
            return
        }
        out.removeLast(out.count - start)
        appendText(raw: json, &out)
    }

    /// Appends bytes as a text; what is no UTF-8 in them becomes U+FFFD.
    private static func appendText(raw: Span<UInt8>, _ out: inout [UInt8]) {
        if isText(raw) {
            MessagePackWriter.append(text: raw, &out)
            return
        }
        let lossy = unsafe raw.withUnsafeBufferPointer {
            unsafe Array(String(decoding: $0, as: UTF8.self).utf8)
        }
        MessagePackWriter.append(text: lossy.span, &out)
    }

    private static func isText(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            let length = UTF8Scan.length(bytes, at: index)
            if length == 0 { return false }
            index += length
        }
        return true
    }

    /// False where there is no value.
    private static func appendValue(
        _ json: Span<UInt8>,
        _ index: inout Int,
        _ out: inout [UInt8],
        depth: Int
    ) -> Bool {
        index = JSONCursor.skip(json, index)
        guard index < json.count else { return false }
        switch json[index] {
        case 0x22: return appendString(json, &index, &out)
        case UInt8(ascii: "{"):
            if depth >= depthMax { return appendWhole(json, &index, &out) }
            return appendObject(json, &index, &out, depth)
        case UInt8(ascii: "["):
            if depth >= depthMax { return appendWhole(json, &index, &out) }
            return appendArray(json, &index, &out, depth)
        default: return appendWord(json, &index, &out)
        }
    }

    /// A value that is too deep, as it stands.
    private static func appendWhole(
        _ json: Span<UInt8>,
        _ index: inout Int,
        _ out: inout [UInt8]
    ) -> Bool {
        let end = JSONCursor.valueEnd(json, index)
        appendText(raw: json.extracting(index..<end), &out)
        index = end
        return true
    }

    private static func appendString(
        _ json: Span<UInt8>,
        _ index: inout Int,
        _ out: inout [UInt8]
    ) -> Bool {
        let end = JSONCursor.stringEnd(json, index)
        guard end - index >= 2, end <= json.count, json[end - 1] == 0x22 else { return false }
        let inside = json.extracting(index + 1..<end - 1)
        index = end
        if inside.firstIndex(of: 0x5c) == nil {
            appendText(raw: inside, &out)
        } else {
            var plain: [UInt8] = []
            plain.reserveCapacity(inside.count)
            JSONText.append(unescaping: inside, &plain)
            let text = plain
            appendText(raw: text.span, &out)
        }
        return true
    }

    private static func appendObject(
        _ json: Span<UInt8>,
        _ index: inout Int,
        _ out: inout [UInt8],
        _ depth: Int
    ) -> Bool {
        let head = out.count
        out.append(0)
        var count = 0
        index += 1
        while true {
            index = JSONCursor.skip(json, index)
            guard index < json.count else { return false }
            if json[index] == UInt8(ascii: "}") { break }
            if count > 0 {
                guard json[index] == UInt8(ascii: ",") else { return false }
                index += 1
                index = JSONCursor.skip(json, index)
            }
            guard index < json.count, json[index] == 0x22, appendString(json, &index, &out) else {
                return false
            }
            index = JSONCursor.skip(json, index)
            guard index < json.count, json[index] == UInt8(ascii: ":") else { return false }
            index += 1
            guard appendValue(json, &index, &out, depth: depth + 1) else { return false }
            count += 1
        }
        index += 1
        setHead(count, at: head, short: 0x80, 0xde, 0xdf, &out)
        return true
    }

    private static func appendArray(
        _ json: Span<UInt8>,
        _ index: inout Int,
        _ out: inout [UInt8],
        _ depth: Int
    ) -> Bool {
        let head = out.count
        out.append(0)
        var count = 0
        index += 1
        while true {
            index = JSONCursor.skip(json, index)
            guard index < json.count else { return false }
            if json[index] == UInt8(ascii: "]") { break }
            if count > 0 {
                guard json[index] == UInt8(ascii: ",") else { return false }
                index += 1
            }
            guard appendValue(json, &index, &out, depth: depth + 1) else { return false }
            count += 1
        }
        index += 1
        setHead(count, at: head, short: 0x90, 0xdc, 0xdd, &out)
        return true
    }

    /// Only at the end it is known how long the head is: few have more than 15 parts, and their
    /// contents move for it.
    private static func setHead(
        _ count: Int,
        at position: Int,
        short: UInt8,
        _ two: UInt8,
        _ four: UInt8,
        _ out: inout [UInt8]
    ) {
        var head: [UInt8] = []
        MessagePackWriter.appendHead(count, short: short, two, four, &head)
        if head.count == 1 {
            out[position] = head[0]
        } else {
            out.replaceSubrange(position...position, with: head)
        }
    }

    /// `true`, `false`, `null` or a number.
    private static func appendWord(
        _ json: Span<UInt8>,
        _ index: inout Int,
        _ out: inout [UInt8]
    ) -> Bool {
        let end = JSONCursor.valueEnd(json, index)
        guard end > index else { return false }
        let word = json.extracting(index..<end)
        let first = word[0]
        index = end
        if first == UInt8(ascii: "-") || (first >= 0x30 && first <= 0x39) {
            appendNumber(word, &out)
            return true
        }
        let (yes, no, nothing) = (yes, no, nothing)
        if word.equals(yes.span) {
            MessagePackWriter.append(true, &out)
        } else if word.equals(no.span) {
            MessagePackWriter.append(false, &out)
        } else if word.equals(nothing.span) {
            MessagePackWriter.appendNil(&out)
        } else {
            return false
        }
        return true
    }

    private static let yes = Array("true".utf8)
    private static let no = Array("false".utf8)
    private static let nothing = Array("null".utf8)

    private static func appendNumber(_ word: Span<UInt8>, _ out: inout [UInt8]) {
        if word.count <= 512 {
            let text = unsafe word.withUnsafeBufferPointer {
                unsafe String(decoding: $0, as: UTF8.self)
            }
            let isWhole = text.utf8.allSatisfy {
                $0 >= 0x30 && $0 <= 0x39 || $0 == UInt8(ascii: "-")
            }
            if isWhole {
                if let value = Int64(text) {
                    MessagePackWriter.append(value, &out)
                    return
                }
                if let value = UInt64(text) {
                    MessagePackWriter.append(value, &out)
                    return
                }
            } else if let value = Double(text), value.isFinite {
                MessagePackWriter.append(value, &out)
                return
            }
        }
        appendText(raw: word, &out)
    }
}
