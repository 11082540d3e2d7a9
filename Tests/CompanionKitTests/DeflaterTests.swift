import CompanionKit
import Testing

@Suite struct DeflaterTests {
    @Test(arguments: [0, 1, 1000, 65_536, 300_001])
    func whatIsCompressedInflatesToTheSame(_ count: Int) {
        let deflater = Deflater()
        var bytes = [UInt8](repeating: 0, count: count)
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* index >> 3) }
        for _ in 0..<2 {
            let packed = deflater.gzip(bytes.span) ?? []
            var plain: [UInt8] = []
            #expect(Inflater().inflate(packed.span, into: &plain))
            #expect(plain == bytes)
        }
    }
}
