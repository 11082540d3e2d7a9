import Model
import SwiftProtobuf
import Testing

@testable import XDS

/// Broken input is refused with a place, and never traps.
@Suite struct CompileMutationTests {
    /// SplitMix64: the same mutations in every run.
    struct Source: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    @Test func fiveHundredMutatedFilesAreTakenOrRefusedWithAPlace() {
        let original = Array(Fixture.valid.utf8)
        var refusals = 0
        for seed in UInt64(0)..<500 {
            var source = Source(state: seed)
            var bytes = original
            for _ in 0...Int.random(in: 0..<3, using: &source) {
                Self.mutate(&bytes, &source)
            }
            do {
                let loaded = try ConfigurationLoader.load(text: bytes, name: Fixture.name)
                _ = try SnapshotCompiler.compile(loaded)
            } catch {
                refusals += 1
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { $0.file == Fixture.name && !$0.what.isEmpty })
            }
        }
        #expect(refusals > 100, "the mutations are harmless, so they show nothing")
    }

    @Test func fiveHundredMutatedResourcesAreTakenOrRefused() throws {
        let loaded = try ConfigurationLoader.load(text: Fixture.valid, name: Fixture.name)
        let original: [UInt8] = try loaded.bootstrap.serializedBytes()
        var compiled = 0
        for seed in UInt64(0)..<500 {
            var source = Source(state: seed &* 7919)
            var bytes = original
            for _ in 0...Int.random(in: 0..<2, using: &source) {
                let index = Int.random(in: bytes.indices, using: &source)
                bytes[index] = UInt8.random(in: .min ... .max, using: &source)
            }
            guard
                let bootstrap = try? Envoy_Config_Bootstrap_V3_Bootstrap(
                    serializedBytes: bytes
                )
            else { continue }
            compiled += 1
            let mutated = LoadedConfiguration(bootstrap: bootstrap, sources: SourceMap())
            do {
                let result = try SnapshotCompiler.compile(mutated)
                #expect(result.snapshot.version == 1)
            } catch {
                #expect(!error.problems.isEmpty)
            }
        }
        #expect(compiled > 50, "hardly any mutation was a message, so they show nothing")
    }

    private static let words = [
        "0", "-1", "65536", "4294967296", "1e400", "nan", "99999999999999999999s", "-0.1s", "0.5s",
        "\"\"", "[]", "{}", "null", "true", "*", "\"\\u0000\"", "{regex: \"(\"}", "&a [*a]",
        "!!binary x",
    ]

    private static func mutate(_ bytes: inout [UInt8], _ source: inout Source) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: bytes.indices, using: &source)
        switch Int.random(in: 0..<6, using: &source) {
        case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &source)
        case 1:
            let end = min(bytes.count, index + Int.random(in: 1..<40, using: &source))
            bytes.removeSubrange(index..<end)
        case 2: bytes.removeSubrange(index...)
        case 3:
            // The value of one line becomes something else.
            let colon = bytes[index...].firstIndex(of: UInt8(ascii: ":")) ?? index
            let end = bytes[colon...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let word = words.randomElement(using: &source) ?? ""
            bytes.replaceSubrange(colon..<end, with: Array(": \(word)".utf8))
        case 4:
            // A stretch of lines stands twice.
            let start = bytes[..<index].lastIndex(of: UInt8(ascii: "\n")) ?? 0
            let end = min(bytes.count, start + Int.random(in: 1..<400, using: &source))
            bytes.insert(contentsOf: bytes[start..<end], at: start)
        default:
            // One level of indentation more or less.
            let start = (bytes[..<index].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
            if bytes[start...].starts(with: [0x20, 0x20]), Bool.random(using: &source) {
                bytes.removeSubrange(start..<start + 2)
            } else {
                bytes.insert(contentsOf: [0x20, 0x20], at: start)
            }
        }
    }
}
