internal import CompanionKit

/// What a sink is called where something must outlast the configuration: by where it sends, not by its
/// name or place, which change when other sinks come and go.
enum SinkKey {
    /// One for each sink; sinks that send alike are numbered.
    static func keys(of sinks: [SinkConfiguration]) -> [String] {
        var used: [String: Int] = [:]
        return sinks.map { sink in
            let key = key(of: sink)
            let number = (used[key] ?? 0) + 1
            used[key] = number
            return number == 1 ? key : "\(key)-\(number)"
        }
    }

    static func key(of sink: SinkConfiguration) -> String {
        let bytes = Array(String(describing: sink.kind).utf8)
        return sink.kind.word + "-" + String(Checksum.crc32(bytes.span), radix: 16)
    }
}
