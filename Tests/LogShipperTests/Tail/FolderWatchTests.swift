import CompanionKit
import Testing

@testable import LogShipper

@Suite struct FolderWatchTests {
    /// A file that came after the folder was looked through and before its watch began.
    @Test func aFolderIsLookedAtOnceMoreWhenItsWatchBegins() {
        let folder = TemporaryFolder()
        let watch = FolderWatch(loop: EngineLoop())
        var told: [String] = []
        watch.changed = { folder, name in told.append("\(folder) \(name)") }
        watch.watch([folder.path])
        #expect(told == ["\(folder.path) "])
        watch.watch([folder.path])
        #expect(told.count == 1, "nothing is new about it")
        watch.watch([folder.path + "/none"])
        #expect(told.count == 1)
        #expect(watch.unwatched == [folder.path + "/none"])
        watch.watch([folder.path])
        #expect(told.count == 2)
    }
}
