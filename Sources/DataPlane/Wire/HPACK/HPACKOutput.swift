import Model

/// A cursor over the caller's memory for a header block; each write is checked against its end.
///
/// Only lives inside the call that was given the memory.
@safe
struct HPACKOutput {
    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private(set) var count = 0

    @inline(__always)
    init(_ buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count > 0, "no room for a header block")
        unsafe base = buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
        capacity = buffer.count
    }

    /// Where the next `size` bytes go.
    @inline(__always)
    private mutating func advance(_ size: Int) -> UnsafeMutablePointer<UInt8> {
        precondition(size >= 0 && size <= capacity &- count, "a block larger than its bound")
        let place = unsafe base + count
        count &+= size
        return unsafe place
    }

    @inline(__always)
    mutating func write(byte: UInt8) { unsafe advance(1).pointee = byte }

    /// Writes a number (RFC 7541 section 5.1), with `pattern` in the bits before the prefix.
    @inline(__always)
    mutating func write(_ number: Int, prefix: Int, pattern: UInt8) {
        let mask = (1 &<< prefix) &- 1
        if number < mask {
            write(byte: pattern | UInt8(truncatingIfNeeded: number))
        } else {
            writeLong(number, mask, pattern)
        }
    }

    private mutating func writeLong(_ number: Int, _ mask: Int, _ pattern: UInt8) {
        precondition(number <= Int(UInt32.max), "a number above 32 bits")
        write(byte: pattern | UInt8(truncatingIfNeeded: mask))
        var rest = number &- mask
        while rest >= 0x80 {
            write(byte: UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        write(byte: UInt8(truncatingIfNeeded: rest))
    }

    /// Writes a string as it is: with Huffman's code it would be a fifth shorter, and would cost more
    /// than the bytes are worth between neighbours.
    @inline(__always)
    mutating func write(string: Span<UInt8>) {
        write(string.count, prefix: 7, pattern: 0)
        unsafe string.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            unsafe advance(source.count).update(from: from, count: source.count)
        }
    }

    /// Writes a string with its letters in lower case.
    @inline(__always)
    mutating func write(lowercasing string: Span<UInt8>) {
        write(string.count, prefix: 7, pattern: 0)
        let place = unsafe advance(string.count)
        unsafe string.copyLowercased(to: place)
    }

    @inline(__always)
    mutating func write(string text: StaticString) {
        let size = text.utf8CodeUnitCount
        write(size, prefix: 7, pattern: 0)
        unsafe advance(size).update(from: text.utf8Start, count: size)
    }

    /// Three digits.
    mutating func write(status: UInt16) {
        write(byte: 3)
        write(byte: 0x30 &+ UInt8(truncatingIfNeeded: status / 100))
        write(byte: 0x30 &+ UInt8(truncatingIfNeeded: status / 10 % 10))
        write(byte: 0x30 &+ UInt8(truncatingIfNeeded: status % 10))
    }
}

extension Span<UInt8> {
    /// Copies the bytes, letters in lower case, to memory that has room for them.
    @inline(__always)
    func copyLowercased(to place: UnsafeMutablePointer<UInt8>) {
        let out = UnsafeMutableRawPointer(place)
        var index = 0
        while index &+ 8 <= count {
            let word = word(at: index)
            // A letter differs from its lower case in the bit two below the highest.
            let lower = (word | marksUpperCase(in: word) &>> 2).littleEndian
            unsafe out.storeBytes(of: lower, toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        while index < count {
            unsafe place[index] = self[unchecked: index].asciiLowercased
            index &+= 1
        }
    }
}
