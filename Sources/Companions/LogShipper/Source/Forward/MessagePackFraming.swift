/// Finds the end of the value that a connection's bytes begin with, as they come.
///
/// Each byte is looked at once, however often more come; a value that is announced to be longer than
/// the limit is refused before it is there.
struct MessagePackFraming {
    enum Outcome: Equatable {
        /// The value ends there.
        case whole(end: Int)
        case needsMore
        case tooLarge
        case broken
    }

    let bytesMax: Int
    /// Where looking goes on, and how many values are still to come there.
    private var position = 0
    private var left = 1

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Looks at the bytes from the begin of the value on; the same ones as before, and more.
    mutating func find(_ bytes: Span<UInt8>) -> Outcome {
        while left > 0 {
            guard left <= bytesMax - min(position, bytesMax) else { return .tooLarge }
            let head: MessagePackHead
            do throws(MessagePackFault) {
                head = try MessagePackReader.head(bytes, at: position)
            } catch {
                guard error == .short else { return .broken }
                if bytes.count > bytesMax || announced(bytes) > bytesMax { return .tooLarge }
                return .needsMore
            }
            guard head.end <= bytesMax else { return .tooLarge }
            position = head.end
            left -= 1
            switch head.kind {
            case .array(let count): left += count
            case .map(let count): left += count * 2
            default: break
            }
        }
        let end = position
        position = 0
        left = 1
        return .whole(end: end)
    }

    /// Where the value that is not whole would end.
    private func announced(_ bytes: Span<UInt8>) -> Int {
        guard position < bytes.count else { return position }
        let width: Int
        switch bytes[position] {
        case 0xc4, 0xc7, 0xd9: width = 1
        case 0xc5, 0xc8, 0xda: width = 2
        case 0xc6, 0xc9, 0xdb: width = 4
        default: return position
        }
        guard let count = try? MessagePackReader.number(bytes, position + 1, width) else {
            return position
        }
        return position + 1 + width + Int(count)
    }
}
