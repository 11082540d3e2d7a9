import Model

/// What `pillion run` was told about its beginning and its end.
struct Lifecycle: Sendable {
    /// What is under way may take so long after SIGTERM.
    var drainMilliseconds: Int64 = 30_000
    /// After another process has taken over, this one ends at last after so long.
    var parentShutdownMilliseconds: Int64 = 45_000
    /// After SIGTERM connections are still accepted, until there are none.
    var exitsOnZeroConnections = false
    /// With `exitsOnZeroConnections`: for so long at least.
    var minDrainMilliseconds: Int64 = 5_000
    /// Where the next process asks for this one's place; nil: nowhere.
    var takeoverPath: String?
    /// Where probes ask; empty: nowhere.
    ///
    /// The first must be had, the others need not exist.
    var readiness: [SocketAddress] = []
    /// The process whose end is this one's, too.
    var exitWith: WatchedProcess?
}

/// The process of the application, by number or by name.
enum WatchedProcess: Sendable, CustomStringConvertible {
    case number(Int32)
    case name(String)

    init?(_ text: String) {
        if text.isEmpty { return nil }
        if text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            guard let number = Int32(text), number > 0 else { return nil }
            self = .number(number)
        } else {
            self = .name(text)
        }
    }

    var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .name(let name): name
        }
    }
}

extension Lifecycle {
    /// The takeover's socket where the command line names none: the same files of the same user,
    /// the same socket.
    ///
    /// In the abstract namespace, so that no directory is needed and containers of one pod meet.
    static func takeoverPath(
        of source: ConfigurationSource,
        directory: String,
        user: UInt32
    )
        -> String
    {
        var parts = source.files.map { $0.hasPrefix("/") ? $0 : "\(directory)/\($0)" }
        if parts.isEmpty { parts = ["app \(source.app ?? "")", "listen \(source.listen ?? "")"] }
        // FNV-1a; a name, not a secret: who connects is checked.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in parts {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        let padding = String(repeating: "0", count: 16 - digits.count)
        return "@pillion-\(user)-\(padding)\(digits)"
    }
}
