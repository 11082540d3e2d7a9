import CLinux
import Glibc
import Model

/// Why a takeover did not happen, in words for a person.
package struct TakeoverFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The calls of a takeover's socket: a Unix socket that keeps the boundaries of messages.
enum TakeoverSocket {
    /// What came, or that nothing came.
    enum Received {
        case message(TakeoverMessage, [Int32])
        case nothingYet
        case end
    }

    /// Connects to the process that serves at this path; nil where there is none.
    static func connect(_ path: String) throws(TakeoverFailure) -> Int32? {
        let descriptor = pillion_packet_socket()
        if descriptor < 0 { throw failure(path, SystemCallError("socket")) }
        do throws(SystemCallError) {
            _ = try SystemCall.connect(descriptor, to: .unix(path: path))
        } catch {
            _ = Glibc.close(descriptor)
            if error.code == ENOENT || error.code == ECONNREFUSED { return nil }
            throw failure(path, error)
        }
        do throws(TakeoverFailure) {
            _ = try checkPeer(descriptor)
        } catch {
            _ = Glibc.close(descriptor)
            throw TakeoverFailure("takeover: \(path): \(error.description)")
        }
        return descriptor
    }

    /// Listens at this path, which only this user may connect to.
    static func listen(_ path: String) throws(TakeoverFailure) -> Int32 {
        let isFile = !path.hasPrefix("@")
        var status = stat()
        if isFile, unsafe lstat(path, &status) == 0 {
            // Nobody listens there, or `connect` would have found them.
            guard status.st_mode & S_IFMT == S_IFSOCK else {
                throw TakeoverFailure("takeover: \(path) is there and is no socket")
            }
            _ = unsafe unlink(path)
        }
        let descriptor = pillion_packet_socket()
        if descriptor < 0 { throw failure(path, SystemCallError("socket")) }
        do throws(SystemCallError) {
            try SystemCall.bind(descriptor, to: .unix(path: path))
            // Before it listens, nobody can connect.
            if isFile, unsafe chmod(path, 0o600) != 0 { throw SystemCallError("chmod") }
            try SystemCall.listen(descriptor, backlog: 8)
            return descriptor
        } catch {
            _ = Glibc.close(descriptor)
            throw failure(path, error)
        }
    }

    private static func failure(_ path: String, _ error: SystemCallError) -> TakeoverFailure {
        TakeoverFailure("takeover: \(path): \(SystemCallError.text(error.code))")
    }

    /// The process at the other end, which must be of the same user.
    ///
    /// Root is nobody special: an abstract name is one for all containers of a pod, and root of
    /// another container is not root of this one.
    static func checkPeer(_ descriptor: Int32) throws(TakeoverFailure) -> pid_t {
        var user = uid_t.max
        var process: pid_t = 0
        guard unsafe pillion_peer(descriptor, &user, &process) == 0 else {
            throw TakeoverFailure("the kernel does not say whose process is at the other end")
        }
        guard user == geteuid() else {
            throw TakeoverFailure(
                "the process at the other end is of user \(user), not of \(geteuid())"
            )
        }
        return process
    }

    /// Sends one message; false where the peer has no room yet.
    static func send(
        _ message: [UInt8],
        _ descriptors: [Int32],
        to socket: Int32
    ) throws(SystemCallError) -> Bool {
        while true {
            let sent = unsafe message.withUnsafeBytes { bytes in
                unsafe descriptors.withUnsafeBufferPointer { list in
                    unsafe pillion_send_descriptors(
                        socket,
                        bytes.baseAddress,
                        bytes.count,
                        list.baseAddress,
                        Int32(truncatingIfNeeded: list.count)
                    )
                }
            }
            if sent >= 0 { return true }
            if errno == EINTR { continue }
            if errno == EAGAIN { return false }
            throw SystemCallError("sendmsg")
        }
    }

    /// Receives one message.
    static func receive(from socket: Int32) throws(TakeoverFailure) -> Received {
        var bytes = [UInt8](repeating: 0, count: TakeoverMessage.bytesMax)
        var descriptors = [Int32](repeating: -1, count: TakeoverMessage.descriptorsMax)
        var found = Int32(truncatingIfNeeded: descriptors.count)
        var isCut: Int32 = 0
        let count = unsafe pillion_receive_descriptors(
            socket,
            &bytes,
            bytes.count,
            &descriptors,
            &found,
            &isCut
        )
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return .nothingYet }
            if errno == ECONNRESET { return .end }
            throw TakeoverFailure("takeover: recvmsg: \(SystemCallError.text(errno))")
        }
        let came = Array(descriptors.prefix(Int(max(0, found))))
        do throws(TakeoverFailure) {
            if count == 0, came.isEmpty { return .end }
            if isCut != 0 { throw TakeoverFailure("takeover: a message that is too long") }
            do throws(TakeoverMessageFailure) {
                return .message(
                    try TakeoverMessage(bytes: Array(bytes[..<count]), descriptors: came.count),
                    came
                )
            } catch {
                throw TakeoverFailure("takeover: the other process sent \(error)")
            }
        } catch {
            for descriptor in came { _ = Glibc.close(descriptor) }
            throw error
        }
    }

    /// Waits until there is something to receive; false where the time ran out.
    static func wait(_ socket: Int32, milliseconds: Int64) -> Bool {
        var polled = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, Int32(clamping: max(0, milliseconds))) > 0
    }
}
