/// The word of a list that was probably meant, for "did you mean …?".
package enum NearestWord {
    /// The nearest of `words` by edit distance, where it is near enough to be worth proposing.
    ///
    /// Words longer than 200 bytes are not compared: the cost grows with the product of lengths.
    package static func to(_ word: String, among words: some Sequence<String>) -> String? {
        let wanted = Array(word.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= 200 else { return nil }
        let limit = max(1, wanted.count / 3)
        var best: (word: String, distance: Int)?
        for candidate in words {
            let bytes = Array(candidate.lowercased().utf8)
            guard bytes.count <= 200, abs(bytes.count - wanted.count) <= limit else { continue }
            let found = distance(wanted, bytes)
            guard found <= limit else { continue }
            if let best, (best.distance, best.word) <= (found, candidate) { continue }
            best = (candidate, found)
        }
        return best?.word
    }

    /// Edits (insert, remove, replace, swap neighbours) between two words.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var least = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}

/// The hint for a word that is not known: the nearest known one, or what the words are.
package func didYouMean(_ word: String, among words: [String], otherwise: String) -> String {
    guard let near = NearestWord.to(word, among: words) else { return otherwise }
    return "did you mean \(quoted(near))?"
}

/// A text of the configuration as it stands in a message: in quotes, on one line, not too long.
package func quoted(_ text: String) -> String {
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
