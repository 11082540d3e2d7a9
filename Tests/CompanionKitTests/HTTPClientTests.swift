import CompanionKit
import Testing

@Suite struct HTTPClientTests {
    private func endpoint(_ url: String) -> HTTPEndpoint {
        guard let endpoint = HTTPEndpoint(url) else { preconditionFailure("no URL: \(url)") }
        return endpoint
    }

    private func client(
        _ server: ScriptedServer,
        _ path: String = "",
        timeout: Int64 = 5000
    )
        -> HTTPClient
    {
        HTTPClient(endpoint: endpoint(server.url(path)), tls: nil, timeout: timeout)
    }

    private func get(
        _ client: HTTPClient,
        _ path: String = "/",
        bodyMax: Int = 1 << 20
    ) throws -> HTTPResponse {
        try client.send(
            HTTPRequest(method: "GET", path: path),
            bodyMax: bodyMax,
            cancellation: Cancellation()
        )
    }

    private func failure(_ client: HTTPClient) -> HTTPClient.Failure? {
        do throws(HTTPClient.Failure) {
            _ = try client.send(
                HTTPRequest(method: "POST", path: "/", body: [1, 2, 3]),
                cancellation: Cancellation()
            )
            return nil
        } catch {
            return error
        }
    }

    @Test func aBodyOfSomeLengthIsReadAndTheConnectionServesTheNextRequest() throws {
        let server = ScriptedServer { number, peer, notes in
            notes.add("connection \(number)")
            while let request = peer.request() {
                notes.add(request)
                peer.answer(200, "hello", "x-one: a\r\n")
            }
        }
        let client = client(server, "/base")
        let first = try get(client, "/a")
        let second = try client.send(
            HTTPRequest(method: "POST", path: "/b", headers: [("x", "y")], body: Array("abc".utf8)),
            cancellation: Cancellation()
        )
        #expect(first.status == 200 && first.body == Array("hello".utf8))
        #expect(first.header("x-one") == "a")
        #expect(second.body == Array("hello".utf8))
        let host = "127.0.0.1:\(server.port)"
        #expect(
            server.notes.all == [
                "connection 0", "GET /base/a HTTP/1.1\r\nhost: \(host)\r\n\r\n",
                "POST /base/b HTTP/1.1\r\nhost: \(host)\r\nx: y\r\ncontent-length: 3\r\n\r\nabc",
            ]
        )
    }

    @Test func aChunkedBodyIsPutTogetherWhereverItIsCut() throws {
        let server = ScriptedServer { _, peer, _ in
            guard peer.request() != nil else { return }
            let answer =
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + "5;a=b\r\nhello\r\n7\r\n, world\r\n0\r\nx: y\r\n\r\n"
            for byte in answer.utf8 { peer.write([byte]) }
            peer.waitForEnd()
        }
        #expect(try get(client(server)).body == Array("hello, world".utf8))
    }

    @Test func aBodyUntilTheEndIsReadToTheEnd() throws {
        let server = ScriptedServer { _, peer, _ in
            guard peer.request() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\n\r\nall of it")
        }
        #expect(try get(client(server)).body == Array("all of it".utf8))
    }

    @Test func aConnectionThatThePeerHasEndedIsReplacedUnseen() throws {
        let server = ScriptedServer { number, peer, _ in
            guard peer.request() != nil else { return }
            peer.answer(200, "\(number)")
        }
        let client = client(server)
        for number in 0..<3 {
            #expect(try get(client).body == Array("\(number)".utf8))
        }
    }

    @Test func aKeptConnectionThatEndsAtTheRequestIsTriedOnceMore() throws {
        let server = ScriptedServer { number, peer, notes in
            notes.add(peer.request().map { _ in "\(number)" })
            if number == 0 { peer.answer(200, "first") }
            // The second request is read and not answered, on whatever connection but the last.
            if number == 0 {
                notes.add(peer.request().map { _ in "unanswered" })
            } else {
                peer.answer(200, "second")
            }
        }
        let client = client(server)
        #expect(try get(client).body == Array("first".utf8))
        #expect(try get(client).body == Array("second".utf8))
        #expect(server.notes.all == ["0", "unanswered", "1"])
    }

    @Test func aFreshConnectionThatEndsWithoutAnAnswerIsAFailure() {
        let server = ScriptedServer { number, peer, notes in
            notes.add("\(number)")
            _ = peer.request()
        }
        #expect(failure(client(server)) == .stream(.closed))
        #expect(server.notes.all == ["0"])
    }

    @Test func interimAnswersArePassedOver() throws {
        let server = ScriptedServer { _, peer, _ in
            guard peer.request() != nil else { return }
            peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
            peer.answer(201, "made")
        }
        let response = try get(client(server))
        #expect(response.status == 201 && response.body == Array("made".utf8))
    }

    @Test func aRedirectIsAnAnswerAndIsNotFollowed() throws {
        let server = ScriptedServer { number, peer, notes in
            while let request = peer.request() {
                notes.add(request)
                peer.answer(302, "", "location: /elsewhere\r\n")
            }
        }
        let response = try get(client(server))
        #expect(response.status == 302 && response.header("location") == "/elsewhere")
        #expect(server.notes.all.count == 1)
    }

    @Test(arguments: [
        "garbage garbage\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 banana\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\n bad: line\r\n\r\n",
    ])
    func whatIsNoHTTPIsSaid(_ answer: String) {
        let server = ScriptedServer { _, peer, _ in
            _ = peer.request()
            peer.write(answer)
            peer.waitForEnd()
        }
        guard case .malformed = failure(client(server)) else {
            Issue.record("taken: \(answer)")
            return
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
    ])
    func anAnswerThatEndsInTheMiddleIsAFailure(_ answer: String) {
        let server = ScriptedServer { number, peer, notes in
            notes.add("\(number)")
            _ = peer.request()
            peer.write(answer)
        }
        #expect(failure(client(server)) == .stream(.closed))
        #expect(server.notes.all == ["0"])
    }

    @Test func aPeerThatSaysNothingIsLeftAtTheDeadline() {
        let server = ScriptedServer { _, peer, _ in peer.waitForEnd() }
        let client = client(server, timeout: 60)
        #expect(failure(client) == .stream(.timedOut("waiting for an answer")))
    }

    @Test func aCancellationEndsTheWait() {
        let server = ScriptedServer { _, peer, _ in peer.waitForEnd() }
        let cancellation = Cancellation()
        cancellation.cancel()
        do throws(HTTPClient.Failure) {
            _ = try client(server).send(
                HTTPRequest(method: "GET", path: "/"),
                cancellation: cancellation
            )
            Issue.record("it has an answer")
        } catch {
            #expect(error.isCancelled)
        }
    }

    @Test func aBodyAboveTheLimitIsCutAndTheConnectionGoesOn() throws {
        let server = ScriptedServer { number, peer, notes in
            notes.add("connection \(number)")
            while peer.request() != nil { peer.answer(200, String(repeating: "x", count: 100_000)) }
        }
        let client = client(server)
        let first = try get(client, bodyMax: 1000)
        #expect(first.isCut && first.body.count == 1000)
        #expect(try get(client).body.count == 100_000)
        #expect(server.notes.all == ["connection 0"])
    }

    @Test func aReaderThatHasHadEnoughEndsTheConnection() throws {
        let server = ScriptedServer { number, peer, notes in
            notes.add("connection \(number)")
            while peer.request() != nil { peer.answer(200, String(repeating: "x", count: 300_000)) }
        }
        let client = client(server)
        var count = 0
        let response = try client.send(
            HTTPRequest(method: "GET", path: "/"),
            cancellation: Cancellation()
        ) { bytes in
            count += bytes.count
            return false
        }
        #expect(response.body.isEmpty && count > 0 && count < 300_000)
        #expect(try get(client).body.count == 300_000)
        #expect(server.notes.all == ["connection 0", "connection 1"])
    }

    @Test func anAnswerThatComesBeforeTheWholeRequestIsRead() throws {
        let server = ScriptedServer { _, peer, _ in
            _ = peer.read()
            peer.answer(413, "too large", "connection: close\r\n")
            peer.waitForEnd()
        }
        let body = [UInt8](repeating: 0x78, count: 1 << 20)
        let response = try client(server).send(
            HTTPRequest(method: "POST", path: "/", body: body),
            cancellation: Cancellation()
        )
        #expect(response.status == 413)
    }

    @Test func whatWouldSplitARequestIsNotWritten() {
        let server = ScriptedServer { _, peer, notes in notes.add(peer.request()) }
        let client = client(server)
        let requests = [
            HTTPRequest(method: "GET", path: "/a b"), HTTPRequest(method: "GET", path: "/\r\nx: y"),
            HTTPRequest(method: "GET", path: "/", headers: [("a", "b\r\nc: d")]),
            HTTPRequest(method: "GET", path: "/", headers: [("a: b\r\nc", "d")]),
            HTTPRequest(method: "GET / HTTP/1.1\r\n", path: "/"),
        ]
        for request in requests {
            do throws(HTTPClient.Failure) {
                _ = try client.send(request, cancellation: Cancellation())
                Issue.record("written: \(request)")
            } catch {
                guard case .unwritable = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        #expect(server.notes.all.isEmpty)
    }

    @Test func aServerThatIsNotThereIsSaid() {
        let client = HTTPClient(
            endpoint: endpoint("http://127.0.0.1:1"),
            tls: nil,
            timeout: 1000
        )
        guard case .stream(.connect) = failure(client) else {
            Issue.record("connected")
            return
        }
    }

    @Test func secureServersAreNeverSpokenToInClear() {
        let server = ScriptedServer { _, peer, notes in notes.add(peer.request()) }
        let endpoint = self.endpoint("https://127.0.0.1:\(server.port)")
        let client = HTTPClient(endpoint: endpoint, tls: nil, timeout: 1000)
        guard case .stream(.tls) = failure(client) else {
            Issue.record("spoken to")
            return
        }
        #expect(server.notes.all.isEmpty)
    }

    @Test func aURLIsTakenApart() {
        let endpoint = HTTPEndpoint("https://[::1]:9200/base/")
        #expect(endpoint?.authority == "[::1]:9200" && endpoint?.basePath == "/base")
        #expect(endpoint?.exactPath == "/base/" && endpoint?.isTLS == true)
        #expect(HTTPEndpoint("http://h?x=/")?.exactPath == "/?x=/")
        #expect(HTTPEndpoint("http://h")?.exactPath == "/")
        #expect(HTTPEndpoint("http://h")?.basePath == "")
        for url in [
            "h:1", "ftp://h", "http://", "http://u@h", "http://h:0", "http://h:x", "http://a b",
        ] {
            #expect(HTTPEndpoint(url) == nil, "\(url)")
        }
    }
}
