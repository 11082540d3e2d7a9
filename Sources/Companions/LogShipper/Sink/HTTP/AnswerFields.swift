/// The texts, numbers and words of a small JSON answer, by their paths: `error.type`, `items.0.status`.
enum AnswerFields {
    private struct Level {
        var name: String
        /// nil in an object.
        var index: Int?
    }

    private static let countMax = 4096

    /// nil for what is no whole JSON text.
    static func read(_ bytes: [UInt8], textMax: Int = 4096) -> [String: String]? {
        var tokenizer = JSONTokenizer(textMax: textMax)
        var levels: [Level] = []
        var fields: [String: String] = [:]
        var offset = 0
        func add(_ text: [UInt8]) {
            guard fields.count < countMax else { return }
            fields[levels.map(\.name).joined(separator: ".")] = String(
                decoding: text,
                as: UTF8.self
            )
        }
        func beginValue() {
            guard let last = levels.indices.last, let index = levels[last].index else { return }
            levels[last].name = String(index)
            levels[last].index = index + 1
        }
        do throws(JSONTokenizer.Failure) {
            while true {
                let token = try tokenizer.next(in: bytes.span, from: &offset) ?? tokenizer.end()
                switch token {
                case nil: return tokenizer.isWhole ? fields : nil
                case .beginObject:
                    beginValue()
                    levels.append(Level(name: "", index: nil))
                case .beginArray:
                    beginValue()
                    levels.append(Level(name: "", index: 0))
                case .endObject, .endArray: levels.removeLast()
                case .name:
                    if let last = levels.indices.last {
                        levels[last].name = String(decoding: tokenizer.text, as: UTF8.self)
                    }
                case .string, .word:
                    beginValue()
                    add(tokenizer.text)
                }
            }
        } catch {
            return nil
        }
    }
}
