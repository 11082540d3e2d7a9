internal import Model

/// Reads the answer to `_bulk` as it arrives, in bounded memory: which items were taken, which may be
/// tried again, and which never will be.
struct BulkReply {
    /// What it came to.
    enum Verdict {
        /// No JSON, not whole, or without items.
        case malformed(String)
        case judged(again: [Int], refused: [(position: Int, reason: String)], duplicates: Int)
    }

    private let expected: Int
    private let isCreate: Bool
    private var tokenizer = JSONTokenizer(textMax: 300)
    private var hasFailed = false
    /// Items that were seen.
    private var count = 0
    /// The name that was read last at each level.
    private var names: InlineArray<5, Name> = InlineArray(repeating: .other)
    private var status = 0
    private var type: [UInt8] = []
    private var reason: [UInt8] = []
    private var hasItems = false
    private var again: [Int] = []
    private var refused: [(position: Int, reason: String)] = []
    private var duplicates = 0
    /// Bytes of reasons that are still kept: an answer to many documents may have many long ones.
    private var reasonsLeft = 1 << 20
    /// Why the first of those in ``again`` has to wait.
    private(set) var why = ""

    /// - Parameters:
    ///   - items: how many were sent.
    ///   - isCreate: 409 says of a document that it is there already.
    init(items: Int, isCreate: Bool) {
        expected = items
        self.isCreate = isCreate
    }

    /// Takes a piece of the answer.
    mutating func add(_ bytes: Span<UInt8>) {
        guard !hasFailed else { return }
        var offset = 0
        do throws(JSONTokenizer.Failure) {
            while true {
                if isInItems, tokenizer.depth == 2, tokenizer.isAfterElement {
                    passTaken(bytes, &offset)
                }
                guard let token = try tokenizer.next(in: bytes, from: &offset) else { break }
                take(token)
            }
        } catch {
            hasFailed = true
        }
    }

    /// Goes over items that were taken and say nothing but that, the whole answer as a rule, without
    /// taking them apart.
    private mutating func passTaken(_ bytes: Span<UInt8>, _ offset: inout Int) {
        let begin = isCreate ? Self.createBegin : Self.indexBegin
        let length = begin.count + 4
        while bytes.count - offset >= length {
            let item = bytes.extracting(offset..<offset + length)
            guard item.hasPrefix(begin.span), item[begin.count].isASCIIDigit,
                item[begin.count + 1].isASCIIDigit, item[length - 2] == 0x7d,
                item[length - 1] == 0x7d
            else { return }
            count += 1
            offset += length
        }
    }

    private static let createBegin = Array(#",{"create":{"status":2"#.utf8)
    private static let indexBegin = Array(#",{"index":{"status":2"#.utf8)

    /// Names that matter.
    private enum Name: UInt8 {
        case other, items, status, error, type, reason

        init(_ text: borrowing [UInt8]) {
            switch text.count {
            case 4: self = text == Self.typeText ? .type : .other
            case 5:
                self = text == Self.itemsText ? .items : text == Self.errorText ? .error : .other
            case 6:
                self =
                    text == Self.statusText ? .status : text == Self.reasonText ? .reason : .other
            default: self = .other
            }
        }

        private static let itemsText = Array("items".utf8)
        private static let statusText = Array("status".utf8)
        private static let errorText = Array("error".utf8)
        private static let typeText = Array("type".utf8)
        private static let reasonText = Array("reason".utf8)
    }

    /// Levels: the answer 1, `items` 2, an item 3, its operation 4, its error 5.
    private mutating func take(_ token: JSONTokenizer.Token) {
        let depth = tokenizer.depth
        switch token {
        case .name:
            if depth >= 1, depth <= 5 { names[depth - 1] = Name(tokenizer.text) }
        case .beginArray:
            if depth == 2, name(1) == .items { hasItems = true }
        case .beginObject:
            guard isInItems, depth == 3 else { return }
            status = 0
            type.removeAll(keepingCapacity: true)
            reason.removeAll(keepingCapacity: true)
        case .endObject:
            if isInItems, depth == 2 { endItem() }
        case .word:
            guard isInItems, depth == 4, name(4) == .status else { return }
            status = Int(String(decoding: tokenizer.text, as: UTF8.self)) ?? 0
        case .string:
            guard isInItems else { return }
            if depth == 4, name(4) == .error {
                reason = tokenizer.text
            } else if depth == 5, name(4) == .error {
                if name(5) == .type { type = tokenizer.text }
                if name(5) == .reason { reason = tokenizer.text }
            }
        case .endArray: break
        }
    }

    private var isInItems: Bool { hasItems && name(1) == .items }

    private func name(_ level: Int) -> Name { names[level - 1] }

    private mutating func endItem() {
        let position = count
        count += 1
        guard position < expected else { return }
        switch status {
        case 200..<300: return
        case 409 where isCreate: duplicates += 1
        // A right that is missing, and an index that is closed for writing, are no document's fault.
        case 401, 403, 429, 500..<600:
            again.append(position)
            if why.isEmpty { why = "items are answered with \(words)" }
        case 300..<500:
            let text = reasonsLeft > 0 ? words : "\(status)"
            reasonsLeft -= text.utf8.count
            refused.append((position, text))
        default: hasFailed = true
        }
    }

    private var words: String {
        let kind = String(decoding: type, as: UTF8.self)
        let text = String(decoding: reason, as: UTF8.self)
        return ["\(status)", kind, text].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// After the last piece.
    func verdict() -> Verdict {
        if hasFailed { return .malformed("the answer is no JSON of _bulk") }
        guard tokenizer.isWhole else { return .malformed("the answer is not whole") }
        guard hasItems else { return .malformed("the answer has no items") }
        guard count == expected else {
            return .malformed("the answer has \(count) items for the \(expected) that were sent")
        }
        return .judged(again: again, refused: refused, duplicates: duplicates)
    }
}
