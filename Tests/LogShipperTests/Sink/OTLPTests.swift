import CompanionKit
import Testing

@testable import LogShipper

@Suite struct OTLPTests {
    private func options(
        _ transport: OTLPOptions.Transport,
        _ url: String = "http://h"
    ) -> OTLPOptions {
        var options = OTLPOptions(target: HTTPTarget(urls: [url]))
        options.transport = transport
        options.target.timeout = 2000
        options.resource = [("service.name", RecordTemplate(literal: "web"))]
        return options
    }

    private let record: [(String, String)] = [
        ("message", "m"), ("level", "warn"), ("trace_id", "0102030405060708090a0b0c0d0e0f10"),
        ("span_id", "0102030405060708"), ("n", "=-1"), ("o", #"={"a":[1.5,true,null,"x"]}"#),
    ]

    @Test func jsonHasTheFormOfTheSpecification() {
        let encoder = OTLPEncoder(options(.httpJSON), InjectOptions(), hostname: "box")
        let record = SinkFixtures.record(record)
        #expect(
            SinkFixtures.key(encoder, record)
                == #"{"key":"service.name","value":{"stringValue":"web"}}"#
        )
        #expect(
            SinkFixtures.encode(encoder, record).text
                == #"{"timeUnixNano":"1795278000123456789","observedTimeUnixNano":"1795278000123456789","#
                + #""severityNumber":13,"severityText":"warn","body":{"stringValue":"m"},"attributes":["#
                + #"{"key":"n","value":{"intValue":"-1"}},"#
                + #"{"key":"o","value":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":["#
                + #"{"doubleValue":1.5},{"boolValue":true},{},{"stringValue":"x"}]}}}]}}}],"#
                + #""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"}"#
        )
    }

    @Test func protobufHasTheNumbersOfTheSchema() {
        let encoder = OTLPEncoder(options(.httpProtobuf), InjectOptions(), hostname: "box")
        let record = SinkFixtures.record(
            [("message", "hi"), ("level", "INFO"), ("n", "=5")],
            time: 1
        )
        let chunk = SinkFixtures.chunk(encoder, [record])
        let time: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
        let log: [UInt8] =
            [0x09] + time + [0x10, 9, 0x1a, 4] + Array("INFO".utf8)
            + [0x2a, 4, 0x0a, 2] + Array("hi".utf8)
            + [0x32, 7, 0x0a, 1] + Array("n".utf8) + [0x12, 2, 0x18, 5]
            + [0x59] + time
        #expect(chunk.bytes == [0x12, UInt8(log.count)] + log)
        let pair: [UInt8] =
            [0x0a, 12] + Array("service.name".utf8) + [0x12, 5, 0x0a, 3] + Array("web".utf8)
        #expect(chunk.key == [0x0a, UInt8(pair.count)] + pair)
        let scope: [UInt8] = [0x0a, 9, 0x0a, 7] + Array("pillion".utf8)
        let scopeLogs = scope + chunk.bytes
        let inner: [UInt8] =
            [0x0a, UInt8(chunk.key.count)] + chunk.key + [0x12, UInt8(scopeLogs.count)] + scopeLogs
        #expect(OTLPRequest.protobuf(chunk) == [0x0a, UInt8(inner.count)] + inner)
    }

    @Test func lengthsOfAnySizeAreWrittenBeforeWhatTheyCount() {
        for count in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            var out: [UInt8] = [9]
            let start = ProtobufWriter.begin(1, &out)
            out += Array(repeating: 7, count: count)
            ProtobufWriter.end(start, &out)
            var reader = ProtobufReader(out[1...])
            let bytes = reader.next()?.bytes
            #expect(bytes?.count == count)
            #expect(bytes?.allSatisfy { $0 == 7 } == true)
        }
        for value in [0, 1, 127, 128, 300, UInt64.max] {
            var out: [UInt8] = []
            ProtobufWriter.appendVarint(value, &out)
            #expect(out.count == ProtobufWriter.varintCount(value), "\(value)")
        }
    }

    @Test func valuesOfAnyShapeAreTaken() {
        for text in [
            "[]", "{}", "[[[]]]", "1e400", "18446744073709551616", "-0.5", #"{"a":{"b":[]}}"#,
        ] {
            for transport in [OTLPOptions.Transport.httpJSON, .grpc] {
                let encoder = OTLPEncoder(options(transport), InjectOptions(), hostname: "")
                let taken = SinkFixtures.encode(
                    encoder,
                    SinkFixtures.record([("v", "=" + text), ("level", "odd")])
                )
                #expect(taken.text != nil, "\(text)")
            }
        }
        let encoder = OTLPEncoder(options(.httpJSON), InjectOptions(), hostname: "")
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let record = SinkFixtures.record([("v", "=" + deep), ("trace_id", "not one")])
        let text = SinkFixtures.encode(encoder, record).text ?? ""
        #expect(AnswerFields.read(Array(text.utf8)) == nil || text.contains("stringValue"))
        #expect(text.contains(#"{"key":"trace_id","value":{"stringValue":"not one"}}"#))
    }

    // MARK: - HTTP

    private func answered(
        _ status: Int,
        _ body: [UInt8],
        _ fields: String = ""
    ) throws -> SendOutcome {
        let server = ScriptedServer { _, peer, notes in
            notes.add(peer.request())
            peer.write(
                Array("HTTP/1.1 \(status) X\r\n\(fields)content-length: \(body.count)\r\n\r\n".utf8)
                    + body
            )
            peer.waitForEnd()
        }
        let (sink, sender) = try SinkFixtures.sink(.otlp(options(.httpProtobuf, server.url())))
        let outcome = sender.send(SinkFixtures.chunk(sink.encoder, 3), cancellation: Cancellation())
        sender.close()
        #expect(server.notes.all.first?.hasPrefix("POST /v1/logs HTTP/1.1\r\n") == true)
        return outcome
    }

    @Test func onlyTheNamedStatusesAreTriedAgain() throws {
        #expect(words(try answered(200, [])) == "delivered 0")
        #expect(words(try answered(429, [], "retry-after: 3\r\n")) == "again after 3.0 seconds")
        #expect(words(try answered(503, [])) == "again")
        #expect(words(try answered(500, [])) == "refused")
        #expect(words(try answered(400, [])) == "refused")
        #expect(words(try answered(413, [])) == "too large")
        let refused = try answered(400, [0x08, 3, 0x12, 3] + Array("bad".utf8))
        #expect(why(refused) == "HTTP 400: bad")
    }

    @Test func aPartialSuccessIsNeverSentAgain() throws {
        let partial: [UInt8] = [0x0a, 8, 0x08, 2, 0x12, 4] + Array("full".utf8)
        let outcome = try answered(200, partial)
        #expect(words(outcome) == "refused")
        #expect(why(outcome).contains("2 of the 3 records") && why(outcome).contains("full"))
        let warning: [UInt8] = [0x0a, 6, 0x12, 4] + Array("slow".utf8)
        #expect(words(try answered(200, warning)) == "delivered 0")
        for other in ["garbage", "<html>", "\0", "{}"] {
            #expect(words(try answered(200, Array(other.utf8))) == "again")
        }
        let json = try answered(200, Array("{}".utf8), "content-type: application/json\r\n")
        #expect(words(json) == "delivered 0")
        #expect(
            OTLPRequest.partialSuccess(
                json: Array(
                    #"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"x"}}"#.utf8
                )
            )
                == OTLPRequest.PartialSuccess(rejected: 2, message: "x")
        )
    }

    // MARK: - gRPC

    @Test func statusesOfCallsAreFinalOrNot() {
        func outcome(
            _ code: GRPCStatus.Code,
            _ message: String = "",
            _ details: String? = nil
        ) -> String {
            words(
                OTLPCallSender.judge(
                    GRPCAnswer(status: GRPCStatus(code, message), message: [], details: details),
                    items: 1
                )
            )
        }
        #expect(outcome(.ok) == "delivered 0")
        #expect(outcome(.unavailable) == "again")
        #expect(outcome(.invalidArgument) == "refused")
        #expect(outcome(.unauthenticated) == "again")
        let page = GRPCAnswer(status: GRPCStatus(httpStatus: 404), isFromPeer: false)
        #expect(words(OTLPCallSender.judge(page, items: 1)) == "again")
        #expect(outcome(.resourceExhausted) == "again")
        #expect(
            outcome(.resourceExhausted, "grpc: received message larger than max") == "too large"
        )
        // A RetryInfo of 5 seconds.
        let type = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)
        let info: [UInt8] = [0x0a, 2, 0x08, 5]
        let any = [0x0a, UInt8(type.count)] + type + [0x12, UInt8(info.count)] + info
        let details = Base64.encode([0x08, 8, 0x1a, UInt8(any.count)] + any)
        #expect(outcome(.resourceExhausted, "", details) == "again after 5.0 seconds")
    }
}
