/// A set of ASCII bytes as two machine words, so that a test costs a shift and no memory access.
struct ByteSet {
    /// Bit n stands for byte n.
    let low: UInt64
    /// Bit n stands for byte 64 + n.
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte & 0x40 == 0 ? low : high
        return byte < 0x80 && (word &>> UInt64(byte & 0x3f)) & 1 != 0
    }

    /// `tchar` of RFC 9110 section 5.6.2: what methods and field names are made of.
    static var token: ByteSet {
        @inline(__always) get { ByteSet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }
    }
    /// `unreserved` of RFC 3986 section 2.3.
    static var unreserved: ByteSet {
        @inline(__always) get { ByteSet(low: 0x03ff_6000_0000_0000, high: 0x47ff_fffe_87ff_fffe) }
    }
}
