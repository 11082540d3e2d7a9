internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.RouteMatch`.
extension Compilation {
    func routeMatch(
        _ match: Envoy_Config_Route_V3_RouteMatch,
        _ path: FieldPath
    ) -> RouteMatch? {
        let isCaseSensitive = match.hasCaseSensitive ? match.caseSensitive.value : true
        let condition = pathCondition(match, path, isCaseSensitive)
        let headers = headerMatchers(match.headers, path["headers"])
        let parameters = queryParameterMatchers(match.queryParameters, path["query_parameters"])
        let cookies = cookieMatchers(match.cookies, path["cookies"])
        var fraction: Fraction?
        if match.hasRuntimeFraction {
            fraction = self.fraction(match.runtimeFraction, path["runtime_fraction"])
        }
        guard let condition else { return nil }
        return RouteMatch(
            path: condition,
            isCaseSensitive: isCaseSensitive,
            headers: headers,
            queryParameters: parameters,
            cookies: cookies,
            fraction: fraction,
            requiresGRPC: match.hasGrpc
        )
    }

    private func pathCondition(
        _ match: Envoy_Config_Route_V3_RouteMatch,
        _ path: FieldPath,
        _ isCaseSensitive: Bool
    ) -> RouteMatch.PathCondition? {
        func folded(_ text: String) -> ByteString {
            isCaseSensitive ? ByteString(text) : ByteString(text).lowercased
        }
        switch match.pathSpecifier {
        case .prefix(let text):
            warnOfUnreachable(text, path["prefix"], isWhole: false)
            return .prefix(folded(text))
        case .path(let text):
            if text.isEmpty {
                refuse(path["path"], "is empty", "a path begins with a slash")
                return nil
            }
            warnOfUnreachable(text, path["path"], isWhole: true)
            return .path(folded(text))
        case .pathSeparatedPrefix(let text):
            let path = path["path_separated_prefix"]
            if text.isEmpty || text == "/" {
                refuse(path, "\(quoted(text)) is every path", "use prefix: \"/\"")
                return nil
            }
            if text.hasSuffix("/") {
                refuse(
                    path,
                    "ends with a slash",
                    "leave the slash out: \(quoted(String(text.dropLast()))) matches itself and"
                        + " whatever follows a slash"
                )
                return nil
            }
            if text.contains("?") || text.contains("#") {
                refuse(path, "contains ? or #", "the query is matched by query_parameters")
                return nil
            }
            warnOfUnreachable(text, path, isWhole: false)
            return .pathSeparatedPrefix(folded(text))
        case .connectMatcher: return .connect
        case .safeRegex(let expression):
            return regex(expression, path["safe_regex"]).map { .regex($0) }
        case nil:
            refuse(
                path,
                "says no path",
                "give one of prefix, path, path_separated_prefix, safe_regex and connect_matcher;"
                    + " prefix: \"/\" is every path"
            )
            return nil
        }
    }

    /// Says so where a literal can equal no path, since Envoy says nothing and the route is dead.
    private func warnOfUnreachable(_ text: String, _ path: FieldPath, isWhole: Bool) {
        if text.isEmpty || (isWhole && text == "*") { return }
        if !text.hasPrefix("/") {
            warn(
                path,
                "\(quoted(text)) matches nothing: every path begins with a slash",
                "write \(quoted("/" + text))"
            )
        } else if text.contains("?") || text.contains("#") {
            warn(
                path,
                "\(quoted(text)) matches nothing: the path ends before ? and #",
                "the query is matched by query_parameters"
            )
        }
    }

    /// A share of the requests: what the runtime has at the key, else the default value.
    func fraction(
        _ fraction: Envoy_Config_Core_V3_RuntimeFractionalPercent,
        _ path: FieldPath
    ) -> Fraction? {
        let known = runtimeFraction(fraction.runtimeKey)
        if !fraction.hasDefaultValue {
            refuse(path, "has no default_value", "give numerator and denominator")
            return nil
        }
        let value = fraction.defaultValue
        let denominator: UInt32
        switch self.known(value.denominator, path["default_value"]["denominator"]) {
        case .tenThousand: denominator = 10_000
        case .million: denominator = 1_000_000
        default: denominator = 100
        }
        if value.numerator > denominator {
            warn(
                path["default_value"]["numerator"],
                "\(value.numerator) of \(denominator) is every request",
                "make it at most \(denominator), or choose another denominator"
            )
        }
        return known ?? (value.numerator, denominator)
    }
}
