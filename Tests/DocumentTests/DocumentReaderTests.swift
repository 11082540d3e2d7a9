import Document
import Testing

/// A node as one line: quoted texts in quotes, plain scalars bare.
func flat(_ node: Node) -> String {
    switch node.content {
    case .scalar(let text, isPlain: true): return text
    case .scalar(let text, isPlain: false): return "\"\(text)\""
    case .sequence(let elements): return "[\(elements.map(flat).joined(separator: " "))]"
    case .mapping(let members):
        return "{\(members.map { "\($0.key):\(flat($0.value))" }.joined(separator: " "))}"
    }
}

@Suite struct DocumentReaderTests {
    private func read(_ text: String, limits: DocumentLimits = .standard) throws -> Node {
        try DocumentReader.read(Array(text.utf8), limits: limits)
    }

    private func failure(_ bytes: [UInt8], limits: DocumentLimits = .standard) -> String {
        do throws(DocumentFailure) {
            _ = try DocumentReader.read(bytes, limits: limits)
            return "no failure"
        } catch {
            let place = error.position.map { "\($0.line):\($0.column): " } ?? ""
            return place + error.what + (error.hint.map { ": \($0)" } ?? "")
        }
    }

    private func failure(_ text: String, limits: DocumentLimits = .standard) -> String {
        failure(Array(text.utf8), limits: limits)
    }

    @Test(arguments: [
        ("a: 1", "{a:1}"),
        ("a: '1'", "{a:\"1\"}"),
        ("a: !!str 1", "{a:\"1\"}"),
        ("a: ! 1", "{a:\"1\"}"),
        ("a: !!int 1", "{a:1}"),
        ("- a\n- [b, {c: d}]", "[a [b {c:d}]]"),
        ("a: |\n  one\n  two\n", "{a:\"one\ntwo\n\"}"),
        ("a: >\n  one\n  two\n", "{a:\"one two\n\"}"),
        ("a: \"\\u00e9\\n\"", "{a:\"é\n\"}"),
        ("a:\nb: ~", "{a: b:~}"),
        ("# comment\n---\na: b # more\n...\n", "{a:b}"),
        ("\u{feff}a: b", "{a:b}"),
        ("{\"a\":[1,2,{\"b\":null}],\"c\":\"d\\/e\"}", "{a:[1 2 {b:null}] c:\"d/e\"}"),
        ("{\n\t\"a\": {\n\t\t\"b\": true\n\t}\n}", "{a:{b:true}}"),
        ("%YAML 1.1\n---\na: b", "{a:b}"),
    ])
    func documentsBecomeTrees(_ text: String, _ tree: String) throws {
        #expect(flat(try read(text)) == tree)
    }

    @Test(arguments: [
        ("x: &a {b: 1}\ny: *a", "{x:{b:1} y:{b:1}}"),
        ("x: &a [1]\ny: [*a, *a]", "{x:[1] y:[[1] [1]]}"),
        ("x: &a 1\n*a : 2", "{x:1 1:2}"),
        ("x: &a 1\ny: &a 2\nz: *a", "{x:1 y:2 z:2}"),
        ("x: &a {b: 1, c: 2}\ny: {<<: *a, c: 3}", "{x:{b:1 c:2} y:{c:3 b:1}}"),
        (
            "x: &a {b: 1}\nw: &d {b: 2, e: 4}\ny: {<<: [*a, *d]}",
            "{x:{b:1} w:{b:2 e:4} y:{b:1 e:4}}"
        ),
        ("x: {<<: {a: 1}}", "{x:{a:1}}"),
        ("x: {'<<': 1}", "{x:{<<:1}}"),
    ])
    func aliasesAndMergeKeysAreExpanded(_ text: String, _ tree: String) throws {
        #expect(flat(try read(text)) == tree)
    }

    @Test func positionsCountLinesAndCharactersFromOne() throws {
        let root = try read("a:\n  é: [x, y]\n")
        guard case .mapping(let members) = root.content,
            case .mapping(let inner)? = members.first?.value.content,
            case .sequence(let list)? = inner.first?.value.content
        else {
            Issue.record("the tree has another shape: \(flat(root))")
            return
        }
        #expect(members[0].keyPosition == Node.Position(line: 1, column: 1))
        #expect(inner[0].keyPosition == Node.Position(line: 2, column: 3))
        #expect(list.map(\.position.column) == [7, 10])
    }

    @Test(arguments: [
        ("", "the file is empty: \(emptyHint)"),
        ("\n# nothing\n", "the file is empty: \(emptyHint)"),
        ("---\n", "the file is empty: \(emptyHint)"),
        (
            "a: 1\n---\nb: 2\n",
            "2:1: a second document begins here: "
                + "put it into a file of its own and name both files; they are merged"
        ),
        ("a: 1\nb: 2\na: 3\n", "3:1: the key \"a\" is given twice: it is already in line 1"),
        ("{\"a\": 1, \"a\": 2}", "1:10: the key \"a\" is given twice: it is already in line 1"),
        (
            "a: *b\n",
            "1:4: the alias *b has no anchor: "
                + "&b must stand before it; a text that begins with * needs quotes"
        ),
        ("a: &b [*b]\n", "1:8: the alias *b stands inside its own anchor"),
        (
            "? [a]\n: b\n",
            "1:3: a key is a list or an object: "
                + "keys are texts; a value that begins with { or [ needs quotes to be a text"
        ),
        (
            "a: {<<: 1}\n",
            "1:9: only objects can be merged: "
                + "<< takes an alias of an object, or a list of such aliases"
        ),
        (
            "a: !secret b\n",
            "1:4: the tag \"!secret\" is not supported: "
                + "leave it out; a text that begins with ! needs quotes"
        ),
        (
            "a: !!binary b\n",
            "1:4: the tag \"tag:yaml.org,2002:binary\" is not supported: "
                + "leave it out; a text that begins with ! needs quotes"
        ),
    ])
    func malformedDocumentsAreRefused(_ text: String, _ message: String) {
        #expect(failure(text) == message)
    }

    private static let emptyHint =
        "a configuration has at least static_resources with listeners and clusters"

    /// libyaml's own words may change with its version: the place and the kind are ours.
    @Test(arguments: [
        ("a: [1, 2\nb: 3\n", "2:2: "), ("a: 'x\n", "2:1: "), ("a: b: c\n", "1:5: "),
        ("a: {b\n", "2:1: "), ("a: 1\n b: 2\n", "2:3: "), ("- a\nb: c\n", "2:1: "),
        ("a: %\n", "1:4: "),
        ("{\"a\": 1,, }", "1:9: "), ("a: \"\\q\"\n", "1:5: "), ("a: [", "1:5: "), ("}", "1:1: "),
    ])
    func syntaxErrorsNameTheirPlace(_ text: String, _ place: String) {
        #expect(failure(text).hasPrefix(place))
    }

    @Test func tabsAsIndentationAreExplained() {
        #expect(failure("a:\n\tb: 1\n").hasPrefix("2:1: "))
        #expect(failure("a:\n\tb: 1\n").hasSuffix(": indent with spaces, not with tabs"))
    }

    @Test func invalidUTF8IsRefusedAtItsPlace() {
        #expect(
            failure([0x61, 0x3a, 0x0a, 0xc3, 0xa9, 0x20, 0xff, 0x0a])
                == "2:3: the text is not valid UTF-8: save the file as UTF-8"
        )
        #expect(failure([0xff, 0xfe, 0x61, 0x00]).contains("control character (0x00)"))
    }

    @Test func binaryFilesAreRefused() {
        #expect(
            failure([0x7f, 0x45, 0x4c, 0x46, 0x02])
                == "1:1: there is a control character (0x7f): is this a YAML or JSON file?"
        )
        #expect(failure("a: b\u{85}\u{9f}c").hasPrefix("1:"))
    }

    @Test func depthIsLimited() throws {
        let limits = DocumentLimits(depthMax: 64)
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try read(deepest, limits: limits)
        let deeper = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        let message = "1:65: lists and objects are nested more than 64 levels deep"
        #expect(failure(deeper, limits: limits) == message)
        #expect(failure(String(repeating: "[", count: 100_000)) == message)
        #expect(failure(String(repeating: "- ", count: 100_000)).contains("64 levels deep"))
        #expect(failure(String(repeating: "{a: ", count: 100_000)).contains("64 levels deep"))
    }

    @Test func aliasesCountWhatTheyBringToTheDepth() {
        var text = "l0: &l0 [x]\n"
        for level in 1...80 { text += "l\(level): &l\(level) [*l\(level - 1)]\n" }
        #expect(failure(text).contains("64 levels deep"))
    }

    @Test func bombsOfAliasesAreRefused() {
        var text = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", ")
            text += "l\(level): &l\(level) [\(aliases)]\n"
        }
        #expect(
            failure(text).hasSuffix(
                "the document has more than 1000000 values: "
                    + "aliases count as often as they are used"
            )
        )
    }

    @Test func bombsOfMergeKeysAreRefused() {
        var text = "l0: &l0 {" + (0..<9).map { "k\($0): x" }.joined(separator: ", ") + "}\n"
        for level in 1...9 {
            let members = (0..<9).map { "k\($0): {<<: *l\(level - 1)}" }.joined(separator: ", ")
            text += "l\(level): &l\(level) {\(members)}\n"
        }
        #expect(failure(text).contains("more than 1000000 values"))
    }

    @Test func sizeIsLimited() {
        let limits = DocumentLimits(bytesMax: 1 << 20)
        let text = String(repeating: "#", count: (1 << 20) + 1)
        #expect(failure(text, limits: limits) == "the file is too large: at most 1 MiB are read")
    }

    @Test func manyValuesAreRefusedWithoutAliases() {
        let limits = DocumentLimits(nodesMax: 100)
        let text = "[" + Array(repeating: "x", count: 100).joined(separator: ",") + "]"
        #expect(failure(text, limits: limits) == "1:200: the document has more than 100 values")
    }
}
