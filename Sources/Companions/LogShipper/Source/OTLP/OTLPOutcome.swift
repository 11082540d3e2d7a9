import CompanionKit

/// What a request comes to, whatever it travels in.
enum OTLPOutcome: Equatable {
    /// Its records are in the sinks' buffers, but for some that can't be used.
    case taken(rejected: Int, reason: String)
    /// It can't be read: the same again would fare no better.
    case unreadable(String)
    case tooLarge(String)
    /// A content type or an encoding that is not known.
    case unsupported(String)
    /// There is no such path or method.
    case unknown(String)
    /// Not now.
    case busy(String)

    /// Seconds after which a peer that was sent away may come again.
    static let retrySeconds: UInt64 = 1

    var words: String {
        switch self {
        case .taken(_, let reason): reason
        case .unreadable(let words), .tooLarge(let words), .unsupported(let words),
            .unknown(let words), .busy(let words):
            words
        }
    }

    /// The status of gRPC.
    var callStatus: GRPCStatus.Code {
        switch self {
        case .taken: .ok
        case .unreadable: .invalidArgument
        case .tooLarge: .resourceExhausted
        case .unsupported, .unknown: .unimplemented
        case .busy: .unavailable
        }
    }

    /// The status of HTTP.
    var status: UInt16 {
        switch self {
        case .taken: 200
        case .unreadable: 400
        case .tooLarge: 413
        case .unsupported: 415
        case .unknown: 404
        case .busy: 503
        }
    }

    // MARK: - Bodies

    /// `ExportLogsServiceResponse`, or `google.rpc.Status` for what was not taken.
    func protobuf() -> [UInt8] {
        guard case .taken(let rejected, let reason) = self else { return statusMessage() }
        var out: [UInt8] = []
        guard rejected > 0 else { return out }
        let start = ProtobufWriter.begin(1, &out)
        ProtobufWriter.append(1, varint: UInt64(rejected), &out)
        let text = Array(reason.utf8)
        ProtobufWriter.append(2, text: text.span, &out)
        ProtobufWriter.end(start, &out)
        return out
    }

    /// The same as JSON.
    func json() -> [UInt8] {
        var out: [UInt8] = []
        guard case .taken(let rejected, let reason) = self else {
            JSONWriter.append("{\"code\":\(callStatus.rawValue),\"message\":", &out)
            JSONWriter.appendString(words, &out)
            out.append(0x7d)
            return out
        }
        guard rejected > 0 else { return Array("{}".utf8) }
        JSONWriter.append(
            "{\"partialSuccess\":{\"rejectedLogRecords\":\"\(rejected)\",\"errorMessage\":",
            &out
        )
        JSONWriter.appendString(reason, &out)
        JSONWriter.append("}}", &out)
        return out
    }

    /// `google.rpc.Status`; one that says when to come again has a `RetryInfo`.
    func statusMessage() -> [UInt8] {
        var out: [UInt8] = []
        ProtobufWriter.append(1, varint: UInt64(callStatus.rawValue), &out)
        let text = Array(words.utf8)
        ProtobufWriter.append(2, text: text.span, &out)
        guard case .busy = self else { return out }
        let any = ProtobufWriter.begin(3, &out)
        let type = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)
        ProtobufWriter.append(1, bytes: type.span, &out)
        let info = ProtobufWriter.begin(2, &out)
        let duration = ProtobufWriter.begin(1, &out)
        ProtobufWriter.append(1, varint: Self.retrySeconds, &out)
        ProtobufWriter.end(duration, &out)
        ProtobufWriter.end(info, &out)
        ProtobufWriter.end(any, &out)
        return out
    }
}
