import Model

// Eight bytes at a time: the lowest marked byte of each word is exact, those above it may be marked
// by a borrow, so only the first is ever used.

/// The high bit of the first byte of `word` that is below `bound` (at most 0x80).
@inline(__always)
func marksBelow(_ bound: UInt64, in word: UInt64) -> UInt64 {
    (word &- (0x0101_0101_0101_0101 &* bound)) & ~word & 0x8080_8080_8080_8080
}

/// The high bit of the first byte of `word` that equals `byte`.
@inline(__always)
func marksEqual(_ byte: UInt64, in word: UInt64) -> UInt64 {
    marksBelow(1, in: word ^ (0x0101_0101_0101_0101 &* byte))
}

/// The high bit of each byte of `word` that is no ASCII letter, digit or hyphen; all are exact.
@inline(__always)
func marksOutsideName(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // Without the high bits no sum carries into the next byte.
    let low = word & (ones &* 0x7f)
    let folded = low | (ones &* 0x20)
    let letter = (folded &+ ones &* 0x1f) & ~(folded &+ ones &* 0x05)
    let digit = (low &+ ones &* 0x50) & ~(low &+ ones &* 0x46)
    let notHyphen = (low ^ (ones &* 0x2d)) &+ ones &* 0x7f
    return (~(letter | digit) & notHyphen | word) & (ones &* 0x80)
}

extension Span<UInt8> {
    /// Eight bytes from `index`, the first in the lowest position.
    ///
    /// The caller has proved that `index + 8 <= count`.
    @inline(__always)
    func word(at index: Int) -> UInt64 {
        assert(index >= 0 && index + 8 <= count)
        return UInt64(
            littleEndian: unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt64.self
            )
        )
    }

    /// The first position at or after `start` of a control character other than HTAB (what a field
    /// value ends with or may not hold), or `end`.
    @inline(__always)
    func firstControl(from start: Int, to end: Int) -> Int {
        var index = start
        while index &+ 8 <= end {
            let word = self.word(at: index)
            let marks = marksBelow(0x20, in: word) | marksEqual(0x7f, in: word)
            if marks == 0 {
                index &+= 8
                continue
            }
            index &+= marks.trailingZeroBitCount &>> 3
            if unsafe self[unchecked: index] != 0x09 { return index }
            index &+= 1
        }
        while index < end {
            let byte = unsafe self[unchecked: index]
            if byte < 0x20 && byte != 0x09 || byte == 0x7f { return index }
            index &+= 1
        }
        return end
    }

    /// The first position at or after `start` of a byte that a request target may not hold (CTL,
    /// SP, `#`, DEL, anything beyond ASCII), or `end`.
    @inline(__always)
    func firstOutsideTarget(from start: Int, to end: Int) -> Int {
        var index = start
        while index &+ 8 <= end {
            let word = self.word(at: index)
            let marks =
                marksBelow(0x21, in: word) | marksEqual(0x23, in: word)
                | marksEqual(0x7f, in: word) | word & 0x8080_8080_8080_8080
            if marks != 0 { return index &+ marks.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < end {
            let byte = unsafe self[unchecked: index]
            if byte < 0x21 || byte == 0x23 || byte >= 0x7f { return index }
            index &+= 1
        }
        return end
    }

    /// The first position at or after `start` of `byte`, or nil.
    @inline(__always)
    func firstPosition(of byte: UInt8, from start: Int) -> Int? {
        var index = start
        while index &+ 8 <= count {
            let marks = marksEqual(UInt64(byte), in: word(at: index))
            if marks != 0 { return index &+ marks.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        return firstIndex(of: byte, from: index)
    }

    /// The first position at or after `start` of a byte that is no `tchar`, or `end`.
    ///
    /// Nearly all names are letters, digits and hyphens: these go by eight at a time.
    @inline(__always)
    func firstOutsideToken(from start: Int, to end: Int) -> Int {
        var index = start
        while index &+ 8 <= end {
            let others = marksOutsideName(in: word(at: index))
            if others == 0 {
                index &+= 8
                continue
            }
            index &+= others.trailingZeroBitCount &>> 3
            if unsafe !ByteSet.token.contains(self[unchecked: index]) { return index }
            index &+= 1
        }
        while index < end, unsafe ByteSet.token.contains(self[unchecked: index]) { index &+= 1 }
        return index
    }

    /// Equality with a text in lower case, ASCII letters of `self` matching in either case.
    @inline(__always)
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let other = unsafe Span(_unsafeStart: text.utf8Start, count: count)
        return equalsIgnoringCase(lowercase: other)
    }

    /// Whether `self` begins with a text in lower case, in either case.
    func hasPrefixIgnoringCase(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        return extracting(first: text.utf8CodeUnitCount).equalsIgnoringCase(text)
    }
}
