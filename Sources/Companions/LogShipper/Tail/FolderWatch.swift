internal import CLinux
import Glibc

/// Tells which names in which folders changed, by inotify.
///
/// Where the system has no more watches to give, folders are looked at once in a while only.
final class FolderWatch {
    private let loop: EngineLoop
    private let descriptor: Int32
    private var folders: [Int32: String] = [:]
    private var watches: [String: Int32] = [:]
    private var key: UInt64?
    /// Folders that could not be watched.
    private(set) var unwatched: Set<String> = []
    /// A folder and the name in it; the name is empty where the folder itself changed, or where
    /// notices were lost.
    var changed: (String, String) -> Void = { _, _ in }

    private static let mask = UInt32(
        IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB
            | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
    )

    init(loop: EngineLoop) {
        self.loop = loop
        descriptor = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))
    }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    func start() {
        guard descriptor >= 0 else { return }
        key = loop.watch(descriptor) { [unowned self] in drain() }
    }

    func stop() {
        if let key { loop.unwatch(key) }
        if descriptor >= 0 {
            // Nothing is told any more, and the loop does not wake for it.
            for watch in watches.values { _ = inotify_rm_watch(descriptor, watch) }
        }
        watches = [:]
        folders = [:]
    }

    /// Watches these folders and no others.
    ///
    /// Of each one that was not watched before ``changed`` is told: what came to it after somebody
    /// looked and before the watch began is told by nobody else.
    func watch(_ wanted: Set<String>) {
        guard descriptor >= 0 else {
            unwatched = wanted
            return
        }
        for (folder, watch) in watches where !wanted.contains(folder) {
            _ = inotify_rm_watch(descriptor, watch)
            watches[folder] = nil
            folders[watch] = nil
        }
        unwatched = []
        for folder in wanted where watches[folder] == nil {
            let watch = unsafe inotify_add_watch(descriptor, folder, Self.mask)
            guard watch >= 0 else {
                unwatched.insert(folder)
                continue
            }
            // Two paths to one folder share a watch: the first name stays.
            if folders[watch] == nil { folders[watch] = folder }
            watches[folder] = watch
            changed(folder, "")
        }
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            var offset = 0
            // An event: watch (4), mask (4), cookie (4), length of the name (4), the name.
            while offset + 16 <= count {
                let watch = Int32(bitPattern: Self.word(buffer, offset))
                let mask = Self.word(buffer, offset + 4)
                let length = Int(Self.word(buffer, offset + 12))
                let end = min(offset + 16 + length, count)
                let name = buffer[(offset + 16)..<end].prefix { $0 != 0 }
                offset = offset + 16 + length
                if mask & UInt32(IN_Q_OVERFLOW) != 0 {
                    for folder in folders.values { changed(folder, "") }
                    continue
                }
                guard let folder = folders[watch] else { continue }
                if mask & UInt32(IN_IGNORED) != 0 {
                    folders[watch] = nil
                    watches = watches.filter { $0.value != watch }
                }
                changed(folder, String(decoding: name, as: UTF8.self))
            }
        }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
            | UInt32(bytes[offset + 3]) << 24
    }
}
