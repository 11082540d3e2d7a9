import Model
import Wire

/// What must hold of the parser for any bytes at all, checked by the fuzzer and for its corpus.
enum ClientHelloProperty {
    /// What does not hold, in words; nil where all does.
    static func violation(in bytes: Span<UInt8>) -> String? {
        let whole = ClientHelloParser.parse(bytes)
        for cut in stride(from: 0, to: bytes.count, by: 1 + bytes.count / 16) {
            let part = ClientHelloParser.parse(bytes.extracting(0..<cut))
            if part != .more && part != whole { return "another verdict at \(cut)" }
        }
        if bytes.count >= ClientHelloParser.maxBytesDefault, whole == .more {
            return "no verdict within the limit"
        }
        guard case .clientHello(let hello) = whole else { return nil }
        if let name = hello.serverName {
            if name.isEmpty || name.count > 255 || name.bytes.contains(0) { return "a bad name" }
            if name != name.lowercased { return "a name in upper case" }
        }
        if hello.applicationProtocols.count > 64 { return "too many protocols" }
        if hello.applicationProtocols.contains(where: \.isEmpty) { return "an empty protocol" }
        return refragmented(bytes, to: whole)
    }

    /// The same message in other records must mean the same.
    private static func refragmented(
        _ bytes: Span<UInt8>,
        to whole: ClientHelloResult
    ) -> String? {
        var message: [UInt8] = []
        var position = 0
        while bytes.count - position >= 5, bytes[position] == 22 {
            let end = position + 5 + Int(bytes[position + 3]) << 8 + Int(bytes[position + 4])
            for index in (position + 5)..<max(position + 5, min(end, bytes.count)) {
                message.append(bytes[index])
            }
            if end >= bytes.count { break }
            position = end
        }
        for size in [1, 3, 100] {
            let records = TLSRecords.of(message, size: size)
            if ClientHelloParser.parse(records.span, maxBytes: 1 << 20) != whole {
                return "another verdict in records of \(size)"
            }
        }
        return nil
    }
}

/// Handshake bytes as the record layer sends them.
enum TLSRecords {
    static func of(_ message: [UInt8], size: Int) -> [UInt8] {
        var records: [UInt8] = []
        var position = 0
        while position < message.count {
            let part = message[position..<min(position + size, message.count)]
            records += [22, 3, 1, UInt8(part.count >> 8), UInt8(part.count & 255)]
            records += part
            position += part.count
        }
        return records
    }
}
