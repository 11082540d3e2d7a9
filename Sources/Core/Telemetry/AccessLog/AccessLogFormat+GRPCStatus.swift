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

    /// The status of the call; absent where the request was none.
    func renderGRPCStatus(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        guard record.isGRPC, let number = record.grpcStatus else {
            return line.appendAbsent(step.style)
        }
        let isNamed = step.code == .grpcStatus && step.a < 2
        guard isNamed, Self.statusNames.indices.contains(number) else {
            // As text it is the number in place of a name: a string, as in Envoy.
            let isString = isNamed && step.style == .jsonValue
            if isString { line.append(byte: 0x22) }
            line.append(decimal: Int64(number))
            if isString { line.append(byte: 0x22) }
            return
        }
        let names = Self.statusNames[number]
        line.append(step.a == 0 ? names.camel : names.snake, step.style)
    }
}
