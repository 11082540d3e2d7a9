import Glibc

/// Finds line ends in the bytes of a file, whatever their encoding.
struct LineSplitter: Sendable {
    let encoding: TextEncoding
    /// True where a character takes two bytes.
    var isWide: Bool {
        switch encoding {
        case .utf8, .latin1: false
        case .utf16LittleEndian, .utf16BigEndian, .utf16: true
        }
    }

    /// After the next line end at or after `from`, or nil.
    ///
    /// - Parameter base: the offset of `bytes[0]` in the file; characters of two bytes are aligned
    ///   to the file's begin.
    func end(in bytes: Span<UInt8>, from: Int, base: UInt64, isBigEndian: Bool) -> Int? {
        guard isWide else { return Self.lineFeed(in: bytes, from: from).map { $0 + 1 } }
        var index = from
        if (base + UInt64(index)) % 2 != 0 { index += 1 }
        while index + 1 < bytes.count {
            let high = isBigEndian ? bytes[index] : bytes[index + 1]
            let low = isBigEndian ? bytes[index + 1] : bytes[index]
            if high == 0, low == 0x0a { return index + 2 }
            index += 2
        }
        return nil
    }

    /// The line without its end: line feed, and a carriage return before it.
    func trimmed(_ line: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
        guard !isWide else { return line }
        var end = line.upperBound
        if end > line.lowerBound, bytes[end - 1] == 0x0a { end -= 1 }
        if end > line.lowerBound, bytes[end - 1] == 0x0d { end -= 1 }
        return line.lowerBound..<end
    }

    /// The C library's search looks at many bytes at a time.
    private static func lineFeed(in bytes: Span<UInt8>, from: Int) -> Int? {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, from < buffer.count else { return nil }
            guard let found = unsafe memchr(base + from, 0x0a, buffer.count - from) else {
                return nil
            }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// Writes a line as UTF-8 without its end; false where it already is, and nothing was written.
    func convert(_ line: Span<UInt8>, isBigEndian: Bool, into out: inout [UInt8]) -> Bool {
        switch encoding {
        case .utf8: return false
        case .latin1:
            out.removeAll(keepingCapacity: true)
            for index in line.indices {
                let byte = line[index]
                if byte < 0x80 {
                    out.append(byte)
                } else {
                    out.append(0xc0 | byte >> 6)
                    out.append(0x80 | byte & 0x3f)
                }
            }
        case .utf16, .utf16LittleEndian, .utf16BigEndian:
            out.removeAll(keepingCapacity: true)
            var index = 0
            while index + 1 < line.count {
                let unit = Self.unit(line, index, isBigEndian)
                index += 2
                var scalar = UInt32(unit)
                if unit & 0xfc00 == 0xd800, index + 1 < line.count {
                    let next = Self.unit(line, index, isBigEndian)
                    if next & 0xfc00 == 0xdc00 {
                        scalar = 0x10000 + (UInt32(unit & 0x3ff) << 10 | UInt32(next & 0x3ff))
                        index += 2
                    }
                }
                if scalar == 0xfeff { continue }
                let valid = Unicode.Scalar(scalar) ?? "\u{fffd}"
                out.append(contentsOf: UTF8.encode(valid) ?? UTF8.encodedReplacementCharacter)
            }
            while let last = out.last, last == 0x0a || last == 0x0d { out.removeLast() }
        }
        return true
    }

    private static func unit(_ line: Span<UInt8>, _ index: Int, _ isBigEndian: Bool) -> UInt16 {
        isBigEndian
            ? UInt16(line[index]) << 8 | UInt16(line[index + 1])
            : UInt16(line[index + 1]) << 8 | UInt16(line[index])
    }
}
