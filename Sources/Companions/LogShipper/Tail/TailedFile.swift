/// One file's content that is followed: open, with its cursors and what is delivered of it.
final class TailedFile {
    let content: any FileContent
    let identity: StreamIdentity
    let node: FileNode
    /// Where it is now, or was when it was seen last.
    var path: String
    /// The name of its stream: where it was when it was opened.
    let name: String
    var stream: UInt32 = 0
    var cursors: [TailCursor] = []
    var fingerprint: Fingerprint
    /// By the number of the sink; the source's sinks only.
    var delivered: [Int: UInt64]
    /// True once its identity is on the disk.
    var isRegistered = false
    /// No path leads to it any more, or its content is a copy of what was truncated: it is read to its
    /// end and closed.
    var isRotated = false
    /// Milliseconds on the monotonic clock since which there was nothing new; nil: there was.
    var quietSince: Int64?
    var isBigEndian = false
    /// Bytes that it had when it was looked at last.
    var lastSize: UInt64 = 0
    /// When it changed last and was not delivered, in milliseconds since 1970.
    var behindSince: Int64 = 0
    /// It is in the list of those to be read.
    var isDirty = false
    var isClosed = false
    /// What it was read from is gone, truncated without a copy: what is there now is another file's.
    var isGone = false
    /// The place that the checkpoint knew last, with the bytes before it.
    private(set) var known: (offset: UInt64, marker: Marker)
    /// Bytes that may be read in this second, where there is a limit.
    var allowance: Int = 0
    var allowanceSecond: Int64 = 0

    init(
        content: any FileContent,
        identity: StreamIdentity,
        node: FileNode,
        path: String,
        fingerprint: Fingerprint,
        delivered: [Int: UInt64],
        known: (offset: UInt64, marker: Marker)
    ) {
        self.content = content
        self.identity = identity
        self.node = node
        self.path = path
        name = path
        self.fingerprint = fingerprint
        self.delivered = delivered
        self.known = known
    }

    /// Everything before it is delivered to every sink.
    var watermark: UInt64 { delivered.values.min() ?? 0 }
    /// Where reading is, of the foremost cursor.
    var readOffset: UInt64 { cursors.map(\.offset).max() ?? watermark }
    /// Where the hindmost cursor is.
    var hindmostOffset: UInt64 { cursors.map(\.offset).min() ?? watermark }

    /// What the checkpoint keeps of it.
    ///
    /// - Parameter isReplaced: asked after the bytes before the offset were read: where they may be
    ///   another file's, the place that was known before is kept.
    func entry(sinkKeys: [Int: String], isReplaced: () -> Bool) -> CheckpointEntry {
        let offset = watermark
        // Of a file that can't be read now nothing is known but where it was.
        let length = Int(min(offset, UInt64(Marker.bytesMax)))
        let bytes = content.peek(at: offset - UInt64(length), max: length) ?? []
        if !isGone, !isReplaced() {
            known = (offset, bytes.count == length ? Marker(bytes.span) : Marker())
        }
        var entry = CheckpointEntry(
            identity: identity,
            node: node,
            path: path,
            fingerprint: fingerprint,
            offset: known.offset,
            marker: known.marker
        )
        for (sink, value) in delivered where value > known.offset {
            if let key = sinkKeys[sink] { entry.sinkOffsets[key] = value }
        }
        return entry
    }

    /// Looks at more of the begin, where the file has grown since.
    func growFingerprint() {
        guard fingerprint.length < Fingerprint.bytesMax, lastSize > UInt64(fingerprint.length)
        else { return }
        if let bytes = content.read(at: 0, max: Fingerprint.bytesMax) {
            fingerprint = Fingerprint(bytes.span)
        }
    }
}
