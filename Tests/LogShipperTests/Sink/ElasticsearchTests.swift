import CompanionKit
import Testing

@testable import LogShipper

@Suite struct ElasticsearchTests {
    private static let id = "0123456789abcdeffedcba9876543210-1f"

    private func options(
        _ change: (inout ElasticsearchOptions) -> Void = { _ in }
    )
        -> ElasticsearchOptions
    {
        var options = ElasticsearchOptions(target: HTTPTarget(urls: ["http://127.0.0.1:1"]))
        change(&options)
        return options
    }

    private func encode(
        _ fields: [(String, String)],
        inject: InjectOptions = InjectOptions(),
        time: Int64 = SinkFixtures.time,
        _ change: (inout ElasticsearchOptions) -> Void = { _ in }
    ) throws -> String? {
        let encoder = try ElasticsearchEncoder(options(change), inject, hostname: "box")
        return SinkFixtures.encode(encoder, SinkFixtures.record(fields, time: time)).text
    }

    // MARK: - Documents

    @Test func aDocumentIsCreatedWithTheIdentityOfItsPlace() throws {
        let text = try encode([("message", "a \"quoted\" line\n"), ("n", "={\"a\": 1.50}")])
        #expect(
            text == """
                {"create":{"_index":"fluentd","_id":"\(Self.id)"}}
                {"message":"a \\"quoted\\" line\\n","n":{"a": 1.50}}

                """
        )
    }

    @Test func logstashFormatNamesTheIndexByTheDayAndAddsTheTime() throws {
        let text = try encode([("message", "m")]) {
            var format = LogstashFormat()
            format.prefix = RecordTemplate([.literal("Shop-"), .tag])
            format.timePrecision = 3
            $0.logstash = format
            $0.index = RecordTemplate(literal: "unused")
        }
        #expect(
            text == """
                {"create":{"_index":"shop-app.web-2026.11.21","_id":"\(Self.id)"}}
                {"@timestamp":"2026-11-21T16:20:00.123Z","message":"m"}

                """
        )
    }

    @Test func theIndexGoesByTheDocumentsOwnTime() throws {
        let own = try encode([("@timestamp", "2020-02-29T23:59:59Z"), ("m", "x")]) {
            $0.logstash = LogstashFormat()
        }
        #expect(own?.contains(#""_index":"logstash-2020.02.29""#) == true)
        #expect(own?.hasSuffix("{\"@timestamp\":\"2020-02-29T23:59:59Z\",\"m\":\"x\"}\n") == true)
        let keyed = try encode([("when", "=\"2021-01-01T00:00:00Z\""), ("m", "x")]) {
            $0.logstash = LogstashFormat()
            $0.timeKey = "when"
        }
        #expect(keyed?.contains(#""_index":"logstash-2021.01.01""#) == true)
        #expect(
            keyed?.hasSuffix(
                "{\"@timestamp\":\"2021-01-01T00:00:00Z\",\"when\":\"2021-01-01T00:00:00Z\",\"m\":\"x\"}\n"
            ) == true
        )
        let excluded = try encode([("when", "2021-01-01T00:00:00Z"), ("m", "x")]) {
            $0.logstash = LogstashFormat()
            $0.timeKey = "when"
            $0.timeKeyExcludesTimestamp = true
        }
        #expect(excluded?.contains("@timestamp") == false)
        let wrong = try encode([("@timestamp", "soon")]) { $0.logstash = LogstashFormat() }
        #expect(wrong?.contains(#""_index":"logstash-2026.11.21""#) == true)
    }

    @Test func theDayChangesAtMidnightAndTheSecondWithTheSecond() throws {
        let encoder = try ElasticsearchEncoder(
            options { $0.logstash = LogstashFormat() },
            InjectOptions(),
            hostname: "box"
        )
        let midnight: Int64 = 1_795_305_600_000_000_000
        let expected: [(Int64, String, String)] = [
            (midnight - 1, "2026.11.21", "2026-11-21T23:59:59.999999999Z"),
            (midnight, "2026.11.22", "2026-11-22T00:00:00.000000000Z"),
            (midnight - 1_000_000_000, "2026.11.21", "2026-11-21T23:59:59.000000000Z"),
            (-1, "1969.12.31", "1969-12-31T23:59:59.999999999Z"),
        ]
        for (time, day, stamp) in expected {
            let record = SinkFixtures.record([("m", "x")], time: time)
            let text = SinkFixtures.encode(encoder, record).text
            #expect(text?.contains("logstash-\(day)\"") == true, "\(time)")
            #expect(text?.contains("\"@timestamp\":\"\(stamp)\"") == true, "\(time)")
        }
    }

    @Test func fieldsMayNameTheIndexTheIdAndTheRouting() throws {
        let text = try encode([
            ("target", "Elsewhere"), ("uid", "=7"), ("user", "u\"1"), ("secret", "x"), ("m", "y"),
        ]) {
            $0.targetIndexKey = "target"
            $0.idKey = "uid"
            $0.routingKey = "user"
            $0.pipeline = "p1"
            $0.typeName = "doc"
            $0.removeKeys = ["secret"]
            $0.operation = .index
        }
        #expect(
            text == """
                {"index":{"_index":"elsewhere","_id":"7","routing":"u\\"1","_type":"doc","pipeline":"p1"}}
                {"uid":7,"user":"u\\"1","m":"y"}

                """
        )
    }

    @Test func aDocumentWithoutItsIdFieldHasThatOfItsPlace() throws {
        let text = try encode([("m", "y")]) { $0.idKey = "uid" }
        #expect(text?.contains(Self.id) == true)
    }

    @Test func dataStreamsAreOnlyAddedToAndAlwaysHaveATime() throws {
        let text = try encode([("m", "y")]) {
            $0.isDataStream = true
            $0.operation = .index
            $0.index = RecordTemplate(literal: "logs-app-default")
        }
        #expect(text?.hasPrefix(#"{"create":{"_index":"logs-app-default""#) == true)
        #expect(text?.contains(#"{"@timestamp":"2026-11-21T16:20:00.123456789Z","m":"y"}"#) == true)
    }

    @Test func tagAndTimeAreAddedAtTheEndAndReplaceFields() throws {
        var inject = InjectOptions()
        inject.tagKey = "@log_name"
        inject.timeKey = "time"
        inject.timeForm = .unixMilliseconds
        inject.hostnameKey = "host"
        let text = try encode([("time", "old"), ("m", "y")], inject: inject)
        #expect(
            text?.hasSuffix(
                "{\"m\":\"y\",\"@log_name\":\"app.web\",\"time\":1795278000123,\"host\":\"box\"}\n"
            )
                == true
        )
    }

    @Test func aNameThatIsEmptyOrTooLongRefusesTheRecord() throws {
        let encoder = try ElasticsearchEncoder(
            options { $0.index = RecordTemplate([.field("team")]) },
            InjectOptions(),
            hostname: ""
        )
        let empty = SinkFixtures.encode(encoder, SinkFixtures.record([("m", "x")]))
        #expect(empty.text == nil && empty.reason.contains("empty"))
        let long = SinkFixtures.record([("team", String(repeating: "x", count: 300))])
        #expect(SinkFixtures.encode(encoder, long).text == nil)
        let odd = SinkFixtures.encode(encoder, SinkFixtures.record([("team", "a\"},{\"b")]))
        #expect(odd.text?.contains(#""_index":"a\"},{\"b""#) == true)
    }

    // MARK: - Answers

    private func send(
        _ count: Int = 3,
        _ change: (inout ElasticsearchOptions) -> Void = { _ in },
        script: @escaping ScriptedServer.Script
    ) throws -> (SendOutcome, ScriptedServer) {
        let server = ScriptedServer(script)
        var options = ElasticsearchOptions(target: HTTPTarget(urls: [server.url("/es/")]))
        options.target.timeout = 300
        change(&options)
        let (sink, sender) = try SinkFixtures.sink(.elasticsearch(options))
        let outcome = sender.send(
            SinkFixtures.chunk(sink.encoder, count),
            cancellation: Cancellation()
        )
        sender.close()
        return (outcome, server)
    }

    private func answered(
        _ status: Int,
        _ body: String,
        _ fields: String = ""
    ) throws -> SendOutcome {
        try send { _, peer, notes in
            notes.add(peer.request())
            peer.answer(status, body, fields)
        }.0
    }

    private func items(_ items: [String], errors: Bool = true) -> String {
        #"{"took":3,"errors":\#(errors),"items":[\#(items.joined(separator: ","))]}"#
    }

    private static let created =
        #"{"create":{"_index":"i","_id":"x","_version":1,"_shards":{"total":2,"status":9},"status":201}}"#

    @Test func theBodyIsTheChunkAndAllIsDelivered() throws {
        let created = Self.created
        let answer = items([created, created, created], errors: false)
        let (outcome, server) = try send { _, peer, notes in
            notes.add(peer.request())
            peer.answer(200, answer)
        }
        #expect(words(outcome) == "delivered 0")
        let request = try #require(server.notes.all.first)
        #expect(request.hasPrefix("POST /es/_bulk?filter_path="))
        #expect(request.contains("content-type: application/x-ndjson\r\n"))
        #expect(
            request.hasSuffix(
                "{\"create\":{\"_index\":\"fluentd\",\"_id\":\"0123456789abcdeffedcba9876543210-14\"}}\n"
                    + "{\"n\":2}\n"
            )
        )
    }

    @Test func eachItemIsJudgedByItself() throws {
        let outcome = try answered(
            200,
            items([
                #"{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}}"#,
                #"{"create":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}"#,
                #"{"create":{"error":{"root_cause":[{"type":"t","reason":"r"}],"type":"mapper_parsing_exception","reason":"failed to parse [a]","caused_by":{"type":"x"}},"status":400}}"#,
            ])
        )
        #expect(
            words(outcome)
                == #"again [0] refused ["2: 400 mapper_parsing_exception failed to parse [a]"] duplicates 1"#
        )
        #expect(why(outcome).contains("429 es_rejected_execution_exception full"))
    }

    @Test func whatIsThereAlreadyIsDelivered() throws {
        let there = #"{"create":{"status":409}}"#
        #expect(words(try answered(200, items([there, there, Self.created]))) == "delivered 2")
    }

    @Test func a409OfAnIndexOperationIsRefused() throws {
        let body = items(Array(repeating: #"{"index":{"status":409}}"#, count: 3))
        let (outcome, _) = try send(3, { $0.operation = .index }) { _, peer, _ in
            _ = peer.request()
            peer.answer(200, body)
        }
        #expect(words(outcome) == #"again [] refused ["0: 409", "1: 409", "2: 409"] duplicates 0"#)
    }

    @Test(arguments: [
        #"{"errors":true,"items":[{"create":{"status":201}},{"create":{"status":-7}},{"create":{}}]}"#,
        #"{"errors":false,"items":[]}"#, #"{"errors":false,"items":[{"create":{"status":201}}]}"#,
        #"{"took":1,"errors":false}"#, "OK", "", "{}", #"{"items":"three"}"#,
        #"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}},{"create":{"sta"#,
        #"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}},{"create":{"status":201}},{"create":{"status":201}}]}"#,
    ])
    func anAnswerThatIsShortOrLiesIsTriedAgain(_ body: String) throws {
        #expect(words(try answered(200, body)) == "again")
    }

    @Test func statusesOfTheWholeRequestAreTakenAsTheyAre() throws {
        #expect(words(try answered(429, "busy", "retry-after: 7\r\n")) == "again after 7.0 seconds")
        #expect(words(try answered(503, "")) == "again")
        #expect(words(try answered(413, "")) == "too large")
        #expect(words(try answered(400, "no newline")) == "refused")
        #expect(words(try answered(404, "no such path")) == "again")
        #expect(words(try answered(200, "<html>login</html>")) == "again")
        let redirect = try answered(302, "", "location: http://x/\r\n")
        #expect(words(redirect) == "again" && why(redirect).contains("http://x/"))
        let denied = try answered(401, #"{"error":"bad key"}"#)
        #expect(words(denied) == "again" && why(denied).contains("credentials"))
    }

    @Test func silenceAndTornAnswersAreTriedAgain() throws {
        #expect(words(try send { _, peer, _ in peer.waitForEnd() }.0) == "again")
        #expect(words(try send { _, peer, _ in _ = peer.request() }.0) == "again")
        #expect(
            words(
                try send { _, peer, _ in
                    _ = peer.request()
                    peer.write(
                        "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"errors\":false,\"ite"
                    )
                }.0
            ) == "again"
        )
        #expect(
            words(
                try send { _, peer, _ in
                    _ = peer.request()
                    peer.reset()
                }.0
            ) == "again"
        )
        #expect(
            words(
                try send { _, peer, _ in
                    _ = peer.request()
                    peer.write("\u{1}\u{2}garbage\r\n\r\n")
                    peer.waitForEnd()
                }.0
            ) == "again"
        )
    }

    @Test func anAnswerOfAnySizeIsReadInPieces() throws {
        let count = 5000
        let body = items(Array(repeating: Self.created, count: count), errors: false)
        let (outcome, _) = try send(count) { _, peer, _ in
            _ = peer.request()
            peer.answer(200, body)
        }
        #expect(words(outcome) == "delivered 0")
        for piece in [1, 2, 7, 100] {
            var reply = BulkReply(items: count, isCreate: true)
            let bytes = Array(body.utf8)
            var offset = 0
            while offset < bytes.count {
                let part = Array(bytes[offset..<min(offset + piece, bytes.count)])
                reply.add(part.span)
                offset += piece
            }
            guard case .judged(let again, let refused, 0) = reply.verdict() else {
                Issue.record("pieces of \(piece): \(reply.verdict())")
                continue
            }
            #expect(again.isEmpty && refused.isEmpty)
        }
    }

    @Test func aServerThatIsDownIsPassedOverForTheNext() throws {
        let created = Self.created
        let answer = items([created, created, created], errors: false)
        let (outcome, server) = try send(3, { $0.target.urls.insert("http://127.0.0.1:1", at: 0) })
        {
            _,
            peer,
            notes in
            notes.add(peer.request())
            peer.answer(200, answer)
        }
        #expect(words(outcome) == "delivered 0" && server.notes.all.count == 1)
    }

    @Test func credentialsAndCompressionGoWithTheRequest() throws {
        let server = ScriptedServer { _, peer, notes in
            notes.add(peer.request())
            peer.answer(200, #"{"errors":false,"items":[{"create":{"status":201}}]}"#)
        }
        var options = ElasticsearchOptions(target: HTTPTarget(urls: [server.url()]))
        options.target.auth = .basic(user: "elastic", password: "pass:word")
        options.target.headers = [("X-Team", "shop")]
        options.target.compression = true
        let (sink, sender) = try SinkFixtures.sink(.elasticsearch(options))
        let outcome = sender.send(SinkFixtures.chunk(sink.encoder, 1), cancellation: Cancellation())
        #expect(words(outcome) == "delivered 0")
        let request = try #require(server.notes.all.first)
        #expect(request.contains("authorization: Basic ZWxhc3RpYzpwYXNzOndvcmQ=\r\n"))
        #expect(request.contains("x-team: shop\r\n"))
        #expect(request.contains("content-encoding: gzip\r\n"))
        #expect(!request.contains("_index"))
    }
}
