import Policy
import Testing

@Suite("Hashes")
struct HashTests {
    private func xxHash(_ text: String, seed: UInt64 = 0) -> UInt64 {
        let bytes = Array(text.utf8)
        return XXHash64.hash(bytes.span, seed: seed)
    }

    private func murmurHash(_ text: String) -> UInt64 {
        let bytes = Array(text.utf8)
        return MurmurHash2.hash(bytes.span)
    }

    @Test(
        "xxHash64 has the values that Envoy's tests and the reference state",
        arguments: [
            ("", 17_241_709_254_077_376_921),
            ("a", 0xd24e_c4f1_a98c_6e5b),
            ("foo", 3_728_699_739_546_630_719),
            ("bar", 5_234_164_152_756_840_025),
            ("foo\nbar", 8_917_841_378_505_826_757),
            ("lyft", 4_400_747_396_090_729_504),
        ] as [(String, UInt64)]
    )
    func xxHashKnown(text: String, hash: UInt64) {
        #expect(xxHash(text) == hash)
    }

    @Test("xxHash64 of 32 bytes and more has the reference's values")
    func xxHashLong() {
        // The reference's check buffer: a byte from each step of a generator.
        let prime: UInt64 = 2_654_435_761
        var state = prime
        var bytes: [UInt8] = []
        for _ in 0..<222 {
            bytes.append(UInt8(truncatingIfNeeded: state >> 56))
            state = state &* 11_400_714_785_074_694_797
        }
        let first = Array(bytes[0..<1])
        let fourteen = Array(bytes[0..<14])
        #expect(XXHash64.hash(first.span) == 0xe934_a84a_db05_2768)
        #expect(XXHash64.hash(first.span, seed: prime) == 0x5014_6076_43a9_b4c3)
        #expect(XXHash64.hash(fourteen.span) == 0x8282_dcc4_994e_35c8)
        #expect(XXHash64.hash(fourteen.span, seed: prime) == 0xc3bd_6bf6_3deb_6df0)
        #expect(XXHash64.hash(bytes.span) == 0xb641_ae8c_b691_c174)
        #expect(XXHash64.hash(bytes.span, seed: prime) == 0x20cb_8ab7_ae10_c14a)
    }

    @Test(
        "MurmurHash2 has the values that Envoy's tests state",
        arguments: [
            ("", 6_142_509_188_972_423_790),
            ("foo", 9_631_199_822_919_835_226),
            ("bar", 11_474_628_671_133_349_555),
            ("foo\nbar", 16_306_510_975_912_980_159),
            ("lyft", 12_847_078_931_730_529_320),
        ] as [(String, UInt64)]
    )
    func murmurHashKnown(text: String, hash: UInt64) {
        #expect(murmurHash(text) == hash)
    }

    @Test("every length from 0 to 100 has a hash of its own, and each byte counts")
    func lengths() {
        var seen: Set<UInt64> = []
        for count in 0...100 {
            var bytes = [UInt8](repeating: 7, count: count)
            seen.insert(XXHash64.hash(bytes.span))
            seen.insert(MurmurHash2.hash(bytes.span))
            for index in 0..<count {
                let plain = XXHash64.hash(bytes.span)
                let murmur = MurmurHash2.hash(bytes.span)
                bytes[index] ^= 0x80
                #expect(XXHash64.hash(bytes.span) != plain)
                #expect(MurmurHash2.hash(bytes.span) != murmur)
                bytes[index] ^= 0x80
            }
        }
        #expect(seen.count == 202)
    }
}
