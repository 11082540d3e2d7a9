/// What an exchange says in gRPC's words.
extension ExchangeRecord {
    /// The request's `content-type` is gRPC's.
    package var isGRPC: Bool {
        guard let request, let slice = request.first(.contentType) else { return false }
        let name: StaticString = "application/grpc"
        let given = request.span(slice)
        let count = name.utf8CodeUnitCount
        guard given.count >= count else { return false }
        for index in 0..<count {
            let wanted = unsafe name.utf8Start[index]
            if given[index] != wanted { return false }
        }
        return given.count == count || given[count] == 0x2b
    }

    /// The status of the call: that of the trailers, else of the response's head, else what the
    /// HTTP status stands for; nil where there was no response.
    ///
    /// -1 where `grpc-status` is no number. Numbers that gRPC does not know are possible.
    package var grpcStatus: Int? {
        if let status = responseTrailers.flatMap(Self.grpcStatus(of:)) { return status }
        if let status = response.flatMap(Self.grpcStatus(of:)) { return status }
        return responseCode == 0 ? nil : Self.grpcStatus(ofHTTP: responseCode)
    }

    private static func grpcStatus(of head: Head) -> Int? {
        guard let slice = head.first(.grpcStatus), !slice.isEmpty else { return nil }
        return head.span(slice).decimal(limit: 1 << 32) ?? -1
    }

    /// As gRPC's mapping of HTTP statuses has it.
    private static func grpcStatus(ofHTTP status: UInt16) -> Int {
        switch status {
        case 400: 13
        case 401: 16
        case 403: 7
        case 404: 12
        case 429, 502, 503, 504: 14
        default: 2
        }
    }
}
