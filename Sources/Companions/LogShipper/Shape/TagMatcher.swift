import Model

/// Which tags a step is for.
///
/// Each pattern is worked through in time linear in the tag for each of its places, so no pattern makes
/// it slow.
package struct TagMatcher {
    /// One thing that a pattern wants.
    private enum Item {
        case byte(UInt8)
        /// Any bytes but dots.
        case inPart
        /// Any bytes.
        case anything
        /// Parts up to a dot, the dot included.
        case upToDot
        /// Goes on here, or after so many items.
        case fork(Int)
    }

    /// Alternatives that braces of one pattern may make.
    private static let alternativesMax = 256
    private var globs: [[Item]] = []
    private var expressions: [LinePattern] = []

    /// A pattern between slashes is an expression; one that can't be compiled matches nothing.
    package init(_ pattern: TagPattern) {
        for text in pattern.patterns {
            for word in Self.words(Array(text.utf8)) {
                if word.count > 2, word.first == 0x2f, word.last == 0x2f {
                    let body = String(decoding: word.dropFirst().dropLast(), as: UTF8.self)
                    let place = ConfigurationPlace(file: "", line: 0)
                    if let made = try? LinePattern(body, place: place) { expressions.append(made) }
                } else if pattern.dialect == .fluentBit {
                    globs.append(
                        word.map { $0 == UInt8(ascii: "*") ? .anything : .byte($0) }
                    )
                } else {
                    for one in Self.alternatives(word) { globs.append(Self.items(one)) }
                }
            }
        }
    }

    package func matches(_ tag: Span<UInt8>) -> Bool {
        for glob in globs where Self.matches(glob, tag) { return true }
        for expression in expressions where expression.matches(tag) { return true }
        return false
    }

    // MARK: - Reading patterns

    private static func words(_ text: [UInt8]) -> [[UInt8]] {
        if text.first == 0x2f, text.last == 0x2f { return [text] }
        return text.split { $0 <= 0x20 }.map(Array.init)
    }

    /// `a{b,c}d` as `abd` and `acd`.
    private static func alternatives(_ text: [UInt8]) -> [[UInt8]] {
        guard let open = text.firstIndex(of: UInt8(ascii: "{")) else { return [text] }
        var depth = 0
        var parts: [[UInt8]] = [[]]
        var end: Int?
        for index in open..<text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 {
                end = index
                break
            }
            if depth == 1, byte == UInt8(ascii: ",") {
                parts.append([])
            } else if index > open {
                parts[parts.count - 1].append(byte)
            }
        }
        guard let end else { return [text] }
        // Each piece is worked out once, so that many braces cost no more than what they make.
        let rests = alternatives(Array(text[(end + 1)...]))
        var made: [[UInt8]] = []
        for part in parts {
            for middle in alternatives(part) {
                for rest in rests where made.count < alternativesMax {
                    made.append(text[..<open] + middle + rest)
                }
            }
        }
        return made
    }

    private static func items(_ text: [UInt8]) -> [Item] {
        let dot = UInt8(ascii: ".")
        let star = UInt8(ascii: "*")
        var items: [Item] = []
        var index = 0
        while index < text.count {
            let rest = text[index...]
            let isPartStart = index == 0 || text[index - 1] == dot
            if isPartStart, rest.starts(with: [star, star, dot]) {
                // No part, or some, each with its dot.
                items += [.fork(2), .upToDot]
                index += 3
            } else if rest.elementsEqual([dot, star, star]) {
                items += [.fork(3), .byte(dot), .anything]
                index += 3
            } else if rest.starts(with: [star, star]) {
                items.append(.anything)
                index += 2
            } else {
                items.append(text[index] == star ? .inPart : .byte(text[index]))
                index += 1
            }
        }
        return items
    }

    // MARK: - Matching

    private static func matches(_ items: [Item], _ tag: Span<UInt8>) -> Bool {
        var here = [Bool](repeating: false, count: items.count + 1)
        here[0] = true
        close(&here, items)
        for index in 0..<tag.count {
            var next = [Bool](repeating: false, count: items.count + 1)
            for place in items.indices where here[place] {
                switch items[place] {
                case .byte(let byte): if tag[index] == byte { next[place + 1] = true }
                case .inPart: if tag[index] != UInt8(ascii: ".") { next[place] = true }
                case .anything: next[place] = true
                case .upToDot:
                    next[place] = true
                    if tag[index] == UInt8(ascii: ".") { next[place + 1] = true }
                case .fork: break
                }
            }
            here = next
            close(&here, items)
        }
        return here[items.count]
    }

    /// Adds the places that are reached without taking a byte; all of them lie behind.
    private static func close(_ here: inout [Bool], _ items: [Item]) {
        for place in items.indices where here[place] {
            switch items[place] {
            case .inPart, .anything: here[place + 1] = true
            case .fork(let over):
                here[place + 1] = true
                if place + over < here.count { here[place + over] = true }
            case .byte, .upToDot: break
            }
        }
    }
}
