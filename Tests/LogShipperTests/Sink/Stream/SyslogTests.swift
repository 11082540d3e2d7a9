import Testing

@testable import LogShipper

@Suite struct SyslogTests {
    private func encode(
        _ fields: [(String, String)],
        tag: String = "app.web",
        change: (inout SyslogOptions) -> Void = { _ in }
    ) -> String {
        var options = SyslogOptions(target: StreamTarget(addresses: ["h:1"]))
        change(&options)
        let encoder = SyslogEncoder(options, InjectOptions(), hostname: "box")
        return SinkFixtures.encode(encoder, SinkFixtures.record(fields, tag: tag)).text ?? ""
    }

    @Test func aMessageOfRFC5424HasItsParts() {
        let text = encode([("level", "error"), ("message", "it broke")]) { options in
            options.facility = 16
            options.processID = RecordTemplate(literal: "77")
            options.messageID = RecordTemplate(literal: "ID47")
        }
        #expect(
            text == "<131>1 2026-11-21T16:20:00.123456Z box app.web 77 ID47 - it broke"
        )
    }

    @Test func aMessageOfRFC3164HasItsParts() {
        let text = encode([("message", "it broke")]) { options in
            options.form = .rfc3164
            options.appName = RecordTemplate(literal: "my app[1]:")
            options.processID = RecordTemplate(literal: "77")
        }
        #expect(text == "<14>Nov 21 16:20:00 box my_app_1__[77]: it broke")
    }

    @Test func aDayOfOneDigitHasASpaceBeforeIt() {
        var out: [UInt8] = []
        SyslogText.append3164Time(1_786_000_000_000_000_000 - 172_800_000_000_000, &out)
        #expect(String(decoding: out, as: UTF8.self) == "Aug  4 07:06:40")
    }

    @Test(arguments: [
        ("emerg", 0), ("ALERT", 1), ("fatal", 2), ("60", 2), ("Error", 3), ("50", 3), ("warn", 4),
        ("4", 4), ("notice", 5), ("info", 6), ("debug", 7), ("10", 7), ("what", 6),
    ])
    func theSeverityComesFromTheWord(_ word: String, _ severity: Int) {
        #expect(encode([("level", word)]).hasPrefix("<\(8 + severity)>"))
    }

    @Test(arguments: [("local3", 19), ("AUTH", 4), ("23", 23), ("24", 1), ("-1", 1), ("x", 1)])
    func theFacilityComesFromTheRecord(_ word: String, _ facility: Int) {
        let text = encode([("f", word)]) { $0.facilityKey = "f" }
        #expect(text.hasPrefix("<\(facility * 8 + 6)>"))
    }

    @Test func namesAreCutAndPrintable() {
        let text = encode([("message", "m")]) { options in
            options.hostname = RecordTemplate(literal: String(repeating: "h", count: 300))
            options.appName = RecordTemplate(
                literal: "a b\u{7f}é" + String(repeating: "a", count: 90)
            )
            options.messageID = RecordTemplate([.field("none")])
        }
        let parts = text.split(separator: " ")
        #expect(parts[2].utf8.count == 255)
        #expect(parts[3].utf8.count == 48)
        #expect(parts[3].hasPrefix("a_b___aaa"))
        #expect(parts[4] == "-" && parts[5] == "-" && parts[6] == "-")
    }

    @Test func objectsBecomeStructuredData() {
        let sd = #"={"iut":"3","a b=":"q\"u\\o]te","n":4.5,"deep":{"x":1}}"#
        let text = encode([("ex@32473", sd), ("message", "m")]) {
            $0.structuredKeys = ["ex@32473", "none"]
        }
        #expect(
            text.hasSuffix(
                #" [ex@32473 iut="3" a_b_="q\"u\\o\]te" n="4.5" deep="{\"x\":1}"] m"#
            )
        )
    }

    @Test func allOtherFieldsFitInOneElement() {
        let text = encode([("message", "m"), ("a", "1"), ("b", "=true"), ("sd", "={}")]) {
            $0.structuredID = "f@1"
            $0.structuredKeys = ["sd"]
        }
        #expect(text.hasSuffix(#" [sd][f@1 a="1" b="true"] m"#))
        let nothing = encode([("message", "m")]) { $0.structuredID = "f@1" }
        #expect(nothing.hasSuffix(" - m"))
    }

    @Test func aRecordWithoutTheMessageIsItsJSON() {
        #expect(encode([("a", "1")]).hasSuffix(#" - {"a":"1"}"#))
        #expect(encode([("message", "m")]) { $0.messageKey = "" }.hasSuffix(#" - {"message":"m"}"#))
    }

    @Test func aCountedMessageKeepsItsLineFeeds() {
        let text = encode([("message", "a\nb")]) { $0.transport = .tcp }
        let space = text.firstIndex(of: " ") ?? text.startIndex
        let message = text[text.index(after: space)...]
        #expect(Int(text[..<space]) == message.utf8.count)
        #expect(message.hasSuffix("a\nb"))
    }

    @Test func aLineHasOneLineFeedAtItsEnd() {
        let text = encode([("message", "a\nb\n"), ("x", "1\n2")]) {
            $0.transport = .tls
            $0.framing = .lines
            $0.structuredID = "f"
        }
        #expect(text.hasSuffix(#"[f x="1#0122"] a#012b#012"# + "\n"))
        #expect(text.filter { $0 == "\n" }.count == 1)
    }

    @Test(arguments: 60...72)
    func aDatagramIsCutBetweenCharacters(_ size: Int) {
        var options = SyslogOptions(target: StreamTarget(addresses: ["h:1"]))
        options.bytesMax = size
        let encoder = SyslogEncoder(options, InjectOptions(), hostname: "box")
        let record = SinkFixtures.record([("message", "€€€€€€€€€€€€€€€€€€€€€€€€")])
        var bytes: [UInt8] = []
        var reason = ""
        let isTaken = encoder.encode(
            record,
            of: SinkFixtures.identity,
            into: &bytes,
            reason: &reason
        )
        #expect(isTaken)
        #expect(bytes.count <= size && bytes.count > size - 3)
        #expect(String(validating: bytes, as: UTF8.self) != nil)
        #expect(encoder.truncatedRecords == 1)
    }

    @Test func bytesThatAreNoTextAreCutAnywhere() {
        var bytes = [UInt8](repeating: 0x80, count: 20)
        #expect(SyslogText.cut(&bytes, from: 0, max: 7))
        #expect(bytes.count == 7)
    }
}
