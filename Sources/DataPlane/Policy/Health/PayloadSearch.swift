/// Blocks of bytes that must come one after the other, with anything between them: the `receive`
/// of health checks, prepared for searching.
package final class PayloadPattern: Sendable {
    let blocks: [[UInt8]]
    /// For each position of each block, how many bytes of the block's beginning end there
    /// (Knuth, Morris, Pratt).
    let borders: [[Int]]

    package init(_ blocks: [[UInt8]]) {
        self.blocks = blocks.filter { !$0.isEmpty }
        borders = self.blocks.map { Self.borders(of: $0) }
    }

    package var isEmpty: Bool { blocks.isEmpty }

    private static func borders(of block: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: block.count)
        var length = 0
        for index in block.indices.dropFirst() {
            while length > 0, block[index] != block[length] { length = borders[length - 1] }
            if block[index] == block[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }
}

/// Looks for a pattern in bytes as they come: linear in them, and nothing is kept.
package struct PayloadSearch {
    private let pattern: PayloadPattern
    private var block = 0
    private var matched = 0

    package init(_ pattern: PayloadPattern) { self.pattern = pattern }

    /// All blocks were found.
    package var isComplete: Bool { block == pattern.blocks.count }

    package mutating func feed(_ bytes: Span<UInt8>) {
        for index in bytes.indices {
            if isComplete { return }
            let wanted = pattern.blocks[block]
            let byte = bytes[index]
            while matched > 0, byte != wanted[matched] {
                matched = pattern.borders[block][matched - 1]
            }
            if byte == wanted[matched] { matched += 1 }
            if matched == wanted.count {
                block += 1
                matched = 0
            }
        }
    }
}
