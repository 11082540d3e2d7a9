import Model
import SampleApp
import Testing

@testable import Proxy

/// The sample application, asked directly.
struct SampleApplicationTests {
    let app = SampleApplication(label: "v2", instance: 3)

    func send(
        _ target: String,
        method: String = "GET",
        body: [UInt8] = [],
        bodyCount: UInt64? = nil,
        headers: [(name: String, value: String)] = [],
        minorVersion: UInt8 = 1
    ) -> LocalResponse {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map {
            let sides = $0.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: sides[0], value: sides.count > 1 ? sides[1] : "")
        }
        return app.handle(
            LocalRequest(
                method: method,
                path: parts[0],
                query: query,
                headers: headers,
                body: body,
                bodyCount: bodyCount ?? UInt64(body.count),
                peer: .ipv4(0x7f00_0001, port: 4711),
                minorVersion: minorVersion
            )
        )
    }

    func text(_ response: LocalResponse) -> String {
        if case .bytes(let bytes) = response.body {
            String(decoding: bytes, as: UTF8.self)
        } else {
            ""
        }
    }

    func json(_ response: LocalResponse) throws -> JSON { try JSON(text(response)) }

    @Test func anyPathEchoesTheRequest() throws {
        let response = send(
            "/a/b?x=1&y=%&x=2&z",
            method: "PUT",
            body: Array("hi \"there\"\n\u{1}".utf8),
            headers: [("Host", "app"), ("X-Tag", "a"), ("x-tag", "b")],
            minorVersion: 0
        )
        #expect(response.status == 200)
        #expect(response.contentType == "application/json")
        let echo = try json(response)
        #expect(echo["label"]?.string == "v2")
        #expect(echo["instance"]?.number == 3)
        #expect(echo["method"]?.string == "PUT")
        #expect(echo["path"]?.string == "/a/b")
        #expect(
            echo["query"] == .object(["x": .string("1, 2"), "y": .string("%"), "z": .string("")])
        )
        #expect(echo["headers"] == .object(["host": .string("app"), "x-tag": .string("a, b")]))
        #expect(echo["body"]?.string == "hi \"there\"\n\u{1}")
        #expect(echo["body_bytes"]?.number == 12)
        #expect(echo["remote"]?.string == "127.0.0.1:4711")
        #expect(echo["http_version"]?.string == "HTTP/1.0")
        #expect(echo["request_number"]?.number == 1)
        #expect(try json(send("/"))["request_number"]?.number == 2)
    }

    @Test func namesThatAreNoTextOfOneAnotherStayApart() throws {
        // Canonically equivalent, and different bytes.
        let echo = text(send("/?\u{e9}=1&e\u{301}=2"))
        #expect(echo.contains("\"\u{e9}\": \"1\"") && echo.contains("\"2\""))
        #expect(!echo.contains("1, 2"))
    }

    @Test func aBodyThatIsNoTextOrTooLargeIsLeftOut() throws {
        let invalid = try json(send("/", method: "POST", body: [0x68, 0xff]))
        #expect(invalid["body"] == nil)
        #expect(invalid["body_bytes"]?.number == 2)
        let largest = [UInt8](repeating: 0x61, count: 64 * 1024)
        #expect(try json(send("/", body: largest))["body"]?.string?.utf8.count == 64 * 1024)
        #expect(try json(send("/", body: largest + [0x61]))["body"] == nil)
        let cut = try json(send("/", body: [0x61], bodyCount: 5_000_000_000))
        #expect(cut["body"] == nil)
        #expect(cut["body_bytes"]?.number == 5_000_000_000)
    }

    @Test(arguments: ["/", "/status/503", "/status/x", "/bytes/1", "/reset", "/slow", "/health"])
    func everyResponseSaysWhoAnswered(target: String) {
        let response = send(target)
        #expect(response.headers.contains { $0 == ("x-app-label", "v2") })
        #expect(response.headers.contains { $0 == ("x-app-instance", "3") })
    }

    @Test(arguments: [
        ("/status/503", 503, 0), ("/status/204", 204, 0), ("/delay/100ms", 200, 100),
        ("/delay/2s", 200, 2000), ("/delay/10m", 200, 600_000), ("/delay/7", 200, 7),
        ("/delay/100ms/status/200", 200, 100), ("/status/404/delay/1s", 404, 1000),
        ("/status/599/", 599, 0),
    ])
    func thePathScriptsTheAnswer(target: String, status: Int, delay: Int) {
        let response = send(target)
        #expect(Int(response.status) == status)
        #expect(Int(response.delayMilliseconds) == delay)
    }

    @Test(arguments: [
        "/status", "/status/", "/status/x", "/status/199", "/status/600", "/status/+200",
        "/status/99999999999999999999", "/delay", "/delay/-1s", "/delay/1h", "/delay/11m",
        "/delay/600001", "/delay/ms", "/delay/99999999999999999999s", "/delay/1s/x",
        "/status/503?times=0", "/status/503?times=x", "/fail?every=0", "/fail?every=-3",
        "/fail?status=100", "/bytes", "/bytes/", "/bytes/x", "/bytes/11g", "/bytes/-1",
        "/bytes/18446744073709551615g", "/bytes/10737418241", "/slow?pieces=0",
        "/slow?pieces=1001", "/slow?pause=1y", "/headers?a b=c", "/headers?(=1",
        "/headers?Content-Length=3", "/headers?transfer-encoding=chunked",
        "/headers?connection=close", "/headers?x=a\r\nb:c",
    ])
    func aBadParameterIsRefusedInWords(target: String) {
        let response = send(target)
        #expect(response.status == 400)
        #expect(text(response).hasSuffix(".\n") && text(response).count > 20, "\(text(response))")
    }

    @Test(arguments: [("204", true), ("205", true), ("304", false), ("200", false)])
    func aStatusWithoutContentHasNoBody(status: String, isEmpty: Bool) {
        #expect(text(send("/status/\(status)")).isEmpty == isEmpty)
    }

    @Test func everyThirdRequestFails() {
        let statuses = (1...9).map { _ in Int(send("/fail?every=3").status) }
        #expect(statuses == [200, 200, 503, 200, 200, 503, 200, 200, 503])
        #expect(text(send("/fail?every=1&status=500")).contains("fails with 500"))
    }

    @Test func theFirstTimesFailAndThenOneSucceeds() {
        let statuses = (1...6).map { _ in Int(send("/status/503?times=2").status) }
        #expect(statuses == [503, 503, 200, 503, 503, 200])
    }

    @Test func seriesWithDifferentKeysDoNotDisturbEachOther() {
        #expect(send("/status/503?times=1&key=a").status == 503)
        #expect(send("/status/503?times=1&key=b").status == 503)
        #expect(send("/status/503?times=1&key=a").status == 200)
        for key in 0..<3000 { #expect(send("/status/503?times=1&key=\(key)").status == 503) }
    }

    @Test(arguments: [
        ("/bytes/0", 0), ("/bytes/1000", 1000), ("/bytes/64k", 65_536), ("/bytes/1m", 1_048_576),
        ("/bytes/10G", 10_737_418_240),
    ])
    func bytesAreMadeToSize(target: String, count: UInt64) {
        let response = send(target)
        #expect(response.contentType == "application/octet-stream")
        guard case .generated(let made) = response.body else {
            Issue.record("not generated")
            return
        }
        #expect(made == count)
    }

    @Test func slowComesInPieces() {
        guard case .paced(let pieces, let pause) = send("/slow?pieces=3&pause=50ms").body else {
            Issue.record("not paced")
            return
        }
        #expect(pieces.count == 3)
        #expect(pause == 50)
        #expect(String(decoding: pieces[2], as: UTF8.self) == "piece 3 of 3\n")
        guard case .paced(let standard, 200) = send("/slow").body else {
            Issue.record("not paced by 200 ms")
            return
        }
        #expect(standard.count == 10)
        guard case .bytes = send("/slow", method: "HEAD").body else {
            Issue.record("a response to HEAD has no body to pace")
            return
        }
    }

    @Test func parametersBecomeHeaders() {
        let response = send("/headers?X-One=1&set-cookie=a&set-cookie=b&content-type=text/css")
        #expect(response.headers.contains { $0 == ("X-One", "1") })
        #expect(response.headers.filter { $0.name == "set-cookie" }.map(\.value) == ["a", "b"])
        #expect(response.contentType == "text/css")
        let many = (0...64).map { "h\($0)=1" }.joined(separator: "&")
        #expect(send("/headers?\(many)").status == 400)
    }

    @Test func theConnectionCanBeClosedOrBroken() {
        #expect(send("/close").closes)
        #expect(send("/reset").resets)
        #expect(!send("/").closes && !send("/").resets)
    }

    @Test func healthIsPlain() {
        #expect(send("/health").status == 200)
        #expect(text(send("/health")) == "ok\n")
    }

    @Test(arguments: ["/failures", "/bytes/1/2", "/healthy", "/reset/x", "/Status/503", "/statusx"])
    func otherPathsEcho(target: String) throws {
        let echo = try json(send(target))
        #expect(echo["path"]?.string == target)
    }
}
