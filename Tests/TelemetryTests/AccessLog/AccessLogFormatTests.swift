import Glibc
import Model
import Testing

@testable import Telemetry

@Suite struct AccessLogFormatTests {
    private func render(_ text: String, _ record: ExchangeRecord) throws -> String {
        RecordFixture.render(try AccessLogFormat(text: text), record)
    }

    private func renderJSON(_ text: String, _ record: ExchangeRecord) throws -> String {
        RecordFixture.render(
            try AccessLogFormat(json: .object([("k", .text(text))])),
            record
        )
    }

    @Test func theDefaultFormatIsEnvoys() {
        #expect(
            RecordFixture.render(.standard, RecordFixture.record())
                == "[2026-11-21T06:43:25.123Z] \"GET /a?b=c&d= HTTP/1.1\" 200 UF,URX 7 1234 5 4 "
                + "\"10.1.1.1\" \"curl/8\" \"id-1\" \"app.local\" \"10.0.0.2:8080\"\n"
        )
        #expect(
            RecordFixture.render(.standard, ExchangeRecord())
                == "[1970-01-01T00:00:00.000Z] \"- - -\" 0 - 0 0 - - \"-\" \"-\" \"-\" \"-\" "
                + "\"-\"\n"
        )
    }

    /// Operator, its text, its JSON, and both for a record in which nothing happened.
    struct Row: CustomTestStringConvertible {
        var format: String
        var text: String
        var json: String
        var absent = "-"
        var absentJSON = "null"
        var testDescription: String { format }

        init(
            _ format: String,
            _ text: String,
            _ json: String? = nil,
            _ absent: String = "-",
            _ absentJSON: String = "null"
        ) {
            self.format = format
            self.text = text
            self.json = json ?? "\"\(text)\""
            self.absent = absent
            self.absentJSON = absentJSON
        }

        static func number(_ format: String, _ text: String, zero: Bool = false) -> Row {
            Row(format, text, text, zero ? "0" : "-", zero ? "0" : "null")
        }
    }

    private static let pemText =
        "-----BEGIN%20CERTIFICATE-----%0Aa%2B%2F%3D%0A-----END%20CERTIFICATE-----%0A"

    static let rows: [Row] = [
        Row(
            "%START_TIME%",
            "2026-11-21T06:43:25.123Z",
            nil,
            "1970-01-01T00:00:00.000Z",
            "\"1970-01-01T00:00:00.000Z\""
        ),
        Row("%START_TIME(%Y)%", "2026", nil, "1970", "\"1970\""),
        Row("%REQ(:METHOD)%", "GET"),
        Row("%REQ(:PATH)%", "/a?b=c&d="),
        Row("%REQ(:AUTHORITY)%", "app.local"),
        Row("%REQ(:SCHEME)%", "http"),
        Row("%UPSTREAM_PROTOCOL%", "HTTP/1.1"),
        Row("%REQ(USER-AGENT)%", "curl/8"),
        Row("%REQ(X-Custom)%", "long value"),
        Row("%REQ(x-custom):4%", "long"),
        Row("%REQ(x-custom):0%", "", "\"\""),
        Row("%REQ(nothing?user-agent)%", "curl/8"),
        Row("%REQ(user-agent?x-custom)%", "curl/8"),
        Row("%REQ(x-empty?user-agent)%", "curl/8"),
        Row("%RESP(:STATUS)%", "200", "200"),
        Row("%RESP(content-type)%", "text/plain"),
        Row("%TRAILER(x-sum)%", "abc"),
        Row("%PATH%", "/a?b=c&d="),
        Row("%PATH(NQ)%", "/a"),
        Row("%PATH(WQ:PATH):3%", "/a?"),
        Row("%QUERY_PARAM(b)%", "c"),
        Row("%PROTOCOL%", "HTTP/1.1"),
        .number("%RESPONSE_CODE%", "200", zero: true),
        Row("%RESPONSE_CODE_DETAILS%", "via_upstream"),
        Row("%RESPONSE_FLAGS%", "UF,URX", nil, "-", "\"-\""),
        Row(
            "%RESPONSE_FLAGS_LONG%",
            "UpstreamConnectionFailure,UpstreamRetryLimitExceeded",
            nil,
            "-",
            "\"-\""
        ),
        Row("%CONNECTION_TERMINATION_DETAILS%", "closed"),
        Row("%GRPC_STATUS%", "Unavailable"),
        Row("%GRPC_STATUS(SNAKE_STRING)%", "UNAVAILABLE"),
        Row("%GRPC_STATUS(NUMBER)%", "14", "14"),
        .number("%GRPC_STATUS_NUMBER%", "14"),
        .number("%BYTES_RECEIVED%", "7", zero: true),
        .number("%BYTES_SENT%", "1234", zero: true),
        .number("%REQUEST_HEADERS_BYTES%", "90", zero: true),
        .number("%RESPONSE_HEADERS_BYTES%", "80", zero: true),
        .number("%UPSTREAM_WIRE_BYTES_SENT%", "101", zero: true),
        .number("%UPSTREAM_WIRE_BYTES_RECEIVED%", "102", zero: true),
        .number("%DOWNSTREAM_WIRE_BYTES_RECEIVED%", "103", zero: true),
        .number("%DOWNSTREAM_WIRE_BYTES_SENT%", "104", zero: true),
        .number("%DURATION%", "5"),
        .number("%REQUEST_DURATION%", "1"),
        .number("%REQUEST_TX_DURATION%", "2"),
        .number("%RESPONSE_DURATION%", "4"),
        .number("%RESPONSE_TX_DURATION%", "1"),
        .number("%COMMON_DURATION(DS_RX_BEG:DS_RX_END:us)%", "1000"),
        .number("%COMMON_DURATION(US_TX_BEG:US_RX_BEG:ms)%", "2"),
        .number("%COMMON_DURATION(US_RX_END:DS_TX_END:ns)%", "800000"),
        .number("%COMMON_DURATION(DS_TX_END:US_TX_END:us)%", "0"),
        Row("%UPSTREAM_HOST%", "10.0.0.2:8080"),
        Row("%UPSTREAM_HOST_NAME%", "app.internal"),
        Row("%UPSTREAM_REMOTE_ADDRESS%", "10.0.0.2:8080"),
        Row("%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "10.0.0.2"),
        .number("%UPSTREAM_REMOTE_PORT%", "8080"),
        Row("%UPSTREAM_CLUSTER%", "app"),
        Row("%UPSTREAM_CLUSTER_RAW%", "app"),
        Row("%UPSTREAM_LOCAL_ADDRESS%", "10.0.0.1:40000"),
        Row("%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "10.0.0.1"),
        .number("%UPSTREAM_LOCAL_PORT%", "40000"),
        .number("%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "2", zero: true),
        Row("%UPSTREAM_TRANSPORT_FAILURE_REASON%", "connection_refused"),
        .number("%UPSTREAM_CONNECTION_ID%", "12"),
        Row("%DOWNSTREAM_REMOTE_ADDRESS%", "10.1.1.1:0"),
        Row("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "10.1.1.1"),
        .number("%DOWNSTREAM_REMOTE_PORT%", "0"),
        Row("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "[::1]:5000"),
        Row("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", "::1"),
        .number("%DOWNSTREAM_DIRECT_REMOTE_PORT%", "5000"),
        Row("%DOWNSTREAM_LOCAL_ADDRESS%", "127.0.0.1:15001"),
        Row("%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "127.0.0.1"),
        .number("%DOWNSTREAM_LOCAL_PORT%", "15001"),
        .number("%CONNECTION_ID%", "9", zero: true),
        Row("%ROUTE_NAME%", "default"),
        Row("%VIRTUAL_CLUSTER_NAME%", "-", "null"),
        Row("%METADATA(ROUTE:f:k)%", "-", "null"),
        Row("%CLUSTER_METADATA(f:k)%", "-", "null"),
        Row("%UPSTREAM_METADATA(f:k)%", "-", "null"),
        Row("%DYNAMIC_METADATA(f:k)%", "-", "null"),
        Row("%STREAM_ID%", "id-1"),
        Row("%DOWNSTREAM_TLS_VERSION%", "TLSv1.3"),
        Row("%DOWNSTREAM_TLS_CIPHER%", "TLS_AES_128_GCM_SHA256"),
        Row("%DOWNSTREAM_TLS_SESSION_ID%", "0a1b"),
        Row("%DOWNSTREAM_TLS_GROUP%", "X25519"),
        Row("%DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256%", "c4a5,0001"),
        Row("%DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1%", "9285,0002"),
        Row("%DOWNSTREAM_PEER_CHAIN_SERIALS%", "759d,03"),
        Row("%DOWNSTREAM_PEER_SUBJECT%", "CN=client,O=Own"),
        Row("%DOWNSTREAM_PEER_ISSUER%", "CN=ca"),
        Row("%DOWNSTREAM_PEER_SERIAL%", "759d"),
        Row("%DOWNSTREAM_PEER_FINGERPRINT_256%", "c4a5"),
        Row("%DOWNSTREAM_PEER_FINGERPRINT_1%", "9285"),
        Row("%DOWNSTREAM_PEER_URI_SAN%", "spiffe://d/client,spiffe://d/b"),
        Row("%DOWNSTREAM_PEER_DNS_SAN%", "client.test"),
        Row("%DOWNSTREAM_PEER_IP_SAN%", "10.0.0.1,::1"),
        Row("%DOWNSTREAM_PEER_EMAIL_SAN%", "a@b.c"),
        Row("%DOWNSTREAM_PEER_CERT%", pemText),
        Row("%DOWNSTREAM_PEER_CERT_V_START%", "2026-11-21T13:16:56.000Z"),
        Row("%DOWNSTREAM_PEER_CERT_V_END%", "2026-12-21T13:16:56.000Z"),
        Row("%DOWNSTREAM_LOCAL_SUBJECT%", "CN=own,O=Own"),
        Row("%DOWNSTREAM_LOCAL_URI_SAN%", "spiffe://d/own,spiffe://d/b"),
        Row("%DOWNSTREAM_LOCAL_DNS_SAN%", "own.test"),
        Row("%DOWNSTREAM_LOCAL_IP_SAN%", "10.0.0.1,::1"),
        Row("%DOWNSTREAM_LOCAL_EMAIL_SAN%", "a@b.c"),
        Row("%UPSTREAM_TLS_VERSION%", "TLSv1.2"),
        Row("%UPSTREAM_TLS_CIPHER%", "ECDHE-RSA-AES128-GCM-SHA256"),
        Row("%UPSTREAM_TLS_SESSION_ID%", "0c"),
        Row("%UPSTREAM_TLS_GROUP%", "P-256"),
        Row("%UPSTREAM_PEER_SUBJECT%", "CN=endpoint,O=Own"),
        Row("%UPSTREAM_PEER_ISSUER%", "CN=ca"),
        Row("%UPSTREAM_PEER_URI_SAN%", "spiffe://d/endpoint,spiffe://d/b"),
        Row("%UPSTREAM_PEER_DNS_SAN%", "endpoint.test"),
        Row("%UPSTREAM_PEER_IP_SAN%", "10.0.0.1,::1"),
        Row("%UPSTREAM_PEER_CERT%", pemText),
        Row("%UPSTREAM_PEER_CERT_V_START%", "2026-11-21T13:16:56.000Z"),
        Row("%UPSTREAM_PEER_CERT_V_END%", "2026-12-21T13:16:56.000Z"),
        Row("%UPSTREAM_LOCAL_SUBJECT%", "CN=own,O=Own"),
        Row("%UPSTREAM_LOCAL_URI_SAN%", "spiffe://d/own,spiffe://d/b"),
        Row("%UPSTREAM_LOCAL_DNS_SAN%", "own.test"),
        Row("%UPSTREAM_LOCAL_IP_SAN%", "10.0.0.1,::1"),
        Row("%DOWNSTREAM_PEER_CERT_V_START(%Y %b)%", "2026 Nov"),
        Row("%UPSTREAM_PEER_CERT_V_END(%s)%", "1797859016"),
        Row("%REQUESTED_SERVER_NAME%", "app.test"),
        Row("%FILTER_CHAIN_NAME%", "mtls"),
        Row("%DOWNSTREAM_TRANSPORT_FAILURE_REASON%", "no_certificate"),
        Row("%LISTENER_NAME%", "inbound"),
        Row("%TRACE_ID%", "-", "null"),
        Row("%PILLION_REASON%", "no cluster"),
        Row("%PILLION_VIRTUAL_HOST%", "all"),
        Row("%PILLION_LISTENER%", "inbound"),
    ]

    @Test(arguments: rows)
    func everyOperatorHasItsValue(row: Row) throws {
        let record = RecordFixture.record()
        #expect(try render(row.format, record) == row.text)
        #expect(try renderJSON(row.format, record) == "{\"k\":\(row.json)}\n")
        #expect(try render(row.format, ExchangeRecord()) == row.absent)
        #expect(
            try renderJSON(row.format, ExchangeRecord()) == "{\"k\":\(row.absentJSON)}\n"
        )
        // Within a longer string a value is a part of it, whatever its type.
        #expect(try renderJSON("<" + row.format + ">", record) == "{\"k\":\"<\(row.text)>\"}\n")
    }

    @Test func theTableHasEveryOperator() {
        let tested = Set(
            Self.rows.map {
                String($0.format.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "_" })
            }
        )
        let known = Set(OperatorName.all.filter { $0.code != .unsupported }.map(\.name))
        let apart: Set = ["HOSTNAME", "ENVIRONMENT", "UNIQUE_ID", "LOCAL_REPLY_BODY"]
        #expect(known.subtracting(tested) == apart)
        #expect(Set(OperatorName.all.map(\.name)).count == OperatorName.all.count)
    }

    @Test func whatIsKnownAtTheStartIsALiteral() throws {
        let name = try render("%HOSTNAME%", ExchangeRecord())
        #expect(!name.isEmpty && name != "-")
        #expect(try render("%ENVIRONMENT(NO_SUCH_VARIABLE_1)%", ExchangeRecord()) == "-")
        #expect(try renderJSON("%ENVIRONMENT(NO_SUCH_VARIABLE_1)%", .init()) == "{\"k\":null}\n")
        let path = try #require(unsafe getenv("PATH").map { unsafe String(cString: $0) })
        #expect(try render("%ENVIRONMENT(PATH):3%", .init()) == String(path.prefix(3)))
    }

    @Test func uniqueIDsAreRandomUUIDs() throws {
        let format = try AccessLogFormat(text: "%UNIQUE_ID%")
        let ids = (0..<100).map { _ in RecordFixture.render(format, ExchangeRecord()) }
        #expect(Set(ids).count == 100)
        for id in ids {
            let parts = id.split(separator: "-")
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].first == "4")
            #expect(parts[3].first.map { "89ab".contains($0) } == true)
        }
    }

    @Test func percentSignsAndLiteralsStand() throws {
        #expect(try render("100%% \"x\" \\ %BYTES_SENT%%%\n", .init()) == "100% \"x\" \\ 0%\n")
        #expect(try render("", .init()) == "")
    }

    @Test func thePathPrefersTheOriginalWhereItIsAsked() throws {
        var record = ExchangeRecord()
        record.request = RecordFixture.head(
            path: "/new?x=1",
            fields: [("x-envoy-original-path", "/old?y=2")]
        )
        #expect(try render("%PATH%", record) == "/old?y=2")
        #expect(try render("%PATH(NQ:ORIG)%", record) == "/old")
        #expect(try render("%PATH(NQ:PATH)%", record) == "/new")
        #expect(try render("%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", record) == "/old?y=2")
        record.request = RecordFixture.head(path: "/new")
        #expect(try render("%PATH(WQ:ORIG)%", record) == "-")
        #expect(try render("%PATH(NQ)%", record) == "/new")
    }

    @Test(arguments: [
        ("/p?a=1&b=2", "b", "2"), ("/p?a=1&a=2", "a", "1"), ("/p?a", "a", "-"), ("/p?a=", "a", "-"),
        ("/p", "a", "-"), ("/p?ab=1", "a", "-"), ("/p?&&a=x=y", "a", "x=y"),
        ("/p?a=%20", "a", "%20"),
    ])
    func queryParameters(path: String, name: String, value: String) throws {
        var record = ExchangeRecord()
        record.request = RecordFixture.head(path: path)
        #expect(try render("%QUERY_PARAM(\(name))%", record) == value)
    }

    @Test(arguments: [
        ("10.0.0.2:8080", "10.0.0.2", "8080"), ("[::1]:80", "::1", "80"),
        ("/run/app.sock", "/run/app.sock", "-"), ("@a:b", "@a:b", "-"), ("", "-", "-"),
        (":80", "-", "80"), ("[]:80", "-", "80"),
    ])
    func endpointsAreSplit(host: String, address: String, port: String) throws {
        var record = ExchangeRecord()
        record.upstreamHost = host
        let format = "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%"
        #expect(try render(format, record) == "\(address) \(port)")
    }

    @Test func addressesOfEveryFamilyAreWritten() throws {
        var record = ExchangeRecord()
        let format = "%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
        for address: SocketAddress in [
            .ipv4(0xffff_ffff, port: 65_535),
            .ipv6(high: 0x2001_0db8 << 32, low: 1, port: 1, scope: 0),
            .unix(path: "/run/x"),
        ] {
            record.downstreamRemoteAddress = address
            #expect(try render(format, record) == "\(address.description) \(address.host)")
        }
    }

    @Test func anHTTP10RequestSaysSo() throws {
        var record = ExchangeRecord()
        let head = RecordFixture.head()
        head.minorVersion = 0
        record.request = head
        #expect(try render("%PROTOCOL%", record) == "HTTP/1.0")
    }

    @Test func theDetailsOfAResetSayWhyTheTransportFailed() throws {
        var record = ExchangeRecord()
        let text = "%RESPONSE_CODE_DETAILS%"
        record.responseCodeDetails = "upstream_reset_before_response_started{connection_timeout}"
        #expect(
            try render(text, record) == "upstream_reset_before_response_started{connection_timeout}"
        )
        record.upstreamTransportFailureReason = "TLS_error:|1:SSL routines:TLS_error_end"
        record.responseCodeDetails =
            "upstream_reset_before_response_started{remote_connection_failure}"
        #expect(
            try render(text, record) == "upstream_reset_before_response_started{"
                + "remote_connection_failure|TLS_error:|1:SSL_routines:TLS_error_end}"
        )
        record.responseCodeDetails = "via_upstream"
        #expect(try render(text, record) == "via_upstream")
    }

    @Test func durationsAreNeverNegative() throws {
        var record = ExchangeRecord()
        record.durationMicroseconds = -5
        record.responseFirstByteMicroseconds = .max
        record.downstreamLastByteSentMicroseconds = .min
        #expect(try render("%DURATION% %RESPONSE_TX_DURATION%", record) == "0 -")
    }
}
