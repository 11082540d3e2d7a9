import Model

/// A cursor over the caller's memory; each write is checked against its end.
///
/// Only lives inside the call that was given the memory.
@safe
struct HeadOutput {
    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    /// The bytes that slices refer to.
    private let source: UnsafePointer<UInt8>?
    private let sourceCount: Int
    private(set) var count = 0
    /// Lines that stand side by side in the source and are not copied yet.
    private var runStart = 0
    private var runEnd = 0

    @inline(__always)
    init(_ buffer: UnsafeMutableRawBufferPointer, source: UnsafeBufferPointer<UInt8>) {
        precondition(buffer.count > 0, "no room for a head")
        unsafe self.base = buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
        self.capacity = buffer.count
        unsafe self.source = source.baseAddress
        self.sourceCount = source.count
    }

    /// Where the next `size` bytes go.
    @inline(__always)
    private mutating func advance(_ size: Int) -> UnsafeMutablePointer<UInt8> {
        precondition(size >= 0 && size <= capacity &- count, "a head larger than its bound")
        let place = unsafe base + count
        count &+= size
        return unsafe place
    }

    @inline(__always)
    mutating func write(byte: UInt8) {
        flush()
        unsafe advance(1).pointee = byte
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        flush()
        let size = text.utf8CodeUnitCount
        unsafe advance(size).update(from: text.utf8Start, count: size)
    }

    @inline(__always)
    mutating func copy(_ slice: Head.Slice) {
        flush()
        copyRange(Int(slice.start), Int(slice.start) &+ Int(slice.count))
    }

    @inline(__always)
    private mutating func copyRange(_ start: Int, _ end: Int) {
        precondition(start >= 0 && start <= end && end <= sourceCount, "a slice of another head")
        guard start < end, let source = unsafe source else { return }
        let from = unsafe source + start
        unsafe advance(end &- start).update(from: from, count: end &- start)
    }

    /// Writes `name: value` CRLF, later and together with its neighbours where it stands so.
    @inline(__always)
    mutating func writeLine(_ field: Head.Field) {
        let start = Int(field.name.start)
        let colon = start &+ Int(field.name.count)
        let end = Int(field.value.start) &+ Int(field.value.count)
        if colon &+ 2 == Int(field.value.start), end &+ 2 <= sourceCount,
            let source = unsafe source, unsafe source[colon] == 0x3a,
            unsafe source[colon &+ 1] == 0x20,
            unsafe source[end] == 0x0d, unsafe source[end &+ 1] == 0x0a
        {
            if start != runEnd {
                flush()
                runStart = start
            }
            runEnd = end &+ 2
            return
        }
        copy(field.name)
        write(": ")
        copy(field.value)
        write("\r\n")
    }

    /// Copies the lines that wait.
    @inline(__always)
    private mutating func flush() {
        if runEnd == runStart { return }
        copyRange(runStart, runEnd)
        runStart = 0
        runEnd = 0
    }

    /// Three digits and a space.
    @inline(__always)
    mutating func writeStatus(_ status: UInt16) {
        precondition(status >= 100 && status <= 999, "no such status")
        flush()
        let place = unsafe advance(4)
        unsafe place[0] = 0x30 &+ UInt8(truncatingIfNeeded: status / 100)
        unsafe place[1] = 0x30 &+ UInt8(truncatingIfNeeded: status / 10 % 10)
        unsafe place[2] = 0x30 &+ UInt8(truncatingIfNeeded: status % 10)
        unsafe place[3] = 0x20
    }

    mutating func write(decimal value: UInt64) {
        flush()
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            digits &+= 1
            rest /= 10
        }
        let place = unsafe advance(digits)
        rest = value
        var index = digits
        while index > 0 {
            index &-= 1
            unsafe place[index] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// The line that tells where the body ends, unless it has been written.
    @inline(__always)
    /// The two fields that switch to another protocol (RFC 9110 section 7.8).
    mutating func writeUpgrade(_ name: Head.Slice) {
        write("connection: Upgrade\r\nupgrade: ")
        copy(name)
        write("\r\n")
    }

    mutating func writeFraming(_ framing: BodyFraming, lengthWritten: Bool) {
        switch framing {
        case .chunked:
            write("transfer-encoding: chunked\r\n")
        case .length(let count) where !lengthWritten:
            write("content-length: ")
            write(decimal: count)
            write("\r\n")
        default:
            break
        }
    }
}
