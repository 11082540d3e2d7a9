import CLinux
import Glibc
import Identity
import Model
import Telemetry

/// Tells when files may have changed, once things have settled; on one loop.
///
/// By inotify on the directories that decide what the paths mean (`WatchedPaths`), or by looking
/// once a second where the system has no more watches to give.
package final class FileWatch {
    package struct Timing: Sendable {
        /// Nothing may have happened for so long before the change is told.
        package var settleMilliseconds: Int64 = 100
        /// It is told after so long in any case.
        package var longestMilliseconds: Int64 = 1_000
        /// Between two looks where there is no inotify.
        package var pollMilliseconds: Int64 = 1_000

        package init() {}
    }

    /// True where changes are found by looking, not told by the system.
    package private(set) var isPolling = false

    private let loop: EventLoop
    private let timing: Timing
    private let changed: () -> Void
    private var source: Notifications?
    private var paths: [String] = []
    private var watched = WatchedPaths([])
    private var directories: [Int32: String] = [:]
    private var signature = FileSignature([])
    private var firstEventAt: Int64?
    private var settleTimer: ClosureTimer?
    private var pollTimer: ClosureTimer?

    /// - Parameter changed: called on the loop; the paths should be given anew after it, since links
    ///   may lead elsewhere now.
    package init(
        loop: EventLoop,
        timing: Timing = Timing(),
        usesNotifications: Bool = true,
        changed: @escaping () -> Void
    ) {
        self.loop = loop
        self.timing = timing
        self.changed = changed
        settleTimer = ClosureTimer(loop: loop) { [unowned self] in tell() }
        pollTimer = ClosureTimer(loop: loop) { [unowned self] in look() }
        if usesNotifications {
            source = Notifications(loop: loop) { [unowned self] descriptor, name, mask in
                notified(descriptor, name, mask)
            }
        }
    }

    deinit { stop() }

    /// Watches these files and directories from now on, and no others.
    package func watch(_ paths: [String]) {
        self.paths = paths
        signature = FileSignature(paths)
        arm()
    }

    /// Tells nothing any more.
    package func stop() {
        settleTimer?.cancel()
        pollTimer?.cancel()
        source?.close()
        source = nil
        paths = []
    }

    // MARK: - By notification

    private func arm() {
        guard let source else {
            poll("inotify is not available")
            return
        }
        watched = WatchedPaths(paths)
        var next: [Int32: String] = [:]
        for directory in watched.names.keys {
            let descriptor = source.add(directory)
            if descriptor >= 0 {
                next[descriptor] = directory
            } else if errno != ENOENT, errno != ENOTDIR {
                poll("\(directory): \(SystemCallError.text(errno))")
                return
            }
        }
        for gone in directories.keys where next[gone] == nil { source.remove(gone) }
        directories = next
        isPolling = false
        pollTimer?.cancel()
    }

    private func notified(_ descriptor: Int32, _ name: String, _ mask: UInt32) {
        // Too many events to tell, or a directory that is gone: look at everything.
        if mask & UInt32(IN_Q_OVERFLOW) != 0 {
            happened()
            return
        }
        guard let directory = directories[descriptor] else { return }
        let isGone = mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) != 0
        if isGone { directories[descriptor] = nil }
        if isGone || watched.concerns(name, in: directory) { happened() }
    }

    /// Something happened: wait until it has settled, since a file may be half written.
    private func happened() {
        let now = loop.nowMilliseconds
        let first = firstEventAt ?? now
        firstEventAt = first
        let due = min(now + timing.settleMilliseconds, first + timing.longestMilliseconds)
        settleTimer?.schedule(afterMilliseconds: max(0, due - now))
    }

    private func tell() {
        firstEventAt = nil
        if paths.isEmpty { return }
        arm()
        changed()
    }

    // MARK: - By looking

    private func poll(_ why: String) {
        if !isPolling {
            isPolling = true
            Log.shared.log(
                .warning,
                "files are looked at once a second, since the system cannot tell of changes",
                ["why": why]
            )
        }
        pollTimer?.schedule(afterMilliseconds: timing.pollMilliseconds)
    }

    private func look() {
        guard isPolling, !paths.isEmpty else { return }
        let now = FileSignature(paths)
        if now != signature {
            signature = now
            happened()
        }
        pollTimer?.schedule(afterMilliseconds: timing.pollMilliseconds)
    }
}

/// An inotify descriptor on a loop (inotify(7)).
private final class Notifications: Pollable {
    private let loop: EventLoop
    private let handler: (Int32, String, UInt32) -> Void
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM
            | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
    )

    /// nil where the system has no such descriptor to give.
    init?(loop: EventLoop, _ handler: @escaping (Int32, String, UInt32) -> Void) {
        self.loop = loop
        self.handler = handler
        let descriptor = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))
        if descriptor < 0 { return nil }
        super.init(descriptor: descriptor)
        do throws(SystemCallError) {
            try loop.add(self, interest: .level)
        } catch {
            _ = Glibc.close(descriptor)
            return nil
        }
    }

    /// The watch of a directory, or -1 with `errno`.
    func add(_ directory: String) -> Int32 {
        unsafe inotify_add_watch(descriptor, directory, Self.mask)
    }

    func remove(_ watch: Int32) { _ = inotify_rm_watch(descriptor, watch) }

    func close() { loop.close(self) }

    override func ready(events: UInt32) {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        while isOpen {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count <= 0 { return }
            tell(bytes, count)
        }
    }

    /// `struct inotify_event`: wd, mask, cookie, len, then `len` bytes of a name padded with zeros.
    private func tell(_ bytes: [UInt8], _ count: Int) {
        func word(_ offset: Int) -> UInt32 {
            UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8
                | UInt32(bytes[offset + 2]) << 16 | UInt32(bytes[offset + 3]) << 24
        }
        var offset = 0
        while offset + 16 <= count {
            let length = Int(word(offset + 12))
            let end = offset + 16 + length
            guard end <= count else { return }
            let name = bytes[(offset + 16)..<end].prefix { $0 != 0 }
            let descriptor = Int32(bitPattern: word(offset))
            handler(descriptor, String(decoding: name, as: UTF8.self), word(offset + 4))
            offset = end
        }
    }
}
