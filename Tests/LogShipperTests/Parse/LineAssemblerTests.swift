import LogShipper
import Testing

@Suite struct LineAssemblerTests {
    /// Feeds lines of so many bytes with their line end, and collects what comes out.
    private struct Feed {
        let assembler: LineAssembler
        var offset: UInt64 = 0
        var records: [String] = []
        var ranges: [ClosedRange<UInt64>] = []
        var marks: [LineMark] = []

        init(
            _ rule: MultilineOptions.Rule,
            linesMax: Int = 1000,
            bytesMax: Int = 1 << 20
        ) throws {
            var options = MultilineOptions(rule: rule)
            options.linesMax = linesMax
            options.bytesMax = bytesMax
            assembler = try LineAssembler(
                options,
                place: ConfigurationPlace(file: "test", line: 1)
            )
        }

        mutating func add(_ line: String, mark: LineMark = []) {
            let bytes = Array(line.utf8)
            let start = offset
            offset += UInt64(bytes.count) + 1
            var (records, ranges, marks) = (records, ranges, marks)
            assembler.add(line: bytes.span, start: start, end: offset, mark: mark, now: 5) {
                records.append(ParsedLine.text($0))
                ranges.append(min($1, $2)...max($1, $2))
                marks.append($3)
            }
            (self.records, self.ranges, self.marks) = (records, ranges, marks)
        }

        mutating func flush() {
            var (records, marks) = (records, marks)
            assembler.flush { line, _, _, mark in
                records.append(ParsedLine.text(line))
                marks.append(mark)
            }
            (self.records, self.marks) = (records, marks)
        }

        /// Feeds all lines of a text, flushes, and returns the records.
        mutating func all(_ text: String) -> [String] {
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                add(String(line))
            }
            flush()
            return records
        }
    }

    @Test func aFirstLineBeginsARecord() throws {
        var feed = try Feed(.start(pattern: #"^\d{4}-"#))
        feed.add("lost head")
        #expect(feed.records == ["lost head"])
        feed.add("2026-1 a")
        feed.add("  more")
        #expect(feed.assembler.isPending && feed.assembler.pendingStart == 10)
        #expect(feed.assembler.pendingSince == 5)
        feed.add("")
        feed.add("2026-2 b")
        #expect(feed.records == ["lost head", "2026-1 a\n  more\n"])
        #expect(feed.ranges == [0...10, 10...27])
        #expect(feed.assembler.pendingStart == 27)
        feed.flush()
        #expect(feed.records.last == "2026-2 b")
        #expect(!feed.assembler.isPending && feed.assembler.pendingStart == nil)
        #expect(feed.assembler.pendingSince == nil)
    }

    @Test func continuationsGoOnWithTheRecord() throws {
        var feed = try Feed(.continuation(pattern: #"^\s"#))
        #expect(feed.all("a\n b\nc\nd\n\te") == ["a\n b", "c", "d\n\te"])
    }

    @Test func anEndEndsARecord() throws {
        var feed = try Feed(.end(pattern: ";$"))
        #expect(feed.all("a\nb;\nc;\nd") == ["a\nb;", "c;", "d"])
    }

    @Test func limitsBoundWhatWaits() throws {
        var feed = try Feed(.continuation(pattern: "^ "), linesMax: 3)
        #expect(feed.all("a\n 1\n 2\n 3\n 4\nb") == ["a\n 1\n 2", " 3\n 4", "b"])
        #expect(feed.marks == [.truncated, [], []])
        feed = try Feed(.continuation(pattern: "^ "), bytesMax: 10)
        #expect(feed.all("12345\n 789\n 1\nb") == ["12345\n 789", " 1", "b"])
        #expect(feed.marks == [.truncated, [], []])
        feed = try Feed(.continuation(pattern: "^ "), bytesMax: 4)
        #expect(feed.all("123456\n 123456") == ["123456", " 123456"])
    }

    @Test func marksAreKept() throws {
        var feed = try Feed(.continuation(pattern: "^ "))
        feed.add("a", mark: .piece)
        feed.add(" b", mark: .lastPiece)
        feed.flush()
        #expect(feed.marks == [[.piece, .lastPiece]])
    }

    @Test func javasTracesAreJoined() throws {
        let trace = """
            java.lang.RuntimeException: outer
            \tat com.example.A.a(A.java:1)
                ... 12 more
            Caused by: java.io.IOException: inner
            \tat com.example.B.b(B.java:2)
            \tSuppressed: x
            """
        var feed = try Feed(.java)
        #expect(feed.all("one\n\(trace)\ntwo") == ["one", trace, "two"])
    }

    @Test func pythonsTracesAreJoined() throws {
        let trace = """
            Traceback (most recent call last):
              File "a.py", line 1, in <module>
                f()
            ValueError: bad

            During handling of the above exception, another exception occurred:

            Traceback (most recent call last):
              File "a.py", line 3, in <module>
            KeyError: 'x'
            """
        var feed = try Feed(.python)
        feed.add("before")
        #expect(feed.records == ["before"])
        #expect(feed.all("\(trace)\n\nafter\nlast") == ["before", trace, "after", "last"])
    }

    @Test func gosTracesAreJoined() throws {
        let trace = """
            panic: oh no [recovered]
            \tpanic: again
            [signal SIGSEGV: segmentation violation]

            goroutine 1 [running]:
            main.f(0x1, ...)
            \t/tmp/a.go:12 +0x1d
            created by main.main
            \t/tmp/a.go:8 +0x1d

            goroutine 7 [select]:
            main.g()
            \t/tmp/a.go:20 +0x1d
            exit status 2
            """
        var feed = try Feed(.go)
        #expect(feed.all("before\n\(trace)\nafter") == ["before", trace, "after"])
        feed = try Feed(.go)
        let short = "panic: x\n\ngoroutine 1 [running]:\nmain.f()"
        #expect(feed.all("\(short)\n\nlog line (a)") == [short, "log line (a)"])
    }

    @Test func rubysTracesAreJoined() throws {
        let trace = "a.rb:1:in `f': bad (RuntimeError)\n\tfrom a.rb:2:in `g'\n\t2: from a.rb:3"
        var feed = try Feed(.ruby)
        #expect(feed.all("one\n\(trace)\ntwo") == ["one", trace, "two"])
    }

    @Test func partsOfAContainersLineAreJoinedByStream() throws {
        var feed = try Feed(.cri)
        feed.add("2026-01-01T00:00:00.1Z stdout F whole")
        feed.add("2026-01-01T00:00:00.1Z stdout P one ")
        let start = feed.assembler.pendingStart
        feed.add("2026-01-01T00:00:00.2Z stderr F other")
        feed.add("2026-01-01T00:00:00.3Z stdout P two ")
        feed.add("2026-01-01T00:00:00.4Z stdout F three")
        #expect(
            feed.records == [
                "2026-01-01T00:00:00.1Z stdout F whole", "2026-01-01T00:00:00.2Z stderr F other",
                "2026-01-01T00:00:00.1Z stdout F one two three",
            ]
        )
        // What came between does not count as delivered before what waits.
        #expect(start == 38 && feed.ranges[1].lowerBound == 38)
        #expect(feed.ranges[2] == 38...feed.offset)
        #expect(!feed.assembler.isPending)
        feed.add("2026-01-01T00:00:00.4Z stdout P cut")
        feed.add("something else")
        #expect(
            feed.records.suffix(2) == ["2026-01-01T00:00:00.4Z stdout F cut", "something else"]
        )
    }

    @Test func dockersPartsAreJoined() throws {
        var feed = try Feed(.docker)
        feed.add(#"{"log":"whole\n","stream":"stdout"}"#)
        feed.add(#"{"log":"one \"\\","stream":"stdout","time":"t1"}"#)
        feed.add(#"{"log":"err\n","stream":"stderr"}"#)
        feed.add(#"{"log":"\\n","stream":"stdout"}"#)
        feed.add(#"{"log":"two\n","stream":"stdout","time":"t2"}"#)
        #expect(
            feed.records == [
                #"{"log":"whole\n","stream":"stdout"}"#, #"{"log":"err\n","stream":"stderr"}"#,
                #"{"log":"one \"\\\\ntwo\n","stream":"stdout","time":"t1"}"#,
            ]
        )
    }

    @Test func whatIsForgottenDoesNotComeOut() throws {
        var feed = try Feed(.continuation(pattern: "^ "))
        feed.add("a")
        feed.assembler.removeAll()
        feed.flush()
        #expect(feed.records.isEmpty && !feed.assembler.isPending)
    }

    @Test(
        arguments: [
            .start(pattern: "^a"), .continuation(pattern: "^b"), .end(pattern: "c$"), .java,
            .python,
            .go, .ruby, .cri, .docker,
        ] as [MultilineOptions.Rule]
    )
    func noByteIsLostOrWaitsForEver(rule: MultilineOptions.Rule) throws {
        var random = SplitMix(seed: 23)
        let pieces = [
            "a", "b", "c", "", " ", "\t", "Traceback (most recent call last):", "panic: ",
            "goroutine 1 [", "exit status 1", "Caused by:", "2026-01-01T00:00:00Z stdout P x",
            "2026-01-01T00:00:00Z stderr F y", #"{"log":"x"}"#, #"{"log":"x\n"}"#, #"{"log":"#, "{",
            "from ", "\"", "\\",
        ]
        var feed = try Feed(rule, linesMax: 7, bytesMax: 200)
        var letters = 0
        for _ in 0..<3000 {
            var line = ""
            for _ in 0..<random.next() % 3 { line += pieces[Int(random.next() % 20)] }
            feed.add(line)
            letters += line.utf8.count { $0 == UInt8(ascii: "x") }
            let start = feed.assembler.pendingStart ?? feed.offset
            #expect(feed.offset - start <= 4000)
        }
        feed.flush()
        #expect(!feed.assembler.isPending)
        let found = feed.records.reduce(0) { $0 + $1.utf8.count { $0 == UInt8(ascii: "x") } }
        #expect(found == letters)
    }
}
