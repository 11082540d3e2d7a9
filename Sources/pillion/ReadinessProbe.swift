import Glibc
import Model
import Proxy

/// Asks one URL of this machine, blocking: what `pillion wait` stands on.
struct ReadinessProbe {
    enum Answer: Equatable {
        case ready
        /// Why not, in words.
        case notReady(String)
    }

    let address: SocketAddress
    let authority: String
    let path: String

    /// `http://HOST[:PORT][/PATH]`; the host is an address or `localhost`.
    init?(url: String) {
        guard url.lowercased().hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = String(rest[..<slash])
        self.authority = authority
        path = slash == rest.endIndex ? "/" : String(rest[slash...])
        guard !authority.isEmpty, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return nil
        }
        let afterBracket = authority.lastIndex(of: "]").map { authority[$0...] }
        let hasPort = (afterBracket ?? authority[...]).contains(":")
        let full = hasPort ? authority : "\(authority):80"
        guard let address = Run.parse(full, host: "127.0.0.1") else { return nil }
        self.address = address
    }

    /// One request.
    func ask(milliseconds: Int64) -> Answer {
        let end = Self.now() + milliseconds
        do throws(SystemCallError) {
            let descriptor = try SystemCall.socket(address)
            defer { _ = Glibc.close(descriptor) }
            if try !SystemCall.connect(descriptor, to: address) {
                guard Self.wait(descriptor, POLLOUT, until: end) else {
                    return .notReady("\(address) does not answer")
                }
                let code = SystemCall.pendingError(descriptor)
                if code != 0 { throw SystemCallError("connect", code: code) }
            }
            let request =
                "GET \(path) HTTP/1.1\r\nHost: \(authority)\r\n"
                + "User-Agent: pillion-wait\r\nConnection: close\r\n\r\n"
            let bytes = Array(request.utf8)
            let sent = unsafe bytes.withUnsafeBytes { raw in
                let flags = Int32(truncatingIfNeeded: Int(MSG_NOSIGNAL))
                return unsafe send(descriptor, raw.baseAddress, raw.count, flags)
            }
            if sent != bytes.count { throw SystemCallError("send") }
            return try read(descriptor, until: end)
        } catch {
            return .notReady("\(address): \(SystemCallError.text(error.code))")
        }
    }

    private func read(_ descriptor: Int32, until end: Int64) throws(SystemCallError) -> Answer {
        var answer: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        while answer.count < 16 * 1024 {
            guard Self.wait(descriptor, POLLIN, until: end) else { break }
            let count = unsafe recv(descriptor, &room, room.count, 0)
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { continue }
                throw SystemCallError("recv")
            }
            if count == 0 { break }
            answer += room[..<count]
        }
        return Self.answer(answer, from: address)
    }

    /// What the bytes of a response say.
    static func answer(_ bytes: [UInt8], from address: SocketAddress) -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        if text.isEmpty { return .notReady("\(address) does not answer") }
        let line = text.prefix { $0 != "\r\n" && $0 != "\n" }
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), let status = Int(words[1]) else {
            return .notReady("\(address) does not speak HTTP")
        }
        if status == 200 { return .ready }
        var reason = ""
        if let body = text.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first {
            reason = ": " + body.prefix(200).filter { !$0.isNewline }
        }
        return .notReady("status \(status)\(reason)")
    }

    private static func wait(_ descriptor: Int32, _ events: Int32, until end: Int64) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let rest = end - now()
            if rest <= 0 { return false }
            let result = unsafe poll(&polled, 1, Int32(clamping: rest))
            if result < 0, errno == EINTR { continue }
            return result > 0
        }
    }

    /// Milliseconds of the monotonic clock.
    static func now() -> Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
