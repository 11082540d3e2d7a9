import Model

/// A path under construction, in memory of the caller; only lives while the caller lends it.
@safe
struct PathBuffer: ~Copyable {
    private let memory: UnsafeMutableBufferPointer<UInt8>
    private var count = 0

    init(_ memory: UnsafeMutableBufferPointer<UInt8>) { unsafe self.memory = memory }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(
                _unsafeElements: UnsafeBufferPointer(
                    rebasing: UnsafeBufferPointer(memory)[..<count]
                )
            )
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    mutating func append(_ byte: UInt8) {
        precondition(unsafe count < memory.count, "a path larger than its bound")
        unsafe memory[count] = byte
        count += 1
    }

    mutating func append(_ bytes: Span<UInt8>) {
        for index in bytes.indices { append(bytes[index]) }
    }

    private subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "outside the path")
        return unsafe memory[index]
    }

    /// Makes a slash or a backslash of each `%2F` and `%5C`, in place; false where there is none.
    mutating func unescapeSlashes() -> Bool {
        var read = 0
        var written = 0
        while read < count {
            var byte = self[read]
            read += 1
            if byte == 0x25, let decoded = escape(at: read - 1), decoded == 0x2f || decoded == 0x5c
            {
                byte = decoded
                read += 2
            }
            unsafe memory[written] = byte
            written += 1
        }
        defer { count = written }
        return written < count
    }

    /// Leaves one slash of each run of them, in place.
    mutating func mergeSlashes() {
        var written = 0
        for read in 0..<count {
            let byte = self[read]
            if byte == 0x2f, written > 0, unsafe memory[written - 1] == 0x2f { continue }
            unsafe memory[written] = byte
            written += 1
        }
        count = written
    }

    /// The byte that the escape at `index` stands for, nil where two hexadecimal digits don't follow.
    private func escape(at index: Int) -> UInt8? { span.escapedByte(at: index) }

    /// Appends the normal form of a path; false where it has none.
    mutating func append(normalizing path: Span<UInt8>) -> Bool {
        var index = 0
        while index < path.count {
            let byte = path[index]
            if let length = path.dotLength(at: index) {
                if count > 0, self[count - 1] == 0x2f {
                    index = appendSegment(path, dot: index, dotLength: length)
                } else {
                    append(0x2e)
                    index += length
                }
                continue
            }
            if byte == 0x25 {
                guard let decoded = path.escapedByte(at: index), decoded != 0 else { return false }
                if ByteSet.unreserved.contains(decoded) {
                    append(decoded)
                } else {
                    append(path.extracting(index..<(index + 3)))
                }
                index += 3
                continue
            }
            append(oneByte: byte)
            index += 1
        }
        return true
    }

    private mutating func append(oneByte byte: UInt8) {
        if byte == 0x5c {
            append(0x2f)
        } else if PathScan.needsEscape.contains(byte) {
            append(0x25)
            append((byte &>> 4).upperHexadecimal)
            append((byte & 15).upperHexadecimal)
        } else {
            append(byte)
        }
    }

    /// Handles the dot that begins a segment; returns where to go on.
    private mutating func appendSegment(
        _ path: Span<UInt8>,
        dot start: Int,
        dotLength: Int
    ) -> Int {
        let next = start + dotLength
        if path.endsSegment(at: next) { return min(next + 1, path.count) }
        if let second = path.dotLength(at: next), path.endsSegment(at: next + second) {
            removeLastSegment()
            return min(next + second + 1, path.count)
        }
        append(0x2e)
        return next
    }

    /// Goes back to the slash before the last one; stays at the root.
    private mutating func removeLastSegment() {
        guard count > 1 else { return }
        count -= 1
        while count > 1, self[count - 1] != 0x2f { count -= 1 }
    }
}

extension Span<UInt8> {
    /// The byte that `%` and two hexadecimal digits at `index` stand for; nil where there are none.
    fileprivate func escapedByte(at index: Int) -> UInt8? {
        guard index + 2 < count, self[index] == 0x25, let high = self[index + 1].hexadecimalDigit,
            let low = self[index + 2].hexadecimalDigit
        else { return nil }
        return high << 4 | low
    }

    /// The bytes of the dot at `index`: 1 for `.`, 3 for `%2e`; nil where there is none.
    fileprivate func dotLength(at index: Int) -> Int? {
        guard index < count else { return nil }
        if self[index] == 0x2e { return 1 }
        return escapedByte(at: index) == 0x2e ? 3 : nil
    }

    /// Whether a segment ends before `index`.
    fileprivate func endsSegment(at index: Int) -> Bool {
        index >= count || self[index] == 0x2f || self[index] == 0x5c
    }
}

extension UInt8 {
    fileprivate var upperHexadecimal: UInt8 { self < 10 ? 0x30 &+ self : 0x37 &+ self }
}
