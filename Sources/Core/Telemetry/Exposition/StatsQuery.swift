import Model

/// What a scrape asks for.
package struct StatsQuery: Sendable {
    /// Leaves out what stands at 0: counters that never counted, gauges that are 0 now, histograms
    /// without a value.
    package var usedOnly: Bool
    /// Keeps the stats whose full name (`cluster.app.upstream_rq_total`) it accepts; nil: all.
    package var filter: (@Sendable (String) -> Bool)?

    package init(usedOnly: Bool = false, filter: (@Sendable (String) -> Bool)? = nil) {
        self.usedOnly = usedOnly
        self.filter = filter
    }

    func accepts(_ name: String) -> Bool { filter?(name) ?? true }
}

/// Names as the exposition prints them.
enum StatName {
    /// The scope's part of a name, as Envoy makes it: `://`, `:/` and `:` become an underscore.
    ///
    /// Control characters do, too: a name from a configuration must not forge a line.
    static func sanitized(_ name: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.utf8.count)
        var slashes = 0
        for byte in name.utf8 {
            if byte == 0x2f, slashes > 0 {
                slashes -= 1
                continue
            }
            slashes = byte == 0x3a ? 2 : 0
            bytes.append(byte == 0x3a || byte < 0x20 || byte == 0x7f ? 0x5f : byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What stands in front of the stats' names: `cluster.app.`.
    static func prefix(_ kind: ScopeKind, _ name: String) -> String {
        if kind.prefix.isEmpty { return "" }
        return kind.label == nil ? "\(kind.prefix)." : "\(kind.prefix).\(sanitized(name))."
    }

    /// A Prometheus metric name: `envoy_`, and everything but letters and digits an underscore.
    static func metric(_ kind: ScopeKind, _ name: String) -> String {
        var bytes = Array("envoy_".utf8)
        if !kind.prefix.isEmpty { bytes += Array("\(kind.prefix)_".utf8) }
        for byte in name.utf8 {
            let isLetter = byte.asciiLowercased &- 0x61 < 26
            bytes.append(isLetter || byte.isASCIIDigit ? byte : 0x5f)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A label's value between its quotes (Prometheus text format 0.0.4).
    static func labelValue(_ value: String) -> String {
        var bytes: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            case 0x5c, 0x22: bytes += [0x5c, byte]
            case 0x0a: bytes += [0x5c, 0x6e]
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A number without a needless fraction: `1`, `1.5`.
    static func number(_ value: Double) -> String {
        let rounded = value.rounded()
        return rounded == value ? "\(Int64(rounded))" : "\((value * 1000).rounded() / 1000)"
    }

    /// `0`, `25`, `99.5`: a quantile that is kept in per mille.
    static func percent(_ perMille: Int) -> String {
        perMille % 10 == 0 ? "\(perMille / 10)" : "\(perMille / 10).\(perMille % 10)"
    }
}
