/// Whose metadata `%METADATA%` and its kin print.
enum MetadataSource: UInt32, Sendable {
    case route, cluster, upstream
    /// Nobody sets these.
    case absent
}

extension OperatorUse {
    /// Where the value stands: the source, the filter's name, and keys.
    ///
    /// `FILTER:KEY:KEY`, or the older `["FILTER", "KEY"]` that headers have; `METADATA` names the
    /// source first.
    func metadataPath() throws(AccessLogFormatFailure) -> (MetadataSource, [String]) {
        var parts = try metadataParts()
        switch operation.name {
        case "CLUSTER_METADATA": return (.cluster, parts)
        case "UPSTREAM_METADATA": return (.upstream, parts)
        default: break
        }
        let name = parts.removeFirst()
        let source: MetadataSource
        switch name {
        case "ROUTE": source = .route
        case "CLUSTER": source = .cluster
        case "UPSTREAM_HOST": source = .upstream
        case "DYNAMIC": source = .absent
        default:
            throw failure(
                "%METADATA% has no \(name)",
                "ROUTE, CLUSTER, UPSTREAM_HOST and DYNAMIC are supported"
            )
        }
        if parts.isEmpty {
            throw failure("%METADATA(\(name))% names no filter", "%METADATA(\(name):FILTER:KEY)%")
        }
        return (source, parts)
    }

    private func metadataParts() throws(AccessLogFormatFailure) -> [String] {
        let bytes = argument ?? []
        guard bytes.first == 0x5b else {
            return bytes.split(separator: 0x3a, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
        guard let parts = Self.strings(ofArray: bytes), !parts.isEmpty else {
            throw failure(
                "\(String(decoding: bytes, as: UTF8.self)) is no list of strings",
                "[\"FILTER\", \"KEY\"]"
            )
        }
        return parts
    }

    /// The strings of a JSON array of strings; nil where it is none.
    ///
    /// A backslash keeps the next byte.
    private static func strings(ofArray bytes: [UInt8]) -> [String]? {
        var parts: [String] = []
        var index = 1
        func skipSpace() {
            while index < bytes.count, bytes[index] == 0x20 { index += 1 }
        }
        while true {
            skipSpace()
            guard index < bytes.count, bytes[index] == 0x22 else { return nil }
            index += 1
            var part: [UInt8] = []
            while index < bytes.count, bytes[index] != 0x22 {
                if bytes[index] == 0x5c { index += 1 }
                guard index < bytes.count else { return nil }
                part.append(bytes[index])
                index += 1
            }
            index += 1
            parts.append(String(decoding: part, as: UTF8.self))
            skipSpace()
            guard index < bytes.count else { return nil }
            if bytes[index] == 0x5d { return index == bytes.count - 1 ? parts : nil }
            guard bytes[index] == 0x2c else { return nil }
            index += 1
        }
    }
}
