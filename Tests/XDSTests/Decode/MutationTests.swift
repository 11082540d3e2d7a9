import Testing

@testable import XDS

/// A generator with a seed, so that a failure can be repeated (SplitMix64).
private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Whatever is done to a file, loading it gives a configuration or problems that name the file.
@Suite struct MutationTests {
    private let tokens = [
        "{", "}", "[", "]", ":", "- ", "&a ", "*a", "<<: ", "!!str ", "!x ", "'", "\"", "\\u12",
        "\t", "\n", "~", "null", "true", "-1", "1e999", "99999999999999999999", "0.25s", "\u{0}",
        "\u{85}", "é", "\"@type\": ", "|\n", ">-\n", "---\n", "...\n", "%YAML 9.9\n", "? ", "#",
    ]

    private func mutate(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let length = min(bytes.count - at, Int.random(in: 0...40, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.removeSubrange(at..<(at + length))
            case 1: bytes.insert(contentsOf: bytes[at..<(at + length)], at: at)
            case 2:
                let token = tokens[Int.random(in: 0..<tokens.count, using: &random)]
                bytes.insert(contentsOf: token.utf8, at: at)
            case 3:
                let token = tokens[Int.random(in: 0..<tokens.count, using: &random)]
                bytes.replaceSubrange(at..<(at + min(length, 3)), with: token.utf8)
            case 4: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            default: bytes.removeSubrange(at...)
            }
        }
        return bytes
    }

    @Test(arguments: [Examples.sidecar, Examples.json])
    func mutatedFilesAreLoadedOrRefused(_ text: String) {
        var random = Seeded(state: 20_240_607)
        let original = Array(text.utf8)
        var refused = 0
        for round in 0..<500 {
            let bytes = mutate(original, &random)
            do throws(ConfigurationErrors) {
                _ = try ConfigurationLoader.load(text: bytes, name: "m.yaml")
            } catch {
                refused += 1
                #expect(!error.problems.isEmpty, "round \(round)")
                #expect(error.problems.count <= ConfigurationErrors.limit, "round \(round)")
                for problem in error.problems {
                    #expect(problem.file == "m.yaml" && !problem.what.isEmpty, "round \(round)")
                }
            }
        }
        #expect(refused > 100)
    }

    @Test func everyPrefixOfAFileIsLoadedOrRefused() {
        let original = Array(Examples.json.utf8)
        var loaded = 0
        for length in 0..<original.count {
            if (try? ConfigurationLoader.load(text: Array(original[..<length]), name: "p")) != nil {
                loaded += 1
            }
        }
        #expect(loaded == 0)
    }
}
