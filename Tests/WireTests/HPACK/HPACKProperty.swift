import Model
import Wire

/// What must hold for any bytes at all, checked by the fuzzer and for each file of its corpus.
///
/// The first byte tells what the blocks are heads of; then come blocks of one connection, each after
/// its length in one byte. A head that is accepted must be the same after it was encoded and decoded
/// again.
enum HPACKProperty {
    private static let limits = HeadLimits(headBytesMax: 4_096, headerCountMax: 20)

    /// What does not hold, in words; nil where all does.
    static func violation(in bytes: [UInt8]) -> String? {
        guard let first = bytes.first else { return nil }
        let kinds: [HTTP2HeadKind] = [.request, .response, .trailers]
        let kind = kinds[Int(first) % 3]
        var decoder = HPACKDecoder(
            tableSizeMax: first & 0x40 == 0 ? 4_096 : 256,
            allowsConnectProtocol: first & 0x80 == 0
        )
        var encoder = HPACKEncoder()
        var again = HPACKDecoder(allowsConnectProtocol: true)
        var position = 1
        var round: UInt32 = 0
        while position < bytes.count {
            let end = min(bytes.count, position + 1 + Int(bytes[position]))
            let block = Array(bytes[(position + 1)..<end])
            position = end
            round += 1
            let head = Head()
            let read = decoder.read(block, as: kind, into: head, limits: limits)
            if decoder.tableSize > 4_096 { return "a table of \(decoder.tableSize) bytes" }
            if head.byteCount > 2 * limits.headBytesMax { return "a head beyond its limits" }
            if case .refused(let details, let streamID) = read {
                if streamID == 0 { return nil }
                if details.isEmpty { return "refused without a reason" }
                continue
            }
            if round % 3 == 0 { encoder.limitTable(to: UInt32(first) &* round) }
            let once = encoder.block(head, as: kind)
            let reread = again.read(once, as: kind)
            if !isSame(read, reread) { return "\(read), encoded and decoded \(reread)" }
            if encoder.tableSize != again.tableSize { return "tables of different sizes" }
        }
        return nil
    }

    /// Whether two heads say the same; schemes in any case, and others than HTTP's are not sent on.
    private static func isSame(_ one: DecodedHead, _ other: DecodedHead) -> Bool {
        guard case .message(let info, let head, let scheme, let name) = one,
            case .message(let info2, let head2, let scheme2, let name2) = other
        else { return false }
        let lower = scheme.lowercased()
        return info == info2 && head == head2 && name == name2
            && scheme2 == (["", "http", "https"].contains(lower) ? lower : "http")
    }
}
