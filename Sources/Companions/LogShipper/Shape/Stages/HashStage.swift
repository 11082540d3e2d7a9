internal import Identity
import Model

/// Replaces values by the keyed hash of themselves: equal ones stay equal, and none can be read.
final class HashStage: RecordStage {
    private let paths: [FieldPath]
    private let secret: [UInt8]
    private var text: [UInt8] = []

    init(_ options: HashOptions) {
        paths = options.keys.map(FieldPath.init)
        secret = Array(options.secret.utf8)
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        for path in paths {
            guard let place = path.find(in: record) else { continue }
            text.removeAll(keepingCapacity: true)
            FieldPath.appendText(of: record, at: place, &text)
            let value = text
            let digest = Digest.hmacSHA256(key: secret, value.span)
            text.removeAll(keepingCapacity: true)
            for byte in digest.prefix(16) {
                for digit in [byte >> 4, byte & 15] {
                    text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
                }
            }
            let digits = text
            FieldPath.replace(place, in: &record, with: digits.span, kind: .text)
        }
        return .pass
    }
}
