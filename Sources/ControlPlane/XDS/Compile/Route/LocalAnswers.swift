internal import Document
internal import Model

/// Routes that are answered here: `RedirectAction` and `DirectResponseAction`.
extension Compilation {
    func redirectAction(
        _ action: Envoy_Config_Route_V3_RedirectAction,
        _ path: FieldPath
    ) -> RedirectAction? {
        let start = problemCount
        var compiled = RedirectAction(stripsQuery: action.stripQuery)
        switch action.schemeRewriteSpecifier {
        case .httpsRedirect(let isOn): compiled.scheme = isOn ? "https" : nil
        case .schemeRedirect(let scheme):
            compiled.scheme = redirectScheme(scheme, path["scheme_redirect"])
        case nil: break
        }
        if !action.hostRedirect.isEmpty {
            compiled.host = headText(
                action.hostRedirect,
                path["host_redirect"],
                inRequestLine: true
            )
            if action.hostRedirect.contains("/") {
                refuse(
                    path["host_redirect"],
                    "\(quoted(action.hostRedirect)) is not a host",
                    "scheme and path have fields of their own"
                )
            }
        }
        if action.portRedirect > 65_535 {
            refuse(
                path["port_redirect"],
                "\(action.portRedirect) is not a port",
                "ports are 1 to 65535"
            )
        } else if action.portRedirect > 0 {
            compiled.port = UInt16(action.portRedirect)
        }
        compiled.path = pathChange(action, path)
        switch known(action.responseCode, path["response_code"]) {
        case .found: compiled.status = 302
        case .seeOther: compiled.status = 303
        case .temporaryRedirect: compiled.status = 307
        case .permanentRedirect: compiled.status = 308
        default: compiled.status = 301
        }
        if problemCount == start, Self.changesNothing(compiled) {
            warn(
                path,
                "redirects to the same place, so a client would go round in a circle",
                "give https_redirect, host_redirect, port_redirect or path_redirect"
            )
        }
        return problemCount == start ? compiled : nil
    }

    private static func changesNothing(_ action: RedirectAction) -> Bool {
        guard case .none = action.path else { return false }
        return action.scheme == nil && action.host == nil && action.port == nil
            && !action.stripsQuery
    }

    private func redirectScheme(_ scheme: String, _ path: FieldPath) -> ByteString? {
        if scheme.isEmpty { return nil }
        // RFC 3986 section 3.1
        let bytes = Array(scheme.utf8)
        let isScheme =
            bytes.first.map { $0.asciiLowercased &- 0x61 < 26 } == true
            && bytes.allSatisfy {
                $0.isASCIIDigit || $0.asciiLowercased &- 0x61 < 26 || "+-.".utf8.contains($0)
            }
        if !isScheme {
            refuse(path, "\(quoted(scheme)) is not a scheme", "write https, without ://")
            return nil
        }
        return ByteString(scheme).lowercased
    }

    private func pathChange(
        _ action: Envoy_Config_Route_V3_RedirectAction,
        _ path: FieldPath
    ) -> RedirectAction.PathChange {
        switch action.pathRewriteSpecifier {
        case nil: return .none
        case .pathRewrite:
            refuse(
                path["path_rewrite"],
                "it is not supported yet",
                "path_redirect, prefix_rewrite and regex_rewrite are"
            )
            return .none
        case .pathRedirect(let text):
            if text.isEmpty { return .none }
            return headText(text, path["path_redirect"], inRequestLine: true)
                .map { .replace($0) } ?? .none
        case .prefixRewrite(let text):
            if text.isEmpty { return .none }
            return headText(text, path["prefix_rewrite"], inRequestLine: true)
                .map { .prefix($0) } ?? .none
        case .regexRewrite(let given):
            return rewrite(given, path["regex_rewrite"])
                .map { .regex(expression: $0.expression, substitution: $0.substitution) } ?? .none
        }
    }

    func directResponse(
        _ response: Envoy_Config_Route_V3_DirectResponseAction,
        _ path: FieldPath,
        _ scope: RouteScope
    ) -> DirectResponseAction? {
        guard let status = UInt16(exactly: response.status), 200...599 ~= status else {
            refuse(
                path["status"],
                response.status == 0
                    ? "is missing"
                    : "\(response.status) is not the status of a response",
                "give 200 to 599"
            )
            return nil
        }
        var compiled = DirectResponseAction(status: status)
        let hasNoBody = [204, 205, 304].contains(status)
        if response.hasBodyFormat {
            let place = path["body_format"]
            guard let format = localBodyFormat(response.bodyFormat, place) else { return nil }
            if hasNoBody {
                refuse(
                    place,
                    "a \(status) response carries no body",
                    "leave the format out, or answer with 200"
                )
            }
            compiled.format = format
        }
        guard response.hasBody else { return compiled }
        guard let body = bytes(response.body, path["body"], limit: scope.directBodyBytesMax) else {
            return nil
        }
        if !body.isEmpty, hasNoBody {
            refuse(
                path["body"],
                "a \(status) response carries no body",
                "leave the body out, or answer with 200"
            )
        }
        compiled.body = body
        return compiled
    }
}
