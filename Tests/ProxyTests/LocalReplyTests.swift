import Model
import Telemetry
import Testing

@testable import Proxy

/// What a client gets that the proxy itself answers.
@Suite(.serialized)
struct LocalReplyTests {
    private static let grpc = "content-type: application/grpc+proto\r\n"

    /// The response to a request whose connection the endpoint closes.
    private func failure(_ live: LivePlane, _ fields: String = "") throws -> String {
        let client = try live.client()
        client.send("GET / HTTP/1.1\r\nhost: a\r\n\(fields)\r\n")
        do {
            let endpoint = try #require(try live.upstream.accept())
            _ = endpoint.read(upTo: "\r\n\r\n")
        }
        let head = client.read(upTo: "\r\n\r\n")
        let parts = head.split(separator: "content-length: ")
        let length = parts.last?.prefix { $0.isNumber } ?? ""
        return length == "0" || parts.count < 2 ? head : head + client.read(upTo: "\n")
    }

    @Test func aGRPCClientReadsTheReasonInItsOwnHeaders() throws {
        let live = try LivePlane()
        let text = try failure(live, Self.grpc)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("\r\ncontent-type: application/grpc\r\n"))
        #expect(text.contains("\r\ngrpc-status: 14\r\n"))
        #expect(text.contains("\r\ngrpc-message: upstream closed before response: endpoint "))
        #expect(text.contains("\r\nx-pillion-reason: upstream closed before response: "))
        #expect(text.contains("\r\ncontent-length: 0\r\n"))
    }

    @Test func aDirectResponseToGRPCHasNoBody() throws {
        let live = try LivePlane()
        let client = try live.client()
        client.send("GET /direct HTTP/1.1\r\nhost: a\r\n\(Self.grpc)\r\n")
        let text = client.read(upTo: "\r\n\r\n")
        #expect(text.contains("\r\ngrpc-status: 2\r\n"))
        #expect(text.contains("\r\ngrpc-message: direct\r\n"))
        #expect(!text.contains("x-pillion-reason"))
    }

    @Test func theFirstMapperThatFitsChangesTheReply() throws {
        let headers = HeaderOperations(steps: [
            .add(
                "x-was",
                nil,
                try SubstitutionText.value("%RESPONSE_CODE%"),
                .appendIfExistsOrAdd,
                keepsEmpty: false
            )
        ])
        let replies = LocalReplies(
            mappers: [
                .init(filter: .status(.equal, 404), status: 410),
                .init(
                    filter: .flags(.upstreamConnectionTermination),
                    status: 599,
                    body: Array("sorry".utf8),
                    format: LocalBodyFormat(
                        format: try SubstitutionBody(
                            text: "<%LOCAL_REPLY_BODY%|%RESPONSE_CODE%>\n"
                        ),
                        contentType: "text/own"
                    ),
                    headers: headers
                ),
                .init(filter: .notHealthCheck, status: 418),
            ]
        )
        let live = try LivePlane(localReplies: replies)
        let text = try failure(live)
        #expect(text.hasPrefix("HTTP/1.1 599 "))
        #expect(text.contains("\r\nx-was: 503\r\n"))
        #expect(text.contains("\r\ncontent-type: text/own\r\n"))
        #expect(text.hasSuffix("\r\n\r\n<sorry|599>\n"))
    }

    @Test func aFrameIsPutAroundTheWords() throws {
        let format = try SubstitutionBody(
            json: .object([
                ("why", .text("%LOCAL_REPLY_BODY%")), ("code", .text("%RESPONSE_CODE%")),
            ])
        )
        let live = try LivePlane(
            localReplies: LocalReplies(
                format: LocalBodyFormat(
                    format: format,
                    contentType: "application/json",
                    isJSON: true
                )
            )
        )
        let text = try failure(live)
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect(text.contains("\r\ncontent-type: application/json\r\n"))
        #expect(text.contains("{\"why\":\"upstream closed before response: endpoint "))
        #expect(text.hasSuffix("\",\"code\":503}\n"))
        // A message has no newline at its end.
        #expect(try failure(live, Self.grpc).contains("\"code\":503}\r\n"))
    }

    @Test func withoutAFormatTheWordsAreALine() throws {
        let live = try LivePlane()
        let text = try failure(live)
        #expect(text.contains("\r\ncontent-type: text/plain\r\n"))
        #expect(text.hasSuffix(" closed the connection\n"))
    }
}
