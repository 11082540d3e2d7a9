internal import Document
internal import Model
internal import SwiftProtobuf

/// `AccessLogFilter`: which exchanges an access log has a line of, which replies are mapped.
extension Compilation {
    typealias ExchangeFilterMessage = Envoy_Config_Accesslog_V3_AccessLogFilter
    private typealias ComparisonMessage = Envoy_Config_Accesslog_V3_ComparisonFilter

    /// Filters within filters at most; what a file says must not decide how deep we recurse.
    private static var filterDepthMax: Int { 16 }

    /// The filters of the logs, by position; empty where no log has one.
    func accessLogFilters(
        _ logs: [Envoy_Config_Accesslog_V3_AccessLog],
        _ path: FieldPath
    ) -> [ExchangeFilter?] {
        let filters = logs.enumerated().map { index, log in
            log.hasFilter ? exchangeFilter(log.filter, path[index]["filter"]) : nil
        }
        return filters.contains { $0 != nil } ? filters : []
    }

    /// The condition; nil, and a problem, where there is none that can be kept.
    func exchangeFilter(
        _ filter: ExchangeFilterMessage,
        _ path: FieldPath,
        depth: Int = 0
    ) -> ExchangeFilter? {
        switch filter.filterSpecifier {
        case .statusCodeFilter(let given):
            let place = path["status_code_filter"]["comparison"]
            return comparison(given.hasComparison ? given.comparison : nil, place)
                .map { .status($0.operation, $0.value) }
        case .durationFilter(let given):
            let place = path["duration_filter"]["comparison"]
            return comparison(given.hasComparison ? given.comparison : nil, place)
                .map { .duration($0.operation, $0.value) }
        case .notHealthCheckFilter:
            return .notHealthCheck
        case .runtimeFilter(let given):
            return share(given, path["runtime_filter"])
        case .andFilter(let given):
            return parts(given.filters, path["and_filter"]["filters"], depth).map { .all($0) }
        case .orFilter(let given):
            return parts(given.filters, path["or_filter"]["filters"], depth).map { .any($0) }
        case .headerFilter(let given):
            let place = path["header_filter"]["header"]
            guard given.hasHeader else {
                refuse(place, "is missing", "give header: {name: x-name, present_match: true}")
                return nil
            }
            return headerMatcher(given.header, place).map { .header($0) }
        case .responseFlagFilter(let given):
            return flags(given.flags, path["response_flag_filter"]["flags"])
        case .grpcStatusFilter(let given):
            return statuses(given, path["grpc_status_filter"]["statuses"])
        case nil:
            refuse(path, "says no condition", "give status_code_filter or another filter")
            return nil
        }
    }

    private func comparison(
        _ given: ComparisonMessage?,
        _ path: FieldPath
    ) -> (operation: ExchangeFilter.Comparison, value: UInt64)? {
        guard let given, given.hasValue else {
            refuse(path, "has no value", "give comparison: {op: GE, value: {default_value: 500}}")
            return nil
        }
        let operation: ExchangeFilter.Comparison
        switch known(given.op, path["op"]) {
        case .ge: operation = .greaterOrEqual
        case .le: operation = .lessOrEqual
        case .ne: operation = .notEqual
        default: operation = .equal
        }
        let value = runtimeCount(given.value.runtimeKey) ?? given.value.defaultValue
        return (operation, UInt64(value))
    }

    private func share(
        _ given: Envoy_Config_Accesslog_V3_RuntimeFilter,
        _ path: FieldPath
    ) -> ExchangeFilter? {
        if given.runtimeKey.isEmpty {
            refuse(path["runtime_key"], "is empty", "name the key; percent_sampled is its default")
            return nil
        }
        let place = path["percent_sampled"]
        var share: Fraction = (given.percentSampled.numerator, 100)
        switch known(given.percentSampled.denominator, place["denominator"]) {
        case .tenThousand: share.denominator = 10_000
        case .million: share.denominator = 1_000_000
        default: break
        }
        share = runtimeFraction(given.runtimeKey) ?? share
        return .share(
            numerator: share.numerator,
            denominator: share.denominator,
            isIndependent: given.useIndependentRandomness
        )
    }

    private func parts(
        _ filters: [ExchangeFilterMessage],
        _ path: FieldPath,
        _ depth: Int
    ) -> [ExchangeFilter]? {
        if filters.count < 2 {
            refuse(path, "has \(filters.count) conditions", "give at least two, or leave it out")
            return nil
        }
        if depth >= Self.filterDepthMax {
            refuse(path, "is nested too deeply", "up to \(Self.filterDepthMax) levels are allowed")
            return nil
        }
        let compiled = filters.enumerated().compactMap {
            exchangeFilter($1, path[$0], depth: depth + 1)
        }
        return compiled.count == filters.count ? compiled : nil
    }

    private func statuses(
        _ given: Envoy_Config_Accesslog_V3_GrpcStatusFilter,
        _ path: FieldPath
    ) -> ExchangeFilter {
        if given.statuses.isEmpty {
            warn(
                path,
                given.exclude
                    ? "is empty, so the condition always holds"
                    : "is empty, so the condition never holds",
                "name statuses, for example [UNAVAILABLE, INTERNAL]"
            )
        }
        var bits: UInt32 = 0
        for (index, status) in given.statuses.enumerated() {
            bits |= 1 << UInt32(known(status, path[index]).rawValue)
        }
        return .grpcStatus(bits, excludes: given.exclude)
    }

    private func flags(_ names: [String], _ path: FieldPath) -> ExchangeFilter? {
        let all = ResponseFlags.names.map { "\($0.short)" }
        var flags: ResponseFlags = []
        var isWhole = true
        for (index, name) in names.enumerated() {
            if let bit = all.firstIndex(of: name) {
                flags.insert(ResponseFlags(rawValue: 1 << UInt32(bit)))
                continue
            }
            isWhole = false
            refuse(
                path[index],
                "there is no response flag \(quoted(name))",
                didYouMean(name, among: all, otherwise: "flags are \(all.joined(separator: ", "))")
            )
        }
        return isWhole ? .flags(flags) : nil
    }
}
