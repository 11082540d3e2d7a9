import CompanionKit
import Glibc
import Testing

@testable import LogShipper

@Suite struct GzipContentTests {
    let folder = TemporaryFolder()

    private func content(_ bytes: [UInt8]) throws -> GzipContent {
        try AtomicFile.write(bytes.span, to: folder.path + "/x.gz")
        let descriptor = unsafe open(folder.path + "/x.gz", O_RDONLY)
        try #require(descriptor >= 0)
        return GzipContent(descriptor)
    }

    private func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
        var out: [UInt8] = []
        let deflater = Deflater()
        let isDone = deflater.gzip(bytes.span, into: &out)
        try #require(isDone)
        return out
    }

    @Test func whatIsCutIsReadAsFarAsItGoesAndSaid() throws {
        let text = Array(numbers(1, 2000).utf8)
        let whole = try compressed(text)
        let cut = try content(Array(whole.dropLast(100)))
        let found = try #require(cut.read(at: 0, max: 1 << 20))
        #expect(!found.isEmpty && found == Array(text.prefix(found.count)))
        #expect(cut.trouble?.contains("ends before its end") == true)
        let all = try content(whole)
        #expect(all.read(at: 0, max: 1 << 20) == text)
        #expect(all.trouble == nil)
    }

    @Test func whatIsNoGzipIsSaid() throws {
        let none = try content(Array("plain text".utf8))
        #expect(none.read(at: 0, max: 100) == [])
        #expect(none.trouble?.contains("no gzip data") == true)
    }

    @Test func whatIsStillBeingWrittenIsReadOn() throws {
        let text = Array(numbers(1, 2000).utf8)
        let whole = try compressed(text)
        let half = try content(Array(whole.prefix(whole.count / 2)))
        let first = try #require(half.read(at: 0, max: 1 << 20))
        let descriptor = unsafe open(folder.path + "/x.gz", O_WRONLY | O_APPEND)
        defer { _ = close(descriptor) }
        let rest = Array(whole.suffix(whole.count - whole.count / 2))
        try AtomicFile.writeAll(rest.span, to: descriptor, path: "x.gz")
        let second = try #require(half.read(at: UInt64(first.count), max: 1 << 20))
        #expect(first + second == text)
        #expect(half.trouble == nil)
    }

    /// A few kilobytes that become a hundred megabytes are read in small parts.
    @Test func aBombIsReadInParts() throws {
        let bomb = try content(try compressed([UInt8](repeating: 0, count: 100 << 20)))
        var offset: UInt64 = 0
        while let part = bomb.read(at: offset, max: 256 << 10), !part.isEmpty {
            offset += UInt64(part.count)
            #expect((bomb.size ?? 0) - offset < 20 << 20)
        }
        #expect(offset == 100 << 20)
    }
}

@Suite struct TailPathsTests {
    @Test func theDateStandsInThePath() throws {
        // 2026-11-21, noon in Greenwich: the same day nearly everywhere.
        let noon: Int64 = 1795262400
        let options = TailOptions(paths: ["/logs/app-%Y%m%d.log", "/logs/100.log"])
        let place = ConfigurationPlace(file: "x", line: 1)
        var paths = try TailPaths(options, place: place, now: noon)
        #expect(paths.globs.map(\.text) == ["/logs/app-20261121.log", "/logs/100.log"])
        paths.refresh(now: noon + 86_400)
        #expect(paths.name("/logs/app-20261122.log"))
        #expect(!paths.name("/logs/app-20261121.log"))
    }
}

@Suite struct RememberedFilesTests {
    private func entry(_ inode: UInt64, _ path: String, _ begin: String) -> CheckpointEntry {
        let bytes = Array(begin.utf8)
        return CheckpointEntry(
            identity: StreamIdentity(high: 0, low: inode),
            node: FileNode(device: 1, inode: inode),
            path: path,
            fingerprint: Fingerprint(bytes.span),
            offset: 0,
            marker: Marker()
        )
    }

    @Test func filesAreFoundByNodeByPlaceAndByContent() {
        var files = RememberedFiles([
            entry(1, "/a", "one begin"), entry(2, "/b", "one begin, longer"), entry(3, "/c", ""),
        ])
        #expect(files.numbers(of: FileNode(device: 1, inode: 2), at: "/z") == [1])
        // Mounted again: the device has another number.
        #expect(files.numbers(of: FileNode(device: 9, inode: 1), at: "/a") == [0])
        #expect(files.numbers(of: FileNode(device: 9, inode: 1), at: "/b") == [])
        let begin = Array("one begin, longer still".utf8)
        #expect(files.numbers(beginningLike: begin.span) == [1, 0])
        files.remove(1)
        #expect(files.numbers(beginningLike: begin.span) == [0])
        #expect(files.all.map(\.path) == ["/a", "/c"])
        files.keep(atMost: 1)
        #expect(files.all.map(\.path) == ["/c"])
    }
}

@Suite struct DescriptorBudgetTests {
    @Test func filesLeaveDescriptorsForOthers() {
        #expect(DescriptorBudget.filesMax(descriptors: 64) == 32)
        #expect(DescriptorBudget.filesMax(descriptors: 4096) == 3072)
    }
}
