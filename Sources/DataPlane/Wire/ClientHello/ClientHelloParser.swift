import Model

/// Reads a ClientHello from the first bytes of a connection, without consuming them.
///
/// The caller gives everything that it received so far, again with each arrival. Only record
/// headers are read again; a message in one record is read in place, one in several is put together
/// in a copy of at most `maxBytes`.
package enum ClientHelloParser {
    /// Enough for any client, and what Envoy allows at most (`max_client_hello_size`).
    package static let maxBytesDefault = 16_384

    /// - Parameter maxBytes: of the message with the headers of its records.
    package static func parse(
        _ bytes: Span<UInt8>,
        maxBytes: Int = maxBytesDefault
    ) -> ClientHelloResult {
        // Content type 22 (handshake) and major version 3 are what all versions of TLS share; the
        // hello of SSL 2 begins with a length whose high bit is set.
        if bytes.count > 0, bytes[0] != 22 { return .notTLS }
        if bytes.count > 1, bytes[1] != 3 { return .notTLS }
        do throws(ClientHelloFailure) {
            guard let layout = try layout(of: bytes, maxBytes: maxBytes) else { return .more }
            if layout.isOneRecord {
                return .clientHello(try read(bytes.extracting(9..<(9 + layout.bodyCount))))
            }
            let message = reassembled(bytes, count: layout.bodyCount + 4)
            return .clientHello(try read(message.span.extracting(4..<message.count)))
        } catch {
            return .malformed(error)
        }
    }

    // MARK: - Records

    private struct Layout {
        /// Of the handshake message, without its header of four bytes.
        var bodyCount: Int
        var isOneRecord: Bool
    }

    /// Where the message is, once all of it is there.
    private static func layout(
        of bytes: Span<UInt8>,
        maxBytes: Int
    ) throws(ClientHelloFailure) -> Layout? {
        var position = 0
        var recordCount = 0
        // Bytes of the message in the records that were read, and its header among them.
        var received = 0
        var header: UInt32 = 0
        while true {
            if bytes.count - position < 5 {
                try checkPart(bytes, from: position)
                // Another record follows, of one byte at least.
                if position + 6 > maxBytes { throw .tooLarge }
                return nil
            }
            let length = try recordLength(bytes, at: position)
            let start = position + 5
            let end = start + length
            recordCount += 1
            var index = start
            while received < 4, index < end, index < bytes.count {
                header = header << 8 | UInt32(bytes[index])
                index += 1
                received += 1
                if received == 1, header != 1 { throw .notClientHello }
            }
            if received < 4 {
                if bytes.count < end { return nil }
                if end > maxBytes - 6 { throw .tooLarge }
                position = end
                continue
            }
            let bodyCount = Int(header & 0xff_ffff)
            let missing = bodyCount + 4 - received
            // What is left of the message follows at `index`, with more record headers if need be.
            if missing > maxBytes - min(index, maxBytes) { throw .tooLarge }
            if missing <= end - index {
                if bytes.count - index < missing { return nil }
                return Layout(bodyCount: bodyCount, isOneRecord: recordCount == 1)
            }
            if end > maxBytes - 6 { throw .tooLarge }
            if bytes.count < end { return nil }
            received += end - index
            position = end
        }
    }

    /// Refuses what is no record of a handshake as soon as its first bytes tell.
    private static func checkPart(
        _ bytes: Span<UInt8>,
        from start: Int
    ) throws(ClientHelloFailure) {
        if bytes.count > start, bytes[start] != 22 { throw .record }
        if bytes.count > start + 1, bytes[start + 1] != 3 { throw .record }
    }

    private static func recordLength(
        _ bytes: Span<UInt8>,
        at start: Int
    ) throws(ClientHelloFailure) -> Int {
        try checkPart(bytes, from: start)
        let length = Int(bytes[start + 3]) << 8 | Int(bytes[start + 4])
        // RFC 8446 section 5.1: no empty fragments of a handshake, none above 2^14.
        guard length > 0, length <= 16_384 else { throw .record }
        return length
    }

    /// The first `count` bytes of the handshake messages; the layout says that they are there.
    private static func reassembled(_ bytes: Span<UInt8>, count: Int) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(count)
        var position = 0
        while message.count < count, bytes.count - position >= 5 {
            let length = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
            var index = position + 5
            position = min(index + length, bytes.count)
            while index < position, message.count < count {
                message.append(bytes[index])
                index += 1
            }
        }
        return message
    }

    // MARK: - The message

    private static func read(_ body: Span<UInt8>) throws(ClientHelloFailure) -> ClientHello {
        var hello = ClientHello()
        var reader = ByteReader(body)
        guard let version = reader.uint16(), reader.take(32) != nil,
            let session = reader.vector8(), session.count <= 32,
            let ciphers = reader.vector16(), ciphers.count >= 2, ciphers.count % 2 == 0,
            let compressions = reader.vector8(), !compressions.isEmpty
        else { throw .structure }
        hello.legacyVersion = version
        // Before TLS 1.3 a hello may end here.
        if reader.isAtEnd { return hello }
        guard let extensions = reader.vector16(), reader.isAtEnd else { throw .structure }
        try readExtensions(extensions, into: &hello)
        return hello
    }

    private static func readExtensions(
        _ extensions: Span<UInt8>,
        into hello: inout ClientHello
    ) throws(ClientHelloFailure) {
        var reader = ByteReader(extensions)
        var types: [UInt16] = []
        types.reserveCapacity(32)
        while !reader.isAtEnd {
            guard let type = reader.uint16(), let content = reader.vector16() else {
                throw .structure
            }
            types.append(type)
            switch type {
            case 0: hello.serverName = try serverName(content)
            case 16: hello.applicationProtocols = applicationProtocols(content)
            case 43: hello.supportedVersions = versions(content)
            default: break
            }
        }
        // RFC 8446 section 4.2; sorted, since a hostile hello has thousands.
        types.sort()
        for index in types.indices.dropFirst() where types[index] == types[index - 1] {
            throw .repeatedExtension
        }
    }

    /// RFC 6066 section 3, with a list of one: no client sends more, and no server takes them.
    private static func serverName(
        _ content: Span<UInt8>
    ) throws(ClientHelloFailure) -> ByteString {
        var outer = ByteReader(content)
        guard let list = outer.vector16(), outer.isAtEnd else { throw .serverName }
        var inner = ByteReader(list)
        guard inner.uint8() == 0, let name = inner.vector16(), inner.isAtEnd,
            !name.isEmpty, name.count <= 255
        else { throw .serverName }
        var lowercase: [UInt8] = []
        lowercase.reserveCapacity(name.count)
        for index in 0..<name.count {
            if name[index] == 0 { throw .serverName }
            lowercase.append(name[index].asciiLowercased)
        }
        return ByteString(lowercase)
    }

    private static func applicationProtocols(_ content: Span<UInt8>) -> [ByteString] {
        var outer = ByteReader(content)
        guard let list = outer.vector16(), outer.isAtEnd else { return [] }
        var protocols: [ByteString] = []
        var inner = ByteReader(list)
        while !inner.isAtEnd {
            guard let name = inner.vector8(), !name.isEmpty else { return [] }
            if protocols.count < 64 { protocols.append(ByteString(copying: name)) }
        }
        return protocols
    }

    private static func versions(_ content: Span<UInt8>) -> [UInt16] {
        var outer = ByteReader(content)
        guard let list = outer.vector8(), outer.isAtEnd, list.count % 2 == 0 else { return [] }
        var versions: [UInt16] = []
        versions.reserveCapacity(list.count / 2)
        var inner = ByteReader(list)
        while let version = inner.uint16() { versions.append(version) }
        return versions
    }
}
