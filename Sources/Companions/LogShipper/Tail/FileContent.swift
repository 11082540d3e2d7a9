internal import CompanionKit
import Glibc

/// The bytes of an open file as lines are read from them: as they are, or decompressed.
protocol FileContent: AnyObject {
    /// Up to so many bytes from an offset: none at the end, nil where they can't be read.
    func read(at offset: UInt64, max count: Int) -> [UInt8]?
    /// The same where it is cheap; nil where all before it would have to be decompressed again.
    func peek(at offset: UInt64, max count: Int) -> [UInt8]?
    /// Bytes there are now; for compressed content, those that were seen so far.
    var size: UInt64? { get }
    /// True where more comes only from ``read(at:max:)`` itself.
    var isCompressed: Bool { get }
    /// What is wrong with it, in words; nil: nothing is known to be.
    var trouble: String? { get }
}

extension FileContent {
    func peek(at offset: UInt64, max count: Int) -> [UInt8]? { read(at: offset, max: count) }
    var trouble: String? { nil }
}

/// A file that is read as it is.
///
/// It closes its descriptor when it goes.
final class PlainContent: FileContent {
    let descriptor: Int32
    var isCompressed: Bool { false }

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        DescriptorBudget.opened()
    }

    deinit {
        _ = close(descriptor)
        DescriptorBudget.closed()
    }

    func read(at offset: UInt64, max count: Int) -> [UInt8]? {
        FileBytes.read(descriptor, at: offset, max: count)
    }

    var size: UInt64? {
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else { return nil }
        return UInt64(max(facts.st_size, 0))
    }
}
