import CompanionKit
import Glibc
import Testing

@testable import LogShipper

@Suite struct LocalSinkTests {
    private func read(_ path: String) -> [UInt8] {
        var found: [UInt8]?
        do throws(FileFailure) {
            found = try AtomicFile.read(path, bytesMax: 1 << 20)
        } catch {
            Issue.record("\(error)")
        }
        return found ?? []
    }

    private func text(_ path: String) -> String { String(decoding: read(path), as: UTF8.self) }

    private func make(_ options: FileOptions) throws -> (any RecordEncoder, any ChunkSender) {
        let (sink, sender) = try SinkFixtures.sink(.file(options))
        return (sink.encoder, sender)
    }

    private func send(
        _ encoder: any RecordEncoder,
        _ sender: any ChunkSender,
        _ line: String
    )
        -> SendOutcome
    {
        let chunk = SinkFixtures.chunk(encoder, [SinkFixtures.record([("m", line)])])
        return sender.send(chunk, cancellation: Cancellation())
    }

    @Test func linesAreAppendedAndAFileThatIsGoneIsMadeAnew() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/a/out.log"
        let (encoder, sender) = try make(FileOptions(path: RecordTemplate(literal: path)))
        #expect(words(send(encoder, sender, "1")) == "delivered 0")
        #expect(words(send(encoder, sender, "2")) == "delivered 0")
        #expect(text(path) == "{\"m\":\"1\"}\n{\"m\":\"2\"}\n")
        #expect(unsafe rename(path, path + ".1") == 0)
        #expect(words(send(encoder, sender, "3")) == "delivered 0")
        #expect(text(path) == "{\"m\":\"3\"}\n")
        #expect(unsafe unlink(path) == 0)
        #expect(words(send(encoder, sender, "4")) == "delivered 0")
        #expect(text(path) == "{\"m\":\"4\"}\n")
        sender.close()
    }

    @Test func aTemplateMakesAFileForEachValueAndNoneOutside() throws {
        let folder = TemporaryFolder()
        let template = RecordTemplate([
            .literal(folder.path + "/"), .field("team"), .time("/%Y%m%d"), .literal(".log"),
        ])
        let (encoder, sender) = try make(FileOptions(path: template))
        let record = SinkFixtures.record([("team", "shop"), ("m", "x")])
        #expect(SinkFixtures.key(encoder, record) == folder.path + "/shop/20261121.log")
        let outcome = sender.send(
            SinkFixtures.chunk(encoder, [record]),
            cancellation: Cancellation()
        )
        #expect(words(outcome) == "delivered 0")
        #expect(text(folder.path + "/shop/20261121.log") == "{\"team\":\"shop\",\"m\":\"x\"}\n")
        for evil in ["..", ".", "", "a\0b", "a\nb"] {
            let refused = SinkFixtures.encode(encoder, SinkFixtures.record([("team", evil)]))
            #expect(refused.text == nil && !refused.reason.isEmpty, "\(evil)")
        }
        for evil in ["../..", "a/../../b", "/etc"] {
            let key = SinkFixtures.key(encoder, SinkFixtures.record([("team", evil)]))
            let name = evil.map { $0 == "/" ? "_" : String($0) }.joined()
            #expect(key == folder.path + "/\(name)/20261121.log")
        }
        sender.close()
    }

    @Test func compressedChunksAreMembersOfOneGzip() throws {
        let folder = TemporaryFolder()
        var options = FileOptions(path: RecordTemplate(literal: folder.path + "/out.gz"))
        options.compression = true
        let (encoder, sender) = try make(options)
        #expect(words(send(encoder, sender, "1")) == "delivered 0")
        #expect(words(send(encoder, sender, "2")) == "delivered 0")
        var plain: [UInt8] = []
        let bytes = read(folder.path + "/out.gz")
        #expect(Inflater().inflate(bytes.span, into: &plain))
        #expect(String(decoding: plain, as: UTF8.self) == "{\"m\":\"1\"}\n{\"m\":\"2\"}\n")
        sender.close()
    }

    @Test func whatIsNoFileIsTriedAgain() throws {
        let folder = TemporaryFolder()
        let fifo = folder.path + "/fifo"
        #expect(unsafe mkfifo(fifo, 0o600) == 0)
        for path in [fifo, folder.path] {
            let (encoder, sender) = try make(FileOptions(path: RecordTemplate(literal: path)))
            #expect(words(send(encoder, sender, "1")) == "again", "\(path)")
        }
    }

    @Test func aFullDiskIsTriedAgainInWords() throws {
        let (encoder, sender) = try make(FileOptions(path: RecordTemplate(literal: "/dev/full")))
        let outcome = send(encoder, sender, "1")
        #expect(words(outcome) == "again" && why(outcome).contains("No space left"))
    }

    @Test func formsAreWrittenAsTheyAreNamed() {
        let record = SinkFixtures.record([
            ("m", "a b"), ("n", "=1"), ("q", "say \"hi\", x"), ("j", #"="\u00e4\n""#), ("e", ""),
        ])
        func line(_ form: RecordForm) -> String? {
            let document = DocumentWriter(InjectOptions(), hostname: "box")
            return SinkFixtures.encode(LineEncoder(form, document), record).text
        }
        let json = #"{"m":"a b","n":1,"q":"say \"hi\", x","j":"\u00e4\n","e":""}"#
        #expect(line(.json) == json + "\n")
        #expect(line(.outFile) == "2026-11-21T16:20:00Z\tapp.web\t\(json)\n")
        #expect(line(.message(key: "q")) == "say \"hi\", x\n")
        #expect(line(.message(key: "none")) == "\n")
        #expect(line(.logfmt) == "m=\"a b\" n=1 q=\"say \\\"hi\\\", x\" j=\"ä\\n\" e=\n")
        #expect(line(.csv(keys: ["n", "none", "q"])) == "1,,\"say \"\"hi\"\", x\"\n")
    }

    @Test func theStandardOutputGetsAllOfItThroughAPipe() throws {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        let sender = StandardOutputSender(descriptor: ends[1])
        let (sink, _) = try SinkFixtures.sink(.standardOutput(.json))
        let chunk = SinkFixtures.chunk(sink.encoder, 200)
        #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        #expect(unsafe Glibc.read(ends[0], &buffer, buffer.count) == chunk.bytes.count)
        // Nobody reads on: the sender waits, until it is stopped.
        let large = SinkFixtures.chunk(sink.encoder, 20_000)
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(words(sender.send(large, cancellation: cancellation)) == "again")
        for end in ends { _ = close(end) }
    }

    @Test func nothingIsKeptOfWhatGoesNowhere() throws {
        let (sink, sender) = try SinkFixtures.sink(.null)
        let chunk = SinkFixtures.chunk(sink.encoder, 3)
        #expect(chunk.bytes.isEmpty)
        #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
    }

    @Test func anAddressThatIsNoneIsRefused() {
        #expect(throws: SinkFailure.self) {
            try SinkFixtures.sink(.loki(LokiOptions(target: HTTPTarget(urls: ["nonsense"]))))
        }
    }
}
