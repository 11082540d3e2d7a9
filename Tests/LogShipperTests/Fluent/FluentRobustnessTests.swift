import Testing

@testable import LogShipper

/// Bytes at random, and pieces of configurations in any order: refused or taken, in bounded time.
struct FluentRobustnessTests {
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let pieces = [
        "<source>\n", "</source>\n", "<match **>\n", "</match>\n", "<parse>\n", "</parse>\n",
        "<filter a.*>\n", "</filter>\n", "<buffer tag>\n", "</buffer>\n", "<store>\n", "</store>\n",
        "@type tail\n", "@type json\n", "@type regexp\n", "@type elasticsearch\n", "@type copy\n",
        "path /a\n", "tag t\n", "expression /(?<a>[^", "]*)/\n", "k \"#{ENV['X']", "}\"\n", "\"",
        "'",
        "k {\"a\": [", "]}\n", "#", "\\", "\n", "[INPUT]\n", "    Name tail\n", "    Path /a\n",
        "[OUTPUT]\n", "    Name es\n", "${", "}", "@SET a=b\n", "@label @X\n", "<label @X>\n",
        "</label>\n", "%Y%m%d", "${tag[", "999999999999999999999", "-1", "500ms\n", "\0", "é",
        "\r\n",
        "time_format ", "timezone +99:99\n", "types a:b\n", "rule \"a\" \"b\"\n", "<", ">", " ",
        "\t",
    ]

    private func tryAll(_ bytes: [UInt8]) -> Int {
        let environment = FluentTexts.environment(["X": "x"])
        var taken = 0
        if let root = try? FluentdReader.read(
            text: bytes,
            file: "f",
            environment: environment
        ) {
            taken += 1
            if let configuration = try? FluentdCompiler.compile(root, environment: environment) {
                taken += LogConfigurationText.print(configuration).isEmpty ? 0 : 1
            }
        }
        if let sections = try? FluentBitReader.read(
            text: bytes,
            file: "b",
            environment: environment
        ) {
            taken += 1
            if let configuration = try? FluentBitCompiler.compile(
                sections,
                file: "b",
                environment: environment
            ) {
                taken += LogConfigurationText.print(configuration).isEmpty ? 0 : 1
            }
        }
        _ = LogConfigurationFile.isFluentd(bytes)
        _ = LogConfigurationFile.isFluentBitClassic(bytes)
        return taken
    }

    @Test func randomBytesNeverTrap() {
        var dice = Dice(state: 1)
        var tried = 0
        for _ in 0..<3000 {
            let count = Int.random(in: 0..<200, using: &dice)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &dice) }
            _ = tryAll(bytes)
            tried += 1
        }
        #expect(tried == 3000)
    }

    @Test func piecesInAnyOrderNeverTrap() {
        var dice = Dice(state: 2)
        var taken = 0
        for _ in 0..<4000 {
            var text = ""
            for _ in 0..<Int.random(in: 1..<40, using: &dice) {
                text += Self.pieces.randomElement(using: &dice) ?? ""
            }
            taken += tryAll(Array(text.utf8))
        }
        #expect(taken > 0)
    }

    @Test func everyPrefixAndEveryChangedByteNeverTraps() {
        let text = Array(
            (FluentTexts.match(
                "@type elasticsearch\nhosts a:1,b\nindex_name x-${tag[1]}-%Y\n<buffer tag>\n"
                    + "flush_interval 5s\nchunk_limit_size 2m\n</buffer>\n<inject>\ntime_key t\n"
                    + "time_type string\n</inject>"
            )).utf8
        )
        var dice = Dice(state: 3)
        var tried = 0
        for index in text.indices {
            _ = tryAll(Array(text[..<index]))
            var changed = text
            changed[index] = UInt8.random(in: 0...255, using: &dice)
            _ = tryAll(changed)
            tried += 1
        }
        #expect(tried == text.count)
    }

    /// Inputs on which a careless reader takes the square of their length.
    @Test(
        "Long inputs take bounded time",
        arguments: [
            "<a>\nk " + String(repeating: " ", count: 20_000) + "x\n</a>",
            "<a>\nk " + String(repeating: "a ", count: 10_000) + "\n</a>",
            "<a>\nk " + String(repeating: "#", count: 20_000) + "\n</a>",
            "<a>\nk \"" + String(repeating: "#{hostname}", count: 5_000) + "\"\n</a>",
            "<a>\nk [" + String(repeating: "1,", count: 10_000) + "1]\n</a>",
            "<a" + String(repeating: " ", count: 20_000) + ">\n</a>",
            "<a x" + String(repeating: " ", count: 20_000) + "y>\n</a>",
            String(repeating: "\n", count: 30_000),
            String(repeating: "# c\n", count: 10_000),
            "<a>\n" + String(repeating: "k v\n", count: 10_000) + "</a>",
            "<a>\nk \"" + String(repeating: "\\\n", count: 10_000) + "\"\n</a>",
            "[INPUT]\n" + String(repeating: "    k ${A}${B\n", count: 20_000),
        ] as [String]
    )
    func longInputs(text: String) {
        let clock = ContinuousClock()
        let time = clock.measure { _ = tryAll(Array(text.utf8)) }
        #expect(time < .seconds(20))
    }
}
