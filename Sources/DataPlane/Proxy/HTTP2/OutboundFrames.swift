/// How many frames wait in a socket's queue for a peer that does not read.
///
/// They are counted in two heaps: when the last byte of the older heap has gone, the newer one takes
/// its place. So no frame that waits is forgotten, and of those that have gone only some are still
/// counted.
struct OutboundFrames {
    private var older = Count()
    private var newer = Count()
    /// Bytes up to the end of the older heap, and up to the last frame.
    private var boundary = 0
    private var written = 0

    private struct Count {
        var all = 0
        var control = 0
    }

    /// Frames of all kinds.
    var all: Int { older.all + newer.all }
    /// Of these, answers that the peer can ask for at no cost of its own.
    var control: Int { older.control + newer.control }

    /// Counts a frame.
    ///
    /// - Parameters:
    ///   - bytes: its size.
    ///   - waiting: the bytes in the queue, with this frame.
    mutating func wrote(_ bytes: Int, isControl: Bool, waiting: Int) {
        written = written == 0 ? waiting : written + bytes
        newer.all += 1
        if isControl { newer.control += 1 }
        if written - waiting >= boundary {
            older = newer
            newer = Count()
            boundary = written
        }
    }
}
