internal import CLinux
import CompanionKit
import Glibc
import Identity
import Model
import Telemetry

/// Takes connections at one address, for a source that listens.
///
/// It is bound when it is made, so that a wrong address is a fault of the configuration, and takes
/// connections from ``start()`` on. Belongs to the engine's thread from then on.
final class StreamListener {
    /// Makes the handler of a new connection.
    typealias Accepted = (ServerConnection) -> any ConnectionHandler

    /// Where it listens, with the port that the system chose.
    var address: PeerAddress { socket.address }
    private(set) var connections: [ObjectIdentifier: ServerConnection] = [:]
    let complaints: Complaints
    private let socket: ListeningSocket
    private let tls: ServerTLS?
    private let connectionsMax: Int
    private let loop: EngineLoop
    private let counters: SourceCounters
    private let name: String
    private let io = TLSIO()
    private var accepted: Accepted?
    private var key: UInt64?
    private var timer: EngineLoop.Timer?
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var plaintext: [UInt8] = []
    private var isStopped = false

    /// - Parameters:
    ///   - source: its name for people: `forward 0.0.0.0:24224`.
    ///   - alpn: protocols that are offered in the handshake.
    init(
        _ options: ListenOptions,
        source name: String,
        alpn: [String] = [],
        place: ConfigurationPlace,
        loop: EngineLoop,
        counters: SourceCounters
    ) throws(LogConfigurationFailure) {
        if let options = options.tls {
            tls = try ServerTLS(options, alpn: alpn, place: place)
        } else {
            tls = nil
        }
        socket = try ListeningSocket(
            .stream,
            host: options.host,
            port: options.port,
            place: place,
            owner: loop
        )
        connectionsMax = options.connectionsMax
        self.loop = loop
        self.counters = counters
        self.name = name
        complaints = Complaints(source: name, counters: counters)
        counters.addAddress("\(socket.address)")
    }

    /// Begins to take connections.
    func start(_ accepted: @escaping Accepted) {
        self.accepted = accepted
        key = loop.watch(socket.descriptor) { [unowned self] in accept() }
        Log.shared.log(
            .info,
            "a log source listens",
            ["source": name, "address": "\(socket.address)", "tls": tls == nil ? "no" : "yes"]
        )
    }

    /// Takes no more connections; those that are there read no more and may still send.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        if let key { loop.unwatch(key) }
        socket.close()
        for connection in connections.values { connection.pause() }
    }

    /// Takes what peers have sent already, and lets handlers end their connections.
    func readRest() {
        for connection in Array(connections.values) { connection.readRest() }
    }

    /// Ends all connections, after what waits to be sent.
    func closeConnections() {
        for connection in Array(connections.values) { connection.close() }
    }

    // MARK: - Accepting

    private func accept() {
        // The others have their turn in between.
        for _ in 0..<64 {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe pillion_accept(socket.descriptor, $0, &length)
                }
            }
            if descriptor < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                if errno != EAGAIN { rest(errno) }
                return
            }
            take(descriptor, PeerAddress(storage, length: length))
        }
    }

    private func take(_ descriptor: Int32, _ peer: PeerAddress) {
        guard connections.count < connectionsMax, let accepted else {
            _ = Glibc.close(descriptor)
            complaints.say(
                "a connection was closed at once, for \(connectionsMax) are open, which is the limit",
                "peer \(peer)"
            )
            return
        }
        var on: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        // A peer that is gone without a word is found out after some time.
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, 4)
        let connection = ServerConnection(
            descriptor,
            peer: peer,
            loop: loop,
            tls: tls?.current(now: EngineLoop.now),
            io: io,
            listener: self
        )
        connections[ObjectIdentifier(connection)] = connection
        if !connection.start(accepted(connection)) {
            connection.abort()
            return
        }
        watchDeadlines()
    }

    /// No descriptor or memory is left: a second later there may be.
    private func rest(_ code: Int32) {
        let why = FileFailure(path: "", call: "", code: code).reason
        complaints.say("it can't take connections", why)
        guard let key else { return }
        loop.pause(key, true)
        loop.schedule(after: 1000) { [weak self] in
            guard let self, !isStopped else { return }
            loop.pause(key, false)
        }
    }

    func remove(_ connection: ServerConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    private func watchDeadlines() {
        guard timer == nil else { return }
        timer = loop.schedule(after: 1000) { [weak self] in
            guard let self else { return }
            timer = nil
            let now = EngineLoop.now
            for connection in Array(connections.values) { connection.check(now: now) }
            if !connections.isEmpty { watchDeadlines() }
        }
    }

    // MARK: - Buffers that connections share

    /// Reads into the buffer; what `recv` says.
    func receive(from descriptor: Int32) -> Int {
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: 64 << 10) }
        return unsafe recv(descriptor, &buffer, buffer.count, 0)
    }

    /// The buffer, until it is put back.
    func takeBuffer() -> [UInt8] {
        defer { buffer = [] }
        return buffer
    }

    func putBack(_ bytes: consuming [UInt8]) { buffer = bytes }

    func withReceived<Result>(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe buffer.withUnsafeBytes {
            unsafe body(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }

    func takePlaintext() -> [UInt8] {
        defer { plaintext = [] }
        return plaintext
    }

    func putBack(plaintext bytes: consuming [UInt8]) {
        plaintext = bytes
        plaintext.removeAll(keepingCapacity: true)
    }
}
