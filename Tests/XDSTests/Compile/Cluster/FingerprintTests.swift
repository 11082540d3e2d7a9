import SwiftProtobuf
import Testing

@testable import XDS

struct FingerprintTests {
    /// The first, second and last of the vectors that come with the reference code.
    @Test(
        arguments: [
            (0, "a3817f04ba25a8e66df67214c7550293"),
            (1, "da87c1d86b99af44347659119b22fc45"),
            (63, "5150d1772f50834a503e069a973fbd7c"),
        ]
    )
    func theHashIsSipHash(_ count: Int, _ expected: String) {
        let input = (0..<count).map { UInt8($0) }
        let (low, high) = SipHash128.hash(
            input.span,
            key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        )
        let bytes = [low, high].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
        }
        let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == expected)
    }

    @Test func aShortResourceIsItsOwnFingerprint() throws {
        var cluster = Envoy_Config_Cluster_V3_Cluster()
        cluster.name = "a"
        let bytes: [UInt8] = try cluster.serializedBytes()
        #expect(Fingerprint.bytes(of: cluster) == bytes)
    }

    @Test func aLongResourceHasAShortFingerprintThatDiffersWithEveryField() {
        var cluster = Envoy_Config_Cluster_V3_Cluster()
        cluster.name = String(repeating: "a", count: 5_000)
        let first = Fingerprint.bytes(of: cluster)
        #expect(first.count < 100)
        #expect(first == Fingerprint.bytes(of: cluster))
        cluster.respectDnsTtl = true
        #expect(first != Fingerprint.bytes(of: cluster))
    }

    @Test func whatIsInheritedIsPartOfTheFingerprint() {
        let cluster = Envoy_Config_Cluster_V3_Cluster()
        let without = Fingerprint.bytes(of: cluster)
        let with = Fingerprint.bytes(of: cluster, inherited: [1])
        #expect(without != with)
        #expect(with != Fingerprint.bytes(of: cluster, inherited: [2]))
    }
}
