internal import SwiftProtobuf

/// Resources as bytes that are equal where every field is equal.
///
/// Short resources are kept as they are. Longer ones become a 128-bit hash under a key of this
/// process, so that nobody who writes a configuration can make two that collide.
enum Fingerprint {
    /// Up to so many bytes a resource is its own fingerprint.
    private static let lengthMax = 64

    private static let key = (
        UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)
    )

    /// The fingerprint of a resource, and of what it inherits from elsewhere.
    static func bytes(of message: some Message, inherited: [UInt8] = []) -> [UInt8] {
        bytes(of: SerializedResources.serialize(message), inherited: inherited)
    }

    /// The fingerprint of a resource that is serialized already.
    static func bytes(of resource: [UInt8], inherited: [UInt8]) -> [UInt8] {
        var bytes = resource
        let own = UInt64(bytes.count)
        // The length keeps what is inherited apart from what is the resource's own.
        if !inherited.isEmpty {
            for index in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: own >> UInt64(8 * index)))
            }
            bytes += inherited
        }
        if bytes.count <= lengthMax { return bytes }
        let (low, high) = SipHash128.hash(bytes.span, key: key)
        // One byte longer than any resource that is kept whole, so neither passes for the other.
        var digest = Array(repeating: UInt8(0xff), count: lengthMax + 1)
        for index in 0..<8 {
            digest[index] = UInt8(truncatingIfNeeded: low >> UInt64(8 * index))
            digest[8 + index] = UInt8(truncatingIfNeeded: high >> UInt64(8 * index))
        }
        return digest
    }
}
