import Testing

@testable import LogShipper

struct FluentdReaderTests {
    private func values(
        _ body: String,
        variables: [String: String] = [:]
    ) throws -> [String: FluentValue] {
        let root = try FluentTexts.section("<s>\n\(body)\n</s>", variables: variables)
        var values: [String: FluentValue] = [:]
        for entry in root.sections[0].entries { values[entry.key] = entry.value }
        return values
    }

    @Test(
        "Values are read as fluentd reads them",
        arguments: [
            (##"k plain text"##, "plain text"),
            (##"k plain text   "##, "plain text"),
            (##"k value # comment"##, "value"),
            (##"k value#no comment"##, "value#no comment"),
            (##"k #comment"##, "#comment"),
            (##"k "a\tb\n\"c\" \\ \/""##, "a\tb\n\"c\" \\ /"),
            (##"k "x" # comment"##, "x"),
            ("k \"a\\\nb\"", "ab"),
            ("k \"a\nb\"", "a\nb"),
            (##"k 'it\'s \n \\'"##, ##"it's \n \"##),
            (##"k"##, ""),
            (##"k {"a": 1, "b": [true, null]}"##, ##"{"a":1,"b":[true,null]}"##),
            ("k [\"a\", # first\n \"b#c\"]", #"["a","b#c"]"#),
            (##"k "#{ENV['X']}-y""##, "ex-y"),
            (##"k "#{ENV["X"] || "d"}""##, "ex"),
            (##"k "#{ENV["NO"] || "d"}""##, "d"),
            (##"k "#{ENV["NO"] || ENV['X']}""##, "ex"),
            (##"k "#{ENV.fetch('NO', 'f')}""##, "f"),
            (##"k "#{ENV.fetch("NO") { "f" }}""##, "f"),
            (##"k "#{ENV.fetch('X')}""##, "ex"),
            (##"k "#{ENV['NO']}""##, ""),
            (##"k "#{ENV['NO'] || 'a:' + ENV.fetch('X') + "/b"}""##, "a:ex/b"),
            (##"k "#{ENV['NO'] || true}""##, "true"),
            (##"k "h#{hostname}w#{worker_id}""##, "hboxw0"),
            (##"k "#{Socket.gethostname}""##, "box"),
            (##"k '#{ENV["X"]}'"##, ##"#{ENV["X"]}"##),
            (##"k #{ENV["X"]}"##, ##"#{ENV["X"]}"##),
            (##"k ["#{ENV['X']}"]"##, ##"["ex"]"##),
            ("\u{9}k\u{9}tab\r", "tab"),
        ] as [(String, String)]
    )
    func readsValues(body: String, expected: String) throws {
        #expect(try values(body, variables: ["X": "ex"])["k"] == .text(expected))
    }

    @Test func nilAndDefaultAreTold() throws {
        #expect(try values(##"k "#{use_nil}""##)["k"] == .nothing)
        #expect(try values(##"k "#{ENV['NO'] || use_default}""##)["k"] == .standard)
    }

    @Test func sectionsHaveArgumentsAndNest() throws {
        let root = try FluentTexts.section(
            "# begin\n<match a.{b,c} d.** > # end\n  @type copy\n  <store ignore_error>\n  </store>\n"
                + "</match>\n<x \"a b\">\n</x>"
        )
        #expect(root.sections[0].argument == "a.{b,c} d.**")
        #expect(root.sections[0].sections[0].argument == "ignore_error")
        #expect(root.sections[0].place.description == "f.conf:2:1")
        #expect(root.sections[1].argument == "a b")
    }

    @Test(
        "What is no grammar is refused with its place",
        arguments: [
            (
                "<a>\nk v\n",
                "f.conf:3:1: the file ends inside of <a> (it begins in line 1; </a> is missing)"
            ),
            ("<a>\n</b>", "f.conf:2:1: </b> ends <a> (<a> begins in line 1)"),
            ("</a>", "f.conf:1:1: </a> ends a section that did not begin"),
            ("<a> x\n</a>", "f.conf:1:4: the end of the line was expected after >"),
            ("<>\n</>", "f.conf:1:2: a section's name was expected after <"),
            ("<a\n", "f.conf:2:1: > was expected"),
            ("<a>\nk \"x\n</a>", "f.conf:2:3: the text in double quotes does not end"),
            ("<a>\nk 'x\n</a>", "f.conf:2:3: the text in single quotes does not end in its line"),
            (
                "<a>\nk \"\\d\"\n</a>",
                #"f.conf:2:4: \d is no escape in double quotes (write \\d, or use single quotes)"#
            ),
            ("<a>\nk {\"a\":\n</a>", "f.conf:2:3: the JSON value does not end"),
            ("<a>\nk {a}\n</a>", "f.conf:2:3: the JSON value is not valid"),
            ("<a>\nk \"x\" y\n</a>", "f.conf:2:6: the end of the line was expected"),
            (
                "<match>\n@typ x\n</match>",
                "f.conf:2:1: \"@typ\" begins with @, which fluentd keeps for itself (did you mean \"@type\"?)"
            ),
            (
                "<a>\nk \"#{File.read('/x')}\"\n</a>",
                "f.conf:2:4: Ruby is not run: #{File.read('/x')} (\(FluentdExpression.allowed))"
            ),
            (
                "<a>\nk \"#{ENV['A'].upcase}\"\n</a>",
                "f.conf:2:4: Ruby is not run: #{ENV['A'].upcase} (\(FluentdExpression.allowed))"
            ),
            (
                "<a>\nk \"#{ENV.fetch('NO')}\"\n</a>",
                "f.conf:2:4: the environment variable NO is not set (ENV.fetch without a second argument demands it)"
            ),
            ("<a>\nk \"#{ENV['A'\n</a>", "f.conf:2:4: #{ is not followed by its }"),
            (
                "@include http://x/y.conf",
                "f.conf:1:1: \"http://x/y.conf\" would be included from the network (put the file beside this one)"
            ),
            ("@include", "f.conf:1:1: @include what?"),
        ] as [(String, String)]
    )
    func refusesGrammar(text: String, expected: String) {
        let root: String
        do {
            root = "taken: \(try FluentTexts.section(text))"
        } catch {
            root = "\(error)"
        }
        #expect(root == expected)
    }

    @Test func nestingIsLimited() {
        let text = String(repeating: "<a>\n", count: 5000)
        #expect(throws: LogConfigurationFailure.self) { try FluentTexts.section(text) }
        #expect(FluentTexts.refusal(text).contains("sections are nested more than 64 deep"))
        let json =
            "<a>\nk " + String(repeating: "[", count: 5000)
            + String(repeating: "]", count: 5000) + "\n</a>"
        #expect(FluentTexts.refusal(json).contains("the JSON value is not valid"))
    }

    @Test func theSizeIsLimited() {
        let text = [UInt8](repeating: 0x20, count: FluentFiles.bytesMax + 1)
        #expect(throws: LogConfigurationFailure.self) {
            try FluentdReader.read(
                text: text,
                file: "f.conf",
                environment: FluentTexts.environment()
            )
        }
    }
}
