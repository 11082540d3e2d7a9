internal import CompanionKit
import Model

/// One message of the forward protocol, taken apart as far as its entries.
struct ReceivedMessage {
    /// How its entries lie in `entries`.
    enum Form: Equatable {
        /// Time, then record, without an array around them.
        case single
        /// So many arrays of time and record.
        case counted(Int)
        /// Arrays of time and record to the end of the bytes.
        case packed
    }

    enum Fault: Error, Equatable {
        /// What is wrong with it, in words.
        case malformed(String)
        /// Its entries inflate to more than a message may have.
        case tooLarge
    }

    var tag: ByteString
    var form: Form
    var entries: [UInt8]
    /// What the sender wants acknowledged.
    var chunk: [UInt8]?
    /// It carries metrics or traces, which are no records.
    var isForeign: Bool

    private static let tagBytesMax = 4096

    /// Takes a whole value apart; nil for the heartbeat, which is nothing.
    ///
    /// - Parameter bytesMax: what compressed entries may inflate to.
    static func read(_ bytes: Span<UInt8>, bytesMax: Int) throws(Fault) -> ReceivedMessage? {
        let found: (message: ReceivedMessage, options: ReceivedOptions)?
        do throws(MessagePackFault) {
            found = try takeApart(bytes)
        } catch {
            throw .malformed("it is no message of the forward protocol")
        }
        guard let found else { return nil }
        let options = found.options
        var message = found.message
        guard message.form == .packed, !options.compression.isEmpty else { return message }
        guard options.compression == "gzip" else {
            let name = String(decoding: options.compression.bytes, as: UTF8.self)
            guard options.compression != "text" else { return message }
            throw .malformed("its entries are compressed with \(name), and only gzip is understood")
        }
        message.entries = try inflate(message.entries, bytesMax: bytesMax)
        return message
    }

    private static func takeApart(
        _ bytes: Span<UInt8>
    ) throws(MessagePackFault) -> (ReceivedMessage, ReceivedOptions)? {
        let head = try MessagePackReader.head(bytes, at: 0)
        if head.kind == .null { return nil }
        guard case .array(let count) = head.kind, count >= 2, count <= 4 else { throw .unknown }
        let tag = try MessagePackReader.head(bytes, at: head.end)
        guard tag.kind == .text || tag.kind == .binary, tag.content.count <= tagBytesMax else {
            throw .unknown
        }
        let second = try MessagePackReader.head(bytes, at: tag.end)
        let form: Form
        let entries: Range<Int>
        switch second.kind {
        case .array(let entryCount):
            form = .counted(entryCount)
            entries = second.end..<(try MessagePackReader.skip(bytes, at: tag.end))
        case .text, .binary:
            form = .packed
            entries = second.content
        default:
            guard count >= 3 else { throw .unknown }
            form = .single
            let record = try MessagePackReader.skip(bytes, at: tag.end)
            entries = tag.end..<(try MessagePackReader.skip(bytes, at: record))
        }
        let options = try ReceivedOptions(bytes, at: entries.upperBound)
        let message = ReceivedMessage(
            tag: ByteString(copying: bytes.extracting(tag.content)),
            form: form,
            entries: copy(bytes.extracting(entries)),
            chunk: options.chunk?.bytes,
            isForeign: options.signal > 0
        )
        return (message, options)
    }

    private static func copy(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// In small steps, so that a few bytes can't become many before they are counted.
    private static func inflate(_ bytes: [UInt8], bytesMax: Int) throws(Fault) -> [UInt8] {
        let inflater = Inflater()
        let input = bytes
        var out: [UInt8] = []
        var index = 0
        while index < input.count {
            let end = min(index + 1024, input.count)
            guard inflater.inflate(input.span.extracting(index..<end), into: &out) else {
                throw .malformed("its entries are not the gzip that it says they are")
            }
            guard out.count <= bytesMax else { throw .tooLarge }
            index = end
        }
        return out
    }
}

/// What stands behind the entries of a message.
struct ReceivedOptions {
    var chunk: ByteString?
    var compression: ByteString = ""
    /// fluent-bit's: 0 logs, 1 metrics, 2 traces.
    var signal: UInt64 = 0

    private static let chunkBytesMax = 1024
    private static let nameBytesMax = 32

    /// Reads the map that begins at an index; anything else, or nothing, counts as no options.
    init(_ bytes: Span<UInt8>, at index: Int) throws(MessagePackFault) {
        guard index < bytes.count else { return }
        let map = try MessagePackReader.head(bytes, at: index)
        guard case .map(let count) = map.kind else { return }
        var position = map.end
        for _ in 0..<count {
            let key = try MessagePackReader.head(bytes, at: position)
            guard key.kind == .text || key.kind == .binary else { throw .unknown }
            let value = try MessagePackReader.head(bytes, at: key.end)
            let isKnown = key.content.count <= Self.nameBytesMax
            let name = isKnown ? ByteString(copying: bytes.extracting(key.content)) : ""
            if case .unsigned(let number) = value.kind, name == "fluent_signal" {
                signal = number
            } else if value.kind == .text || value.kind == .binary {
                let content = bytes.extracting(value.content)
                if name == "chunk", content.count <= Self.chunkBytesMax {
                    chunk = ByteString(copying: content)
                } else if name == "compressed", content.count <= 16 {
                    compression = ByteString(copying: content)
                }
            }
            position = try MessagePackReader.skip(bytes, at: key.end)
        }
    }
}
