import Model
import Wire

/// What must hold of the parser for any bytes at all, checked by the fuzzer and for its corpus.
enum ProxyProtocolProperty {
    /// What does not hold, in words; nil where all does.
    static func violation(in bytes: Span<UInt8>) -> String? {
        let whole = ProxyProtocolParser.parse(bytes)
        for cut in stride(from: 0, to: bytes.count, by: 1 + bytes.count / 32) {
            let part = ProxyProtocolParser.parse(bytes.extracting(0..<cut))
            if part != .more && part != whole { return "another verdict at \(cut)" }
        }
        if bytes.count >= ProxyProtocolParser.maxBytes, whole == .more {
            return "no verdict within the longest header"
        }
        guard case .header(let header) = whole else { return nil }
        if header.consumed > bytes.count { return "more than there is" }
        if header.tlvs.upperBound > header.consumed { return "fields beyond the header" }
        if header.isLocal != (header.source == nil) { return "an address of its own" }
        var fields = ProxyProtocolTLVs(bytes.extracting(header.tlvs))
        var count = 0
        while let field = fields.next() { count += 3 + field.value.count }
        if fields.isMalformed || count != header.tlvs.count { return "fields that were not read" }
        return rewritten(header, bytes)
    }

    /// What the writer makes of the addresses and fields must say the same.
    private static func rewritten(
        _ header: ProxyProtocolHeader,
        _ bytes: Span<UInt8>
    ) -> String? {
        var tlvs: [ProxyProtocolWriter.TLV] = []
        let region = bytes.extracting(header.tlvs)
        var fields = ProxyProtocolTLVs(region)
        while let field = fields.next() {
            // A checksum is of the bytes that it came with.
            if field.type == 0x03 { continue }
            let value = ByteString(copying: region.extracting(field.value)).bytes
            tlvs.append(.init(type: field.type, value: value))
        }
        var v2: [UInt8] = []
        let isWritten = ProxyProtocolWriter.appendV2(
            source: header.source,
            destination: header.destination,
            tlvs: tlvs,
            to: &v2
        )
        guard isWritten, case .header(let again) = ProxyProtocolParser.parse(v2.span) else {
            return "version 2 is not read again"
        }
        if again.source != header.source || again.destination != header.destination
            || again.consumed != v2.count
        {
            return "version 2 says something else"
        }
        var v1: [UInt8] = []
        ProxyProtocolWriter.appendV1(
            source: header.source,
            destination: header.destination,
            to: &v1
        )
        guard case .header(let line) = ProxyProtocolParser.parse(v1.span) else {
            return "version 1 is not read again"
        }
        if line.source != header.source || line.destination != header.destination
            || line.consumed != v1.count
        {
            return "version 1 says something else"
        }
        return nil
    }
}
