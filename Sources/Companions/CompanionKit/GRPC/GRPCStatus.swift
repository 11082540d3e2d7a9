/// How a gRPC call ended.
package struct GRPCStatus: Sendable, Equatable {
    /// The numbers that gRPC has for it; others count as unknown.
    package enum Code: Int, Sendable {
        case ok = 0
        case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists
        case permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange
        case unimplemented, `internal`, unavailable, dataLoss, unauthenticated
    }

    package var code: Code
    /// What the peer says, percent-decoded.
    package var message: String

    package init(_ code: Code, _ message: String = "") {
        self.code = code
        self.message = message
    }

    /// What a status of HTTP stands for, where there is no other.
    package init(httpStatus: Int) {
        let code: Code =
            switch httpStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        self.init(code, "HTTP \(httpStatus)")
    }

    /// `14 unavailable: no healthy upstream`.
    package var words: String {
        let name = "gRPC status \(code.rawValue) (\(code))"
        return message.isEmpty ? name : "\(name): \(message)"
    }
}

/// The answer to a unary call.
package struct GRPCAnswer: Sendable, Equatable {
    package var status: GRPCStatus
    /// The message; empty where there is none.
    package var message: [UInt8]
    /// `RetryInfo` and its like, as it came: base64 of a `google.rpc.Status`.
    package var details: String?
    /// The server itself said the status; it was not concluded from what is no gRPC.
    package var isFromPeer: Bool

    package init(
        status: GRPCStatus,
        message: [UInt8] = [],
        details: String? = nil,
        isFromPeer: Bool = true
    ) {
        self.isFromPeer = isFromPeer
        self.status = status
        self.message = message
        self.details = details
    }
}
