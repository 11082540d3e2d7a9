import Glibc
import Model

@testable import Proxy

/// One side of a loopback connection, scripted by a test.
///
/// Every wait has a limit, so that a claim
/// that does not hold fails instead of hanging.
final class LoopbackSocket {
    private var descriptor: Int32
    private var unread: [UInt8] = []
    private static let limitMilliseconds: Int32 = 5_000

    fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

    /// Connects to an address of this machine.
    init(connectingTo address: SocketAddress) throws {
        descriptor = try SystemCall.socket(address)
        _ = try SystemCall.connect(descriptor, to: address)
        _ = wait(for: POLLOUT)
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    fileprivate func wait(for events: Int32) -> Bool {
        Self.wait(descriptor, for: events)
    }

    fileprivate static func wait(_ descriptor: Int32, for events: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&polled, 1, limitMilliseconds) > 0
    }

    /// Sends all of it, waiting for room where there is none; false where the peer is gone.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.send(
                    descriptor,
                    raw.baseAddress.map { unsafe $0 + sent },
                    bytes.count - sent,
                    Int32(truncatingIfNeeded: Int(MSG_NOSIGNAL))
                )
            }
            if count > 0 {
                sent += count
            } else if errno != EAGAIN || !wait(for: POLLOUT) {
                return false
            }
        }
        return true
    }

    /// Sends what fits into the buffers of the kernel; returns how much that was.
    func sendWhatFits(_ bytes: [UInt8]) -> Int {
        let count = unsafe bytes.withUnsafeBytes { raw in
            unsafe Glibc.send(
                descriptor,
                raw.baseAddress,
                raw.count,
                Int32(truncatingIfNeeded: Int(MSG_NOSIGNAL))
            )
        }
        return max(0, count)
    }

    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads up to and with the text, or to the end where that comes first; what follows is kept.
    func read(upTo text: String) -> String {
        let wanted = Array(text.utf8)
        while true {
            if let end = Self.position(of: wanted, in: unread) {
                let taken = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeFirst(end)
                return taken
            }
            if !readMore() {
                defer { unread = [] }
                return String(decoding: unread, as: UTF8.self)
            }
        }
    }

    /// Reads so many bytes, fewer where the end comes first.
    func read(count: Int) -> [UInt8] {
        while unread.count < count, readMore() {}
        let taken = Array(unread.prefix(count))
        unread.removeFirst(taken.count)
        return taken
    }

    /// Reads until the peer has finished; nil where it has not within the limit, or has reset.
    func readToEnd() -> String? {
        while readMore() {}
        guard sawEnd else { return nil }
        return String(decoding: unread, as: UTF8.self)
    }

    /// Reads, without waiting, what has come, and throws it away; returns how much that was.
    func discardWhatCame() -> Int {
        var room = [UInt8](repeating: 0, count: 64 * 1024)
        let flags = Int32(truncatingIfNeeded: Int(MSG_DONTWAIT))
        return max(0, unsafe recv(descriptor, &room, room.count, flags))
    }

    private var sawEnd = false

    private func readMore() -> Bool {
        guard wait(for: POLLIN) else { return false }
        var room = [UInt8](repeating: 0, count: 64 * 1024)
        let count = unsafe recv(descriptor, &room, room.count, 0)
        sawEnd = count == 0
        guard count > 0 else { return false }
        unread += room[..<count]
        return true
    }

    private static func position(of wanted: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= wanted.count else { return nil }
        for start in 0...(bytes.count - wanted.count)
        where bytes[start..<start + wanted.count].elementsEqual(wanted) {
            return start + wanted.count
        }
        return nil
    }
}

/// A listening socket whose connections a test takes one by one: the endpoint of a cluster.
final class LoopbackListener {
    let address: SocketAddress
    private let descriptor: Int32

    init(_ address: SocketAddress = .ipv4(0x7f00_0001, port: 0)) throws {
        (descriptor, self.address) = try ListenSocket.bind(name: "test", address)
    }

    deinit { _ = Glibc.close(descriptor) }

    /// The next connection, nil where none comes within the limit.
    func accept() throws -> LoopbackSocket? {
        guard LoopbackSocket.wait(descriptor, for: POLLIN),
            let (accepted, _) = try SystemCall.accept(descriptor)
        else { return nil }
        return LoopbackSocket(descriptor: accepted)
    }
}
