/// Puts items into the frame of a request's body.
enum BodyFrame {
    /// `prefix item,item suffix`.
    static func join(
        _ chunk: borrowing Chunk,
        prefix: [UInt8],
        separator: UInt8?,
        suffix: [UInt8]
    ) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(
            prefix.count + chunk.bytes.count + chunk.items.count + suffix.count
        )
        body += prefix
        let bytes = chunk.bytes
        for (number, item) in chunk.items.enumerated() {
            if number > 0, let separator { body.append(separator) }
            body += bytes[Int(item.start)..<Int(item.end)]
        }
        body += suffix
        return body
    }

    /// `[item,item]`.
    static func array(_ chunk: borrowing Chunk) -> [UInt8] {
        join(chunk, prefix: [0x5b], separator: 0x2c, suffix: [0x5d])
    }
}
