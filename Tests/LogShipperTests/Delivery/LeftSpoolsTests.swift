import CompanionKit
import Testing

@testable import LogShipper

@Suite struct LeftSpoolsTests {
    private let folder = TemporaryFolder()
    private var root: String { folder.path + "/spool" }

    private func sink(_ name: String) -> SinkConfiguration {
        SinkConfiguration(name: name, kind: .null, place: ConfigurationPlace(file: "f", line: 1))
    }

    private func leave(_ name: String, note: String) throws {
        try AtomicFile.makeDirectories("\(root)/\(name)")
        let bytes = Array(note.utf8)
        try AtomicFile.write(bytes.span, to: "\(root)/\(name)/sink")
        try AtomicFile.write(bytes.span, to: "\(root)/\(name)/000000000001.seg")
    }

    private func note(_ name: String) throws -> String {
        let bytes = try AtomicFile.read("\(root)/\(name)/sink", bytesMax: 100)
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    @Test func aSinkWithAnotherNameFindsItsSpool() throws {
        try leave("old", note: SinkKey.key(of: sink("old")))
        LeftSpools.arrange([sink("new")], stateDirectory: folder.path)
        #expect(folder.names(in: root) == ["new"])
        #expect(folder.names(in: root + "/new") == ["000000000001.seg", "sink"])
    }

    @Test func aSpoolOfAnotherKindOfSinkIsPutAside() throws {
        try leave("logs", note: "elasticsearch-1f")
        LeftSpools.arrange([sink("logs")], stateDirectory: folder.path)
        #expect(folder.names(in: root) == ["logs", "logs.elasticsearch-1f"])
        #expect(folder.names(in: root + "/logs") == ["sink"])
        #expect(try note("logs") == SinkKey.key(of: sink("logs")))
        // The next start finds it as it is.
        LeftSpools.arrange([sink("logs")], stateDirectory: folder.path)
        #expect(folder.names(in: root) == ["logs", "logs.elasticsearch-1f"])
    }

    @Test func twoThatSendAlikeKeepTheirOwn() throws {
        let both = [sink("a"), sink("b")]
        LeftSpools.arrange(both, stateDirectory: folder.path)
        let notes = [try note("a"), try note("b")]
        #expect(Set(notes).count == 2)
        LeftSpools.arrange(both, stateDirectory: folder.path)
        #expect([try note("a"), try note("b")] == notes)
    }
}
