internal import CLinux
import CompanionKit
import Glibc
import Telemetry

/// Receives datagrams at one address, on the engine's loop.
final class DatagramSocket {
    /// Who sent a datagram.
    struct Sender {
        fileprivate var storage = sockaddr_storage()
        fileprivate var length: socklen_t = 0

        var address: PeerAddress { PeerAddress(storage, length: length) }
    }

    /// Gets a datagram, who sent it, and whether its end was cut off.
    typealias Received = (Span<UInt8>, Sender, Bool) -> Void

    var address: PeerAddress { socket.address }
    /// Datagrams that the kernel dropped, for nobody read them in time.
    private(set) var lost = 0
    private let socket: ListeningSocket
    private let loop: EngineLoop
    private var received: Received?
    private var key: UInt64?
    private var buffer: [UInt8]
    private var lostBefore: UInt32 = 0
    private var isPaused = false
    /// Datagrams before others have their turn.
    private static let turn = 512

    /// - Parameter bytesMax: of one datagram; the rest is cut off.
    init(
        host: String,
        port: Int,
        bytesMax: Int,
        place: ConfigurationPlace,
        loop: EngineLoop
    ) throws(LogConfigurationFailure) {
        socket = try ListeningSocket(.datagram, host: host, port: port, place: place, owner: loop)
        buffer = [UInt8](repeating: 0, count: min(max(bytesMax, 1), 65_536))
        self.loop = loop
    }

    func start(_ received: @escaping Received) {
        self.received = received
        key = loop.watch(socket.descriptor) { [unowned self] in read() }
    }

    /// Takes what has come already, and no more.
    func stop() {
        for _ in 0..<64 where !isPaused && key != nil && read() {}
        if let key { loop.unwatch(key) }
        key = nil
        socket.close()
    }

    /// Leaves datagrams in the kernel, which drops what has no room there.
    func pause() {
        isPaused = true
        if let key { loop.pause(key, true) }
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        if let key { loop.pause(key, false) }
    }

    /// One turn; false where there is nothing more for now.
    @discardableResult
    private func read() -> Bool {
        var sender = Sender()
        for _ in 0..<Self.turn where !isPaused && key != nil {
            sender.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            var isCut: Int32 = 0
            var lost = lostBefore
            let count = unsafe withUnsafeMutablePointer(to: &sender.storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe pillion_receive_datagram(
                        socket.descriptor,
                        &buffer,
                        buffer.count,
                        $0,
                        &sender.length,
                        &isCut,
                        &lost
                    )
                }
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            self.lost += Int(lost &- lostBefore)
            lostBefore = lost
            let bytes = buffer
            received?(bytes.span.extracting(0..<count), sender, isCut != 0)
        }
        return true
    }

    /// Sends a datagram back; whether it arrives is no matter.
    func send(_ bytes: [UInt8], to sender: Sender) {
        var storage = sender.storage
        let length = sender.length
        _ = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(
                    socket.descriptor,
                    bytes,
                    bytes.count,
                    Int32(truncatingIfNeeded: Int(MSG_NOSIGNAL) | Int(MSG_DONTWAIT)),
                    address,
                    length
                )
            }
        }
    }
}
