import Model
import Testing

@testable import XDS

/// Valid fields of routes, and what stands in the snapshot afterwards.
@Suite struct RouterValuesTests {
    private static func snapshot(_ edits: BadRouterField.Edit...) throws -> Snapshot {
        try Fixture.compile(BadRouterField("", edits, says: []).text()).snapshot
    }

    private static func forward(_ edits: BadRouterField.Edit...) throws -> ForwardAction {
        let text = try BadRouterField("", edits, says: []).text()
        let route = try #require(try HeaderOrderTests.routes(text).first)
        guard case .forward(let action) = route.action else {
            throw ConfigurationErrors([.init(file: "", what: "the route does not forward")])
        }
        return action
    }

    private static func weighted(_ edits: BadRouterField.Edit...) throws -> WeightedClusters {
        let text = try BadRouterField("", edits, says: []).text()
        let route = try #require(try HeaderOrderTests.routes(text).first)
        guard case .forward(let action) = route.action,
            case .weighted(let weighted) = action.destination
        else { throw ConfigurationErrors([.init(file: "", what: "the route is not weighted")]) }
        return weighted
    }

    @Test func cookiesAreMatchedByTheirValues() throws {
        let text = try BadRouterField(
            "",
            [
                .match(
                    """
                    cookies: [{name: Tier, string_match: {prefix: go}}, {name: b, string_match: \
                    {exact: C, ignore_case: true}, invert_match: true}]
                    """
                )
            ],
            says: []
        ).text()
        let cookies = try #require(try HeaderOrderTests.routes(text).first).match.cookies
        #expect(cookies.map(\.name) == ["Tier", "b"])
        #expect(cookies.map(\.isInverted) == [false, true])
        guard case .prefix("go")? = cookies.first?.value.pattern,
            case .exact("c")? = cookies.last?.value.pattern
        else {
            Issue.record("the values are not those of the configuration")
            return
        }
    }

    @Test func theOlderLimitsOfGRPCAreKept() throws {
        let limited = try Self.forward(
            .action("cluster: app, max_grpc_timeout: 2s, grpc_timeout_offset: 0.05s")
        )
        #expect(limited.grpcTimeout == GRPCTimeoutLimit(maximum: 2_000, offset: 50))
        let unlimited = try Self.forward(.action("cluster: app, max_grpc_timeout: 0s"))
        #expect(unlimited.grpcTimeout == GRPCTimeoutLimit(maximum: 0))
        #expect(try Self.forward(.action("cluster: app")).grpcTimeout == nil)
    }

    @Test func aHeaderMayNameTheCluster() throws {
        guard
            case .header("x-cluster") = try Self.forward(
                .action("cluster_header: X-Cluster")
            ).destination
        else {
            Issue.record("the destination is no header")
            return
        }
    }

    @Test func weightedClustersKeepWhatTheySayOfTheirShare() throws {
        let weighted = try Self.weighted(
            .weighted(
                """
                header_name: X-Share, clusters: [{name: app, weight: 3, host_rewrite_literal: \
                app.internal, metadata_match: {filter_metadata: {envoy.lb: {version: "2"}}}}, \
                {cluster_header: x-c, weight: 1}, {name: canary, weight: 0}]}, \
                metadata_match: {filter_metadata: {envoy.lb: {version: "1", stage: prod}}
                """
            )
        )
        #expect(weighted.total == 4)
        #expect(weighted.randomHeader == "x-share")
        #expect(weighted.entries.map(\.weight) == [3, 1])
        let first = try #require(weighted.entries.first)
        #expect(first.hostRewriteLiteral == "app.internal")
        #expect(first.metadataMatch == ["version": .string("2"), "stage": .string("prod")])
        #expect(weighted.entries[1].metadataMatch["version"] == .string("1"))
        guard case .header("x-c") = weighted.entries[1].name else {
            Issue.record("the second entry is not named by a header")
            return
        }
    }

    @Test func theRuntimeGoesBeforeWeightsAndShares() throws {
        let layers: (String) -> BadRouterField.Edit = {
            .root("layered_runtime: {layers: [{name: a, static_layer: {\($0)}}]}")
        }
        let weighted = try Self.weighted(
            layers("split: {app: 1, canary: 9}"),
            .weighted(
                """
                runtime_key_prefix: split, clusters: [{name: app, weight: 100}, \
                {name: canary, weight: 0}]
                """
            )
        )
        #expect(weighted.entries.map(\.weight) == [1, 9])
        func share(_ runtime: String) throws -> [UInt32] {
            let text = try BadRouterField(
                "",
                [
                    layers(runtime),
                    .match(
                        """
                        runtime_fraction: {runtime_key: part, default_value: {numerator: 5}}
                        """
                    ),
                ],
                says: []
            ).text()
            let fraction = try HeaderOrderTests.routes(text).first?.match.fraction
            return fraction.map { [$0.numerator, $0.denominator] } ?? []
        }
        #expect(try share("other: 1") == [5, 100])
        #expect(try share("part: 20") == [20, 100])
        #expect(try share("part: 200") == [100, 100])
        #expect(try share("part: {numerator: 3, denominator: MILLION}") == [3, 1_000_000])
    }

    @Test func theMostSpecificMirrorsReplaceTheOthers() throws {
        let general = BadRouterField.Edit.table("request_mirror_policies: [{cluster: canary}]")
        let inherited = try Self.forward(general).mirrors
        #expect(inherited.count == 1)
        #expect(inherited.first?.appendsShadow == true)
        let own = try Self.forward(
            general,
            .action(
                """
                cluster: app, request_mirror_policies: [{cluster: app, \
                disable_shadow_host_suffix_append: true, runtime_fraction: {default_value: \
                {numerator: 1, denominator: TEN_THOUSAND}}, request_headers_mutations: \
                [{remove: cookie}]}, {cluster_header: x-m}]
                """
            )
        ).mirrors
        #expect(own.count == 2)
        #expect(own.first?.appendsShadow == false)
        #expect(own.first?.fraction?.denominator == 10_000)
        #expect(own.first.map { HeaderOrderTests.words($0.requestHeaders) } == ["-cookie"])
    }

    @Test func hashPoliciesKeepTheirOrder() throws {
        let policies = try Self.forward(
            .ringHash,
            .action(
                """
                cluster: app, hash_policy: [{header: {header_name: X-User}, terminal: true}, \
                {cookie: {name: id, ttl: 60s, path: /, attributes: [{name: SameSite, value: Lax}, \
                {name: Secure}]}}, {connection_properties: {source_ip: true}}, \
                {query_parameter: {name: q}}]
                """
            )
        ).hashPolicies
        #expect(policies.map(\.isTerminal) == [true, false, false, false])
        guard case .header("x-user", rewrite: nil) = policies[0].source,
            case .cookie(let cookie) = policies[1].source, case .sourceIP = policies[2].source,
            case .queryParameter("q") = policies[3].source
        else {
            Issue.record("a hash policy is not what the file says")
            return
        }
        #expect(cookie.ttlSeconds == 60)
        #expect(cookie.attributes == "; SameSite=Lax; Secure")
    }

    @Test func aRetryPolicyIsReadWhole() throws {
        let policy = try #require(
            try Self.forward(
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: "5xx,cancelled,retriable-headers", \
                    retriable_headers: [{name: x-again}], retry_host_predicate: [{name: a, \
                    typed_config: {"@type": \
                    @/extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate}}, {name: b, \
                    typed_config: {"@type": \
                    @/extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig, \
                    metadata_match: {filter_metadata: {envoy.lb: {old: true}}}}}], \
                    host_selection_retry_max_attempts: 3, retry_priority: {name: c, typed_config: \
                    {"@type": \
                    @/extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig, \
                    update_frequency: 2}}, rate_limited_retry_back_off: {reset_headers: [{name: \
                    Retry-After}, {name: x-reset, format: UNIX_TIMESTAMP}], max_interval: 2s}}
                    """
                )
            ).retryPolicy
        )
        #expect(policy.conditions == [.serverError, .grpcCancelled, .retriableHeaders])
        #expect(policy.retriableHeaders.count == 1)
        #expect(policy.hostSelectionAttemptsMax == 3)
        #expect(policy.previousPrioritiesFrequency == 2)
        #expect(policy.rateLimitedBackOff?.maxIntervalMilliseconds == 2_000)
        #expect(
            policy.rateLimitedBackOff?.resetHeaders.map(\.name) == ["retry-after", "x-reset"]
        )
        #expect(
            policy.rateLimitedBackOff?.resetHeaders.map(\.format) == [.seconds, .unixTimestamp]
        )
        guard policy.hostPredicates.count == 2, case .previousHosts = policy.hostPredicates[0],
            case .omitHostMetadata(let match) = policy.hostPredicates[1]
        else {
            Issue.record("the predicates are not those of the file")
            return
        }
        #expect(match == ["old": .bool(true)])
    }

    @Test func redirectsAreFollowedAsEitherFieldSays() throws {
        let policy = try #require(
            try Self.forward(
                .action(
                    """
                    cluster: app, internal_redirect_policy: {max_internal_redirects: 3, \
                    redirect_response_codes: [302, 308], allow_cross_scheme_redirect: true, \
                    response_headers_to_copy: [X-Token], predicates: [{name: a, typed_config: \
                    {"@type": \
                    @/extensions.internal_redirect.previous_routes.v3.PreviousRoutesConfig}}, \
                    {name: b, typed_config: {"@type": \
                    @/extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig}}]}
                    """
                )
            ).internalRedirects
        )
        #expect(policy.maxRedirects == 3)
        #expect(policy.statuses == [302, 308])
        #expect(policy.predicates.count == 2)
        #expect(policy.responseHeadersToCopy == ["x-token"])
        let old = try Self.forward(
            .action("cluster: app, internal_redirect_action: HANDLE_INTERNAL_REDIRECT")
        ).internalRedirects
        #expect(old?.maxRedirects == 1)
        #expect(old?.statuses == [302])
        #expect(try Self.forward(.action("cluster: app")).internalRedirects == nil)
    }

    @Test func timesOfStreamsTellOffFromUnset() throws {
        func duration(_ fields: String) throws -> StreamDuration {
            try Self.forward(
                .action("cluster: app, max_stream_duration: {\(fields)}")
            ).streamDuration
        }
        #expect(try duration("") == StreamDuration())
        #expect(try duration("max_stream_duration: 0s") == StreamDuration(maximum: .max))
        #expect(
            try duration("grpc_timeout_header_max: 0s, grpc_timeout_header_offset: 0.01s")
                == StreamDuration(grpcTimeoutHeaderMax: 0, grpcTimeoutHeaderOffset: 10)
        )
    }

    @Test func aVirtualHostLendsItsSettingsToRoutes() throws {
        let text = try BadRouterField(
            "",
            [
                .host("hedge_policy: {hedge_on_per_try_timeout: true}"),
                .host("request_body_buffer_limit: 1000"),
                .host("include_is_timeout_retry_header: true"),
                .host(
                    """
                    virtual_clusters: [{name: reads, headers: [{name: ":method", string_match: \
                    {exact: GET}}]}]
                    """
                ), .route("stat_prefix: api"), .route("metadata: {filter_metadata: {a: {b: 1}}}"),
            ],
            says: []
        ).text()
        let table = try #require(try Fixture.compile(text).snapshot.listeners.first?.http.routes)
        let host = try #require(table.virtualHosts.first)
        #expect(host.includesIsTimeoutRetry)
        #expect(host.virtualClusters.map(\.name) == ["reads"])
        let route = try #require(host.routes.first)
        #expect(route.statPrefix == "api")
        #expect(route.metadata?.value(at: ["a", "b"]) == .number(1))
        guard case .forward(let action) = route.action else { return }
        #expect(action.hedgesOnPerTryTimeout)
        #expect(action.bufferLimitBytes == 1000)
    }
}
