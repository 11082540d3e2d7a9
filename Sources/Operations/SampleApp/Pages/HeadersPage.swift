import Proxy

/// Headers of the response by parameters of the request, checked before they are sent.
extension SampleApplication {
    private static let headerCountMax = 64
    /// What decides where the response ends, which is the server's business.
    private static let framingNames = ["connection", "content-length", "transfer-encoding"]

    /// `/headers?name=value`: every parameter becomes a header of the response.
    func withHeaders(_ request: LocalRequest) throws(ParameterFailure) -> LocalResponse {
        guard request.query.count <= Self.headerCountMax else {
            throw ParameterFailure(
                explanation: "more than \(Self.headerCountMax) headers are too many."
            )
        }
        var response = echo(request)
        for (name, value) in request.query {
            try Self.check(name, value)
            if name.lowercased() == "content-type" {
                response.contentType = value
            } else {
                response.headers.append((name, value))
            }
        }
        return response
    }

    /// RFC 9110 section 5.6.2 and 5.5: a token, and a value without control characters.
    private static func check(_ name: String, _ value: String) throws(ParameterFailure) {
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
            throw ParameterFailure(
                explanation: "'\(printable(name))' is not a header name: letters, digits and "
                    + "!#$%&'*+-.^_`|~ are."
            )
        }
        if framingNames.contains(name.lowercased()) {
            throw ParameterFailure(
                explanation: "\(name) is set by the server itself; use /close to close."
            )
        }
        guard value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }) else {
            throw ParameterFailure(
                explanation: "the value of \(name) has control characters; printable ones work."
            )
        }
    }

    private static func printable(_ text: String) -> String {
        let bytes = text.utf8.map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "_") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: Array("!#$%&'*+-.^_`|~".utf8).contains(byte)
        }
    }
}
