/// A text of the configuration as it stands in a message: in quotes, on one line, not too long.
func fluentQuoted(_ text: String) -> String {
    var shown = "\""
    for (position, scalar) in text.unicodeScalars.enumerated() {
        if position == 80 {
            shown += "…"
            break
        }
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0: shown += "\\u{\(String(scalar.value, radix: 16))}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return shown + "\""
}

/// The hint for a word that is not known: the nearest known one, or what the words are.
func fluentDidYouMean(_ word: String, among words: [String]) -> String? {
    let wanted = Array(word.lowercased().utf8)
    let limit = max(1, wanted.count / 3)
    var best: (word: String, distance: Int)?
    if !wanted.isEmpty, wanted.count <= 100 {
        for candidate in words.sorted() {
            let bytes = Array(candidate.lowercased().utf8)
            guard bytes.count <= 100, abs(bytes.count - wanted.count) <= limit else { continue }
            let found = fluentDistance(wanted, bytes)
            guard found <= limit, found < best?.distance ?? .max else { continue }
            best = (candidate, found)
        }
    }
    if let best { return "did you mean \(fluentQuoted(best.word))?" }
    return nil
}

/// Edits (insert, remove, replace, swap neighbours) between two words.
private func fluentDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
            var least = min(replaced, last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                least = min(least, beforeLast[column - 1] + 1)
            }
            current.append(least)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
