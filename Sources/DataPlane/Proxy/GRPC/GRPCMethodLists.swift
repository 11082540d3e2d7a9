import Model
import Wire

/// The methods that are counted by name (`individual_method_stats_allowlist`), at one worker, as
/// tables: a list may be long, and every call asks.
final class GRPCMethodLists {
    private struct Entry {
        /// Held, so that no other object gets its identity.
        let manager: HTTPConnectionManager
        let names: Set<ByteString>
    }
    private var known: [ObjectIdentifier: Entry] = [:]

    /// Versions of connection managers that are remembered; those that are gone go with the others.
    private static let entriesMax = 16

    func contains(
        _ path: Span<UInt8>,
        _ name: GRPCPath,
        of manager: HTTPConnectionManager,
        _ list: [String]
    ) -> Bool {
        if list.isEmpty { return false }
        var key: [UInt8] = []
        key.reserveCapacity(name.service.count + name.method.count + 1)
        for index in name.service { key.append(path[index]) }
        key.append(UInt8(ascii: "/"))
        for index in name.method { key.append(path[index]) }
        return names(of: manager, list).contains(ByteString(key))
    }

    private func names(of manager: HTTPConnectionManager, _ list: [String]) -> Set<ByteString> {
        let key = ObjectIdentifier(manager)
        if let found = known[key] { return found.names }
        if known.count >= Self.entriesMax { known.removeAll() }
        let names = Set(list.map { ByteString($0) })
        known[key] = Entry(manager: manager, names: names)
        return names
    }
}
