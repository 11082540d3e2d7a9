import Document
import Glibc
import Testing

@Suite struct FileContentsTests {
    private func failure(_ path: String) -> String {
        do throws(DocumentFailure) {
            _ = try FileContents.read(path)
            return "no failure"
        } catch {
            return error.what + (error.hint.map { ": \($0)" } ?? "")
        }
    }

    @Test func aMissingFileIsSaidToBeMissing() {
        #expect(
            failure("/nonexistent/envoy.yaml")
                == "the file can't be opened: no such file or directory"
        )
    }

    @Test func aDirectoryIsRefused() {
        #expect(failure("/tmp") == "it is a directory: name the files in it, one by one")
    }

    @Test func aHugeFileIsRefusedBeforeItIsRead() throws {
        let file = try #require(TemporaryFile())
        defer { file.remove() }
        #expect(ftruncate(file.descriptor, 100 << 20) == 0)
        #expect(failure(file.path) == "the file is too large: at most 16 MiB are read")
    }

    @Test func anEndlessFileIsRefused() {
        #expect(failure("/dev/zero") == "the file is too large: at most 16 MiB are read")
    }

    @Test func theBytesAreThoseOfTheFile() throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let file = try #require(TemporaryFile(bytes))
        defer { file.remove() }
        #expect(try FileContents.read(file.path) == bytes)
    }
}
