import Model
import Policy
import Telemetry

/// The text of a local reply before anything frames it.
enum LocalText {
    /// What decided, in words; alone it is a line.
    case words(String)
    /// What the configuration says.
    case bytes([UInt8])
}

/// What becomes of a local reply's text: mapped and formatted by `local_reply_config`, and put
/// into `grpc-message` for a client that reads nothing else.
extension Exchange {
    /// The body as it is sent; sets the headers that describe it.
    func finishedBody(_ text: LocalText) -> [UInt8] {
        var body: [UInt8]
        var isAlone = false
        switch text {
        case .words(let words):
            body = Array(words.utf8)
            isAlone = true
        case .bytes(let bytes):
            body = bytes
        }
        var frame = LocalReplyFrame()
        if let replies = hcm?.localReplies {
            frame = rewrite(&body, replies)
            if frame.isChanged { isAlone = false }
        }
        if request.isGRPC, extras?.web == nil {
            if frame.isJSON, body.last == 0x0a { body.removeLast() }
            becomeGRPC(body)
            return []
        }
        if body.isEmpty {
            response.remove(.contentType)
            return body
        }
        if isAlone { body.append(0x0a) }
        if !response.has(.contentType) || frame.isChanged && !frame.keepsContentType {
            if let type = frame.contentType {
                let bytes = type.bytes
                response.set(.contentType, response.append(bytes.span))
            } else {
                response.set(.contentType, response.append("text/plain"))
            }
        }
        return body
    }

    /// The exchange as a format of local replies sees it.
    func describe(status: UInt16, body: [UInt8]) -> ExchangeRecord {
        var record = describe()
        record.responseCode = status
        record.localReplyBody = body
        return record
    }

    /// What the first mapper that fits says, in Envoy's order: the text, the headers with the status
    /// that was, the status, and the format with the status that is.
    private func rewrite(_ body: inout [UInt8], _ replies: LocalReplies) -> LocalReplyFrame {
        let original = body
        var frame = LocalReplyFrame()
        var format = replies.format
        if !replies.mappers.isEmpty {
            let record = describe(status: response.status, body: body)
            let mapper = replies.mappers.first {
                $0.filter.matches(record) { worker.random.next() }
            }
            if let mapper {
                if let text = mapper.body { body = text }
                if !mapper.headers.isEmpty {
                    let type = contentType
                    mapper.headers.apply(to: response) {
                        describe(status: response.status, body: body)
                    }
                    frame.keepsContentType = contentType != type
                }
                if let status = mapper.status { response.status = status }
                if let own = mapper.format { format = own }
            }
        }
        if let format {
            body = format.format.body(of: describe(status: response.status, body: body))
            frame.contentType = format.contentType
            frame.isJSON = format.isJSON
        }
        frame.isChanged = body != original
        return frame
    }

    private var contentType: ByteString? {
        let head = response
        guard let slice = head.first(.contentType) else { return nil }
        let value = head.span(slice)
        return ByteString(copying: value)
    }

    /// A response of headers alone, as gRPC has it where there is no message.
    private func becomeGRPC(_ message: [UInt8]) {
        if response.first(.grpcStatus)?.isEmpty ?? true {
            // The limit of a whole exchange is the deadline that gRPC has a status for.
            let code =
                details.equals("max_duration_timeout")
                ? GRPCStatus.deadlineExceeded : GRPCStatus.code(forHTTP: response.status)
            response.set(.grpcStatus, response.append(decimal: code))
        }
        response.status = 200
        response.set(.contentType, response.append("application/grpc"))
        if !message.isEmpty, request.method != .head {
            response.set(.grpcMessage, GRPCStatus.appendMessage(message.span, to: response))
        }
    }
}

extension StaticString {
    /// Equality of texts of the program, wherever each of them stands.
    func equals(_ other: StaticString) -> Bool {
        guard utf8CodeUnitCount == other.utf8CodeUnitCount else { return false }
        for index in 0..<utf8CodeUnitCount
        where unsafe utf8Start[index] != other.utf8Start[index] { return false }
        return true
    }
}

/// How the text of a local reply was framed.
private struct LocalReplyFrame {
    /// The body is another one now.
    var isChanged = false
    /// Of the format; nil: a plain text.
    var contentType: ByteString?
    var isJSON = false
    /// A mapper has set `content-type` itself.
    var keepsContentType = false
}
