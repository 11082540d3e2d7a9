import Model
import Wire

/// What must hold for any bytes at all, checked by the fuzzer and for each file of its corpus.
///
/// The bytes are read as a request with a body, as a response with a body, as a chunked body and as
/// a path. Nothing may trap, and what would be passed on must read as what was understood.
enum HTTP1Property {
    /// What does not hold, in words; nil where all does.
    static func violation(in bytes: Span<UInt8>) -> String? {
        request(bytes) ?? response(bytes, to: .get) ?? response(bytes, to: .head)
            ?? chunked(bytes) ?? path(bytes)
    }

    // MARK: - Requests

    private static func request(_ bytes: Span<UInt8>) -> String? {
        let limits = HeadLimits(headBytesMax: 4_096, headerCountMax: 20)
        let head = Head()
        let whole = readRequest(bytes, into: head, limits: limits)
        for cut in cuts(bytes) {
            let part = readRequest(bytes.extracting(0..<cut), limits: limits)
            if part != .incomplete && part != whole { return "another verdict at \(cut)" }
        }
        guard case .message(let parsed, _) = whole else { return nil }
        var boundary = HeadBoundary(headBytesMax: limits.headBytesMax)
        if !boundary.isComplete(bytes.extracting(0..<parsed.consumed)) {
            return "the boundary was not found"
        }
        if readRequest(bytes.extracting(0..<(parsed.consumed - 1)), limits: limits) != .incomplete {
            return "complete before its end"
        }
        if head.authority.isEmpty { head.authority = head.append("default.example") }
        HopByHop.strip(head)
        let normal = PathNormalizer.normalize(
            head,
            normalizesPath: true,
            mergesSlashes: true,
            escapedSlashes: .unescapeAndForward
        )
        if normal == .rejected { return nil }
        let expected = Understood(head, framing: parsed.framing)
        let once = written(request: head, framing: parsed.framing)
        let again = Head()
        guard case .message(let reparsed, let message) = readRequest(once.span, into: again) else {
            return "what is passed on is refused"
        }
        if reparsed.consumed != once.count { return "what is passed on has a rest" }
        if message != expected { return "passed on as \(message), understood as \(expected)" }
        HopByHop.strip(again)
        if written(request: again, framing: reparsed.framing) != once {
            return "written differently"
        }
        let body = bytes.extracting(parsed.consumed..<bytes.count)
        return parsed.framing == .chunked ? chunked(body) : nil
    }

    // MARK: - Responses

    private static func response(_ bytes: Span<UInt8>, to method: Method) -> String? {
        let limits = HeadLimits(headBytesMax: 4_096, headerCountMax: 20)
        let head = Head()
        let whole = readResponse(bytes, to: method, into: head, limits: limits)
        for cut in cuts(bytes) {
            let part = readResponse(bytes.extracting(0..<cut), to: method, limits: limits)
            if part != .incomplete && part != whole { return "another verdict at \(cut)" }
        }
        guard case .message(let parsed, _) = whole else { return nil }
        HopByHop.strip(head)
        let expected = Understood(head, framing: parsed.framing)
        let once = written(response: head, framing: parsed.framing, keepsAlive: parsed.keepsAlive)
        let again = Head()
        guard
            case .message(let reparsed, var message) = readResponse(
                once.span,
                to: method,
                into: again
            )
        else { return "what is passed on is refused" }
        if reparsed.consumed != once.count { return "what is passed on has a rest" }
        message.framing = reparsed.framing
        return message == expected ? nil : "passed on as \(message), understood as \(expected)"
    }

    // MARK: - Bodies

    private enum Decoded: Equatable {
        case incomplete(data: [UInt8])
        case refused(HeadFailure, data: [UInt8])
        case ended(data: [UInt8], trailers: [Understood.Field], consumed: Int)
    }

    private static func chunked(_ bytes: Span<UInt8>) -> String? {
        let whole = decode(bytes, step: .max)
        for step in [1, 3] where decode(bytes, step: step) != whole {
            return "another body in pieces of \(step)"
        }
        return nil
    }

    private static func decode(_ bytes: Span<UInt8>, step: Int) -> Decoded {
        var decoder = ChunkedDecoder()
        let trailers = Head()
        var data: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = step < bytes.count - start ? start + step : bytes.count
            let piece = bytes.extracting(start..<end)
            var offset = 0
            while offset < piece.count {
                do throws(HeadFailure) {
                    switch try decoder.next(in: piece, from: offset, trailers: trailers) {
                    case .data(let range):
                        for index in range { data.append(piece[index]) }
                        offset = range.upperBound
                    case .more(let position):
                        offset = position
                    case .end(let position):
                        let fields = Understood(trailers, framing: .none).fields
                        return .ended(data: data, trailers: fields, consumed: start + position)
                    }
                } catch {
                    return .refused(error, data: data)
                }
            }
            start = end
        }
        if decoder.isEnded {
            let fields = Understood(trailers, framing: .none).fields
            return .ended(data: data, trailers: fields, consumed: start)
        }
        return .incomplete(data: data)
    }

    // MARK: - Paths

    private static func path(_ bytes: Span<UInt8>) -> String? {
        let choices: [HTTPConnectionManager.EscapedSlashes] = [.keep, .reject, .unescapeAndForward]
        for slashes in choices {
            for merges in [false, true] {
                let head = Head()
                head.path = head.append(bytes)
                let first = PathNormalizer.normalize(
                    head,
                    normalizesPath: true,
                    mergesSlashes: merges,
                    escapedSlashes: slashes
                )
                if first == .rejected || first == .unchanged { continue }
                let second = PathNormalizer.normalize(
                    head,
                    normalizesPath: true,
                    mergesSlashes: merges,
                    escapedSlashes: slashes
                )
                if second != .unchanged { return "not normal: \(Understood.text(head, head.path))" }
            }
        }
        return nil
    }

    /// Every offset of short inputs, some of long ones.
    private static func cuts(_ bytes: Span<UInt8>) -> StrideTo<Int> {
        stride(from: 0, to: bytes.count, by: 1 + bytes.count / 16)
    }
}
