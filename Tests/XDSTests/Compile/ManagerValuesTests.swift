import Glibc
import Model
import Testing

@testable import XDS

/// Valid fields of connection managers, and when two listeners are the same.
@Suite struct ManagerValuesTests {
    private static func listener(_ edits: BadRouterField.Edit...) throws -> ListenerConfiguration {
        try listener(BadRouterField("", edits, says: []).text())
    }

    private static func listener(_ text: String) throws -> ListenerConfiguration {
        try #require(try Fixture.compile(text).snapshot.listeners.first)
    }

    @Test func theIdentityOfRequestsIsReadFromTheManager() throws {
        let manager = try Self.listener(
            .manager("via: 1.1 sidecar"),
            .manager("add_user_agent: true"),
            .manager("append_x_forwarded_port: true"),
            .manager("strip_trailing_host_dot: true"),
            .manager("strip_any_host_port: true"),
            .manager("proxy_100_continue: true"),
            .manager("scheme_header_transformation: {scheme_to_overwrite: https}"),
            .manager(
                """
                internal_address_config: {unix_sockets: true, cidr_ranges: [{address_prefix: \
                10.0.0.0, prefix_len: 8}, {address_prefix: "fd00::", prefix_len: 8}]}
                """
            ),
            .manager(
                """
                common_http_protocol_options: {headers_with_underscores_action: REJECT_REQUEST, \
                max_stream_duration: 5s}
                """
            )
        ).http
        #expect(manager.via == "1.1 sidecar")
        #expect(manager.addsUserAgent == "shop")
        #expect(manager.appendsForwardedPort)
        #expect(manager.stripsTrailingDot)
        #expect(manager.stripsPort == .any)
        #expect(manager.forwardsContinue)
        #expect(manager.schemeOverwrite == "https")
        #expect(manager.internalAddresses.includesUnixSockets)
        let inside: [UInt8] = [10, 1, 2, 3]
        let outside: [UInt8] = [11, 1, 2, 3]
        let ranges = manager.internalAddresses.ranges
        #expect(ranges.count == 2)
        #expect(ranges.first?.contains(inside.span) == true)
        #expect(ranges.first?.contains(outside.span) == false)
        #expect(manager.underscoredHeaders == .reject)
        #expect(manager.streamDurationMaxMilliseconds == 5_000)
    }

    @Test func theAddressOfTheClientIsLookedForInTheOrderOfTheFile() throws {
        let detection = try Self.listener(
            .manager(
                """
                original_ip_detection_extensions: [{name: a, typed_config: {"@type": \
                @/extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig, \
                header_name: X-Client, reject_with_status: {code: 401}}}, {name: b, typed_config: \
                {"@type": @/extensions.http.original_ip_detection.xff.v3.XffConfig, \
                xff_num_trusted_hops: 2}}]
                """
            )
        ).http.originalIPDetection
        guard detection.count == 2,
            case .header("x-client", makesTrusted: false, rejectedStatus: 401) = detection[0],
            case .forwardedFor(trustedHops: 2, trustedRanges: nil, skipsAppend: true) =
                detection[1]
        else {
            Issue.record("the extensions are not those of the file")
            return
        }
    }

    @Test func theRouterFilterSaysWhatItChecks() throws {
        let manager = try Self.listener(
            .router("strict_check_headers: [x-envoy-retry-on]"),
            .router("respect_expected_rq_timeout: true")
        ).http
        #expect(manager.strictlyCheckedHeaders == [.xEnvoyRetryOn])
        #expect(manager.respectsExpectedTimeout)
    }

    @Test func theTableSaysWhatIsInternalAndWhetherPortsCount() throws {
        let table = try Self.listener(
            .table("internal_only_headers: [X-Secret]"),
            .table("ignore_port_in_host_matching: true")
        ).http.routes
        #expect(table.internalOnlyHeaders == ["x-secret"])
        #expect(table.ignoresPort)
    }

    // MARK: - Fingerprints

    @Test func theSameFileIsTheSameListener() throws {
        #expect(
            try Self.listener(Fixture.valid).fingerprint == Self.listener(Fixture.valid).fingerprint
        )
    }

    @Test func aChangedRouteIsAnotherListener() throws {
        let changed = try Fixture.text("prefix: \"/api\"", "prefix: \"/apis\"")
        #expect(try Self.listener(changed).fingerprint != Self.listener(Fixture.valid).fingerprint)
    }

    @Test func aClusterIsNoPartOfAListener() throws {
        let changed = try Fixture.text("connect_timeout: 0.25s", "connect_timeout: 0.5s")
        #expect(try Self.listener(changed).fingerprint == Self.listener(Fixture.valid).fingerprint)
    }

    @Test func whatAListenerTakesFromTheRuntimeIsPartOfIt() throws {
        func fingerprint(_ share: Int) throws -> [UInt8] {
            try Self.listener(
                .root(
                    "layered_runtime: {layers: [{name: a, static_layer: {split.app: \(share)}}]}"
                ),
                .weighted("runtime_key_prefix: split, clusters: [{name: app, weight: 1}]")
            ).fingerprint
        }
        #expect(try fingerprint(1) != fingerprint(2))
    }

    @Test func aFileThatAListenerReadsIsPartOfItAndIsNamed() throws {
        let file = try #require(TemporaryFile(Array("one".utf8)))
        defer { file.remove() }
        let text = try Fixture.text("inline_string: \"ok\"", "filename: \(file.path)")
        let loaded = try ConfigurationLoader.load(text: text, name: Fixture.name)
        let first = try SnapshotCompiler.compileWithFiles(loaded)
        #expect(first.files == [file.path])
        let changed = unsafe Array("two".utf8).withUnsafeBytes { bytes in
            unsafe pwrite(file.descriptor, bytes.baseAddress, bytes.count, 0)
        }
        #expect(changed == 3)
        let second = try Self.listener(text)
        #expect(first.snapshot.listeners.first?.fingerprint != second.fingerprint)
    }
}
