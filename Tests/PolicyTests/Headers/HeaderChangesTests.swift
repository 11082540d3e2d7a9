import Model
import Policy
import Telemetry
import Testing

@Suite("Header operations")
struct HeaderChangesTests {
    private func add(
        _ name: String,
        _ value: String,
        _ action: HeaderOperations.Action = .appendIfExistsOrAdd,
        keepsEmpty: Bool = false
    ) -> HeaderOperations.Step {
        let bytes = Array(name.utf8)
        let known = KnownFieldIndex.shared.field(named: bytes.span)
        return .add(
            ByteString(name),
            known == .unknown ? nil : known,
            .literal(ByteString(value)),
            action,
            keepsEmpty: keepsEmpty
        )
    }

    private func apply(_ steps: [HeaderOperations.Step], to head: Head) {
        HeaderOperations(steps: steps).apply(to: head) {
            Issue.record("no value is computed")
            return ExchangeRecord()
        }
    }

    static let cases: [(HeaderOperations.Action, String, [String], String?)] = [
        (.appendIfExistsOrAdd, "x-a", [], "new"), (.appendIfExistsOrAdd, "x-a", ["1"], "1|new"),
        (.appendIfExistsOrAdd, "user-agent", ["me"], "me,new"),
        (.appendIfExistsOrAdd, "accept", ["a", "b"], "a,b,new"),
        (.appendIfExistsOrAdd, "cookie", ["a=b"], "a=b|new"),
        (.addIfAbsent, "x-a", [], "new"), (.addIfAbsent, "x-a", ["1", "2"], "1|2"),
        (.addIfAbsent, "user-agent", ["me"], "me"),
        (.overwriteIfExistsOrAdd, "x-a", [], "new"),
        (.overwriteIfExistsOrAdd, "x-a", ["1", "2"], "new"),
        (.overwriteIfExistsOrAdd, "user-agent", ["1", "2"], "new"),
        (.overwriteIfExists, "x-a", [], nil), (.overwriteIfExists, "x-a", ["1", "2"], "new"),
        (.overwriteIfExists, "user-agent", [], nil),
    ]

    @Test("each action does what Envoy does", arguments: cases.indices)
    func actions(index: Int) {
        let (action, name, before, after) = Self.cases[index]
        let head = request("GET", "/", before.map { (name, $0) })
        apply([add(name, "new", action)], to: head)
        #expect(values(name, of: head) == after)
    }

    @Test("an empty value is left out unless it is kept")
    func emptyValues() {
        let head = request("GET", "/", [("x-b", "1")])
        apply([add("x-a", ""), add("x-b", "", .overwriteIfExistsOrAdd)], to: head)
        #expect(values("x-a", of: head) == nil)
        #expect(values("x-b", of: head) == "1")
        apply([add("x-a", "", keepsEmpty: true)], to: head)
        #expect(values("x-a", of: head) == "")
    }

    @Test("removal takes every line, known or not, and steps are made in order")
    func removal() {
        let head = request("GET", "/", [("X-A", "1"), ("x-a", "2"), ("User-Agent", "me")])
        apply(
            [
                .remove("x-a", nil), .remove("user-agent", .userAgent), add("x-a", "3"),
                .remove("x-a", nil), add("x-a", "4"),
            ],
            to: head
        )
        #expect(values("x-a", of: head) == "4")
        #expect(values("user-agent", of: head) == nil)
        #expect(!head.has(.userAgent))
    }

    @Test("the steps can be read back, without those that have no effect")
    func steps() {
        let format = HeaderOperations(
            steps: [
                .remove("x-a", nil), add("user-agent", "me", .overwriteIfExists), add("x-b", ""),
                add("x-c", "", keepsEmpty: true), .remove("host", .host),
            ]
        )
        #expect(!format.needsRecord)
        let steps = format.steps
        guard steps.count == 3, case .remove("x-a", nil) = steps[0],
            case .add("user-agent", .userAgent, .literal("me"), .overwriteIfExists, false) = steps[
                1
            ],
            case .add("x-c", nil, .literal(""), .appendIfExistsOrAdd, true) = steps[2]
        else {
            Issue.record("\(steps)")
            return
        }
        #expect(HeaderOperations(steps: [.remove(":path", nil), add("x-b", "")]).isEmpty)
    }

    @Test("the authority and pseudo-headers stay as they are")
    func fixedNames() {
        let head = request("GET", "/", [("Host", "example.com")])
        apply(
            [
                .remove("host", .host), .remove("host", nil), .remove(":path", nil),
                add("host", "evil", .overwriteIfExistsOrAdd), add(":path", "/evil"),
                .add("host", nil, .literal("evil"), .appendIfExistsOrAdd, keepsEmpty: false),
            ],
            to: head
        )
        #expect(values("host", of: head) == "example.com")
        #expect(values(":path", of: head) == nil)
    }

    @Test("a known name without its slot in the operation gets it all the same")
    func knownNames() {
        let head = request()
        apply(
            [.add("user-agent", nil, .literal("x"), .appendIfExistsOrAdd, keepsEmpty: false)],
            to: head
        )
        #expect(head.has(.userAgent))
    }

    @Test("computed values see the request, and what came before them")
    func computed() throws {
        let head = request("GET", "/p", [("x-in", "v")])
        func computed(_ name: String, _ text: String) throws -> HeaderOperations.Step {
            .add(
                ByteString(name),
                nil,
                try SubstitutionText.value(text),
                .appendIfExistsOrAdd,
                keepsEmpty: false
            )
        }
        let operations = HeaderOperations(
            steps: [
                try computed("x-one", "%REQ(:PATH)%-%REQ(x-in)%"), .remove("x-in", nil),
                try computed("x-two", "%REQ(x-in)%"), try computed("x-three", "%REQ(x-one)%"),
            ]
        )
        var calls = 0
        operations.apply(to: head) {
            calls += 1
            var record = ExchangeRecord()
            record.request = head
            return record
        }
        #expect(calls == 1)
        #expect(values("x-one", of: head) == "/p-v")
        #expect(values("x-two", of: head) == nil)
        #expect(values("x-three", of: head) == "/p-v")
    }
}
