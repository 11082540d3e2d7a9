import Proxy

/// Notices changes of the log shipper's files; on the main loop.
final class LogWatch {
    private let watch: FileWatch

    init(loop: EventLoop, companion: LogCompanion) {
        watch = FileWatch(loop: loop) { companion.reload("file change") }
        let box = Box(self)
        companion.whenRead { [mailbox = loop.mailbox] files in
            mailbox.post { _ in box.watch?.watch.watch(files) }
        }
        watch.watch(companion.files)
    }

    func stop() { watch.stop() }

    // Safe to share: only closures on the loop touch what is inside.
    private final class Box: @unchecked Sendable {
        weak var watch: LogWatch?
        init(_ watch: LogWatch) { self.watch = watch }
    }
}
