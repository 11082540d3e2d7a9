internal import Model

/// Severities and facilities of syslog, from the words and numbers that records have.
enum SyslogPriority {
    static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2",
        "local3", "local4", "local5", "local6", "local7",
    ]

    /// 0…7; nil for an unknown word.
    ///
    /// Numbers up to 7 are syslog's own, those from 10 on are of loggers that count in tens.
    static func severity(_ text: [UInt8]) -> Int? {
        guard text.count <= 16 else { return nil }
        switch String(decoding: text.map(\.asciiLowercased), as: UTF8.self) {
        case "emerg", "emergency", "panic", "0": return 0
        case "alert", "1": return 1
        case "crit", "critical", "fatal", "60", "2": return 2
        case "error", "err", "severe", "50", "3": return 3
        case "warn", "warning", "40", "4": return 4
        case "notice", "5": return 5
        case "info", "information", "informational", "30", "6": return 6
        case "debug", "dbug", "trace", "fine", "finest", "verbose", "20", "10", "7": return 7
        default: return nil
        }
    }

    /// 0…23; nil for an unknown word.
    static func facility(_ text: [UInt8]) -> Int? {
        guard text.count <= 16 else { return nil }
        let word = String(decoding: text.map(\.asciiLowercased), as: UTF8.self)
        if let number = Int(word) { return (0...23).contains(number) ? number : nil }
        return facilities.firstIndex(of: word)
    }
}
