import CompanionKit
import Testing

@testable import LogShipper

@Suite struct HTTPSinkTests {
    /// Sends `count` records to a server that answers each request the same.
    private func run(
        _ count: Int = 2,
        _ status: Int,
        _ body: String = "",
        _ fields: String = "",
        kind: (String) -> SinkConfiguration.Kind
    ) throws -> (outcome: SendOutcome, request: String, chunk: Chunk) {
        let server = ScriptedServer { _, peer, notes in
            while let request = peer.request() {
                notes.add(request)
                peer.answer(status, body, fields)
            }
        }
        let (sink, sender) = try SinkFixtures.sink(kind(server.url()))
        let chunk = SinkFixtures.chunk(sink.encoder, count)
        let outcome = sender.send(chunk, cancellation: Cancellation())
        sender.close()
        return (outcome, server.notes.all.first ?? "", chunk)
    }

    private func body(_ request: String) -> String {
        String(request.split(separator: "\r\n\r\n", maxSplits: 1).last ?? "")
    }

    // MARK: - HTTP

    @Test func aPlainServerGetsLinesOrAnArrayAtItsExactPath() throws {
        let lines = try run(2, 204) { url in
            .http(HTTPOptions(target: HTTPTarget(urls: [url + "/in/?a=b"])))
        }
        #expect(lines.request.hasPrefix("POST /in/?a=b HTTP/1.1\r\n"))
        #expect(lines.request.contains("content-type: application/x-ndjson"))
        #expect(body(lines.request) == "{\"n\":0}\n{\"n\":1}\n")
        let array = try run(2, 200) { url in
            var options = HTTPOptions(target: HTTPTarget(urls: [url + "/in/"]))
            options.frame = .array
            options.method = "PUT"
            options.contentType = "application/logs"
            options.target.auth = .bearer("t")
            return .http(options)
        }
        #expect(array.request.hasPrefix("PUT /in/ HTTP/1.1\r\n"))
        #expect(
            array.request.contains("content-type: application/logs\r\nauthorization: Bearer t\r\n")
        )
        #expect(body(array.request) == "[{\"n\":0},{\"n\":1}]")
    }

    @Test func theConfigurationSaysWhichAnswersAreTriedAgain() throws {
        func outcome(_ status: Int) throws -> String {
            words(
                try run(1, status) { url in
                    var options = HTTPOptions(target: HTTPTarget(urls: [url]))
                    options.retryableStatuses = [404]
                    return .http(options)
                }.outcome
            )
        }
        #expect(try outcome(404) == "again")
        #expect(try outcome(418) == "refused")
        #expect(try outcome(413) == "too large")
        #expect(try outcome(301) == "again")
        #expect(try outcome(403) == "again")
    }

    // MARK: - Loki

    private func loki(_ url: String) -> LokiOptions {
        var options = LokiOptions(target: HTTPTarget(urls: [url]))
        options.tenant = "shop"
        options.labels = [
            ("app", RecordTemplate(literal: "web")),
            ("bad-name", RecordTemplate([.field("level")])),
            ("none", RecordTemplate([.field("none")])),
        ]
        options.metadata = [("trace", RecordTemplate([.field("trace")]))]
        options.removeKeys = ["level", "trace"]
        return options
    }

    @Test func lokiGetsStreamsByTheirLabelsWithTimesAsTexts() throws {
        let encoder = LokiEncoder(loki("http://h"), InjectOptions(), hostname: "box")
        let record = SinkFixtures.record([("level", "in\"fo"), ("m", "x\"y"), ("trace", "t1")])
        #expect(SinkFixtures.key(encoder, record) == #"{"app":"web","bad_name":"in\"fo"}"#)
        #expect(
            SinkFixtures.encode(encoder, record).text
                == #"["1795278000123456789","{\"m\":\"x\\\"y\"}",{"trace":"t1"}]"#
        )
        let bare = SinkFixtures.record([("m", "x")])
        #expect(
            SinkFixtures.encode(encoder, bare).text == #"["1795278000123456789","{\"m\":\"x\"}"]"#
        )
        let sent = try run(2, 204) { .loki(self.loki($0)) }
        #expect(words(sent.outcome) == "delivered 0")
        #expect(sent.request.hasPrefix("POST /loki/api/v1/push HTTP/1.1\r\n"))
        #expect(sent.request.contains("x-scope-orgid: shop\r\n"))
        #expect(
            body(sent.request)
                == #"{"streams":[{"stream":{"app":"web"},"values":[["1795278000123456789","{\"n\":0}"],"#
                + #"["1795278000123456789","{\"n\":1}"]]}]}"#
        )
    }

    @Test func lokisAnswersAreFinalOrNot() throws {
        for (status, expected) in [
            (200, "again"), (260, "refused"), (302, "again"), (400, "refused"), (404, "again"),
            (429, "again"), (500, "again"),
        ] {
            let sent = try run(1, status, "why") { .loki(self.loki($0)) }
            #expect(words(sent.outcome) == expected, "\(status)")
        }
    }

    @Test func aStreamHasAlwaysALabel() {
        let encoder = LokiEncoder(
            LokiOptions(target: HTTPTarget(urls: ["http://h"])),
            InjectOptions(),
            hostname: "box"
        )
        #expect(SinkFixtures.key(encoder, SinkFixtures.record([])) == #"{"job":"pillion"}"#)
        #expect(LokiEncoder.label("1a-é") == "_1a__" && LokiEncoder.label("") == "_")
    }

    // MARK: - Splunk

    private func splunk(_ url: String) -> SplunkOptions {
        var options = SplunkOptions(target: HTTPTarget(urls: [url]), token: "T")
        options.index = RecordTemplate(literal: "main")
        options.sourcetype = RecordTemplate([.field("type")])
        options.target.timeout = 1000
        return options
    }

    @Test func splunkGetsEventsOneAfterTheOther() throws {
        let sent = try run(2, 200, #"{"text":"Success","code":0}"#) { .splunk(self.splunk($0)) }
        #expect(words(sent.outcome) == "delivered 0")
        #expect(sent.request.hasPrefix("POST /services/collector/event HTTP/1.1\r\n"))
        #expect(sent.request.contains("authorization: Splunk T\r\n"))
        #expect(
            body(sent.request)
                == #"{"time":1795278000.123456789,"host":"box","index":"main","event":{"n":0}}"#
                + "\n"
                + #"{"time":1795278000.123456789,"host":"box","index":"main","event":{"n":1}}"#
                + "\n"
        )
        for url in [
            "http://h/services/collector", "http://h/services/collector/event", "http://h/",
        ] {
            #expect(SplunkSender.baseURL(url) == "http://h/services/collector")
        }
    }

    @Test func splunksAnswersNameTheEventThatIsWrong() throws {
        let wrong = try run(3, 400, #"{"text":"x","code":7,"invalid-event-number":1}"#) {
            .splunk(self.splunk($0))
        }
        guard case .judged([0, 2], let refused, 0, _) = wrong.outcome else {
            Issue.record("\(wrong.outcome)")
            return
        }
        #expect(refused.map(\.position) == [1])
        for (status, code, expected) in [
            (403, 4, "again"), (503, 9, "again"), (400, 6, "refused"), (400, 10, "again"),
            (400, 14, "again"), (200, 9, "again"),
        ] {
            let sent = try run(1, status, #"{"code":\#(code)}"#) { .splunk(self.splunk($0)) }
            #expect(words(sent.outcome) == expected, "\(status) \(code)")
        }
    }

    @Test func splunksIndexersAreAskedUntilTheyHaveIt() throws {
        // Events and acknowledgements come over connections of their own.
        let events = ScriptedServer { number, peer, notes in
            if number == 0 {
                notes.add(peer.request())
                peer.answer(200, #"{"text":"Success","code":0,"ackId":5}"#, "connection: close\r\n")
                return
            }
            for answer in ["false", "true"] {
                notes.add(peer.request())
                peer.answer(200, #"{"acks":{"5":\#(answer)}}"#)
            }
            peer.waitForEnd()
        }
        var options = splunk(events.url())
        options.acknowledges = true
        options.channel = "c-1"
        options.target.timeout = 5000
        let (sink, sender) = try SinkFixtures.sink(.splunk(options))
        let outcome = sender.send(SinkFixtures.chunk(sink.encoder, 1), cancellation: Cancellation())
        sender.close()
        #expect(words(outcome) == "delivered 0")
        let requests = events.notes.all
        try #require(requests.count == 3)
        #expect(requests[0].contains("x-splunk-request-channel: c-1\r\n"))
        #expect(requests[2].hasPrefix("POST /services/collector/ack?channel=c-1 HTTP/1.1\r\n"))
        #expect(body(requests[2]) == #"{"acks":[5]}"#)
    }

    // MARK: - Datadog

    private func datadog(_ url: String) -> DatadogOptions {
        var options = DatadogOptions(target: HTTPTarget(urls: [url]), apiKey: "K")
        options.service = RecordTemplate(literal: "web")
        options.source = RecordTemplate([.field("src")])
        options.messageKey = "log"
        return options
    }

    @Test func datadogGetsAnArrayWithItsOwnFields() throws {
        let encoder = DatadogEncoder(datadog("http://h"), InjectOptions(), hostname: "box")
        let record = SinkFixtures.record([("log", "=\"x\\ty\""), ("src", "go"), ("service", "old")])
        #expect(
            SinkFixtures.encode(encoder, record).text
                == #"{"ddsource":"go","hostname":"box","service":"web","timestamp":1795278000123,"#
                + #""message":"x\ty","src":"go"}"#
        )
        let sent = try run(2, 202, "{}") { .datadog(self.datadog($0)) }
        #expect(words(sent.outcome) == "delivered 0")
        #expect(sent.request.hasPrefix("POST /api/v2/logs HTTP/1.1\r\n"))
        #expect(sent.request.contains("dd-api-key: K\r\n"))
        #expect(body(sent.request).hasPrefix("[{") && body(sent.request).hasSuffix("}]"))
        #expect(encoder.limits.itemsMax == 1000 && encoder.limits.itemBytesMax == 1_000_000)
        for (status, expected) in [(413, "too large"), (408, "again"), (400, "refused")] {
            let sent = try run(1, status) { .datadog(self.datadog($0)) }
            #expect(words(sent.outcome) == expected, "\(status)")
        }
        let page = try run(1, 200, "<html>sign in</html>") { .datadog(self.datadog($0)) }
        #expect(words(page.outcome) == "again")
    }

    // MARK: - Azure

    @Test func azureIsAskedForATokenOnceAndAgainWhenItIsNotTaken() throws {
        let tokens = ScriptedServer { number, peer, notes in
            while let request = peer.request() {
                notes.add(request)
                peer.answer(
                    200,
                    #"{"token_type":"Bearer","expires_in":3599,"access_token":"tok\#(notes.all.count)"}"#
                )
            }
        }
        let server = ScriptedServer { _, peer, notes in
            while let request = peer.request() {
                notes.add(request)
                peer.answer(notes.all.count == 2 ? 401 : 204)
            }
        }
        var options = AzureOptions(
            target: HTTPTarget(urls: [server.url()]),
            tenant: "t/1",
            client: "c",
            secret: "s&x",
            rule: "dcr-1",
            stream: "Custom-Logs_CL"
        )
        options.authority = tokens.url()
        let (sink, sender) = try SinkFixtures.sink(.azure(options))
        let chunk = SinkFixtures.chunk(sink.encoder, 1)
        let outcomes = (0..<3).map { _ in words(sender.send(chunk, cancellation: Cancellation())) }
        sender.close()
        #expect(outcomes == ["delivered 0", "again", "delivered 0"])
        let asked = tokens.notes.all
        try #require(asked.count == 2)
        #expect(asked[0].hasPrefix("POST /t%2F1/oauth2/v2.0/token HTTP/1.1\r\n"))
        #expect(
            body(asked[0])
                == "grant_type=client_credentials&client_id=c&client_secret=s%26x"
                + "&scope=https%3A%2F%2Fmonitor.azure.com%2F.default"
        )
        let sent = server.notes.all
        try #require(sent.count == 3)
        #expect(
            sent[0].hasPrefix(
                "POST /dataCollectionRules/dcr-1/streams/Custom-Logs_CL?api-version=2023-01-01 "
            )
        )
        #expect(sent[0].contains("authorization: Bearer tok1\r\n"))
        #expect(sent[2].contains("authorization: Bearer tok2\r\n"))
        #expect(body(sent[0]) == #"[{"TimeGenerated":"2026-11-21T16:20:00.123456Z","n":0}]"#)
    }

    @Test func withoutATokenNothingIsSent() throws {
        let tokens = ScriptedServer { _, peer, _ in
            _ = peer.request()
            peer.answer(400, #"{"error":"invalid_client"}"#)
        }
        var options = AzureOptions(
            target: HTTPTarget(urls: ["http://127.0.0.1:1"]),
            tenant: "t",
            client: "c",
            secret: "s",
            rule: "r",
            stream: "S"
        )
        options.authority = tokens.url()
        let (sink, sender) = try SinkFixtures.sink(.azure(options))
        let outcome = sender.send(SinkFixtures.chunk(sink.encoder, 1), cancellation: Cancellation())
        #expect(words(outcome) == "again" && why(outcome).contains("invalid_client"))
    }
}
