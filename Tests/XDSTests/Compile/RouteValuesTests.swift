import Model
import Testing

@testable import XDS

/// Valid routes, and what stands in the snapshot afterwards.
@Suite struct RouteValuesTests {
    @Test func domainsGoToTheirTables() throws {
        let snapshot = try Fixture.snapshot(
            #"domains: ["shop.example.com", "*.shop.example.com"]"#,
            #"domains: ["Shop.Example.com:8080", "*.example.com", "*-eu.shop.example.com", "shop.*"]"#
        )
        let table = try #require(snapshot.listeners.first?.http.routes)
        let exact = Array("shop.example.com:8080".utf8)
        let owner = table.exactDomains[exact.span]
        #expect(owner == 0)
        #expect(table.exactDomains.count == 1)
        #expect(table.suffixDomains.map(\.suffix) == ["-eu.shop.example.com", ".example.com"])
        #expect(table.prefixDomains.map(\.prefix) == ["shop."])
        #expect(table.defaultVirtualHost == 1)
        #expect(table.virtualHosts.map(\.name) == ["shop", "rest"])
    }

    @Test func explanationsNameTheRoute() throws {
        let snapshot = try Fixture.snapshot()
        let hosts = try #require(snapshot.listeners.first?.http.routes.virtualHosts)
        #expect(
            hosts.flatMap(\.routes).map(\.explanation) == [
                #"route 1 of virtual host shop (prefix "/api")"#,
                #"route 2 of virtual host shop (prefix "/")"#,
                #"route 1 of virtual host rest (path "/healthz")"#,
                #"route 2 of virtual host rest (prefix "/")"#,
            ]
        )
        let named = try Fixture.route(
            Fixture.match,
            "name: api\n                          "
                + Fixture.match
        )
        #expect(named.explanation == #"route "api""#)
        #expect(named.name == "api")
    }

    @Test func pathsAreComparedAsTheyAreSaid() throws {
        func condition(_ match: String) throws -> (RouteMatch.PathCondition, Bool) {
            let match = try Fixture.route(Fixture.match, "match: {\(match)}").match
            return (match.path, match.isCaseSensitive)
        }
        guard case (.prefix("/Api"), true) = try condition(#"prefix: "/Api""#),
            case (.prefix("/api"), false) = try condition(#"prefix: "/Api", case_sensitive: false"#),
            case (.path("/x"), true) = try condition(#"path: "/x""#),
            case (.pathSeparatedPrefix("/x"), true) = try condition(#"path_separated_prefix: "/x""#),
            case (.regex(let expression), true) = try condition(#"safe_regex: {regex: "/v[0-9]+"}"#)
        else {
            Issue.record("a condition on the path is not what the file says")
            return
        }
        let path = Array("/v12".utf8)
        let matches = expression.matchesWhole(path.span)
        #expect(matches)
    }

    @Test func headersAreMatchedInEveryKind() throws {
        let kinds = [
            ("", "present"), ("present_match: true", "present"),
            ("present_match: false", "absent"), ("range_match: {start: -1, end: 9}", "-1..<9"),
            ("exact_match: a", "exact a"), ("prefix_match: a", "prefix a"),
            ("suffix_match: a", "suffix a"), ("contains_match: a", "contains a"),
            ("safe_regex_match: {regex: a+}", "regex a+"),
            ("string_match: {exact: A}", "exact A"),
            ("string_match: {exact: A, ignore_case: true}", "exact a in any case"),
            ("string_match: {prefix: A, ignore_case: true}", "prefix a in any case"),
            ("string_match: {suffix: A}", "suffix A"),
            ("string_match: {contains: A}", "contains A"),
            ("string_match: {safe_regex: {google_re2: {}, regex: a+}}", "regex a+"),
        ]
        for (said, expected) in kinds {
            let fields = said.isEmpty ? "name: X-A" : "name: X-A, \(said)"
            let match = "match: {prefix: \"/\", headers: [{\(fields)}]}"
            let header = try #require(
                try Fixture.route(Fixture.match, match).match.headers.first
            )
            #expect(header.name == "x-a")
            #expect(Self.words(header.condition) == expected)
            #expect(!header.isInverted)
            #expect(!header.treatsMissingAsEmpty)
        }
        let flags =
            "name: host, exact_match: b, invert_match: true, "
            + "treat_missing_header_as_empty: true"
        let header = try #require(
            try Fixture.route(Fixture.match, "match: {prefix: \"/\", headers: [{\(flags)}]}")
                .match.headers.first
        )
        #expect(header.name == ":authority", "the host is the authority, as Envoy has it")
        #expect(header.isInverted)
        #expect(header.treatsMissingAsEmpty)
    }

    @Test func queryParametersSharesAndGRPCAreMatched() throws {
        let match = try Fixture.route(
            Fixture.match,
            """
            match:
                                        prefix: "/"
                                        grpc: {}
                                        query_parameters:
                                          - {name: a}
                                          - {name: b, present_match: false}
                                          - {name: c, string_match: {prefix: x}}
                                        runtime_fraction:
                                          default_value: {numerator: 5, denominator: TEN_THOUSAND}
            """
        ).match
        #expect(match.requiresGRPC)
        #expect(match.fraction?.numerator == 5)
        #expect(match.fraction?.denominator == 10_000)
        #expect(match.queryParameters.map(\.name) == ["a", "b", "c"])
        guard case .present = match.queryParameters[0].condition,
            case .absent = match.queryParameters[1].condition,
            case .string(let matcher) = match.queryParameters[2].condition
        else {
            Issue.record("a query parameter is not matched as the file says")
            return
        }
        #expect(Self.words(.string(matcher)) == "prefix x")
    }

    @Test func weightsAreKeptAndAParkedClusterTakesNothing() throws {
        let snapshot = try Fixture.snapshot("{name: app, weight: 90}", "{name: app, weight: 0}")
        let route = try #require(snapshot.listeners.first?.http.routes.virtualHosts[0].routes[1])
        guard case .forward(let forward) = route.action,
            case .weighted(let clusters) = forward.destination
        else {
            Issue.record("the route is not weighted")
            return
        }
        #expect(clusters.entries.count == 1)
        if case .literal(let name) = clusters.entries[0].name { #expect(name == "canary") }
        #expect(clusters.entries.map(\.weight) == [10])
        #expect(clusters.total == 10)
    }

    @Test func anActionHasItsDefaults() throws {
        let forward = try Fixture.forward("route: {cluster: app}")
        guard case .cluster("app") = forward.destination, case .none = forward.hostRewrite else {
            Issue.record("the route is not to the cluster with its host")
            return
        }
        #expect(forward.timeoutMilliseconds == 15_000)
        #expect(forward.idleTimeoutMilliseconds == nil)
        #expect(forward.clusterNotFoundStatus == 503)
        #expect(forward.retryPolicy == nil)
        #expect(forward.priority == .normal)
        #expect(forward.prefixRewrite == nil)
        #expect(forward.regexRewrite == nil)
    }

    @Test func anActionTakesWhatIsSaid() throws {
        let forward = try Fixture.forward(
            """
            route: {cluster: app, timeout: 0s, idle_timeout: 2s, priority: HIGH,
                                   prefix_rewrite: "/v2", host_rewrite_literal: b.example.com,
                                   cluster_not_found_response_code: NOT_FOUND}
            """
        )
        #expect(forward.timeoutMilliseconds == nil)
        #expect(forward.idleTimeoutMilliseconds == 2_000)
        #expect(forward.priority == .high)
        #expect(forward.prefixRewrite == "/v2")
        #expect(forward.clusterNotFoundStatus == 404)
        guard case .literal("b.example.com") = forward.hostRewrite else {
            Issue.record("the host is not rewritten")
            return
        }
        let endless = try Fixture.forward("route: {cluster: app, idle_timeout: 0s}")
        #expect(endless.idleTimeoutMilliseconds == Compilation.neverMilliseconds)
    }

    @Test func hostsAndPathsAreRewrittenInEveryKind() throws {
        let kinds = [
            ("auto_host_rewrite: true", "endpoint"), ("auto_host_rewrite: false", "none"),
            ("host_rewrite_header: X-Host", "header x-host"),
            (
                #"host_rewrite_path_regex: {pattern: {regex: "^/(.+)$"}, substitution: "\\1"}"#,
                #"regex ^/(.+)$ \1"#
            ),
        ]
        for (said, expected) in kinds {
            let forward = try Fixture.forward("route: {cluster: app, \(said)}")
            #expect(Self.words(forward.hostRewrite) == expected)
        }
        let forward = try Fixture.forward(
            #"route: {cluster: app, regex_rewrite: {pattern: {regex: "^/a(.*)"}, substitution: "/b\\1"}}"#
        )
        let rewrite = try #require(forward.regexRewrite)
        let path = Array("/a/c".utf8)
        let rewritten = rewrite.expression.replacingMatches(
            in: path.span,
            with: rewrite.substitution
        )
        #expect(String(decoding: rewritten, as: UTF8.self) == "/b/c")
    }

    @Test func aRetryPolicyHasItsDefaults() throws {
        let policy = try #require(
            try Fixture.forward("route: {cluster: app, retry_policy: {retry_on: 5xx}}").retryPolicy
        )
        #expect(policy.conditions == .serverError)
        #expect(policy.retryCountMax == 1)
        #expect(policy.backOffBaseMilliseconds == 25)
        #expect(policy.backOffMaxMilliseconds == 250)
        #expect(policy.perTryTimeoutMilliseconds == nil)
        #expect(policy.perTryIdleTimeoutMilliseconds == nil)
        #expect(policy.retriableStatusCodes.isEmpty)
    }

    @Test func aRetryPolicyTakesWhatIsSaid() throws {
        let policy = try #require(
            try Fixture.forward(
                """
                route:
                                            cluster: app
                                            retry_policy:
                                              retry_on: "gateway-error, reset,reset-before-request,\
                connect-failure,envoy-ratelimited,retriable-4xx,refused-stream,retriable-headers,\
                retriable-status-codes,http3-post-connect-failure"
                                              num_retries: 0
                                              per_try_timeout: 0.2s
                                              per_try_idle_timeout: 0s
                                              retriable_status_codes: [409, 503]
                                              retry_back_off: {base_interval: 0.0001s}
                                              retriable_headers: [{name: x-again}]
                                              retriable_request_headers: [{name: x-safe}]
                """
            ).retryPolicy
        )
        #expect(
            policy.conditions == [
                .gatewayError, .reset, .resetBeforeRequest, .connectFailure, .envoyRatelimited,
                .retriable4xx, .refusedStream, .retriableHeaders, .retriableStatusCodes,
                .http3PostConnectFailure,
            ]
        )
        #expect(policy.retryCountMax == 0)
        #expect(policy.perTryTimeoutMilliseconds == 200)
        #expect(policy.perTryIdleTimeoutMilliseconds == nil)
        #expect(policy.retriableStatusCodes == [409, 503])
        #expect(policy.backOffBaseMilliseconds == 1)
        #expect(policy.backOffMaxMilliseconds == 10)
        #expect(policy.retriableHeaders.map(\.name) == ["x-again"])
        #expect(policy.retriableRequestHeaders.map(\.name) == ["x-safe"])
    }

    @Test func thePolicyOfARouteReplacesThatOfItsVirtualHost() throws {
        let host =
            "- name: shop\n                      retry_policy: "
            + "{retry_on: 5xx, num_retries: 4, per_try_timeout: 1s}\n"
        let snapshot = try Fixture.compile(
            try Fixture.text("- name: shop\n", host)
                .replacingOccurrence(
                    of: Fixture.action,
                    with: "route: {cluster: app, retry_policy: {retry_on: reset}}"
                )
        ).snapshot
        let routes = try #require(snapshot.listeners.first?.http.routes.virtualHosts[0].routes)
        guard case .forward(let own) = routes[0].action,
            case .forward(let inherited) = routes[1].action
        else {
            Issue.record("the routes do not forward")
            return
        }
        #expect(own.retryPolicy?.conditions == .reset)
        #expect(own.retryPolicy?.retryCountMax == 1)
        #expect(own.retryPolicy?.perTryTimeoutMilliseconds == nil)
        #expect(inherited.retryPolicy?.conditions == .serverError)
        #expect(inherited.retryPolicy?.retryCountMax == 4)
    }

    @Test func localAnswersTakeWhatIsSaid() throws {
        let route = try Fixture.route(
            Fixture.action,
            """
            redirect: {scheme_redirect: HTTPS, host_redirect: b.example.com, port_redirect: 8443,
                                      path_redirect: "/new?a=b", response_code: SEE_OTHER, strip_query: true}
            """
        )
        guard case .redirect(let redirect) = route.action, case .replace("/new?a=b") = redirect.path
        else {
            Issue.record("the route does not redirect to the path")
            return
        }
        #expect(redirect.scheme == "https")
        #expect(redirect.host == "b.example.com")
        #expect(redirect.port == 8443)
        #expect(redirect.status == 303)
        #expect(redirect.stripsQuery)
        let direct = try Fixture.route(
            Fixture.action,
            "direct_response: {status: 418, body: {inline_bytes: aGk=}}"
        )
        guard case .directResponse(let response) = direct.action else {
            Issue.record("the route does not answer")
            return
        }
        #expect(response.status == 418)
        #expect(response.body == Array("hi".utf8))
    }

    @Test func virtualHostsTakeWhatIsSaid() throws {
        let snapshot = try Fixture.snapshot(
            "- name: shop\n",
            """
            - name: shop
                                  require_tls: EXTERNAL_ONLY
                                  include_request_attempt_count: true
                                  include_attempt_count_in_response: true

            """
        )
        let host = try #require(snapshot.listeners.first?.http.routes.virtualHosts.first)
        #expect(host.tlsRequirement == .externalOnly)
        #expect(host.includesAttemptCountInRequest)
        #expect(host.includesAttemptCountInResponse)
        #expect(host.domains == ["shop.example.com", "*.shop.example.com"])
    }

    private static func words(_ condition: HeaderMatcher.Condition) -> String {
        switch condition {
        case .present: return "present"
        case .absent: return "absent"
        case .range(let start, let end): return "\(start)..<\(end)"
        case .string(let matcher):
            let suffix = matcher.ignoresCase ? " in any case" : ""
            switch matcher.pattern {
            case .exact(let text): return "exact \(text)" + suffix
            case .prefix(let text): return "prefix \(text)" + suffix
            case .suffix(let text): return "suffix \(text)" + suffix
            case .contains(let text): return "contains \(text)" + suffix
            case .regex(let expression): return "regex \(expression.pattern)" + suffix
            }
        }
    }

    private static func words(_ rewrite: HostRewrite) -> String {
        switch rewrite {
        case .none: "none"
        case .literal(let text): "literal \(text)"
        case .endpoint: "endpoint"
        case .header(let name): "header \(name)"
        case .pathRegex(let expression, let substitution):
            "regex \(expression.pattern) \(substitution)"
        }
    }
}

extension String {
    /// The text with the first occurrence of `old` replaced; the text itself where there is none.
    func replacingOccurrence(of old: String, with new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}
