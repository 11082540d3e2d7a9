/// Finds the routes of a virtual host whose path can match, without asking each.
///
/// Every route stands in one chain of positions in rising order: that of its exact path, of its
/// prefix, of the literal that its expression begins with, or of nothing at all. A look-up visits
/// the chains that a path belongs to and takes the lowest position that matches, so that the first
/// match wins as in a walk through all. Chains are known by a 64-bit hash only: whoever walks one
/// asks the route itself. It costs about 40 bytes for each route.
package struct RouteIndex: Sendable {
    /// Chains by what paths begin with, or are.
    package struct Keys: Sendable {
        package private(set) var slots: [(hash: UInt64, first: Int32)] = []
        /// The lengths of the keys, rising.
        package private(set) var lengths: [Int32] = []

        fileprivate init(_ heads: [UInt64: Int32], _ lengths: Set<Int32>) {
            if heads.isEmpty { return }
            var size = 2
            while size < heads.count * 2 { size *= 2 }
            slots = Array(repeating: (0, -1), count: size)
            for (hash, first) in heads {
                var slot = RouteIndex.slot(hash, size - 1)
                while slots[slot].first >= 0 { slot = (slot + 1) & (size - 1) }
                slots[slot] = (hash, first)
            }
            self.lengths = lengths.sorted()
        }

        /// The first position of the chain; negative where there is none.
        @inline(__always)
        package func first(_ hash: UInt64) -> Int32 {
            let table = slots.span
            let mask = table.count &- 1
            if mask < 0 { return -1 }
            var slot = RouteIndex.slot(hash, mask)
            while table[slot].first >= 0 {
                if table[slot].hash == hash { return table[slot].first }
                slot = (slot &+ 1) & mask
            }
            return -1
        }
    }

    package let exact: Keys
    package let prefixes: Keys
    /// Those that ignore case, by their lower case.
    package let caselessExact: Keys
    package let caselessPrefixes: Keys
    /// Positions that no path rules out.
    package let others: [Int32]
    /// For each position the next of its chain; negative at the end.
    package let next: [Int32]

    package init(_ routes: [Route]) {
        var tables = [Chains(), Chains(), Chains(), Chains()]
        var others: [Int32] = []
        var next: [Int32] = Array(repeating: -1, count: routes.count)
        for (index, route) in routes.enumerated() {
            let position = Int32(clamping: index)
            let caseless = route.match.isCaseSensitive ? 0 : 2
            switch route.match.path {
            case .path(let path):
                tables[caseless].add(path.bytes, position, &next)
            case .prefix(let prefix), .pathSeparatedPrefix(let prefix):
                tables[caseless + 1].add(prefix.bytes, position, &next)
            case .regex(let expression):
                let literal = Self.literalStart(of: Array(expression.pattern.utf8))
                if literal.isEmpty {
                    others.append(position)
                } else {
                    tables[1].add(literal, position, &next)
                }
            case .connect:
                others.append(position)
            }
        }
        exact = Keys(tables[0].heads, tables[0].lengths)
        prefixes = Keys(tables[1].heads, tables[1].lengths)
        caselessExact = Keys(tables[2].heads, tables[2].lengths)
        caselessPrefixes = Keys(tables[3].heads, tables[3].lengths)
        self.others = others
        self.next = next
    }

    private struct Chains {
        var heads: [UInt64: Int32] = [:]
        var tails: [UInt64: Int32] = [:]
        var lengths: Set<Int32> = []

        mutating func add(_ key: [UInt8], _ position: Int32, _ next: inout [Int32]) {
            var hash = RouteIndex.seed
            for byte in key { hash = RouteIndex.step(hash, byte) }
            if let tail = tails[hash] {
                next[Int(tail)] = position
            } else {
                heads[hash] = position
            }
            tails[hash] = position
            lengths.insert(Int32(clamping: key.count))
        }
    }

    // MARK: - Hashing

    /// FNV-1a, byte by byte: keys come from the configuration, a peer cannot choose colliding ones.
    package static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    @inline(__always)
    package static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    @inline(__always)
    fileprivate static func slot(_ hash: UInt64, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
    }

    // MARK: - Expressions

    /// The bytes that every match of an RE2 pattern begins with, as far as they are plain to see.
    static func literalStart(of pattern: [UInt8]) -> [UInt8] {
        // Another branch may begin in another way.
        if pattern.contains(UInt8(ascii: "|")) { return [] }
        var literal: [UInt8] = []
        var index = pattern.first == UInt8(ascii: "^") ? 1 : 0
        while index < pattern.count {
            var byte = pattern[index]
            index += 1
            if isSpecial(byte) {
                // A repetition belongs to the byte before it, which may then be absent.
                if isRepetition(byte), !literal.isEmpty { literal.removeLast() }
                break
            }
            if byte == UInt8(ascii: "\\") {
                guard index < pattern.count, isPunctuation(pattern[index]) else { break }
                byte = pattern[index]
                index += 1
            }
            // Characters of several bytes are left to the expression: one may be repeated whole.
            if byte >= 0x80 { break }
            literal.append(byte)
        }
        return literal
    }

    private static func isRepetition(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "{")
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        isRepetition(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "[")
            || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "^")
            || byte == UInt8(ascii: "$")
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && !byte.isASCIIDigit && byte.asciiLowercased &- 0x61 >= 26
    }
}
