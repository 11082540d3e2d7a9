import Model
import Testing

@testable import XDS

/// `local_reply_config`, `body_format` and the filters of access logs.
@Suite struct LocalReplyValuesTests {
    private func manager(_ fields: String) throws -> HTTPConnectionManager {
        let text = try BadRouterField("", [.manager(fields)], says: []).text()
        return try #require(try Fixture.compile(text).snapshot.listeners.first?.http)
    }

    private func refusal(_ fields: String) throws -> [String] {
        Fixture.refusal(try BadRouterField("", [.manager(fields)], says: []).text())
    }

    private func mapper(_ filter: String) -> String {
        "local_reply_config: {mappers: [{filter: \(filter), status_code: 599}]}"
    }

    @Test func repliesAreMappedInTheOrderOfTheFile() throws {
        let replies = try #require(
            try manager(
                """
                local_reply_config: {body_format: {json_format: {z: "%LOCAL_REPLY_BODY%", a: 1}}, \
                mappers: [{filter: {response_flag_filter: {flags: [UF, UH]}}, status_code: 555, \
                body: {inline_string: sorry}, headers_to_add: [{header: {key: X-A, value: b}}], \
                body_format_override: {content_type: text/html, text_format_source: \
                {inline_string: "<%LOCAL_REPLY_BODY%>"}}}, {filter: {not_health_check_filter: {}}}]}
                """
            ).localReplies
        )
        #expect(replies.mappers.count == 2)
        #expect(replies.mappers[0].status == 555)
        #expect(replies.mappers[0].body == Array("sorry".utf8))
        #expect(replies.mappers[0].headers.steps.count == 1)
        #expect(replies.mappers[0].format?.contentType == "text/html")
        guard case .flags(let flags) = replies.mappers[0].filter else {
            Issue.record("not a filter of flags")
            return
        }
        #expect(flags == [.upstreamConnectionFailure, .noHealthyUpstream])
        #expect(replies.mappers[1].format == nil)
        let format = try #require(replies.format)
        #expect(format.contentType == "application/json")
        var record = ExchangeRecord()
        record.localReplyBody = Array("why".utf8)
        // By name, as in Envoy.
        #expect(
            String(decoding: format.format.body(of: record), as: UTF8.self)
                == "{\"a\":1,\"z\":\"why\"}\n"
        )
    }

    @Test func anEmptyConfigurationChangesNothing() throws {
        #expect(try manager("local_reply_config: {}").localReplies == nil)
    }

    @Test func conditionsHoldConditions() throws {
        let manager = try manager(
            mapper(
                """
                {and_filter: {filters: [{or_filter: {filters: [{status_code_filter: {comparison: \
                {op: GE, value: {default_value: 500, runtime_key: x}}}}, {duration_filter: \
                {comparison: {op: NE, value: {default_value: 7}}}}]}}, {runtime_filter: \
                {runtime_key: y, percent_sampled: {numerator: 5, denominator: TEN_THOUSAND}}}]}}
                """
            )
        )
        guard case .all(let all) = manager.localReplies?.mappers.first?.filter,
            case .any(let any) = all.first,
            case .status(.greaterOrEqual, 500) = any.first,
            case .duration(.notEqual, 7) = any.last,
            case .share(5, 10_000, isIndependent: false) = all.last
        else {
            Issue.record("not the conditions that were given")
            return
        }
    }

    @Test(arguments: [
        ("{}", "says no condition"),
        ("{status_code_filter: {}}", "has no value"),
        ("{response_flag_filter: {flags: [UG]}}", "there is no response flag \"UG\""),
        ("{and_filter: {filters: [{not_health_check_filter: {}}]}}", "has 1 conditions"),
        ("{runtime_filter: {percent_sampled: {numerator: 1}}}", "is empty"),
        ("{header_filter: {}}", "is missing"),
    ])
    func aConditionThatSaysNothingIsRefused(filter: String, says: String) throws {
        let lines = try refusal(mapper(filter))
        #expect(lines.count == 1)
        #expect(lines.first?.contains(says) == true, "\(lines)")
    }

    @Test(arguments: [
        ("status_code: 199", "199 is not the status of a response"),
        ("body_format_override: {}", "says no format"),
        (
            "body_format_override: {text_format_source: {inline_string: \"%NONE%\"}}",
            "unknown operator %NONE%"
        ),
        (
            "body_format_override: {content_type: \"a\\nb\", json_format: {a: b}}",
            "contains a control character"
        ),
    ])
    func aMapperThatCannotBeIsRefused(field: String, says: String) throws {
        let lines = try refusal(
            "local_reply_config: {mappers: [{filter: {not_health_check_filter: {}}, \(field)}]}"
        )
        #expect(lines.count == 1)
        #expect(lines.first?.contains(says) == true, "\(lines)")
    }

    @Test func aLogMayHaveLinesOfSomeExchangesOnly() throws {
        let log = """
            name: log, typed_config: {"@type": type.googleapis.com/envoy.extensions.\
            access_loggers.stream.v3.StdoutAccessLog}
            """
        let plain = try manager("access_log: [{\(log)}]")
        #expect(plain.accessLogFilters.isEmpty)
        let some = try manager(
            """
            access_log: [{\(log)}, {\(log), filter: {status_code_filter: {comparison: {op: GE, \
            value: {default_value: 500}}}}}]
            """
        )
        #expect(some.accessLogs.count == 2)
        #expect(some.accessLogFilters.count == 2)
        #expect(some.accessLogFilters.first.flatMap { $0 } == nil)
        guard case .status(.greaterOrEqual, 500)? = some.accessLogFilters.last.flatMap({ $0 })
        else {
            Issue.record("not the filter that was given")
            return
        }
    }

    @Test func aDirectResponseMayHaveAFormat() throws {
        let route = try Fixture.route(
            Fixture.action,
            """
            direct_response: {status: 200, body: {inline_string: in}, body_format: \
            {text_format_source: {inline_string: "[%LOCAL_REPLY_BODY%]"}}}
            """
        )
        guard case .directResponse(let action) = route.action else {
            Issue.record("not a direct response")
            return
        }
        #expect(action.body == Array("in".utf8))
        #expect(action.format != nil)
        #expect(action.format?.contentType == nil)
        let lines = Fixture.refusal(
            try Fixture.text(
                Fixture.action,
                """
                direct_response: {status: 204, body_format: {text_format_source: \
                {inline_string: a}}}
                """
            )
        )
        #expect(lines.first?.contains("a 204 response carries no body") == true, "\(lines)")
    }
}
