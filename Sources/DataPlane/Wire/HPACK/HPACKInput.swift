/// A cursor over a header block: numbers and strings (RFC 7541 section 5).
struct HPACKInput: ~Escapable {
    private let block: Span<UInt8>
    private var position = 0

    @_lifetime(copy block)
    @inline(__always)
    init(_ block: Span<UInt8>) { self.block = block }

    /// The next byte; nil at the end.
    @inline(__always)
    var peek: UInt8? {
        position < block.count ? unsafe block[unchecked: position] : nil
    }

    /// Reads a number whose first bits stand in the next byte.
    ///
    /// - Throws: `hpackInteger` above 32 bits, or beyond the bytes that such a number needs.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func integer(prefix: Int) throws(HTTP2Fault) -> Int {
        guard position < block.count else { throw .hpackTruncated }
        let mask = (1 &<< prefix) &- 1
        let first = unsafe Int(block[unchecked: position]) & mask
        position &+= 1
        return first < mask ? first : try longInteger(from: mask)
    }

    @_lifetime(self: copy self)
    private mutating func longInteger(from prefix: Int) throws(HTTP2Fault) -> Int {
        var value = prefix
        var shift = 0
        while shift < 35 {
            guard position < block.count else { throw .hpackTruncated }
            let byte = unsafe Int(block[unchecked: position])
            position &+= 1
            value &+= (byte & 0x7f) &<< shift
            guard value <= Int(UInt32.max) else { throw .hpackInteger }
            if byte & 0x80 == 0 { return value }
            shift &+= 7
        }
        throw .hpackInteger
    }

    /// Reads a string, decoding it where it is Huffman-coded.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func string(into scratch: inout HPACKScratch) throws(HTTP2Fault) {
        guard let first = peek else { throw .hpackTruncated }
        let count = try integer(prefix: 7)
        guard count <= block.count &- position else { throw .hpackTruncated }
        let bytes = unsafe block.extracting(unchecked: position..<(position &+ count))
        position &+= count
        if first & 0x80 == 0 {
            scratch.append(bytes)
        } else if !scratch.append(huffman: bytes, HPACKHuffman.shared) {
            throw .hpackHuffman
        }
    }
}
