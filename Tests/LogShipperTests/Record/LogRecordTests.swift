import LogShipper
import Model
import Testing

@Suite struct LogRecordTests {
    private func text(_ record: LogRecord, _ name: String) -> String? {
        let key = Array(name.utf8)
        guard let index = record.index(of: key.span) else { return nil }
        let value = record.value(of: record.fields[index])
        return String(decoding: value.indices.map { value[$0] }, as: UTF8.self)
    }

    private func set(_ record: inout LogRecord, _ name: String, _ value: String) {
        let name = Array(name.utf8)
        let value = Array(value.utf8)
        record.set(name: name.span, value: value.span, kind: .text)
    }

    @Test func aNameThatIsSetAgainKeepsItsPlace() {
        var record = LogRecord()
        set(&record, "a", "1")
        set(&record, "b", "2")
        set(&record, "a", "longer")
        #expect(record.fields.count == 2)
        #expect(text(record, "a") == "longer")
        let first = record.name(of: record.fields[0])
        #expect(first.count == 1 && first[0] == UInt8(ascii: "a"))
    }

    @Test func aRenamedFieldTakesTheNameFromAnother() throws {
        var record = LogRecord()
        set(&record, "a", "1")
        set(&record, "b", "2")
        let name = Array("b".utf8)
        let old = Array("a".utf8)
        let found = record.index(of: old.span)
        let index = try #require(found)
        record.rename(at: index, to: name.span)
        #expect(record.fields.count == 1)
        #expect(text(record, "b") == "1")
        #expect(text(record, "a") == nil)
    }

    @Test func aRecordThatIsUsedAgainHasNoOldFields() {
        var record = LogRecord()
        set(&record, "a", "1")
        record.removeAll()
        #expect(record.fields.isEmpty)
        #expect(text(record, "a") == nil)
    }

    @Test func theDigitsOfAnIdentityReadBackAsItself() {
        let identity = StreamIdentity(high: 7, low: .max)
        #expect(identity.description == "0000000000000007ffffffffffffffff")
        #expect(StreamIdentity(identity.description) == identity)
        #expect(StreamIdentity("+000000000000007ffffffffffffffff") == nil)
    }
}
