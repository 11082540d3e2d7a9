import Proxy

/// Pages whose answer the path and the query say.
extension SampleApplication {
    /// `/status/503`, `/delay/100ms`, or both in one path in either order.
    func scripted(
        _ request: LocalRequest,
        _ segments: [String]
    ) throws(ParameterFailure) -> LocalResponse {
        var status: UInt16 = 200
        var delay: Int64 = 0
        var rest = segments[...]
        while let word = rest.popFirst() {
            let value = rest.popFirst() ?? ""
            switch word {
            case "status": status = try Parameters.status(value)
            case "delay": delay = try Parameters.milliseconds(value, "the delay")
            default:
                throw ParameterFailure(
                    explanation: "'\(word)' may not follow here: a path is made of /status/CODE "
                        + "and /delay/DURATION."
                )
            }
        }
        if let text = request.parameter("times") {
            let times = UInt32(try Parameters.number(text, "times", in: 1...1_000_000))
            let series = "\(status) \(times) \(request.parameter("key") ?? "")"
            if !failures.isAmongFirst(times, of: series) { status = 200 }
        }
        var response = echo(request, status: status)
        response.delayMilliseconds = delay
        return response
    }

    /// `/fail?every=3&status=503`: every third request to it fails.
    func failing(_ request: LocalRequest) throws(ParameterFailure) -> LocalResponse {
        let every = try Parameters.number(
            request.parameter("every") ?? "1",
            "every",
            in: 1...1_000_000
        )
        let status = try Parameters.status(request.parameter("status") ?? "503")
        guard failures.isNth(every) else { return echo(request) }
        let which = every == 1 ? "every request" : "every \(Self.ordinal(every)) request"
        return LocalResponse(status, "\(which) to this page fails with \(status).\n")
    }

    private static func ordinal(_ number: UInt64) -> String {
        if (11...13).contains(number % 100) { return "\(number)th" }
        return switch number % 10 {
        case 1: "\(number)st"
        case 2: "\(number)nd"
        case 3: "\(number)rd"
        default: "\(number)th"
        }
    }

    /// `/bytes/1m`: so many bytes, made as they are sent.
    func generated(
        _ request: LocalRequest,
        _ segments: [String]
    ) throws(ParameterFailure) -> LocalResponse {
        let size = segments.count > 1 ? segments[1] : ""
        var response = LocalResponse(200, contentType: "application/octet-stream")
        response.body = .generated(try Parameters.byteCount(size, "the size"))
        return response
    }

    /// `/slow?pieces=10&pause=200ms`: a chunk, a pause, a chunk.
    func slow(_ request: LocalRequest) throws(ParameterFailure) -> LocalResponse {
        let count = try Parameters.number(
            request.parameter("pieces") ?? "10",
            "pieces",
            in: 1...1000
        )
        let pause = try Parameters.milliseconds(request.parameter("pause") ?? "200ms", "pause")
        var response = LocalResponse(200)
        // The body of a response to HEAD is never sent, so it needs no pace.
        if request.method == "HEAD" { return response }
        let pieces = (1...count).map { Array("piece \($0) of \(count)\n".utf8) }
        response.body = .paced(pieces: pieces, milliseconds: pause)
        return response
    }
}
