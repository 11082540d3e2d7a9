import Glibc
import Testing

@testable import Proxy

/// Changes of files are noticed, however they are made.
struct ReloadWatchTests {
    /// A directory of its own, with the few things that tests do to files.
    private final class Folder {
        let path: String
        private var names: [String] = []

        init() throws {
            var template = Array("/tmp/pillion-watch-XXXXXX".utf8CString)
            let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return false }
                return unsafe mkdtemp(base) != nil
            }
            try #require(made)
            let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
            path = String(decoding: bytes, as: UTF8.self)
        }

        func write(_ name: String, _ text: String) {
            names.append(name)
            let file = unsafe open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            let bytes = Array(text.utf8)
            _ = unsafe Glibc.write(file, bytes, bytes.count)
            _ = close(file)
        }

        func makeDirectory(_ name: String) {
            names.append(name)
            _ = unsafe mkdir(path + "/" + name, 0o700)
        }
        func rename(_ from: String, _ to: String) {
            names.append(to)
            _ = unsafe Glibc.rename(path + "/" + from, path + "/" + to)
        }
        func link(_ target: String, _ name: String) {
            names.append(name)
            _ = unsafe symlink(target, path + "/" + name)
        }
        func remove(_ name: String) { _ = unsafe unlink(path + "/" + name) }

        /// Takes the directory away with what was put into it, the newest first.
        ///
        /// Not when the last use is over: the watch would notice.
        func delete() {
            for name in names.reversed() where unsafe unlink(path + "/" + name) != 0 {
                _ = unsafe rmdir(path + "/" + name)
            }
            _ = unsafe rmdir(path)
        }
    }

    private final class Count { var value = 0 }

    /// Turns the loop until the count is reached; false where it is not within five seconds.
    private func turn(_ loop: EventLoop, until count: Count, is wanted: Int) -> Bool {
        let end = Resolver.now() + 5_000
        while count.value < wanted, Resolver.now() < end { loop.turn(wait: false) }
        return count.value == wanted
    }

    private func watching(
        _ paths: [String],
        polls: Bool = false
    ) throws -> (loop: EventLoop, watch: FileWatch, count: Count) {
        let loop = try EventLoop()
        let count = Count()
        var timing = FileWatch.Timing()
        timing.settleMilliseconds = 20
        timing.pollMilliseconds = 10
        let watch = FileWatch(loop: loop, timing: timing, usesNotifications: !polls) {
            count.value += 1
        }
        watch.watch(paths)
        return (loop, watch, count)
    }

    @Test(arguments: [false, true])
    func aFileThatIsWrittenOverIsNoticed(polls: Bool) throws {
        let folder = try Folder()
        defer { folder.delete() }
        folder.write("a.yaml", "1")
        let (loop, watch, count) = try watching([folder.path + "/a.yaml"], polls: polls)
        folder.write("a.yaml", "longer")
        #expect(turn(loop, until: count, is: 1))
        withExtendedLifetime(watch) {}
    }

    @Test(arguments: [false, true])
    func aFileThatIsRenamedOverAnotherIsNoticed(polls: Bool) throws {
        let folder = try Folder()
        defer { folder.delete() }
        folder.write("a.yaml", "1")
        let (loop, watch, count) = try watching([folder.path + "/a.yaml"], polls: polls)
        folder.write(".a.yaml.swp", "22")
        folder.rename(".a.yaml.swp", "a.yaml")
        #expect(turn(loop, until: count, is: 1))
        withExtendedLifetime(watch) {}
    }

    @Test
    func theSwapOfALinkOnTheWayIsNoticedAgainAndAgain() throws {
        let folder = try Folder()
        defer { folder.delete() }
        for version in ["..1", "..2", "..3"] {
            folder.makeDirectory(version)
            folder.write(version + "/a.yaml", version)
        }
        folder.link("..1", "..data")
        folder.link("..data/a.yaml", "a.yaml")
        let (loop, watch, count) = try watching([folder.path + "/a.yaml"])
        for (index, version) in ["..2", "..3"].enumerated() {
            folder.link(version, "..tmp")
            folder.rename("..tmp", "..data")
            #expect(turn(loop, until: count, is: index + 1))
        }
        folder.write("..3/a.yaml", "written in place, behind both links")
        #expect(turn(loop, until: count, is: 3))
        withExtendedLifetime(watch) {}
    }

    @Test
    func aFileThatGoesAndComesBackIsNoticedBothTimes() throws {
        let folder = try Folder()
        defer { folder.delete() }
        folder.write("a.yaml", "1")
        let (loop, watch, count) = try watching([folder.path + "/a.yaml"])
        folder.remove("a.yaml")
        #expect(turn(loop, until: count, is: 1))
        folder.write("a.yaml", "2")
        #expect(turn(loop, until: count, is: 2))
        withExtendedLifetime(watch) {}
    }

    @Test
    func aNewFileInADirectoryIsNoticedAndALogBesideItIsNot() throws {
        let folder = try Folder()
        defer { folder.delete() }
        folder.write("a.yaml", "1")
        let (loop, watch, count) = try watching([folder.path, folder.path + "/a.yaml"])
        folder.write("access.log", "GET /")
        folder.write("b.yaml", "2")
        #expect(turn(loop, until: count, is: 1))
        let paths = WatchedPaths([folder.path])
        #expect(!paths.concerns("access.log", in: folder.path))
        #expect(paths.concerns("b.json", in: folder.path))
        withExtendedLifetime(watch) {}
    }

    @Test
    func otherFilesOfTheDirectoryAreNotNoticed() throws {
        let folder = try Folder()
        defer { folder.delete() }
        folder.write("a.yaml", "1")
        let paths = WatchedPaths([folder.path + "/a.yaml"])
        #expect(paths.concerns("a.yaml", in: folder.path))
        #expect(!paths.concerns("b.yaml", in: folder.path))
    }

    @Test
    func aFileBelowADirectoryThatDoesNotExistYetIsNoticed() throws {
        let folder = try Folder()
        defer { folder.delete() }
        let (loop, watch, count) = try watching([folder.path + "/later/a.yaml"])
        folder.makeDirectory("later")
        #expect(turn(loop, until: count, is: 1))
        folder.write("later/a.yaml", "1")
        #expect(turn(loop, until: count, is: 2))
        withExtendedLifetime(watch) {}
    }

    @Test
    func aCircleOfLinksEnds() throws {
        let folder = try Folder()
        defer { folder.delete() }
        folder.link("b", "a")
        folder.link("a", "b")
        #expect(WatchedPaths([folder.path + "/a"]).concerns("b", in: folder.path))
    }

    @Test
    func manyWritesAreOneChange() throws {
        let folder = try Folder()
        defer { folder.delete() }
        folder.write("a.yaml", "1")
        let (loop, watch, count) = try watching([folder.path + "/a.yaml"])
        for number in 0..<50 {
            folder.write("a.yaml", "\(number)")
            loop.turn(wait: false)
        }
        #expect(turn(loop, until: count, is: 1))
        withExtendedLifetime(watch) {}
    }
}
