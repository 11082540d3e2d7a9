import Wire

/// Puts frames together by hand.
enum Frame {
    static func of(
        _ type: UInt8,
        flags: UInt8 = 0,
        stream: UInt32 = 0,
        length: Int? = nil,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        let count = length ?? payload.count
        return [UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
            + [type, flags] + word(stream) + payload
    }

    static func word(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    static func data(
        _ stream: UInt32,
        _ bytes: [UInt8],
        padding: Int? = nil,
        end: Bool = false
    ) -> [UInt8] {
        let flags: UInt8 = (end ? 1 : 0) | (padding == nil ? 0 : 8)
        guard let padding else { return of(0, flags: flags, stream: stream, bytes) }
        let zeros = [UInt8](repeating: 0, count: padding)
        return of(0, flags: flags, stream: stream, [UInt8(padding)] + bytes + zeros)
    }

    static func setting(_ number: UInt16, _ value: UInt32) -> [UInt8] {
        [UInt8(number >> 8), UInt8(number & 0xff)] + word(value)
    }
}

/// What frames say, whatever pieces they came in.
enum Heard: Equatable, Sendable {
    case data(UInt32, [UInt8], flowControlled: Int, end: Bool, empty: Bool)
    case headers(UInt32, [UInt8], end: Bool, emptyFrames: Int, dependsOnItself: Bool)
    case settings(ack: Bool, [UInt8])
    case ping(ack: Bool, UInt64)
    case goAway(UInt32, UInt32, [UInt8])
    case windowUpdate(UInt32, UInt32)
    case reset(UInt32, UInt32)
    case priority(UInt32, dependsOnItself: Bool)
    case unknown(UInt8, UInt32)
    case streamViolation(String, UInt32, UInt32)
    case violation(String, UInt32)
}

/// Feeds a reader as a connection does: what it does not consume is given again with more.
struct FrameFeed {
    var reader: HTTP2FrameReader
    private var held: [UInt8] = []
    private(set) var heard: [Heard] = []
    private(set) var isOver = false
    /// A DATA frame of which more is to come.
    private var isInsideData = false
    /// The most bytes that were held between two calls.
    private(set) var heldMax = 0

    init(_ reader: HTTP2FrameReader = HTTP2FrameReader(startsWithSettings: false)) {
        self.reader = reader
    }

    /// What does not hold for the reader, in words.
    private(set) var broken: String?

    mutating func feed(_ bytes: ArraySlice<UInt8>) {
        if isOver { return }
        held += bytes
        let input = held
        var offset = 0
        while !isOver {
            let before = offset
            do throws(HTTP2Violation) {
                switch try reader.next(in: input.span, from: offset) {
                case .more(let position):
                    if position < before || position > input.count {
                        broken = "more at \(position)"
                    }
                    held.removeFirst(position)
                    heldMax = max(heldMax, held.count)
                    return
                case .data(let piece, let next):
                    take(piece, input)
                    offset = next
                case .headers(let frame, let next):
                    take(frame, input)
                    offset = next
                case .settings(let ack, let payload, let next):
                    heard.append(.settings(ack: ack, Array(input[payload])))
                    offset = next
                case .ping(let ack, let opaque, let next):
                    heard.append(.ping(ack: ack, opaque))
                    offset = next
                case .goAway(let last, let code, let debug, let next):
                    heard.append(.goAway(last, code, Array(input[debug])))
                    offset = next
                case .windowUpdate(let stream, let increment, let next):
                    heard.append(.windowUpdate(stream, increment))
                    offset = next
                case .reset(let stream, let code, let next):
                    heard.append(.reset(stream, code))
                    offset = next
                case .priority(let stream, let dependsOnItself, let next):
                    heard.append(.priority(stream, dependsOnItself: dependsOnItself))
                    offset = next
                case .unknown(let type, let stream, let next):
                    heard.append(.unknown(type, stream))
                    offset = next
                case .streamViolation(let violation, let next):
                    let details = "\(violation.details)"
                    let code = violation.code.rawValue
                    heard.append(.streamViolation(details, code, violation.streamID))
                    offset = next
                }
            } catch {
                heard.append(.violation("\(error.details)", error.code.rawValue))
                if !error.endsConnection { broken = "threw an error of a stream" }
                isOver = true
            }
            if !isOver, offset <= before, offset != 0 || heard.isEmpty {
                broken = "no progress at \(offset)"
                isOver = true
            }
        }
    }

    /// Joins the pieces of a frame.
    private mutating func take(_ piece: HTTP2DataPiece, _ input: [UInt8]) {
        let bytes = Array(input[piece.range])
        if piece.flowControlled < bytes.count { broken = "too little counted" }
        let before = isInsideData ? heard.last : nil
        if case .data(let stream, let so, let flow, _, _) = before {
            if stream != piece.streamID { broken = "another stream within a frame" }
            heard.removeLast()
            let joined = Heard.data(
                stream,
                so + bytes,
                flowControlled: flow + piece.flowControlled,
                end: piece.endStream,
                empty: piece.isEmptyFrame
            )
            heard.append(joined)
        } else {
            heard.append(
                .data(
                    piece.streamID,
                    bytes,
                    flowControlled: piece.flowControlled,
                    end: piece.endStream,
                    empty: piece.isEmptyFrame
                )
            )
        }
        isInsideData = reader.isInsideFrame
    }

    private mutating func take(_ frame: HTTP2HeadersFrame, _ input: [UInt8]) {
        heard.append(
            .headers(
                frame.streamID,
                bytes(of: frame, input),
                end: frame.endStream,
                emptyFrames: frame.emptyFrames,
                dependsOnItself: frame.dependsOnItself
            )
        )
    }

    private func bytes(of frame: HTTP2HeadersFrame, _ input: [UInt8]) -> [UInt8] {
        switch frame.block {
        case .input(let range): Array(input[range])
        case .assembled: reader.assembledBlock
        }
    }
}
