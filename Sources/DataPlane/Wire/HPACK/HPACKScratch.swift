/// Memory in which one line is put together: the caller's, and of its own where that is too small.
@safe
struct HPACKScratch: ~Copyable {
    private var start: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var isOwned = false
    private(set) var count = 0

    /// - Parameter memory: not empty, and valid as long as this lives.
    init(_ memory: UnsafeMutableBufferPointer<UInt8>) {
        unsafe start = memory.baseAddress.unsafelyUnwrapped
        capacity = memory.count
    }

    deinit {
        if isOwned { unsafe start.deallocate() }
    }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(start), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Forgets the line.
    @inline(__always)
    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            unsafe (start + count).update(from: from, count: source.count)
        }
        count &+= bytes.count
    }

    /// Appends what lies between name and value, or behind the value.
    @inline(__always)
    mutating func append(_ first: UInt8, _ second: UInt8) {
        reserve(2)
        unsafe start[count] = first
        unsafe start[count &+ 1] = second
        count &+= 2
    }

    /// Appends a string that is Huffman-coded; false where it is invalid.
    mutating func append(huffman input: Span<UInt8>, _ code: HPACKHuffman) -> Bool {
        let bound = HPACKHuffman.decodedBytesMax(input.count)
        reserve(bound)
        let place = unsafe UnsafeMutableBufferPointer(start: start + count, count: bound)
        guard let decoded = unsafe code.decode(input, into: place) else { return false }
        count &+= decoded
        return true
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if more > capacity &- count { grow(more) }
    }

    private mutating func grow(_ more: Int) {
        let larger = (count + more) * 2
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe moved.update(from: start, count: count)
        if isOwned { unsafe start.deallocate() }
        unsafe start = moved
        capacity = larger
        isOwned = true
    }
}
