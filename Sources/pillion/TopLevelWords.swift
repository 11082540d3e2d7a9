/// Tells cheaply whether a YAML or JSON file may have one of some keys at its top.
///
/// A large file of the proxy's would otherwise be read twice, once only to see that it ships no logs.
enum TopLevelWords {
    /// False only where none of the words is a key at the top, escapes in keys aside; true may be wrong.
    static func mayBegin(_ words: [String], in text: [UInt8]) -> Bool {
        let words = words.map { Array($0.utf8) }
        var isLineStart = true
        // In braces, keys stand anywhere in a line.
        var isFlow = false
        var hasContent = false
        var isComment = false
        let bytes = text.span
        for index in bytes.indices {
            let byte = bytes[index]
            switch byte {
            case 0x0a, 0x0d:
                isLineStart = true
                isComment = false
            // Space, quotes, and a byte order mark.
            case 0x20, 0x09, 0x22, 0x27, 0xef, 0xbb, 0xbf: break
            case _ where isComment: break
            case UInt8(ascii: "#") where isLineStart: isComment = true
            default:
                if !hasContent, byte != UInt8(ascii: "-") {
                    hasContent = true
                    // A tag or an anchor may stand before the brace.
                    isFlow = byte == 0x7b || byte == 0x21 || byte == 0x26
                }
                if isLineStart || isFlow, words.contains(where: { begins($0, bytes, index) }) {
                    return true
                }
                isLineStart = false
            }
        }
        return false
    }

    private static func begins(_ word: [UInt8], _ bytes: Span<UInt8>, _ start: Int) -> Bool {
        guard bytes.count - start >= word.count, bytes[start] == word[0] else { return false }
        for offset in word.indices where bytes[start + offset] != word[offset] { return false }
        return true
    }
}
