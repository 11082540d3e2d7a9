import Model
import Testing
import Wire

@Suite("Hop-by-hop fields")
struct HopByHopTests {
    /// The names that are left of a request with these lines.
    private func left(_ lines: [String]) -> [String] {
        let bytes = (["GET / HTTP/1.1", "Host: a.example"] + lines + ["", ""])
            .joined(separator: "\r\n").latin1
        let head = Head()
        guard case .message = readRequest(bytes.span, into: head) else { return ["refused"] }
        HopByHop.strip(head)
        return (0..<head.fieldCount).map { head.field(at: $0) }.filter { !$0.isRemoved }
            .map { Understood.text(head, $0.name) }
    }

    @Test(
        "Connection fields go, others stay",
        arguments: [
            (["Connection: close"], ["Host"]),
            (["Keep-Alive: timeout=5", "X: y"], ["Host", "X"]),
            (["Proxy-Connection: keep-alive"], ["Host"]),
            (
                ["Upgrade: h2c", "HTTP2-Settings: AA", "Connection: upgrade, http2-settings"],
                ["Host"]
            ),
            (["Transfer-Encoding: chunked"], ["Host"]),
            (["Trailer: X"], ["Host", "Trailer"]),
            (["TE: trailers"], ["Host", "TE"]),
            (["TE: Trailers", "Connection: te"], ["Host", "TE"]),
            (["TE: trailers, deflate"], ["Host"]),
            (["TE: gzip"], ["Host"]),
            (["TE:"], ["Host"]),
            (["TE: trailers", "TE: gzip"], ["Host"]),
            (["TE: gzip", "TE: trailers"], ["Host"]),
            (["Connection: X-Custom", "X-Custom: a", "Y: b"], ["Host", "Y"]),
            (["Connection: x-custom", "X-CUSTOM: a", "X-Custom: b"], ["Host"]),
            (
                ["Connection: a, b", "Connection: c", "A: 1", "B: 1", "C: 1", "D: 1"],
                ["Host", "D"]
            ),
            (["X-Early: a", "Connection: x-early"], ["Host"]),
            (["Connection: user-agent", "User-Agent: a"], ["Host"]),
        ]
    )
    func strip(lines: [String], names: [String]) {
        #expect(left(lines) == names)
    }

    @Test(
        "A nomination can't strip what decides about security",
        arguments: [
            "Host", "Content-Length", "Content-Type", "Authorization", "Cookie", "Set-Cookie",
            "Forwarded",
            "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
            "X-Forwarded-Client-Cert",
            "X-Envoy-Internal", "X-Envoy-External-Address", "X-Request-Id", "X-Real-IP",
            "X-Pillion-Reason",
            "Traceparent", "X-B3-TraceId", "Origin", "Proxy-Authorization",
            "Strict-Transport-Security",
            "Access-Control-Allow-Origin", "X-Auth-User", "x-API-key", "Sec-Fetch-Site",
        ]
    )
    func protected(name: String) {
        let lines = ["Connection: close, \(name.lowercased())"]
        if name == "Host" {
            #expect(left(lines) == ["Host"])
        } else {
            #expect(left(lines + ["\(name): 1"]) == ["Host", name])
        }
    }
}
