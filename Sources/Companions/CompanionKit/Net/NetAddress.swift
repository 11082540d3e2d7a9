import Glibc

/// One address of a server, as the system calls want it.
struct NetAddress: Sendable {
    var storage: sockaddr_storage
    var length: socklen_t
    var family: Int32

    /// What `getaddrinfo` finds; it may wait for a name server as long as that likes.
    ///
    /// - Parameter isNumeric: looks only whether `host` is an address itself, and asks nobody.
    static func find(
        _ host: String,
        _ port: Int,
        isNumeric: Bool
    ) -> Result<[NetAddress], StreamFailure> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        // One kind of socket, or each address would come three times; they serve datagrams as well.
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = isNumeric ? AI_NUMERICHOST : AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            return .failure(
                .resolve(host: host, why: unsafe String(cString: gai_strerror(code)))
            )
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [NetAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            var storage = sockaddr_storage()
            let length = unsafe entry.pointee.ai_addrlen
            if let source = unsafe entry.pointee.ai_addr,
                Int(length) <= MemoryLayout<sockaddr_storage>.size
            {
                unsafe memcpy(&storage, source, Int(length))
                found.append(
                    NetAddress(
                        storage: storage,
                        length: length,
                        family: unsafe entry.pointee.ai_family
                    )
                )
            }
            unsafe next = entry.pointee.ai_next
        }
        return .success(found)
    }

    /// Connects a socket that does not block: 0, or the system's error.
    func connect(_ descriptor: Int32) -> Int32 {
        var storage = storage
        let code = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, length)
            }
        }
        return code == 0 ? 0 : errno
    }
}
