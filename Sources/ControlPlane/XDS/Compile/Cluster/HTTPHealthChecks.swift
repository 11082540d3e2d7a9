internal import Document
internal import FoundationEssentials
internal import Model
internal import SwiftProtobuf

/// What a health check sends, and which answer is a success.
extension Compilation {
    private typealias Payload = Envoy_Config_Core_V3_HealthCheck.Payload

    /// The longest body of a check that is sent or waited for.
    private static let payloadBytesMax = 64 * 1024
    /// The most that is read of an answer's body.
    private static let bufferBytesMax: UInt64 = 16 << 20

    func httpCheck(
        _ check: Envoy_Config_Core_V3_HealthCheck.HttpHealthCheck,
        _ path: FieldPath
    ) -> HealthCheckConfiguration.HTTP? {
        guard let target = target(check.path, path["path"]) else { return nil }
        var compiled = HealthCheckConfiguration.HTTP(path: target)
        if headText(check.host, path["host"], inRequestLine: true) != nil {
            compiled.host = check.host
        }
        compiled.method = method(check, path["method"])
        compiled.headersToAdd = headers(check, path)
        compiled.expectedStatuses = statuses(check.expectedStatuses, path["expected_statuses"])
        compiled.retriableStatuses = statuses(check.retriableStatuses, path["retriable_statuses"])
        warnOfBoth(compiled, path["retriable_statuses"])
        if check.hasResponseBufferSize {
            let size = check.responseBufferSize.value
            if size > Self.bufferBytesMax {
                refuse(
                    path["response_buffer_size"],
                    "\(size) bytes are too many",
                    "give at most \(Self.bufferBytesMax)"
                )
            }
            // 0 means all of the body, which still has an end.
            compiled.responseBufferBytes =
                size == 0 ? Int(Self.bufferBytesMax) : Int(min(size, Self.bufferBytesMax))
        }
        compiled.expectedBody = check.receive.enumerated().compactMap { index, expected in
            payload(expected, path["receive"][index])
        }
        let length = compiled.expectedBody.reduce(0) { $0 + $1.count }
        if length > compiled.responseBufferBytes {
            refuse(
                path["receive"],
                "has \(length) bytes, but only \(compiled.responseBufferBytes) are looked at",
                "make response_buffer_size larger"
            )
        }
        if check.hasServiceNameMatcher {
            compiled.serviceName = stringMatcher(
                check.serviceNameMatcher,
                path["service_name_matcher"]
            )
        }
        if check.hasSend {
            compiled.sentBody = payload(check.send, path["send"]) ?? []
            if ![.post, .put, .patch, .options].contains(compiled.method) {
                refuse(
                    path["send"],
                    "a request with this method carries no body",
                    "write method: POST, PUT, PATCH or OPTIONS"
                )
            }
        }
        return compiled
    }

    func tcpCheck(
        _ check: Envoy_Config_Core_V3_HealthCheck.TcpHealthCheck,
        _ path: FieldPath
    ) -> HealthCheckConfiguration.Kind {
        .tcp(
            send: check.hasSend ? payload(check.send, path["send"]) ?? [] : [],
            receive: check.receive.enumerated().compactMap { index, expected in
                payload(expected, path["receive"][index])
            }
        )
    }

    private func target(_ text: String, _ path: FieldPath) -> ByteString? {
        if text.isEmpty {
            refuse(path, "is empty", "give the path that tells health, for example /healthz")
            return nil
        }
        if !text.hasPrefix("/") {
            warn(path, "\(quoted(text)) begins with no slash", "write \(quoted("/" + text))")
        }
        if text.utf8.contains(UInt8(ascii: "#")) {
            refuse(path, "a request has no fragment", "leave out what follows #")
            return nil
        }
        return headText(text, path, inRequestLine: true)
    }

    private func method(
        _ check: Envoy_Config_Core_V3_HealthCheck.HttpHealthCheck,
        _ path: FieldPath
    ) -> Method {
        switch known(check.method, path) {
        case .head: return .head
        case .post: return .post
        case .put: return .put
        case .delete: return .delete
        case .options: return .options
        case .trace: return .trace
        case .patch: return .patch
        case .connect:
            refuse(path, "CONNECT opens a tunnel and tells no health", "write GET or HEAD")
            return .get
        default: return .get
        }
    }

    private func statuses(
        _ ranges: [Envoy_Type_V3_Int64Range],
        _ path: FieldPath
    ) -> [Range<Int>] {
        ranges.enumerated().compactMap { index, range in
            if range.start >= range.end {
                refuse(
                    path[index],
                    "\(range.start) to \(range.end) holds no status",
                    "the end is not part of the range: {start: 200, end: 201} is 200"
                )
                return nil
            }
            if range.start < 100 || range.end > 600 {
                refuse(
                    path[index],
                    "\(range.start) to \(range.end) holds numbers that are no status",
                    "statuses are 100 to 599; the end is not part of the range"
                )
                return nil
            }
            return Int(range.start)..<Int(range.end)
        }
    }

    /// A status that is expected is a success, so that it is never retriable.
    private func warnOfBoth(_ compiled: HealthCheckConfiguration.HTTP, _ path: FieldPath) {
        let expected = compiled.expectedStatuses.isEmpty ? [200..<201] : compiled.expectedStatuses
        for (index, range) in compiled.retriableStatuses.enumerated()
        where expected.contains(where: { $0.overlaps(range) }) {
            warn(
                path[index],
                "holds a status that is expected, which is a success",
                "leave it out of one of the two"
            )
        }
    }

    private func payload(
        _ payload: Envoy_Config_Core_V3_HealthCheck.Payload,
        _ path: FieldPath
    ) -> [UInt8]? {
        let bytes: [UInt8]
        let place: FieldPath
        switch payload.payload {
        case .text(let text):
            place = path["text"]
            guard let decoded = hexadecimal(text, place) else { return nil }
            bytes = decoded
        case .binary(let data):
            place = path["binary"]
            bytes = Array(data)
        case nil:
            refuse(path, "holds no bytes", "give text: in hexadecimal, for example \"50494e47\"")
            return nil
        }
        if bytes.isEmpty {
            refuse(place, "is empty", "leave the whole entry out")
            return nil
        }
        if bytes.count > Self.payloadBytesMax {
            refuse(
                place,
                "has \(bytes.count) bytes",
                "at most \(Self.payloadBytesMax) are allowed here"
            )
            return nil
        }
        return bytes
    }

    private func hexadecimal(_ text: String, _ path: FieldPath) -> [UInt8]? {
        let digits = Array(text.utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else {
                let spelled = text.utf8.prefix(8).map { byte in
                    (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }
                refuse(
                    path,
                    "\(quoted(text)) is not hexadecimal",
                    "text begins with \"\(spelled.joined())\" in hexadecimal, if it is meant so"
                )
                return nil
            }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        if high != nil {
            refuse(
                path,
                "has an odd number of digits",
                "a byte is two digits of hexadecimal"
            )
            return nil
        }
        return bytes
    }
}
