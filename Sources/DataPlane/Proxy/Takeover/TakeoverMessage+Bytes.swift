import Model
import Telemetry

/// The bytes of a message: a kind, then its fields; numbers in big endian, texts with their length
/// in two bytes.
///
/// Every length is checked: the process at the other end may be of another version, or no pillion.
extension TakeoverMessage {
    private enum Kind: UInt8 {
        case hello = 1
        case refusal, offer, sockets, ready, serving, yielded, counters, finished
    }

    /// Begins each greeting, whatever its version.
    private static let magic: UInt32 = 0x504c_544b  // PLTK

    package var bytes: [UInt8] {
        var writer = TakeoverWriter()
        switch self {
        case .hello(let hello):
            writer.write(Kind.hello.rawValue)
            writer.write(Self.magic)
            writer.write(hello.version)
            writer.write(hello.process)
            writer.write(hello.build)
        case .refusal(let reason):
            writer.write(Kind.refusal.rawValue)
            writer.write(reason)
        case .offer(let offer):
            writer.write(Kind.offer.rawValue)
            writer.write(offer.epoch)
            writer.write(offer.uptimeSeconds)
            writer.write(offer.build)
        case .sockets(let groups):
            writer.write(Kind.sockets.rawValue)
            writer.write(UInt16(clamping: groups.count))
            for group in groups { writer.write(group) }
        case .ready: writer.write(Kind.ready.rawValue)
        case .serving: writer.write(Kind.serving.rawValue)
        case .yielded: writer.write(Kind.yielded.rawValue)
        case .counters(let counters):
            writer.write(Kind.counters.rawValue)
            writer.write(UInt16(clamping: counters.count))
            for counter in counters { writer.write(counter) }
        case .finished: writer.write(Kind.finished.rawValue)
        }
        return writer.bytes
    }

    /// Reads one message.
    ///
    /// A greeting of another version is read as far as all versions have it in common, so that it
    /// can be refused in words.
    /// - Parameter descriptors: how many came with it.
    package init(bytes: [UInt8], descriptors: Int = 0) throws(TakeoverMessageFailure) {
        var reader = TakeoverReader(bytes)
        if bytes.isEmpty { throw .empty }
        let number: UInt8 = try reader.number()
        guard let kind = Kind(rawValue: number) else { throw .unknownKind(number) }
        var expected = 0
        switch kind {
        case .hello:
            let magic: UInt32 = try reader.number()
            guard magic == Self.magic else { throw .notPillion }
            let version: UInt16 = try reader.number()
            if version != Self.version {
                self = .hello(TakeoverHello(version: version, process: 0, build: ""))
                return
            }
            self = .hello(
                TakeoverHello(
                    version: version,
                    process: try reader.number(),
                    build: try reader.text()
                )
            )
        case .refusal: self = .refusal(try reader.text())
        case .offer:
            self = .offer(
                TakeoverOffer(
                    epoch: try reader.number(),
                    uptimeSeconds: try reader.number(),
                    build: try reader.text()
                )
            )
        case .sockets:
            let count: UInt16 = try reader.number()
            var groups: [SocketGroup] = []
            for _ in 0..<count {
                let group = try reader.group()
                expected += group.count
                groups.append(group)
            }
            self = .sockets(groups)
        case .ready: self = .ready
        case .serving: self = .serving
        case .yielded: self = .yielded
        case .counters:
            let count: UInt16 = try reader.number()
            var counters: [CarriedCounter] = []
            for _ in 0..<count { counters.append(try reader.counter()) }
            self = .counters(counters)
        case .finished: self = .finished
        }
        guard reader.isAtEnd else { throw .wrongLength }
        guard descriptors == expected else {
            throw .wrongDescriptors(expected: expected, got: descriptors)
        }
    }
}

/// Puts fields one after another.
private struct TakeoverWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: some FixedWidthInteger) {
        var rest = number.bitWidth
        while rest > 0 {
            rest -= 8
            bytes.append(UInt8(truncatingIfNeeded: number >> rest))
        }
    }

    /// What is longer than two bytes can say is cut.
    mutating func write(_ text: String) {
        let utf8 = text.utf8.prefix(Int(UInt16.max))
        write(UInt16(utf8.count))
        bytes += utf8
    }

    mutating func write(_ group: SocketGroup) {
        write(group.purpose.rawValue)
        write(group.address)
        write(group.owner)
        write(UInt8(clamping: group.count))
    }

    private mutating func write(_ address: SocketAddress) {
        switch address {
        case .ipv4(let host, let port):
            write(UInt8(4))
            write(host)
            write(port)
        case .ipv6(let high, let low, let port, let scope):
            write(UInt8(6))
            write(high)
            write(low)
            write(port)
            write(scope)
        case .unix(let path):
            write(UInt8(1))
            write(path)
        }
    }

    mutating func write(_ counter: CarriedCounter) {
        write(counter.scope.rawValue)
        write(counter.name)
        write(counter.part)
        write(counter.stat)
        write(counter.value)
    }
}

/// Takes fields one after another, never beyond the end.
private struct TakeoverReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>()
        throws(TakeoverMessageFailure) -> Number
    {
        let size = Number.bitWidth / 8
        guard bytes.count - offset >= size else { throw .wrongLength }
        var value: Number = 0
        for byte in bytes[offset..<offset + size] {
            value = Number.bitWidth > 8 ? value << 8 | Number(byte) : Number(byte)
        }
        offset += size
        return value
    }

    mutating func text() throws(TakeoverMessageFailure) -> String {
        let count: UInt16 = try number()
        guard bytes.count - offset >= Int(count) else { throw .wrongLength }
        defer { offset += Int(count) }
        return String(decoding: bytes[offset..<offset + Int(count)], as: UTF8.self)
    }

    mutating func group() throws(TakeoverMessageFailure) -> SocketGroup {
        let number: UInt8 = try number()
        guard let purpose = SocketGroup.Purpose(rawValue: number) else {
            throw .unknownValue(number)
        }
        let address = try address()
        let owner = try text()
        let count: UInt8 = try self.number()
        return SocketGroup(purpose: purpose, address: address, owner: owner, count: Int(count))
    }

    private mutating func address() throws(TakeoverMessageFailure) -> SocketAddress {
        let family: UInt8 = try number()
        switch family {
        case 4:
            let host: UInt32 = try number()
            return .ipv4(host, port: try number())
        case 6:
            let high: UInt64 = try number()
            let low: UInt64 = try number()
            let port: UInt16 = try number()
            return .ipv6(high: high, low: low, port: port, scope: try number())
        case 1: return .unix(path: try text())
        default: throw .unknownValue(family)
        }
    }

    mutating func counter() throws(TakeoverMessageFailure) -> CarriedCounter {
        let number: UInt8 = try number()
        guard let scope = CarriedCounter.Scope(rawValue: number) else {
            throw .unknownValue(number)
        }
        let name = try text()
        let part = try text()
        let stat = try text()
        return CarriedCounter(
            scope: scope,
            name: name,
            part: part,
            stat: stat,
            value: try self.number()
        )
    }
}
