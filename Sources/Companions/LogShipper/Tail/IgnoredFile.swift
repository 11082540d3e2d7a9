import Glibc

/// A file that was there at the start and of which nothing was asked for, until it changes.
struct IgnoredFile {
    private var size: Int64
    private var modified: timespec
    private var fingerprint: Fingerprint
    private var isCompressed: Bool

    init(_ facts: stat, _ content: any FileContent) {
        size = Int64(facts.st_size)
        modified = facts.st_mtim
        let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
        fingerprint = Fingerprint(begin.span)
        isCompressed = content.isCompressed
    }

    /// True where nothing was written to it since.
    func isUnchanged(_ facts: stat) -> Bool {
        Int64(facts.st_size) == size && facts.st_mtim.tv_sec == modified.tv_sec
            && facts.st_mtim.tv_nsec == modified.tv_nsec
    }

    /// True for a finished file that was still being written when it was seen first.
    func isSameCompressed(_ begin: [UInt8]) -> Bool {
        isCompressed && fingerprint.matches(begin.span)
    }

    /// Where the file is read from now that it has changed: what came since, where it is still the
    /// same; nil where it is another, which is judged like any new one.
    func offset(_ content: any FileContent, _ begin: [UInt8], _ facts: stat) -> UInt64? {
        guard !isCompressed, fingerprint.matches(begin.span), Int64(facts.st_size) >= size else {
            return nil
        }
        return UInt64(max(size, 0))
    }
}
