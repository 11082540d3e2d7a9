import Testing

/// The style guide as a test: each banned construct with what to write instead.
@Suite struct TidyTests {
    struct Ban: Sendable, CustomTestStringConvertible {
        var text: String
        var instead: String
        /// Folders in which it is banned.
        var folders: [String] = ["Sources"]
        var testDescription: String { text }
    }

    static let bans: [Ban] = [
        Ban(text: "try!", instead: "handle the error; a trap is an outage"),
        Ban(text: "as!", instead: "use `as?` and say what happens otherwise"),
        Ban(text: "fatalError(", instead: "return an error; `precondition` for programmer errors"),
        Ban(text: "FIX" + "ME", instead: "finish it, or write it into an issue"),
        Ban(text: "TO" + "DO", instead: "finish it, or write it into an issue"),
        Ban(text: "unsafeBitCast(", instead: "use a typed pointer or a bit pattern initializer"),
        Ban(text: "nonisolated(unsafe)", instead: "use an atomic, a Mutex, or one owner"),
        Ban(text: "DispatchQueue", instead: "use a worker's loop or BackgroundThread"),
        Ban(text: "NSRegularExpression", instead: "use RE2Expression: linear in its input"),
        Ban(
            text: " await ",
            instead: "the data plane never suspends: keep state in the exchange",
            folders: ["Sources/DataPlane", "Sources/Core"]
        ),
        Ban(
            text: "Task {",
            instead: "the data plane has no tasks: use the loop's timers",
            folders: ["Sources/DataPlane", "Sources/Core"]
        ),
        Ban(
            text: ".wholeMatch(of:",
            instead: "use RE2Expression: Swift's Regex is exponential",
            folders: ["Sources"]
        ),
        Ban(
            text: "print(",
            instead: "use Log.shared",
            folders: ["Sources/DataPlane", "Sources/Core", "Sources/ControlPlane"]
        ),
    ]

    @Test(arguments: bans)
    func bannedConstructsAreAbsent(ban: Ban) {
        for folder in ban.folders {
            for file in SourceTree.files(in: folder, endings: [".swift"])
            where !file.isGenerated && file.mentions(ban.text) {
                for line in file.code where Self.uses(ban.text, line.text) {
                    Issue.record("\(file.path):\(line.number): \(ban.text) — \(ban.instead)")
                }
            }
        }
    }

    /// True where `text` is used, not where a longer word ends with it.
    private static func uses(_ text: String, _ line: String) -> Bool {
        var rest = Substring(line)
        while let range = rest.firstRange(of: text) {
            let before = rest[..<range.lowerBound].last
            let isInsideAWord = before.map { $0.isLetter || $0 == "_" || $0 == "." } ?? false
            if !isInsideAWord || !(text.first?.isLetter ?? false) { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    @Test func filesStayReadableInOneGo() {
        for file in SourceTree.files(in: "Sources", endings: [".swift"]) where !file.isGenerated {
            #expect(
                file.lines.count <= 600,
                "\(file.path) has \(file.lines.count) lines: which noun wants its own file?"
            )
        }
    }

    @Test func everyFileBeginsWithWhatItIsFor() {
        for file in SourceTree.files(in: "Sources", endings: [".swift"]) where !file.isGenerated {
            // Subcommands say it to the person who types `--help`.
            if file.text.contains("abstract:") { continue }
            let begin = file.lines.lazy.map { line in line.drop { $0 == " " } }
                .filter { line in
                    !line.isEmpty && !line.hasPrefix("#")
                        && ImportScan.imports(in: String(line)).isEmpty
                }
                .prefix(2)
            // An extension of one topic may leave the word to its first member.
            let isSaid =
                begin.first?.hasPrefix("//") == true
                || begin.first?.contains("extension ") == true
                    && begin.dropFirst().first?.hasPrefix("//") == true
            #expect(isSaid, "\(file.path) does not begin with a sentence about what it holds")
        }
    }

    @Test func uncheckedSendabilityHasItsReasonBesideIt() {
        for file in SourceTree.files(in: "Sources", endings: [".swift"]) where !file.isGenerated {
            if !file.mentions("@unchecked Sendable") { continue }
            let lines = file.lines
            for (index, line) in lines.enumerated() where line.contains("@unchecked Sendable") {
                if line.drop(while: { $0 == " " }).hasPrefix("//") { continue }
                // Attributes may stand between the comment and the declaration.
                let before = lines[..<index].last { !$0.drop { $0 == " " }.hasPrefix("@") }
                #expect(
                    before?.drop { $0 == " " }.hasPrefix("//") == true,
                    "\(file.path):\(index + 1): say which loop, lock or immutability protects it"
                )
            }
        }
    }

    @Test func namesSayWhatThingsAre() {
        for file in SourceTree.files(in: "Sources", endings: [".swift"]) {
            let name = file.path.split(separator: "/").last ?? ""
            for vague in ["Util", "Helper", "Misc", "Common", "Manager"] {
                // The connection manager is Envoy's own noun.
                let isVague = name.contains(vague) && !name.contains("ConnectionManager")
                #expect(!isVague, "\(file.path): a name that says nothing")
            }
        }
    }

    @Test func noFileKnowsTheMachineItWasWrittenOn() {
        let endings = [
            ".swift", ".md", ".py", ".sh", ".yaml", ".yml", ".json", ".c", ".h", ".proto",
        ]
        let homes = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"]
        for file in SourceTree.files(in: ".", endings: endings)
        where homes.contains(where: file.mentions) {
            for (index, line) in file.lines.enumerated() {
                for home in homes where line.contains(home) {
                    Issue.record("\(file.path):\(index + 1): a path of one machine: \(line)")
                }
            }
        }
    }
}
