import Glibc
import Model
import Testing

@testable import LogShipper

@Suite struct StageTests {
    // MARK: - grep

    private func grep(_ json: String, _ change: (inout GrepOptions) -> Void) throws -> StageOutcome
    {
        var options = GrepOptions()
        change(&options)
        return try Shaped(json, .grep(options)).outcome
    }

    @Test func conditionsAreAskedTogether() throws {
        let level = GrepOptions.Condition(key: "level", pattern: "^(warn|error)$")
        let deep = GrepOptions.Condition(key: "$.a.b", pattern: "7")
        let missing = GrepOptions.Condition(key: "none", pattern: "^$")
        let json = #"{"level":"warn","a":{"b":17}}"#
        #expect(try grep(json) { $0.all = [level, deep, missing] } == .pass)
        #expect(try grep(#"{"level":"info"}"#) { $0.all = [level] } == .drop)
        #expect(try grep(json) { $0.none = [deep] } == .drop)
        #expect(try grep("{}") { $0.none = [deep] } == .pass)
        #expect(try grep("{}") { $0.anyOf = [[deep, missing]] } == .pass)
        #expect(try grep("{}") { $0.anyOf = [[deep, level]] } == .drop)
        #expect(try grep(json) { $0.notAllOf = [[deep, level]] } == .drop)
        #expect(try grep("{}") { $0.notAllOf = [[deep, missing]] } == .pass)
        #expect(throws: LogConfigurationFailure.self) {
            try grep("{}") { $0.all = [GrepOptions.Condition(key: "a", pattern: "(")] }
        }
    }

    // MARK: - hash, sample, limit

    @Test func aHashIsKeyedAndTheSameForTheSameValue() throws {
        let options = HashOptions(keys: ["user", "a.b", "none"], secret: "Jefe")
        let shaped = try Shaped(
            #"{"user":"what do ya want for nothing?","a":{"b":"x","c":1}}"#,
            .hash(options)
        )
        // RFC 4231, test case 2.
        #expect(shaped.json.hasPrefix(#"{"user":"5bdcc146bf60754e6a042426089575c7","a":{"b":""#))
        #expect(shaped.json.hasSuffix(#"","c":1}}"#))
        let other = try Shaped(#"{"user":"x"}"#, .hash(options))
        let nested = try Shaped(#"{"a":{"b":"x"}}"#, .hash(options))
        #expect(other.json.dropFirst(9).prefix(32) == nested.json.dropFirst(11).prefix(32))
    }

    @Test func aSampleIsFairAndTheSameForTheSameKey() throws {
        for (rate, wanted) in [(0.0, 0...0), (0.25, 2200...2800), (1.0, 10_000...10_000)] {
            let stage = SampleStage(SampleOptions(rate: rate, key: "id"))
            let again = SampleStage(SampleOptions(rate: rate, key: "id"))
            var passed = 0
            for number in 0..<10_000 {
                var shaped = try Shaped("{}")
                shaped.setText("id", Array("\(number)".utf8))
                shaped.apply(stage)
                let first = shaped.outcome
                shaped.apply(again)
                #expect(shaped.outcome == first)
                if first == .pass { passed += 1 }
            }
            #expect(wanted.contains(passed))
        }
    }

    @Test func recordsWithoutAKeyAreSampledByTheirPlace() throws {
        let stage = SampleStage(SampleOptions(rate: 0.5))
        var shaped = try Shaped("{}")
        var passed = 0
        for start in 0..<2000 {
            shaped.record.origin = RecordOrigin(stream: 1, start: UInt64(start), end: 0)
            shaped.apply(stage)
            if shaped.outcome == .pass { passed += 1 }
        }
        #expect((800...1200).contains(passed))
    }

    private final class Clock {
        var now = 100.0
    }

    @Test func eachKeyHasItsOwnBucket() throws {
        let clock = Clock()
        let options = RateLimitOptions(
            perSecond: 2,
            burst: 3,
            key: RecordTemplate([.field("k")])
        )
        let stage = RateLimitStage(options) { clock.now }
        func passes(_ key: String) throws -> Bool {
            var shaped = try Shaped(#"{"k":"\#(key)"}"#)
            shaped.apply(stage)
            return shaped.outcome == .pass
        }
        #expect(try (0..<5).map { _ in try passes("a") } == [true, true, true, false, false])
        #expect(try passes("b"))
        clock.now += 0.5
        #expect(try (0..<2).map { _ in try passes("a") } == [true, false])
        clock.now += 100
        #expect(try (0..<4).map { _ in try passes("a") } == [true, true, true, false])
    }

    @Test func theKeyThatWasSeenLongestAgoIsForgotten() throws {
        var options = RateLimitOptions(perSecond: 0, burst: 1, key: RecordTemplate([.field("k")]))
        options.keysMax = 3
        let stage = RateLimitStage(options) { 0 }
        func passes(_ key: String) throws -> Bool {
            var shaped = try Shaped(#"{"k":"\#(key)"}"#)
            shaped.apply(stage)
            return shaped.outcome == .pass
        }
        #expect(try ["a", "b", "c", "a", "d"].map(passes) == [true, true, true, false, true])
        // b went for d, a and c are still known.
        #expect(try ["a", "c", "b", "d"].map(passes) == [false, false, true, true])
        for number in 0..<1000 { _ = try passes("\(number)") }
        #expect(stage.keyCount == 3)
    }

    // MARK: - severity

    @Test(arguments: [
        (#""WARNING""#, #""warn""#), (#""  [Err] ""#, #""error""#), ("30", #""info""#),
        ("3", #""error""#), (#""FATAL""#, #""fatal""#), (#""I""#, #""info""#),
        (#""custom""#, #""notice""#), (#""other""#, #""other""#), ("35", "35"),
    ])
    func oneWordIsWrittenForMany(level: String, wanted: String) throws {
        var options = SeverityOptions()
        options.words = ["Custom": "notice"]
        #expect(
            try Shaped(#"{"level":\#(level)}"#, .severity(options)).json == #"{"level":\#(wanted)}"#
        )
    }

    @Test func theFirstKeyThatIsThereCounts() throws {
        let options = SeverityOptions()
        #expect(
            try Shaped(#"{"a":1,"log":{"level":"ERR"}}"#, .severity(options)).json
                == #"{"a":1,"log":{"level":"ERR"},"level":"error"}"#
        )
        #expect(
            try Shaped(#"{"severity":"INFO","level":"debug"}"#, .severity(options)).json
                == #"{"severity":"INFO","level":"debug"}"#
        )
        #expect(try Shaped("{}", .severity(options)).json == "{}")
    }

    // MARK: - nest and lift

    @Test func fieldsGoIntoAnObject() throws {
        var options = NestOptions(direction: .nest, under: "o")
        options.keys = ["a", "p_*"]
        options.prefix = "p_"
        #expect(
            try Shaped(#"{"a":1,"b":2,"p_x":"y","o":{"a":0,"z":3}}"#, .nest(options)).json
                == #"{"b":2,"o":{"z":3,"a":1,"x":"y"}}"#
        )
        #expect(try Shaped(#"{"b":2}"#, .nest(options)).json == #"{"b":2}"#)
        #expect(try Shaped(#"{"a":2,"o":7}"#, .nest(options)).json == #"{"o":{"a":2}}"#)
    }

    @Test func membersComeOutOfAnObject() throws {
        var options = NestOptions(direction: .lift, under: "o")
        options.prefix = "q."
        #expect(
            try Shaped(#"{"q.b":0,"o":{"\u0061":1,"b":{"c":[2]}},"z":3}"#, .nest(options)).json
                == #"{"q.b":{"c":[2]},"z":3,"q.a":1}"#
        )
        #expect(try Shaped(#"{"o":"x"}"#, .nest(options)).json == #"{"o":"x"}"#)
        #expect(try Shaped(#"{"o":[]}"#, .nest(options)).json == #"{"o":[]}"#)
    }

    // MARK: - Kubernetes

    @Test func theTagNamesThePod() throws {
        let id = String(repeating: "0a", count: 32)
        let stage = KubernetesStage(
            KubernetesOptions(),
            environment: { $0 == "NODE_NAME" ? "n1" : nil }
        )
        var shaped = try Shaped(
            "{}",
            tag: "kubernetes.var.log.containers.web-1.x_shop_app-side-\(id).log"
        )
        shaped.apply(stage)
        #expect(
            shaped.json
                == #"{"kubernetes":{"container_name":"app-side","namespace_name":"shop","pod_name":"web-1.x","container_id":"\#(id)","host":"n1"}}"#
        )
        shaped = try Shaped("{}", tag: "var.log.pods.shop_web-1_1234-ab.app.0.log")
        shaped.apply(stage)
        #expect(
            shaped.json
                == #"{"kubernetes":{"container_name":"app","namespace_name":"shop","pod_name":"web-1","pod_id":"1234-ab","host":"n1"}}"#
        )
        #expect(
            KubernetesStage.facts("/var/log/pods/shop_web_u/app/0.log").container == "app"
        )
        for tag in ["app", "var.log.containers.", "var.log.containers.a", "var.log.pods.a_b_c"] {
            #expect(KubernetesStage.facts(tag) == KubernetesStage.Facts())
        }
    }

    @Test func theEnvironmentNamesThePodOtherwise() throws {
        let values = [
            "POD_NAME": "me", "POD_NAMESPACE": "shop", "POD_UID": "u", "POD_IP": "1.2.3.4",
        ]
        let stage = KubernetesStage(KubernetesOptions(), environment: { values[$0] })
        var shaped = try Shaped("{}", tag: "app")
        shaped.apply(stage)
        #expect(
            shaped.json
                == #"{"kubernetes":{"namespace_name":"shop","pod_name":"me","pod_id":"u","pod_ip":"1.2.3.4"}}"#
        )
        // What is known of this pod says nothing of another one.
        shaped = try Shaped("{}", tag: "var.log.containers.other_shop_app-1.log")
        shaped.apply(stage)
        #expect(!shaped.json.contains("1.2.3.4"))
    }

    @Test func labelsAreReadAgainWhenTheyChange() throws {
        let path = "/tmp/pillion-labels-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { _ = unsafe unlink(path) }
        func write(_ text: String) {
            let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            let bytes = Array(text.utf8)
            let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
            #expect(count == bytes.count)
            _ = close(descriptor)
        }
        let clock = Clock()
        var options = KubernetesOptions()
        options.labelsFile = path
        let stage = KubernetesStage(options, environment: { _ in nil }, clock: { clock.now })
        var shaped = try Shaped("{}", tag: "app")
        shaped.apply(stage)
        #expect(shaped.json == "{}")
        write("app=\"web\"\njunk\nx/y=\"a\\\"b\\n\"\n")
        shaped.apply(stage)
        #expect(shaped.json == "{}")
        clock.now += 1
        shaped.apply(stage)
        #expect(shaped.json == #"{"kubernetes":{"labels":{"app":"web","x/y":"a\"b\n"}}}"#)
        write("app=\"other\"\n")
        clock.now += 1
        shaped.apply(stage)
        #expect(shaped.json == #"{"kubernetes":{"labels":{"app":"other"}}}"#)
    }

    // MARK: - Traces

    @Test func theAccessLogNamesTheTrace() throws {
        let path = "/tmp/pillion-access-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { _ = unsafe unlink(path) }
        func append(_ text: String, _ flags: Int32 = O_APPEND) {
            let descriptor = unsafe open(path, O_WRONLY | O_CREAT | flags, 0o600)
            let bytes = Array(text.utf8)
            let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
            #expect(count == bytes.count)
            _ = close(descriptor)
        }
        func line(_ request: String, _ trace: String) -> String {
            #"{"request_id":"\#(request)","trace_id":"\#(trace)","span_id":"s"}"# + "\n"
        }
        let clock = Clock()
        var options = TraceOptions()
        options.accessLog = path
        options.rememberedMax = 2
        let stage = TraceStage(options) { clock.now }
        func joined(_ request: String) throws -> String {
            clock.now += 1
            var shaped = try Shaped(#"{"request_id":"\#(request)"}"#)
            shaped.apply(stage)
            return shaped.json
        }
        func wanted(_ request: String, _ trace: String) -> String {
            #"{"request_id":"\#(request)","trace_id":"\#(trace)","span_id":"s"}"#
        }
        #expect(try joined("r1") == #"{"request_id":"r1"}"#)
        append(line("r1", "t1") + "not json\n" + line("r2", "t2") + line("r3", "t3").prefix(20))
        #expect(try joined("r2") == wanted("r2", "t2"))
        #expect(try joined("r3") == #"{"request_id":"r3"}"#)
        append(String(line("r3", "t3").dropFirst(20)))
        #expect(try joined("r3") == wanted("r3", "t3"))
        // Two are remembered.
        #expect(try joined("r1") == #"{"request_id":"r1"}"#)
        // The file was cut, and another one took its place.
        append(line("r4", "t4"), O_TRUNC)
        #expect(try joined("r4") == wanted("r4", "t4"))
        let gone = unsafe unlink(path)
        #expect(gone == 0)
        append(String(repeating: "x", count: 70_000) + "\n" + line("r5", "t5"))
        #expect(try joined("r5") == wanted("r5", "t5"))
        // A trace that is named already stays.
        var shaped = try Shaped(#"{"request_id":"r5","trace_id":"mine"}"#)
        shaped.apply(stage)
        #expect(shaped.json == #"{"request_id":"r5","trace_id":"mine"}"#)
    }
}
