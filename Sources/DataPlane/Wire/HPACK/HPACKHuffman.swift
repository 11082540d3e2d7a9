/// The Huffman code of RFC 7541 appendix B.
///
/// The code is canonical: its lengths determine it, so only these stand here. Codes up to ten bits,
/// which are those of all usual bytes, are found with one read of a table; longer ones by comparing
/// with the last code of each length.
@safe
struct HPACKHuffman: @unchecked Sendable {
    /// The length of the code of each byte, then of the end of string: `A` is 5 bits.
    private static let lengths: StaticString = """
        ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCC\
        DCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSS\
        QQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ
        """
    private static let endOfString = 256
    private static let tableBits = 10
    private static let lengthMax = 30

    // Made once and never changed or freed, which is what makes them safe to share.

    /// For each value of the next ten bits: the length and the byte; 0 where the code is longer.
    private let table: UnsafePointer<UInt16>
    /// The symbols in the order of their codes.
    private let symbols: UnsafePointer<UInt16>
    /// For each length, what follows its last code, as the highest of 32 bits.
    private let ends: UnsafePointer<UInt64>
    /// For each length, what is added to a code to have the index of its symbol.
    private let offsets: UnsafePointer<Int>

    static let shared = HPACKHuffman()

    private init() {
        let table = UnsafeMutablePointer<UInt16>.allocate(capacity: 1 << Self.tableBits)
        let symbols = UnsafeMutablePointer<UInt16>.allocate(capacity: 257)
        let ends = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.lengthMax + 1)
        let offsets = UnsafeMutablePointer<Int>.allocate(capacity: Self.lengthMax + 1)
        unsafe table.initialize(repeating: 0, count: 1 << Self.tableBits)
        unsafe symbols.initialize(repeating: 0, count: 257)
        unsafe ends.initialize(repeating: 0, count: Self.lengthMax + 1)
        unsafe offsets.initialize(repeating: 0, count: Self.lengthMax + 1)
        precondition(Self.lengths.utf8CodeUnitCount == 257, "a symbol without a code")
        var code = 0
        var index = 0
        for length in 5...Self.lengthMax {
            code <<= 1
            unsafe offsets[length] = index - code
            for symbol in 0..<257 where unsafe Int(Self.lengths.utf8Start[symbol]) - 60 == length {
                unsafe symbols[index] = UInt16(symbol)
                if length <= Self.tableBits {
                    let free = Self.tableBits - length
                    for low in 0..<(1 << free) {
                        unsafe table[code << free | low] = UInt16(length << 8 | symbol)
                    }
                }
                code += 1
                index += 1
            }
            unsafe ends[length] = UInt64(code) << UInt64(32 - length)
        }
        unsafe self.table = UnsafePointer(table)
        unsafe self.symbols = UnsafePointer(symbols)
        unsafe self.ends = UnsafePointer(ends)
        unsafe self.offsets = UnsafePointer(offsets)
    }

    /// The most bytes that decoding a string of this many bytes gives: no code is below five bits.
    static func decodedBytesMax(_ count: Int) -> Int { count &* 8 / 5 &+ 1 }

    /// Decodes a string.
    ///
    /// - Parameter output: at least `decodedBytesMax` bytes.
    /// - Returns: the number of bytes; nil where there is the end of string, a padding of eight bits
    ///   or more, or one that is not all ones (RFC 7541 section 5.2).
    func decode(_ input: Span<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        precondition(output.count >= Self.decodedBytesMax(input.count), "no room for a string")
        guard let out = output.baseAddress else { return nil }
        // The bits to decode, from the highest down; those below `bits` are zero.
        var window: UInt64 = 0
        var bits = 0
        var position = 0
        var written = 0
        while true {
            if position &+ 8 <= input.count {
                let word = UInt64(
                    bigEndian: unsafe input.bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: position,
                        as: UInt64.self
                    )
                )
                let taken = (64 &- bits) &>> 3
                // Only whole bytes are taken; the bits of the others are cleared again.
                let keep = UInt64.max &<< UInt64(truncatingIfNeeded: 64 &- taken &* 8)
                if taken > 0 {
                    window |= (word & keep) &>> UInt64(truncatingIfNeeded: bits)
                    position &+= taken
                    bits &+= taken &* 8
                }
            } else {
                while bits <= 56, position < input.count {
                    let byte = unsafe UInt64(input[unchecked: position])
                    window |= byte &<< UInt64(truncatingIfNeeded: 56 &- bits)
                    position &+= 1
                    bits &+= 8
                }
            }
            let isLast = position == input.count
            // A code has at most 30 bits; before the last bytes there are always that many.
            let floor = isLast ? 0 : Self.lengthMax
            while bits > floor || bits == floor && !isLast {
                let entry = unsafe table[Int(truncatingIfNeeded: window &>> 54)]
                var length = Int(entry &>> 8)
                var symbol = Int(entry & 0xff)
                if length == 0 {
                    (length, symbol) = long(window &>> 32)
                    if symbol == Self.endOfString, length <= bits { return nil }
                }
                if length > bits {
                    // What remains must be padding: fewer than eight ones.
                    let ones = ~(UInt64.max &>> UInt64(truncatingIfNeeded: bits))
                    return bits < 8 && window == ones ? written : nil
                }
                unsafe out[written] = UInt8(truncatingIfNeeded: symbol)
                written &+= 1
                window &<<= UInt64(truncatingIfNeeded: length)
                bits &-= length
            }
            if isLast { return written }
        }
    }

    /// The length and symbol of a code above ten bits, given the next 32 bits.
    private func long(_ next: UInt64) -> (length: Int, symbol: Int) {
        var length = Self.tableBits + 1
        while length < Self.lengthMax, unsafe next >= ends[length] { length += 1 }
        let code = Int(truncatingIfNeeded: next &>> UInt64(32 - length))
        let index = unsafe code + offsets[length]
        // Every value of 30 bits is a code, so the index is within the symbols.
        precondition(index >= 0 && index < 257, "no such code")
        return unsafe (length, Int(symbols[index]))
    }
}
