/// Names of protocols as the handshake has them: each after its length (RFC 7301).
enum ApplicationProtocols {
    static func wire(_ names: [[UInt8]]) throws(TLSContextFailure) -> [UInt8] {
        var wire: [UInt8] = []
        for name in names {
            guard let length = UInt8(exactly: name.count), length > 0 else {
                throw TLSContextFailure(
                    part: .applicationProtocols,
                    source: "",
                    reason: "a name has 1 to 255 bytes, and one has \(name.count)"
                )
            }
            wire.append(length)
            wire += name
        }
        guard wire.count <= 65_535 else {
            throw TLSContextFailure(
                part: .applicationProtocols,
                source: "",
                reason: "all names together have more than 65535 bytes"
            )
        }
        return wire
    }
}
