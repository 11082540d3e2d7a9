import Glibc
import Synchronization

/// A server for tests, which does on each connection what it is told, in a thread of its own.
///
/// It listens on the loopback at a port that the system chooses, and ends when nobody comes any more.
final class ScriptedServer: Sendable {
    /// One connection, as the script sees it.
    struct Peer {
        fileprivate let descriptor: Int32

        /// Reads a request's head and the body that its length announces; nil at the end.
        func request() -> String? {
            var bytes: [UInt8] = []
            while true {
                let text = String(decoding: bytes, as: UTF8.self)
                if let end = Self.end(of: bytes) {
                    let head = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
                    let length = head.split(separator: "\r\n").compactMap { line -> Int? in
                        guard line.hasPrefix("content-length: ") else { return nil }
                        return Int(line.dropFirst(16))
                    }.first
                    if bytes.count >= end + (length ?? 0) { return text }
                }
                let more = read()
                if more.isEmpty { return nil }
                bytes += more
            }
        }

        private static func end(of bytes: [UInt8]) -> Int? {
            let mark = Array("\r\n\r\n".utf8)
            guard bytes.count >= 4 else { return nil }
            return (4...bytes.count).first { bytes[($0 - 4)..<$0].elementsEqual(mark) }
        }

        /// Some bytes; none at the end.
        func read() -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer[..<count]) : []
        }

        func write(_ text: String) { write(Array(text.utf8)) }

        func write(_ bytes: [UInt8]) {
            var offset = 0
            while offset < bytes.count {
                let sent = unsafe bytes[offset...].withUnsafeBytes {
                    unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return }
                offset += sent
            }
        }

        /// An answer with a body and its length.
        func answer(_ status: Int, _ body: String = "", _ fields: String = "") {
            write(
                "HTTP/1.1 \(status) X\r\n\(fields)content-length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }

        /// Ends with a reset, and not politely.
        func reset() {
            var option = linger(l_onoff: 1, l_linger: 0)
            let size = socklen_t(MemoryLayout<linger>.size)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, size)
        }

        /// Waits until the client has ended the connection.
        func waitForEnd() {
            while !read().isEmpty {}
        }
    }

    /// What came, as far as the script noted it.
    final class Notes: Sendable {
        private let seen = Mutex<[String]>([])

        func add(_ text: String?) {
            if let text { seen.withLock { $0.append(text) } }
        }

        var all: [String] { seen.withLock { $0 } }
    }

    typealias Script = @Sendable (_ number: Int, _ peer: Peer, _ notes: Notes) -> Void

    let port: Int
    let notes = Notes()

    /// - Parameter script: gets the number of the connection, from 0, which ends when it returns; one
    ///   connection at a time.
    init(_ script: @escaping Script) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe bind(listener, $0, length)
                _ = listen(listener, 16)
                _ = unsafe getsockname(listener, $0, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        // A server that nobody comes to any more ends by itself.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        let loop = Loop(script, notes, listener)
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(loop).toOpaque()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Loop>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            context
        )
        precondition(code == 0, "no thread can be made")
        pthread_detach(thread)
    }

    func url(_ path: String = "") -> String { "http://127.0.0.1:\(port)\(path)" }

    private final class Loop: Sendable {
        private let script: Script
        private let notes: Notes
        private let listener: Int32

        init(_ script: @escaping Script, _ notes: Notes, _ listener: Int32) {
            self.script = script
            self.notes = notes
            self.listener = listener
        }

        func run() {
            var number = 0
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                script(number, Peer(descriptor: descriptor), notes)
                _ = close(descriptor)
                number += 1
            }
            _ = close(listener)
        }
    }
}
