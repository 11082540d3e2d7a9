import Model
import Testing
import Wire

@Suite("Paths")
struct PathNormalizerTests {
    private func normalize(_ path: String, _ options: PathCase) -> (PathNormalizer.Outcome, String)
    {
        let head = Head()
        let bytes = path.latin1
        // Something before and after it, so that a slip over either end would show.
        head.append("../%2f")
        head.path = head.append(bytes.span)
        head.append("/../x")
        let outcome = PathNormalizer.normalize(
            head,
            normalizesPath: options.options.contains(.normalize),
            mergesSlashes: options.options.contains(.merge),
            escapedSlashes: options.slashes
        )
        return (outcome, Understood.text(head, head.path))
    }

    @Test("The table holds at least 60 paths")
    func tableIsLarge() { #expect(PathCase.all.count >= 60) }

    @Test("Each path of the table becomes what a route then sees", arguments: PathCase.all)
    func result(_ path: PathCase) {
        let (outcome, text) = normalize(path.path, path)
        guard let expected = path.result else {
            #expect(outcome == .rejected)
            return
        }
        #expect(text == expected)
        let change: PathNormalizer.Outcome = path.redirects ? .redirect : .changed
        #expect(outcome == (expected == path.path ? .unchanged : change))
    }

    @Test("A normal path stays as it is", arguments: PathCase.all)
    func idempotent(_ path: PathCase) {
        guard let once = path.result else { return }
        let (outcome, twice) = normalize(once, path)
        #expect(outcome == .unchanged)
        #expect(twice == once)
    }

    @Test("A long path of dots and escapes is normalized in its own size")
    func long() {
        let path =
            "/" + String(repeating: "a/%2e%2e/", count: 5_000)
            + String(repeating: "\"", count: 9_000)
        let options = PathCase("", nil, [.normalize, .merge])
        let (outcome, text) = normalize(path, options)
        #expect(outcome == .changed)
        #expect(text == "/" + String(repeating: "%22", count: 9_000))
    }
}
