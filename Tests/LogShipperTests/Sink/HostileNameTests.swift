import CompanionKit
import Glibc
import Model
import Testing

@testable import LogShipper

/// What records of a hostile peer try with the names of files and objects.
@Suite struct HostileNameTests {
    private func make(_ parts: [RecordTemplate.Part]) throws -> (any RecordEncoder, any ChunkSender)
    {
        let (sink, sender) = try SinkFixtures.sink(.file(FileOptions(path: RecordTemplate(parts))))
        return (sink.encoder, sender)
    }

    /// Each record as a chunk of its own, as the engine makes them of records with different keys.
    private func outcomes(_ parts: [RecordTemplate.Part], _ tags: [String]) throws -> [String] {
        let (encoder, sender) = try make(parts)
        return tags.map { tag in
            let record = SinkFixtures.record([("m", "x")], tag: tag)
            guard SinkFixtures.encode(encoder, record).text != nil else { return "refused" }
            return words(
                sender.send(
                    SinkFixtures.chunk(encoder, [record]),
                    cancellation: Cancellation()
                )
            )
        }
    }

    @Test func aTagThatNamesAFolderStopsNoOtherRecord() throws {
        let folder = TemporaryFolder()
        let parts: [RecordTemplate.Part] = [.literal(folder.path + "/"), .tag, .literal(".log")]
        // Where a file stands no folder can be made, nor the other way round.
        let found = try outcomes(parts, ["x", "x.log/y", "z.log/y", "z", "a/b", "/etc/x", "ok"])
        #expect(!found.contains("again"), "\(found)")
        #expect(found.last == "delivered 0")
    }

    @Test func aNameThatGrowsTooLongIsRefusedAndNotTriedForEver() throws {
        let folder = TemporaryFolder()
        let parts: [RecordTemplate.Part] = [.literal(folder.path + "/"), .tag, .literal(".log")]
        let (encoder, sender) = try make(parts)
        var record = SinkFixtures.record([("m", "x")])
        // Each of these bytes is no UTF-8, and becomes three.
        record.tag = ByteString([UInt8](repeating: 0xff, count: 200))
        let taken = SinkFixtures.encode(encoder, record)
        if taken.text != nil {
            let chunk = SinkFixtures.chunk(encoder, [record])
            #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
        }
        #expect(try outcomes(parts, [String(repeating: "a", count: 300)]) == ["refused"])
    }

    @Test func whatWouldDropAFolderOfTheTemplateIsRefused() throws {
        let folder = TemporaryFolder()
        let parts: [RecordTemplate.Part] = [
            .literal(folder.path + "/"), .tagPart(0), .literal("/"), .tagPart(1),
        ]
        #expect(
            try outcomes(parts, ["a.b", ".b", "..", "a."]) == [
                "delivered 0", "refused", "refused", "refused",
            ]
        )
    }

    @Test func aNameThatBeginsTheTemplateLeadsNowhereElse() throws {
        let (encoder, _) = try make([.tag, .literal(".log")])
        let key = SinkFixtures.key(encoder, SinkFixtures.record([], tag: "/etc/cron.d/x"))
        #expect(!key.hasPrefix("/"), "\(key)")
    }

    @Test func aTagMakesNoLineOfItsOwn() throws {
        let document = DocumentWriter(InjectOptions(), hostname: "box")
        let encoder = LineEncoder(.outFile, document)
        let evil = SinkFixtures.record([("m", "x")], tag: "a\n2026-11-21T16:20:00Z\tb\t{}")
        let line = SinkFixtures.encode(encoder, evil).text ?? ""
        #expect(line.split(separator: "\n").count == 1, "\(line)")
        #expect(line.split(separator: "\t").count == 3, "\(line)")
    }

    @Test func anObjectOfS3HasNoKeyThatLeadsUpwards() {
        let options = S3Options(
            target: HTTPTarget(urls: ["http://s3.test"]),
            aws: AWSOptions(region: "eu-central-1"),
            bucket: "logs",
            objectKey: RecordTemplate([.literal("logs/"), .tag, .literal("/x.log")])
        )
        let encoder = S3Encoder(options, InjectOptions(), hostname: "box")
        for tag in ["..", "../../other", ".", "a/../b", "a\nb"] {
            let key = SinkFixtures.key(encoder, SinkFixtures.record([], tag: tag))
            let parts = key.split(separator: "/", omittingEmptySubsequences: false)
            #expect(!parts.contains("..") && !parts.contains("."), "\(key)")
            #expect(!key.utf8.contains { $0 < 0x20 || $0 == 0x7f }, "\(key)")
        }
    }
}
