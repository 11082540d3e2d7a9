import Model
import Proxy

/// The answer to every path that asks for nothing else.
extension SampleApplication {
    private static let bodyBytesMax: UInt64 = 64 * 1024

    /// What was received, as JSON.
    func echo(_ request: LocalRequest, status: UInt16 = 200) -> LocalResponse {
        var text = EchoText()
        text.add("label", label)
        text.add("instance", UInt64(clamping: instance))
        text.add("method", request.method)
        text.add("path", request.path)
        text.add("query", Self.joined(request.query))
        text.add(
            "headers",
            Self.joined(request.headers.map { ($0.name.lowercased(), $0.value) })
        )
        if request.bodyCount <= Self.bodyBytesMax, request.body.count == request.bodyCount,
            let body = String(validating: request.body, as: UTF8.self)
        {
            text.add("body", body)
        }
        text.add("body_bytes", request.bodyCount)
        text.add("remote", request.peer.description)
        text.add("http_version", "HTTP/1.\(request.minorVersion)")
        text.add("request_number", requestCount)
        var response = LocalResponse(status, contentType: "application/json")
        // These two have no body (RFC 9110 sections 15.3.5 and 15.3.6).
        response.body = .bytes(status == 204 || status == 205 ? [] : text.finished())
        return response
    }

    /// Values of the same name in one, as RFC 9110 section 5.3 joins field lines: a JSON object
    /// has each name once.
    private static func joined(
        _ pairs: [(name: String, value: String)]
    ) -> [(name: String, value: String)] {
        var order: [[UInt8]] = []
        var values: [[UInt8]: (name: String, value: String)] = [:]
        for (name, value) in pairs {
            // As bytes: two names that Swift's `String` equates are two names here.
            let key = Array(name.utf8)
            if let known = values[key] {
                values[key] = (name, "\(known.value), \(value)")
            } else {
                order.append(key)
                values[key] = (name, value)
            }
        }
        return order.compactMap { values[$0] }
    }
}
