/// Bytes of log lines that grow at the end: one for each worker and sink, used again and again.
///
/// Not thread-safe: its owner is one loop, or one thread.
@safe
package final class LineBuffer {
    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// The second whose text is kept in `secondText`: `2026-11-21T06:43:25.`.
    private(set) var cachedSecond: Int64 = .min
    private var secondText: InlineArray<20, UInt8> = InlineArray(repeating: 0)
    /// The bytes that are filled.
    package private(set) var count = 0
    /// The lines that `endLine` counted.
    package private(set) var lineCount = 0

    package init(capacity: Int = 4096) {
        self.capacity = max(64, capacity)
        unsafe storage = .allocate(capacity: self.capacity)
    }

    deinit { unsafe storage.deallocate() }

    package var isEmpty: Bool { count == 0 }

    /// The filled bytes, until the next change.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(storage), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The filled bytes as an array of their own.
    package func copy() -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: storage, count: count))
    }

    /// Counts a line: what stands in the buffer now is whole lines.
    package func endLine() { lineCount += 1 }

    /// Forgets the bytes and the lines; the memory stays unless `keepingCapacity` is false.
    package func removeAll(keepingCapacity: Bool = true) {
        count = 0
        lineCount = 0
        if keepingCapacity { return }
        unsafe storage.deallocate()
        capacity = 64
        unsafe storage = .allocate(capacity: capacity)
    }

    /// Takes bytes from the end, down to `length`.
    package func truncate(to length: Int) {
        precondition(length >= 0, "a negative length")
        count = min(count, length)
    }

    @inline(__always)
    private func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private func grow(_ more: Int) {
        // `more` is a length that stands in memory already, so the sum cannot overflow.
        let grown = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        unsafe moved.update(from: storage, count: count)
        unsafe storage.deallocate()
        unsafe storage = unsafe moved
        capacity = grown
    }

    // MARK: - The last second

    /// Keeps the 20 bytes at `start` as the text of `second`; not where they are other than 20,
    /// which is so after the year 9999.
    func keepSecond(_ second: Int64, from start: Int) {
        guard start >= 0, count - start == 24 else { return }
        cachedSecond = second
        for offset in 0..<20 { secondText[offset] = unsafe storage[start + offset] }
    }

    func appendCachedSecond() {
        reserve(20)
        unsafe secondText.span.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return }
            unsafe (storage + count).update(from: base, count: 20)
        }
        count += 20
    }

    // MARK: - Appending

    package func append(byte: UInt8) {
        reserve(1)
        unsafe storage[count] = byte
        count += 1
    }

    /// Appends bytes as they are.
    package func append(_ bytes: Span<UInt8>) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            unsafe (storage + count).update(from: base, count: source.count)
        }
        count += bytes.count
    }

    package func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        unsafe (storage + count).update(from: text.utf8Start, count: length)
        count += length
    }

    package func append(_ text: String) {
        let bytes = text.utf8.span
        append(bytes)
    }

    /// Appends the first `length` bytes of a span that has eight more.
    ///
    /// The literals between values are short: one word is copied, whatever the length is.
    func append(padded bytes: Span<UInt8>, length: Int) {
        guard length <= 8, bytes.count >= 8 else {
            return append(bytes.extracting(0..<length))
        }
        reserve(8)
        unsafe bytes.withUnsafeBytes { source in
            let word = unsafe source.loadUnaligned(as: UInt64.self)
            unsafe UnsafeMutableRawPointer(storage + count)
                .storeBytes(of: word, as: UInt64.self)
        }
        count += length
    }

    /// Appends bytes up to the first that must be escaped, and returns its position or the count.
    ///
    /// Eight bytes at a time, copied while they are looked at: most values have none to escape,
    /// and this is most of the work of a line.
    @inline(__always)
    func appendPlain(
        _ bytes: Span<UInt8>,
        from start: Int,
        stopsAtHighBytes: Bool = false
    ) -> Int {
        reserve(bytes.count - start + 8)
        // Kept apart from the object: a write of bytes might be a write to its properties, for all
        // that the compiler knows, and each would be read again.
        let out = unsafe UnsafeMutableRawPointer(storage + count)
        let end = unsafe bytes.withUnsafeBytes { source in
            var index = start
            let mask: UInt64 = stopsAtHighBytes ? 0x8080_8080_8080_8080 : 0
            while index + 8 <= source.count {
                let word = unsafe source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                unsafe out.storeBytes(of: word, toByteOffset: index - start, as: UInt64.self)
                let found = Self.escapedBytes(word.littleEndian) | word.littleEndian & mask
                if found != 0 { return index + found.trailingZeroBitCount / 8 }
                index += 8
            }
            if index < source.count, index - start >= 8 {
                // The last eight bytes again, of which some are copied already.
                let last = source.count - 8
                let word = unsafe source.loadUnaligned(fromByteOffset: last, as: UInt64.self)
                if Self.escapedBytes(word.littleEndian) | word.littleEndian & mask == 0 {
                    unsafe out.storeBytes(of: word, toByteOffset: last - start, as: UInt64.self)
                    return source.count
                }
            }
            while index < source.count {
                let byte = unsafe source[index]
                let isHigh = stopsAtHighBytes && byte >= 0x80
                if byte < 0x20 || byte == 0x7f || byte == 0x22 || byte == 0x5c || isHigh {
                    break
                }
                unsafe out.storeBytes(of: byte, toByteOffset: index - start, as: UInt8.self)
                index += 1
            }
            return index
        }
        count += end - start
        return end
    }

    /// The high bit of each byte below 0x20, or that is a quote, a backslash or 0x7f.
    ///
    /// Bits above the first may be wrong, since a subtraction borrows from the next byte; the first
    /// is always right.
    @inline(__always)
    private static func escapedBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        func zeros(_ value: UInt64) -> UInt64 { (value &- ones) & ~value }
        let controls = (word &- ones &* 0x20) & ~word
        return
            (controls | zeros(word ^ ones &* 0x22) | zeros(word ^ ones &* 0x5c)
            | zeros(word ^ ones &* 0x7f)) & 0x8080_8080_8080_8080
    }

    /// Appends decimal digits.
    package func append(decimal value: UInt64) {
        reserve(20)
        if value < 10 {
            unsafe storage[count] = 0x30 + UInt8(truncatingIfNeeded: value)
            count += 1
            return
        }
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        rest = value
        var position = count + digits
        count = position
        while digits > 0 {
            position -= 1
            digits -= 1
            unsafe storage[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Appends decimal digits, with a sign where it is negative.
    package func append(decimal value: Int64) {
        if value < 0 { append(byte: 0x2d) }
        append(decimal: value.magnitude)
    }

    /// Appends the last `width` decimal digits of `value`, with zeros in front.
    package func append(decimal value: Int, width: Int) {
        precondition(width >= 0 && width <= 20, "a width of 0 to 20")
        reserve(width)
        var rest = value.magnitude
        var position = count + width
        count = position
        for _ in 0..<width {
            position -= 1
            unsafe storage[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

@available(*, unavailable)
extension LineBuffer: Sendable {}
