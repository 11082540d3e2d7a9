internal import Model
internal import SwiftProtobuf

/// `InternalRedirectPolicy`, and the fields that said it before.
extension Compilation {
    private typealias PolicyMessage = Envoy_Config_Route_V3_InternalRedirectPolicy
    private typealias PreviousRoutes =
        Envoy_Extensions_InternalRedirect_PreviousRoutes_V3_PreviousRoutesConfig
    private typealias AllowedRoutes =
        Envoy_Extensions_InternalRedirect_AllowListedRoutes_V3_AllowListedRoutesConfig
    private typealias SafeCrossScheme =
        Envoy_Extensions_InternalRedirect_SafeCrossScheme_V3_SafeCrossSchemeConfig

    /// More would be a loop; each costs another request.
    private static var redirectsMax: UInt32 { 30 }

    func internalRedirects(
        _ action: ActionMessage,
        _ path: FieldPath
    ) -> InternalRedirectPolicy? {
        let old = known(action.internalRedirectAction, path["internal_redirect_action"])
        if action.hasInternalRedirectPolicy {
            if old == .handleInternalRedirect || action.hasMaxInternalRedirects {
                warn(
                    old == .handleInternalRedirect
                        ? path["internal_redirect_action"] : path["max_internal_redirects"],
                    "has no effect beside internal_redirect_policy",
                    "it is the older way to say the same; remove it"
                )
            }
            return internalRedirectPolicy(
                action.internalRedirectPolicy,
                path["internal_redirect_policy"]
            )
        }
        guard old == .handleInternalRedirect else {
            if action.hasMaxInternalRedirects {
                warn(
                    path["max_internal_redirects"],
                    "has no effect: redirects are passed to the client",
                    "give internal_redirect_policy: {max_internal_redirects: …}"
                )
            }
            return nil
        }
        return InternalRedirectPolicy(
            maxRedirects: redirectCount(
                action.hasMaxInternalRedirects ? action.maxInternalRedirects.value : nil,
                path["max_internal_redirects"]
            )
        )
    }

    private func internalRedirectPolicy(
        _ policy: PolicyMessage,
        _ path: FieldPath
    ) -> InternalRedirectPolicy {
        let predicates = policy.predicates.enumerated().compactMap { index, given in
            predicate(given, policy, path["predicates"][index])
        }
        let copied = policy.responseHeadersToCopy.enumerated().compactMap { index, name in
            copiedName(name, path["response_headers_to_copy"][index])
        }
        return InternalRedirectPolicy(
            maxRedirects: redirectCount(
                policy.hasMaxInternalRedirects ? policy.maxInternalRedirects.value : nil,
                path["max_internal_redirects"]
            ),
            statuses: redirectStatuses(policy, path["redirect_response_codes"]),
            predicates: predicates,
            allowsCrossScheme: policy.allowCrossSchemeRedirect,
            responseHeadersToCopy: copied
        )
    }

    private func redirectCount(_ given: UInt32?, _ path: FieldPath) -> UInt32 {
        guard let given else { return 1 }
        if given > Self.redirectsMax {
            refuse(
                path,
                "\(given) redirects of one request",
                "at most \(Self.redirectsMax); 1 to 5 is usual"
            )
            return 1
        }
        if given == 0 {
            warn(path, "is 0, so every redirect goes to the client", "leave it out for 1")
        }
        return given
    }

    private func redirectStatuses(_ policy: PolicyMessage, _ path: FieldPath) -> [UInt16] {
        if policy.redirectResponseCodes.isEmpty { return [302] }
        if policy.redirectResponseCodes.count > 5 {
            refuse(path, "lists \(policy.redirectResponseCodes.count) codes", "there are 5")
        }
        return policy.redirectResponseCodes.enumerated().compactMap { index, code in
            if let status = UInt16(exactly: code), [301, 302, 303, 307, 308].contains(status) {
                return status
            }
            warn(
                path[index],
                "\(code) is no redirect that can be followed, so it is left out",
                "give 301, 302, 303, 307 or 308"
            )
            return nil
        }
    }

    private func predicate(
        _ given: Envoy_Config_Core_V3_TypedExtensionConfig,
        _ policy: PolicyMessage,
        _ path: FieldPath
    ) -> InternalRedirectPolicy.Predicate? {
        let place = path["typed_config"]
        let any = given.typedConfig
        if any.isA(PreviousRoutes.self) { return .previousRoutes }
        if any.isA(SafeCrossScheme.self) {
            if !policy.allowCrossSchemeRedirect {
                warn(
                    path,
                    "has no effect: no redirect to another scheme is followed",
                    "give allow_cross_scheme_redirect: true"
                )
            }
            return .safeCrossScheme
        }
        guard let allowed = unpack(any, as: AllowedRoutes.self, place) else { return nil }
        for (index, name) in allowed.allowedRouteNames.enumerated() where name.isEmpty {
            refuse(
                place["allowed_route_names"][index],
                "is empty",
                "give the name of a route"
            )
        }
        if allowed.allowedRouteNames.isEmpty {
            warn(
                place["allowed_route_names"],
                "is empty, so no redirect is followed",
                "give the names of routes"
            )
        }
        return .allowedRoutes(allowed.allowedRouteNames)
    }

    private func copiedName(_ name: String, _ path: FieldPath) -> ByteString? {
        if name.hasPrefix(":") || ByteString(name).lowercased == "host" {
            refuse(
                path,
                ":-prefixed headers and host cannot be copied",
                "the location of the redirect says host and path"
            )
            return nil
        }
        return headerName(name, path, allowsPseudo: false)
    }
}
