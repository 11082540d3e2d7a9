import Model
import Testing

@testable import XDS

@Suite struct ConfigurationReaderTests {
    /// All that a reading says, as text; the problems where it was refused.
    private static func words(
        _ reader: inout ConfigurationReader
    ) -> (text: [String], partial: Bool) {
        do throws(ConfigurationErrors) {
            let read = try reader.read(options: CompileOptions(), loadedAt: 0)
            var text = ["taken"] + read.dependencies + read.warnings.map(\.description)
            text += read.snapshot.listeners.map { "\($0.name) \($0.fingerprint)" }
            text += read.snapshot.clusters.map { "\($0.name) \($0.fingerprint)" }
            for cluster in read.snapshot.clusters {
                text.append("\(cluster.loadBalancing) \(cluster.endpoints)")
            }
            let question = ConfigurationDump.Question(includesEndpoints: true)
            let shown = (try? ConfigurationDump.json(read.dump, question)) ?? "no dump"
            return (text + [shown], read.isPartial)
        } catch {
            return (["refused"] + error.problems.map(\.description), false)
        }
    }

    /// Reads `text` with a reader that knows the file, and with a new one; tells whether the first
    /// took the short way, and whether the file was taken.
    private static func compare(
        _ reader: inout ConfigurationReader,
        _ text: String,
        at path: String,
        _ folder: TemporaryDirectory,
        _ comment: String
    ) throws -> (isPartial: Bool, isTaken: Bool) {
        try folder.write("envoy.yaml", text)
        let again = words(&reader)
        var fresh = ConfigurationReader(files: [path], largeBytes: 0)
        let whole = words(&fresh)
        #expect(again.text == whole.text, "\(comment)")
        return (again.partial, whole.text.first == "taken")
    }

    @Test(arguments: 1...6)
    func theShortWayGivesWhatTheLongWayGives(seed: Int) throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        var file = GeneratedFile(seed: UInt64(seed))
        let path = try folder.write("envoy.yaml", file.text)
        var reader = ConfigurationReader(files: [path], largeBytes: 0)
        _ = Self.words(&reader)
        var partial = 0
        for step in 0..<60 {
            let before = file
            let edit = file.nextEdit()
            file.apply(edit)
            let outcome = try Self.compare(
                &reader,
                file.text,
                at: path,
                folder,
                "seed \(seed), step \(step): \(edit)"
            )
            if outcome.isPartial { partial += 1 }
            if !outcome.isTaken || step % 10 == 9 {
                // Also back, and then on from a file that is in order.
                file = step % 10 == 9 ? GeneratedFile(seed: UInt64(seed * 1_000 + step)) : before
                let back = try Self.compare(&reader, file.text, at: path, folder, "\(edit) undone")
                #expect(back.isTaken)
            }
        }
        #expect(partial > 5)
    }

    @Test(arguments: GeneratedFile.Edit.allCases)
    func everyEditAloneGivesWhatTheLongWayGives(edit: GeneratedFile.Edit) throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        var ways: Set<Bool> = []
        for seed in 1...4 {
            var file = GeneratedFile(seed: UInt64(seed))
            let path = try folder.write("envoy.yaml", file.text)
            var reader = ConfigurationReader(files: [path], largeBytes: 0)
            let first = Self.words(&reader)
            #expect(first.text.first == "taken")
            file.apply(edit)
            let outcome = try Self.compare(&reader, file.text, at: path, folder, "seed \(seed)")
            ways.insert(outcome.isPartial)
        }
        switch edit {
        case .address, .timeout, .twoClusters, .comment, .blank, .quote, .nothing:
            #expect(ways == [true], "the short way is there for this")
        case .rename, .add, .remove, .swap, .policy, .anchor, .alias, .carriageReturns, .route,
            .node, .listener, .unknownField, .repeatedKey, .openQuote, .document, .end:
            #expect(ways == [false], "the short way is not certain here")
        default: break
        }
    }

    @Test func aFileThatTheConfigurationNamesIsWatchedAndReadAnew() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let body = try folder.write("body.txt", "one")
        let text = GeneratedFile(seed: 1).text
            .replacing(
                "route: {cluster: service-1}",
                with: "direct_response: {status: 200, body: {filename: \(body)}}"
            )
        let path = try folder.write("envoy.yaml", text)
        let files = [path, body].sorted()
        for largeBytes in [0, 1 << 20] {
            try folder.write("body.txt", "one")
            var reader = ConfigurationReader(files: [path], largeBytes: largeBytes)
            let first = try reader.read(options: CompileOptions(), loadedAt: 0)
            #expect(first.dependencies.sorted() == files)
            try folder.write("body.txt", "two")
            let second = try reader.read(options: CompileOptions(), loadedAt: 0)
            #expect(!second.isPartial)
            #expect(second.dependencies.sorted() == files)
            #expect(
                first.snapshot.listeners[0].fingerprint
                    != second.snapshot.listeners[0].fingerprint
            )
            let third = try reader.read(options: CompileOptions(), loadedAt: 0)
            #expect(third.isPartial == (largeBytes == 0))
            #expect(third.dependencies.sorted() == files)
            #expect(
                second.snapshot.listeners[0].fingerprint
                    == third.snapshot.listeners[0].fingerprint
            )
        }
    }

    @Test func whatDidNotChangeIsTheSameObjectAfterTheLongWay() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        var file = GeneratedFile(seed: 1)
        let path = try folder.write("envoy.yaml", file.text)
        var reader = ConfigurationReader(files: [path], largeBytes: 0)
        let first = try reader.read(options: CompileOptions(), loadedAt: 0)
        file.apply(.add)
        file.apply(.route)
        try folder.write("envoy.yaml", file.text)
        let second = try reader.read(options: CompileOptions(), loadedAt: 0)
        #expect(!second.isPartial)
        #expect(second.snapshot.listeners[0] !== first.snapshot.listeners[0])
        let same = second.snapshot.clusters.filter { one in
            first.snapshot.clusters.contains { $0 === one }
        }
        #expect(same.count == first.snapshot.clusters.count)
    }

    @Test func theLinesThatDifferAreFoundAndNoOthers() {
        var random = SplitMix(state: 5)
        for _ in 0..<2_000 {
            let old = (0..<random.below(8)).map { _ in "\(random.below(3))\n" }
            let new = (0..<random.below(8)).map { _ in "\(random.below(3))\n" }
            let (before, after) = (
                LineMap(Array(old.joined().utf8)), LineMap(Array(new.joined().utf8))
            )
            #expect(before.count == old.count)
            let found = after.difference(from: before)
            #expect(old[..<found.old.lowerBound] == new[..<found.new.lowerBound])
            #expect(old[found.old.upperBound...] == new[found.new.upperBound...])
            if let left = old[found.old].first, let right = new[found.new].first {
                #expect(left != right)
            }
            #expect(found.old.isEmpty && found.new.isEmpty == (old == new) || old != new)
        }
    }
}
