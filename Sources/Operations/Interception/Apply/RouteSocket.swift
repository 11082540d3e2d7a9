import Glibc

/// The kernel's routing tables, by netlink (`rtnetlink(7)`): no `ip` program is needed.
///
/// Blocking; the kernel answers at once.
final class RouteSocket {
    /// What `/etc/iproute2/rt_protos` would call us: what has it is ours to remove.
    static let protocolNumber: UInt8 = 137

    private let descriptor: Int32
    private var sequence: UInt32 = 1

    init() throws(InterceptionProblem) {
        descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | 0o2000000, 0)
        guard descriptor >= 0 else {
            throw InterceptionProblem("no netlink socket: \(errorText(errno))")
        }
    }

    deinit { close(descriptor) }

    /// One request: a header of its kind, and attributes.
    struct Message {
        fileprivate var body: [UInt8]

        init(_ header: [UInt8]) { body = header }

        mutating func add(_ attribute: UInt16, _ value: [UInt8]) {
            body += RouteSocket.bytes(UInt16(value.count + 4)) + RouteSocket.bytes(attribute)
            body += value
            while body.count % 4 != 0 { body.append(0) }
        }

        mutating func add(_ attribute: UInt16, _ value: UInt32) {
            add(attribute, RouteSocket.bytes(value))
        }
    }

    /// Sends a request that changes something; returns an errno, or 0.
    func change(_ kind: UInt16, _ flags: UInt16, _ message: Message) -> Int32 {
        // NLM_F_REQUEST | NLM_F_ACK
        guard send(kind, flags | 0x5, message) else { return errno }
        var failure: Int32 = 0
        receive { type, body in
            guard type == 2, body.count >= 4 else { return true }
            failure = -Int32(bitPattern: Self.uint32(body, 0))
            return false
        }
        return failure
    }

    /// Every answer to a request for a list.
    func list(_ kind: UInt16, _ message: Message) -> [[UInt8]] {
        // NLM_F_REQUEST | NLM_F_DUMP
        guard send(kind, 0x301, message) else { return [] }
        var found: [[UInt8]] = []
        receive { type, body in
            if type == 2 || type == 3 { return false }
            found.append(body)
            return true
        }
        return found
    }

    private func send(_ kind: UInt16, _ flags: UInt16, _ message: Message) -> Bool {
        sequence += 1
        let head =
            Self.bytes(UInt32(message.body.count + 16)) + Self.bytes(kind) + Self.bytes(flags)
            + Self.bytes(sequence) + Self.bytes(UInt32(0))
        let all = head + message.body
        return unsafe Glibc.send(descriptor, all, all.count, 0) == all.count
    }

    /// Calls `each` with the messages of the answer until it returns false.
    private func receive(_ each: (UInt16, [UInt8]) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return }
            var start = 0
            while start + 16 <= count {
                let length = Int(Self.uint32(buffer, start))
                guard length >= 16, start + length <= count else { return }
                let type = UInt16(buffer[start + 4]) | UInt16(buffer[start + 5]) << 8
                let isOurs = Self.uint32(buffer, start + 8) == sequence
                if isOurs, !each(type, Array(buffer[(start + 16)..<(start + length)])) { return }
                start += (length + 3) & ~3
            }
        }
    }

    /// The value of an attribute that follows a header of `offset` bytes.
    static func attribute(_ wanted: UInt16, in body: [UInt8], after offset: Int) -> [UInt8]? {
        var start = offset
        while start + 4 <= body.count {
            let length = Int(body[start]) | Int(body[start + 1]) << 8
            let type = UInt16(body[start + 2]) | UInt16(body[start + 3]) << 8
            guard length >= 4, start + length <= body.count else { return nil }
            if type == wanted { return Array(body[(start + 4)..<(start + length)]) }
            start += (length + 3) & ~3
        }
        return nil
    }

    /// Little-endian on every machine that this is built for.
    static func uint32(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        guard at + 4 <= bytes.count else { return 0 }
        return UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
            | UInt32(bytes[at + 3]) << 24
    }

    static func bytes(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }

    static func bytes(_ value: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
}
