/// The texts, numbers and words of a small JSON answer, by their paths: `error.type`, `items.0.status`.
enum AnswerFields {
    private struct Level {
        var name: String
        /// nil in an object.
        var index: Int?
    }

    // Paths repeat the names above them, so that a small answer could become large ones.
    private static let countMax = 4096
    private static let levelsMax = 8
    private static let pathMax = 512

    /// nil for what is no whole object or array; what stands deeper than any backend's fields is left out.
    static func read(_ bytes: [UInt8], textMax: Int = 4096) -> [String: String]? {
        // `ok` and `0` are JSON, and no backend's answer.
        guard let first = bytes.first(where: { $0 > 0x20 }), first == 0x7b || first == 0x5b else {
            return nil
        }
        var tokenizer = JSONTokenizer(textMax: textMax)
        var levels: [Level] = []
        var fields: [String: String] = [:]
        var offset = 0
        func add(_ text: [UInt8]) {
            guard fields.count < countMax, levels.count <= levelsMax,
                levels.reduce(0, { $0 + $1.name.utf8.count }) <= pathMax
            else { return }
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
