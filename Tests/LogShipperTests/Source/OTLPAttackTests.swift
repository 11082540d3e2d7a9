import CompanionKit
import Testing

@testable import LogShipper

/// What a hostile peer of an OTLP source sends.
@Suite struct OTLPAttackTests {
    private func records(_ body: String) throws(OTLPReadingFailure) -> [LogRecord] {
        var found: [LogRecord] = []
        let builder = OTLPRecordBuilder(now: 42, bytesMax: 64 << 20) { found.append($0) }
        let bytes = Array(body.utf8)
        try OTLPJSONReader(builder).read(bytes.span)
        return found
    }

    private func log(_ body: String) -> String {
        #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":"# + body + "}]}]}]}"
    }

    @Test(arguments: [
        #"{"kvlistValue":{"values":[],"values":[]}}"#,
        #"{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}}],"values":null}}"#,
        #"{"arrayValue":{"values":[{"intValue":1}],"values":[{"intValue":2}]}}"#,
        #"{"arrayValue":{"values":[{"kvlistValue":{"values":[],"values":[]}}]}}"#,
        #"{"kvlistValue":{"values":[{"key":"a","key":"b","value":{},"value":{}}]}}"#,
    ])
    func whatStandsTwiceDoesNotMakeWrongJSON(_ body: String) throws {
        for record in try records(log(body)) {
            let object = JSONWriter.object(record)
            let isValid = JSONScanner.isValid(object.span)
            #expect(
                isValid,
                "\(body) became \(String(decoding: object, as: UTF8.self))"
            )
        }
    }

    private func read(_ body: [UInt8]) throws(OTLPReadingFailure) -> OTLPRecordBuilder {
        let builder = OTLPRecordBuilder(now: 42, bytesMax: 64 << 20, take: nil)
        var reader = OTLPProtobufReader(builder)
        try reader.read(body.span)
        return builder
    }

    private func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        ProtobufWriter.append(number, bytes: content.span, &out)
        return out
    }

    @Test func recordsAfterThoseThatAreTooMuchAreCountedAndNotRead() throws {
        // A value that can't be read stands in the last one: who looks at it fails.
        let records = (0..<300_000).flatMap { _ in field(2, []) }
        let wrong = field(2, [0x07])
        let body = field(1, field(2, records + wrong))
        let builder = try read(body)
        #expect(builder.taken == (64 << 20) / 256 && builder.rejected == 300_001 - builder.taken)
        #expect(builder.reason.contains("send fewer"))
    }

    @Test func attributesAfterThoseThatAreTooManyAreNotRead() throws {
        let attributes = (0..<1_100).flatMap { _ in field(6, []) }
        let wrong = field(6, [0x07])
        let body = field(1, field(2, field(2, attributes + wrong) + field(2, field(5, []))))
        let builder = try read(body)
        #expect(builder.rejected == 1 && builder.taken == 1)
        #expect(builder.reason.contains("1024 attributes"))
    }

    @Test func aResourceThatIsTooLargeIsNotReadToItsEnd() throws {
        let attributes = (0..<20_000).flatMap { _ in field(1, []) }
        let body = field(1, field(1, attributes + field(1, [0x07])) + field(2, field(2, [])))
        let builder = try read(body)
        #expect(builder.rejected == 1 && builder.reason.contains("65536 bytes"))
    }
}
