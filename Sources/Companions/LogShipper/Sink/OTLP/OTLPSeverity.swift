internal import Model

/// Severity as OpenTelemetry counts it, 1…24, from the words that programs use.
enum OTLPSeverity {
    /// 0 for an unknown word.
    static func number(_ text: [UInt8]) -> Int {
        guard text.count <= 16 else { return 0 }
        switch String(decoding: text.map(\.asciiLowercased), as: UTF8.self) {
        // Numbers are those of programs that count in tens.
        case "trace", "finest", "verbose", "10": return 1
        case "debug", "fine", "dbug", "20": return 5
        case "info", "information", "informational", "30": return 9
        case "notice": return 10
        case "warn", "warning", "40": return 13
        case "error", "err", "severe", "50": return 17
        case "critical", "crit": return 18
        case "alert": return 19
        case "fatal", "emerg", "emergency", "panic", "60": return 21
        default: return 0
        }
    }
}
