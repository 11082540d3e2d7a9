import Model

extension AccessLogFormat {
    /// The names of gRPC's status codes, by their number.
    private static let statusNames: [(camel: StaticString, snake: StaticString)] = [
        ("OK", "OK"), ("Canceled", "CANCELLED"), ("Unknown", "UNKNOWN"),
        ("InvalidArgument", "INVALID_ARGUMENT"), ("DeadlineExceeded", "DEADLINE_EXCEEDED"),
        ("NotFound", "NOT_FOUND"), ("AlreadyExists", "ALREADY_EXISTS"),
        ("PermissionDenied", "PERMISSION_DENIED"), ("ResourceExhausted", "RESOURCE_EXHAUSTED"),
        ("FailedPrecondition", "FAILED_PRECONDITION"), ("Aborted", "ABORTED"),
        ("OutOfRange", "OUT_OF_RANGE"), ("Unimplemented", "UNIMPLEMENTED"),
        ("Internal", "INTERNAL"), ("Unavailable", "UNAVAILABLE"), ("DataLoss", "DATA_LOSS"),
        ("Unauthenticated", "UNAUTHENTICATED"),
    ]

    /// `grpc-status` of the trailers, or of the head where the response has no more than that.
    func renderGRPCStatus(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        var number = record.responseTrailers.flatMap(Self.status)
        if number == nil { number = record.response.flatMap(Self.status) }
        guard let number else { return line.appendAbsent(step.style) }
        guard step.code == .grpcStatus, step.a < 2, number < Self.statusNames.count else {
            return line.append(decimal: UInt64(number))
        }
        let names = Self.statusNames[number]
        line.append(step.a == 0 ? names.camel : names.snake, step.style)
    }

    private static func status(_ head: Head) -> Int? {
        guard let slice = head.first(.grpcStatus) else { return nil }
        return head.span(slice).decimal(limit: 1 << 30)
    }
}
