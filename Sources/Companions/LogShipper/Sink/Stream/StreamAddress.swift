/// A server's name and port.
struct StreamAddress: Equatable, CustomStringConvertible {
    var host: String
    var port: Int

    /// Reads `host:port` or `[address]:port`; nil for anything else.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0 == " " || $0 == "/" || $0 == "@" }) else {
            return nil
        }
        self.host = String(host)
        self.port = Int(port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The addresses of a configuration, or what is wrong with them.
    static func list(_ target: StreamTarget) throws(SinkFailure) -> [StreamAddress] {
        guard !target.addresses.isEmpty else { throw SinkFailure("it has no address") }
        var addresses: [StreamAddress] = []
        for text in target.addresses {
            guard let address = StreamAddress(text) else {
                throw SinkFailure("'\(text)' is no address", hint: "write host:port")
            }
            addresses.append(address)
        }
        return addresses
    }
}
