import CompanionKit
import Testing

@testable import LogShipper

func write(_ text: String, to path: String) throws {
    let bytes = Array(text.utf8)
    try AtomicFile.write(bytes.span, to: path)
}

@Suite struct CheckpointTests {
    private let entries = [
        CheckpointEntry(
            identity: StreamIdentity(high: 1, low: 2),
            node: FileNode(device: 3, inode: 4),
            path: "/var/log/a\tb\\\n.log",
            fingerprint: Fingerprint(length: 20, sum: 5),
            offset: 6,
            marker: Marker(length: 6, sum: 7),
            sinkOffsets: ["es": 8, "a sink\t": 9]
        ),
        CheckpointEntry(
            identity: StreamIdentity(high: .max, low: 0),
            node: FileNode(device: .max, inode: .max),
            path: "",
            fingerprint: Fingerprint(length: 0, sum: 0),
            offset: 0,
            marker: Marker()
        ),
    ]

    @Test func whatIsWrittenReadsBackAsItself() throws {
        #expect(try Checkpoint.decode(Checkpoint.encode(entries)) == entries)
        #expect(try Checkpoint.decode(Checkpoint.encode([])) == [])
    }

    /// A disk that lies, or a file that was cut, must not become positions.
    @Test func noPartAndNoChangedByteIsTaken() {
        let bytes = Checkpoint.encode(entries)
        for length in 0..<bytes.count {
            #expect(throws: Checkpoint.Fault.self) {
                try Checkpoint.decode(Array(bytes[..<length]))
            }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x01
            let decoded = try? Checkpoint.decode(changed)
            #expect(decoded == nil || decoded == entries, "byte \(index)")
        }
    }

    @Test func randomBytesAreNone() {
        var generator = SplitMix(seed: 11)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...200, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect((try? Checkpoint.decode(bytes)) == nil)
        }
    }
}

@Suite struct ImportedPositionTests {
    @Test func fluentdsLastLineOfAPathCounts() {
        let text = """
            /a.log\t0000000000000010\t00000000000000ff
            /b.log\tffffffffffffffff\t0000000000000001
            /a.log\t0000000000000020\t00000000000000FE
            broken line
            /c.log\t00000000000000zz\t0000000000000001

            """
        let found = ImportedPosition.posFile(Array(text.utf8))
        #expect(found == [ImportedPosition(path: "/a.log", offset: 32, inode: 254)])
    }

    @Test func aFileThatIsNotThereHasNone() throws {
        let from = ImportedPositions(path: "/nowhere/at/all", form: .fluentBitDatabase)
        #expect(try ImportedPosition.read(from) == [])
    }

    @Test func whatIsNoDatabaseIsSaid() throws {
        let folder = TemporaryFolder()
        try write("not a database at all", to: folder.path + "/x.db")
        let from = ImportedPositions(path: folder.path + "/x.db", form: .fluentBitDatabase)
        #expect(throws: ImportedPosition.DatabaseFailure.self) { try ImportedPosition.read(from) }
    }
}

@Suite struct LineSplitterTests {
    @Test func linesOfTwoByteCharactersEndOnWholeCharacters() {
        let splitter = LineSplitter(encoding: .utf16LittleEndian)
        // U+0A00 has the bytes 00 0A, which are no line end; U+000A has 0A 00.
        let bytes: [UInt8] = [0x00, 0x0a, 0x41, 0x00, 0x0a, 0x00, 0x42, 0x00]
        let end = splitter.end(in: bytes.span, from: 0, base: 0, isBigEndian: false)
        #expect(end == 6)
        var out: [UInt8] = []
        let isConverted = splitter.convert(
            bytes.span.extracting(0..<6),
            isBigEndian: false,
            into: &out
        )
        #expect(isConverted)
        #expect(String(decoding: out, as: UTF8.self) == "\u{0a00}A")
    }

    @Test func surrogatesBecomeTheirCharacterAndLoneOnesAMark() {
        let splitter = LineSplitter(encoding: .utf16BigEndian)
        let bytes: [UInt8] = [0xd8, 0x3d, 0xde, 0x00, 0xd8, 0x3d, 0x00, 0x41]
        var out: [UInt8] = []
        let isConverted = splitter.convert(bytes.span, isBigEndian: true, into: &out)
        #expect(isConverted)
        #expect(String(decoding: out, as: UTF8.self) == "\u{1f600}\u{fffd}A")
    }

    @Test func latin1BecomesUTF8() {
        let splitter = LineSplitter(encoding: .latin1)
        let bytes: [UInt8] = [0x66, 0xfc, 0x72]
        var out: [UInt8] = []
        let isConverted = splitter.convert(bytes.span, isBigEndian: false, into: &out)
        #expect(isConverted)
        #expect(String(decoding: out, as: UTF8.self) == "für")
    }
}
