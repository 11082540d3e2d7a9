import Glibc

/// What `stat` says of the files that are watched: different where one of them may be another.
///
/// For systems that tell nothing by themselves: it is taken again and again and compared.
package struct FileSignature: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        var device: UInt64 = 0
        var inode: UInt64 = 0
        var size: Int64 = -1
        var modified = Moment()
        var changed = Moment()
    }
    private struct Moment: Equatable, Sendable {
        var seconds: Int = 0
        var nanoseconds: Int = 0
    }

    private let entries: [Entry]

    /// Looks at each path now, through links.
    package init(_ paths: [String]) {
        entries = paths.map { path in
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return Entry() }
            return Entry(
                device: UInt64(status.st_dev),
                inode: UInt64(status.st_ino),
                size: Int64(status.st_size),
                modified: Moment(
                    seconds: status.st_mtim.tv_sec,
                    nanoseconds: status.st_mtim.tv_nsec
                ),
                changed: Moment(
                    seconds: status.st_ctim.tv_sec,
                    nanoseconds: status.st_ctim.tv_nsec
                )
            )
        }
    }
}
