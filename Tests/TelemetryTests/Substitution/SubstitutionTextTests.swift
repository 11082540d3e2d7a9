import Model
import Testing

@testable import Telemetry

@Suite struct SubstitutionTextTests {
    private func render(_ text: String, _ record: ExchangeRecord) throws -> String {
        let head = Head()
        let slice = try SubstitutionText(text).append(record, to: head)
        return ByteString(copying: head.span(slice)).description
    }

    @Test(arguments: [
        ("%REQ(:METHOD)% %REQ(:PATH)%", "GET /a?b=c&d="),
        ("%REQ(none)%", ""), ("a%REQ(none)%b", "ab"), ("100%%", "100%"),
        ("%REQ(none?x-custom):4%", "long"), ("%RESP(content-type)%", "text/plain"),
        ("%TRAILER(x-sum)%", "abc"), ("%RESPONSE_CODE%", "200"), ("%RESPONSE_FLAGS%", "UF,URX"),
        ("%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%UPSTREAM_REMOTE_PORT%", "10.0.0.2|8080"),
        ("%UPSTREAM_HOST%", "10.0.0.2:8080"), ("%UPSTREAM_HOST_NAME%", "app.internal"),
        ("%UPSTREAM_LOCAL_ADDRESS%", "10.0.0.1:40000"), ("%UPSTREAM_CLUSTER%", "app-stats"),
        ("%UPSTREAM_CLUSTER_RAW%", "app"), ("%VIRTUAL_CLUSTER_NAME%", "reads"),
        ("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "10.1.1.1"),
        ("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "[::1]:5000"), ("%DOWNSTREAM_LOCAL_PORT%", "15001"),
        ("%PROTOCOL%", "HTTP/1.1"), ("%START_TIME(%Y/%m)%", "2026/11"),
        ("%START_TIME%", "2026-11-21T06:43:25.123Z"), ("%START_TIME(%s.%3f)%", "1795243405.123"),
        ("%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "2"), ("%STREAM_ID%", "id-1"),
        ("%CONNECTION_ID%", "9"), ("%QUERY_PARAM(b)%", "c"), ("%PATH(NQ)%", "/a"),
        ("%REQUESTED_SERVER_NAME%", "app.test"), ("%TRACE_ID%", ""),
        ("%DYNAMIC_METADATA(a:b)%", ""),
        ("%ROUTE_NAME%", "default"), ("%RESPONSE_CODE_DETAILS%", "via_upstream"),
    ])
    func operatorsPrintWhatEnvoyPrintsInHeaders(text: String, expected: String) throws {
        var record = RecordFixture.record()
        record.upstreamClusterStatName = "app-stats"
        record.virtualClusterName = "reads"
        #expect(try render(text, record) == expected)
    }

    @Test(arguments: [
        ("%METADATA(ROUTE:com.x:a)%", "text"), ("%METADATA(ROUTE:com.x:n)%", "3"),
        ("%METADATA(ROUTE:com.x:f)%", "1.5"), ("%METADATA(ROUTE:com.x:o:k)%", "true"),
        ("%METADATA(ROUTE:com.x:o)%", "{\"k\":true,\"l\":[1,\"a\"]}"),
        ("%METADATA(ROUTE:com.x:none)%", ""), ("%METADATA(CLUSTER:com.x:a)%", ""),
        ("%METADATA(DYNAMIC:com.x:a)%", ""), ("%UPSTREAM_METADATA(com.x:a)%", "up"),
        ("%UPSTREAM_METADATA([\"com.x\", \"a\"])%", "up"), ("%CLUSTER_METADATA(com.x:a)%", ""),
        ("%METADATA(ROUTE:com.x:a):2%", "te"),
    ])
    func metadataArePrintedByPath(text: String, expected: String) throws {
        var record = ExchangeRecord()
        record.routeMetadata = Metadata(filters: [
            "com.x": [
                "a": .string("text"), "n": .number(3), "f": .number(1.5),
                "o": .object(["l": .list([.number(1), .string("a")]), "k": .bool(true)]),
            ]
        ])
        record.upstreamMetadata = Metadata(filters: ["com.x": ["a": .string("up")]])
        #expect(try render(text, record) == expected)
    }

    @Test func accessLogsKeepTheTypesOfMetadata() throws {
        var record = ExchangeRecord()
        record.clusterMetadata = Metadata(filters: ["f": ["n": .number(2), "s": .string("a\"")]])
        let format = try AccessLogFormat(
            json: .object([
                ("n", .text("%CLUSTER_METADATA(f:n)%")), ("s", .text("%CLUSTER_METADATA(f:s)%")),
                ("x", .text("%CLUSTER_METADATA(f:x)%")),
            ])
        )
        #expect(
            RecordFixture.render(format, record) == "{\"n\":2,\"s\":\"a\\\"\",\"x\":null}\n"
        )
    }

    @Test func aValueCannotForgeALine() throws {
        var record = ExchangeRecord()
        record.routeName = "a\r\nx-evil: 1\u{0}\t\"q\\\u{7f}"
        #expect(try render("%ROUTE_NAME%", record) == "a  x-evil: 1 \t\"q\\ ")
    }

    @Test func aTextWithoutOperatorsIsALiteral() throws {
        guard case .literal(let bytes) = try SubstitutionText.value("50%% of\nit") else {
            Issue.record("not a literal")
            return
        }
        #expect(bytes == "50% of it")
        guard case .literal = try SubstitutionText.value("%HOSTNAME%") else {
            Issue.record("not a literal")
            return
        }
        guard case .formatted(let format) = try SubstitutionText.value("%PROTOCOL%") else {
            Issue.record("not computed")
            return
        }
        #expect(format.text == "%PROTOCOL%")
    }

    @Test func theHeadThatIsReadMayBeTheOneThatGrows() throws {
        var record = ExchangeRecord()
        let long = String(repeating: "v", count: 5_000)
        let head = RecordFixture.head(fields: [("x-long", long)])
        record.request = head
        let format = try SubstitutionText("%REQ(x-long)%%REQ(x-long)%")
        let slice = format.append(record, to: head)
        #expect(ByteString(copying: head.span(slice)).description == long + long)
    }

    @Test(arguments: [
        "%NOPE%", "%REQ%", "%REQ()%", "a % b", "%METADATA(ROUTE)%", "%METADATA(LISTENER:a:b)%",
        "%PER_REQUEST_STATE(x)%", "%UPSTREAM_METADATA([\"a\")%", "%UPSTREAM_METADATA([a])%",
    ])
    func whatIsNotUnderstoodIsRefused(text: String) {
        #expect(throws: AccessLogFormatFailure.self) { _ = try SubstitutionText(text) }
    }
}
