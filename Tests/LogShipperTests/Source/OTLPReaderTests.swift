import CompanionKit
import Model
import Testing

@testable import LogShipper

@Suite struct OTLPReaderTests {
    private final class Taken {
        var records: [String] = []
        var times: [Int64] = []
        var logs: [LogRecord] = []
    }

    /// Messages of protocol buffers, written by their field numbers.
    private enum Wire {
        static func bytes(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
            var out: [UInt8] = []
            ProtobufWriter.append(Int(field), bytes: content.span, &out)
            return out
        }

        static func text(_ field: UInt64, _ text: String) -> [UInt8] {
            bytes(field, Array(text.utf8))
        }

        static func number(_ field: Int, _ value: UInt64) -> [UInt8] {
            var out: [UInt8] = []
            ProtobufWriter.append(field, varint: value, &out)
            return out
        }

        static func fixed(_ field: Int, _ value: UInt64) -> [UInt8] {
            var out: [UInt8] = []
            ProtobufWriter.append(field, fixed64: value, &out)
            return out
        }

        static func pair(_ field: UInt64, _ key: String, _ value: [UInt8]) -> [UInt8] {
            bytes(field, text(1, key) + bytes(2, value))
        }

        static func request(_ records: [[UInt8]], resource: [UInt8] = []) -> [UInt8] {
            let scope = text(1, "lib") + text(2, "1")
            let logs = bytes(1, scope) + records.flatMap { bytes(2, $0) }
            return bytes(1, bytes(2, logs) + bytes(1, resource))
        }
    }

    private func read(
        _ body: [UInt8],
        _ form: OTLPSource.Form,
        bytesMax: Int = 64 << 20
    ) throws(OTLPReadingFailure) -> (Taken, OTLPRecordBuilder) {
        let taken = Taken()
        let builder = OTLPRecordBuilder(now: 42, bytesMax: bytesMax) { record in
            taken.records.append(String(decoding: JSONWriter.object(record), as: UTF8.self))
            taken.times.append(record.time)
            taken.logs.append(record)
        }
        switch form {
        case .protobuf:
            var reader = OTLPProtobufReader(builder)
            try reader.read(body.span)
        case .json: try OTLPJSONReader(builder).read(body.span)
        }
        return (taken, builder)
    }

    private var full: [UInt8] {
        let list = Wire.bytes(
            5,
            Wire.bytes(1, Wire.number(3, 1)) + Wire.bytes(1, Wire.text(1, "two"))
        )
        let record =
            Wire.fixed(1, 1_795_278_000_123_456_789) + Wire.fixed(11, 7) + Wire.number(2, 17)
            + Wire.text(3, "ERROR") + Wire.bytes(5, Wire.text(1, "hello"))
            + Wire.pair(6, "n", Wire.number(3, UInt64(bitPattern: -5)))
            + Wire.pair(6, "d", Wire.fixed(4, (1.5).bitPattern))
            + Wire.pair(6, "yes", Wire.number(2, 1)) + Wire.pair(6, "list", list)
            + Wire.pair(6, "object", Wire.bytes(6, Wire.pair(1, "a", Wire.text(1, "b"))))
            + Wire.pair(6, "raw", Wire.bytes(7, [1, 2, 3])) + Wire.pair(6, "none", [])
            + Wire.pair(6, "level", Wire.text(1, "other"))
            + Wire.bytes(9, Array(1...16)) + Wire.bytes(10, Array(1...8))
        return Wire.request(
            [record],
            resource: Wire.pair(1, "service.name", Wire.text(1, "web"))
        )
    }

    private let expected =
        #"{"message":"hello","n":-5,"d":1.5,"yes":true,"list":[1,"two"],"object":{"a":"b"},"#
        + #""raw":"AQID","none":null,"attributes.level":"other","#
        + #""trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"0102030405060708","#
        + #""level":"ERROR","otel.observed_time_unix_nano":7,"#
        + #""otel.resource":{"service.name":"web"},"otel.scope.name":"lib","otel.scope.version":"1"}"#

    @Test func protobufBecomesFieldsWhereverTheResourceStands() throws {
        let (taken, builder) = try read(full, .protobuf)
        #expect(taken.records == [expected])
        #expect(taken.times == [1_795_278_000_123_456_789])
        #expect(builder.rejected == 0)
    }

    @Test func jsonBecomesTheSameFields() throws {
        let json = #"""
            {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "lib", "version": "1"}, "logRecords": [
            {"timeUnixNano": "1795278000123456789", "observedTimeUnixNano": 7, "severityNumber": 17,
            "severityText": "ERROR", "body": {"stringValue": "hello"}, "attributes": [
            {"key": "n", "value": {"intValue": "-5"}}, {"key": "d", "value": {"doubleValue": 1.5}},
            {"key": "yes", "value": {"boolValue": true}},
            {"key": "list", "value": {"array_value": {"values": [{"intValue": 1}, {"stringValue": "two"}]}}},
            {"key": "object", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}}},
            {"key": "raw", "value": {"bytesValue": "AQID"}}, {"key": "none"},
            {"key": "level", "value": {"stringValue": "other"}}],
            "traceId": "0102030405060708090A0b0c0d0e0f10", "spanId": "0102030405060708"}]}],
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]}}]}
            """#
        let (taken, builder) = try read(Array(json.utf8), .json)
        #expect(taken.records == [expected])
        #expect(builder.rejected == 0)
    }

    @Test func theSinkTurnsTheFieldsBack() throws {
        let (taken, _) = try read(full, .protobuf)
        let record = try #require(taken.logs.first)
        var options = OTLPOptions(target: HTTPTarget(urls: ["http://h"]))
        options.transport = .httpJSON
        let encoder = OTLPEncoder(options, InjectOptions(), hostname: "box")
        #expect(
            SinkFixtures.key(encoder, record)
                == #"{"key":"service.name","value":{"stringValue":"web"}}"#
        )
        let text = try #require(SinkFixtures.encode(encoder, record).text)
        #expect(
            text.hasPrefix(
                #"{"timeUnixNano":"1795278000123456789","observedTimeUnixNano":"7","#
                    + #""severityNumber":17,"severityText":"ERROR","body":{"stringValue":"hello"}"#
            )
        )
        #expect(!text.contains("otel.resource") && !text.contains("otel.observed"))
        #expect(text.contains(#"{"key":"otel.scope.name","value":{"stringValue":"lib"}}"#))
    }

    @Test func aSeverityThatItsTextDoesNotSayKeepsItsNumber() throws {
        for (number, text, fields) in [
            (10, "", #""level":"info","otel.severity_number":10"#), (9, "", #""level":"info""#),
            (12, "INFO", #""level":"INFO","otel.severity_number":12"#), (99, "", ""),
        ] {
            let record = Wire.number(2, UInt64(number)) + Wire.text(3, text)
            let (taken, _) = try read(Wire.request([record]), .protobuf)
            let rest = (fields.isEmpty ? "" : fields + ",") + #""otel.scope.name":"lib""#
            #expect(taken.records == ["{\(rest),\"otel.scope.version\":\"1\"}"])
            #expect(taken.times == [42])
        }
    }

    @Test func whatCantBeUsedIsRejectedAndTheRestTaken() throws {
        let good = Wire.bytes(5, Wire.text(1, "good"))
        var deep = Wire.text(1, "x")
        for _ in 0..<40 { deep = Wire.bytes(5, Wire.bytes(1, deep)) }
        let many = (0..<1100).flatMap { Wire.pair(6, "a\($0)", Wire.number(2, 1)) }
        let body = Wire.request([Wire.bytes(5, deep), good, many, good])
        let (taken, builder) = try read(body, .protobuf)
        #expect(taken.records.count == 2)
        #expect(builder.rejected == 2)
        #expect(builder.reason == "a value is nested deeper than 32 levels")
    }

    @Test func aRequestThatGrowsTooMuchIsCutOff() throws {
        let resource = Wire.pair(1, "r", Wire.text(1, String(repeating: "x", count: 10_000)))
        let body = Wire.request(
            [[UInt8]](repeating: Wire.bytes(5, Wire.text(1, "m")), count: 100),
            resource: resource
        )
        let (taken, builder) = try read(body, .protobuf, bytesMax: 200_000)
        #expect(taken.records.count == 19)
        #expect(builder.rejected == 81)
        #expect(builder.reason.contains("send fewer"))
    }

    @Test func everyCutOfAMessageIsReadOrRefused() {
        let whole = full
        for count in 0..<whole.count {
            let cut = Array(whole[..<count])
            let result = try? read(cut, .protobuf)
            // Only nothing at all is a whole request.
            #expect((result != nil) == (count == 0), "cut at \(count)")
        }
    }

    @Test func changedBytesNeverTrap() {
        var generator = SplitMix(seed: 7)
        let json = Array(
            #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[]}}}]}]}]}"#
                .utf8
        )
        var read = 0
        for (body, form) in [(full, OTLPSource.Form.protobuf), (json, .json)] {
            for _ in 0..<3000 {
                var changed = body
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let place = Int.random(in: 0..<changed.count, using: &generator)
                    changed[place] = UInt8.random(in: 0...255, using: &generator)
                }
                if (try? self.read(changed, form)) != nil { read += 1 }
            }
        }
        #expect(read > 0)
    }

    @Test func jsonThatIsNoRequestIsRefusedWithItsPlace() {
        for text in [
            "", "[]", "{", #"{"resourceLogs":1}"#, #"{"resourceLogs":[1]}"#, "{} x",
            #"{"resourceLogs":[{"scopeLogs":[{"logRecords":{}}]}]}"#,
            String(repeating: "[", count: 10_000),
        ] {
            let result = try? read(Array(text.utf8), .json)
            #expect(result == nil, "\(text.prefix(40))")
        }
    }

    @Test func jsonValuesOfTheWrongKindAreRejected() throws {
        for body in [
            #"{"stringValue":5}"#, #"{"intValue":"x"}"#, #"{"intValue":1.5}"#,
            #"{"boolValue":"t"}"#,
            #"{"doubleValue":"y"}"#, "7",
        ] {
            let json = #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":\#(body)}]}]}]}"#
            let (_, builder) = try read(Array(json.utf8), .json)
            #expect(builder.rejected == 1, "\(body)")
            #expect(!builder.reason.isEmpty)
        }
    }

    @Test func answersHaveTheFormOfTheSpecification() {
        let partial = OTLPOutcome.taken(rejected: 3, reason: "no")
        #expect(partial.protobuf() == [0x0a, 6, 0x08, 3, 0x12, 2] + Array("no".utf8))
        #expect(
            String(decoding: partial.json(), as: UTF8.self)
                == #"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#
        )
        #expect(OTLPOutcome.taken(rejected: 0, reason: "").protobuf().isEmpty)
        let busy = OTLPOutcome.busy("later")
        #expect(busy.status == 503)
        let answer = GRPCAnswer(
            status: GRPCStatus(.unavailable),
            message: [],
            details: Base64.encode(busy.statusMessage())
        )
        #expect(OTLPCallSender.retryDelay(answer) == .seconds(1))
    }
}
