package import Model

/// What the route table says of a request.
package enum RouteLookup: Sendable {
    case route(Route, VirtualHost)
    /// No virtual host serves the authority.
    case noVirtualHost
    /// The virtual host has no route that matches.
    case noRoute(VirtualHost)
}

extension RouteTable {
    /// Finds the first route that matches the request, in the virtual host of its authority.
    ///
    /// - Parameter random: drawn once for the request; decides `runtime_fraction`, and belongs to
    ///   `ForwardAction.cluster(random:)` too, as one number decides both in Envoy.
    package func route(for head: Head, random: UInt64) -> RouteLookup {
        guard let host = virtualHost(authority: head.span(head.authority)) else {
            return .noVirtualHost
        }
        guard let route = host.route(for: head, random: random) else { return .noRoute(host) }
        return .route(route, host)
    }
}

extension VirtualHost {
    /// The first route that matches, in the order of the configuration.
    package func route(for head: Head, random: UInt64) -> Route? {
        if let index { return route(for: head, random: random, index) }
        let path = head.span(head.matchedPath)
        // Through a span, a route that does not match is not retained.
        let routes = routes
        let span = routes.span
        for index in 0..<span.count
        where unsafe span[unchecked: index].matches(head, path: path, random: random) {
            return routes[index]
        }
        return nil
    }

    /// True where `require_tls` sends this request to the same address over TLS.
    ///
    /// Expects `x-forwarded-proto` and `x-envoy-internal` to be sanitised, see `ForwardedHeaders`.
    package func redirectsToTLS(_ head: Head) -> Bool {
        switch tlsRequirement {
        case .none: false
        case .externalOnly: !head.isSecure && !head.has(.xEnvoyInternal)
        case .all: !head.isSecure
        }
    }
}

extension Route {
    /// True where every condition holds; the cheapest and most selective, the path, comes first.
    ///
    /// A member of the route, and not of its `RouteMatch`, so that the conditions are read in place
    /// and not copied.
    ///
    /// - Parameter path: the path without query and fragment.
    package func matches(_ head: Head, path: Span<UInt8>, random: UInt64) -> Bool {
        guard match.matches(path: path) else { return false }
        if match.requiresGRPC, !head.isGRPC { return false }
        if !match.headers.isEmpty, !match.headers.allMatch(head) { return false }
        if !match.queryParameters.isEmpty {
            let query = head.span(head.query)
            for parameter in match.queryParameters where !parameter.matches(query: query) {
                return false
            }
        }
        for cookie in match.cookies where !cookie.matches(head) { return false }
        guard let fraction = match.fraction else { return true }
        return random % UInt64(max(fraction.denominator, 1)) < UInt64(fraction.numerator)
    }
}

extension RouteMatch {
    /// True where the path condition holds for a path without query and fragment.
    package func matches(path: Span<UInt8>) -> Bool {
        // Only CONNECT has none, and only a route for CONNECT takes it.
        if path.isEmpty {
            if case .connect = self.path { return true }
            return false
        }
        switch self.path {
        case .prefix(let prefix):
            let bytes = prefix.bytes
            return hasPrefix(path, bytes.span)
        case .path(let whole):
            let bytes = whole.bytes
            return path.count == bytes.count && hasPrefix(path, bytes.span)
        case .pathSeparatedPrefix(let prefix):
            let bytes = prefix.bytes
            return hasPrefix(path, bytes.span)
                && (path.count == bytes.count || path[bytes.count] == 0x2f)
        case .regex(let expression):
            return expression.matchesWhole(path)
        case .connect:
            return false
        }
    }

    private func hasPrefix(_ path: Span<UInt8>, _ prefix: Span<UInt8>) -> Bool {
        isCaseSensitive
            ? path.hasPrefix(prefix) : path.hasPrefixIgnoringCase(lowercase: prefix)
    }

    /// How many bytes of the path the condition matched: what a prefix rewrite replaces.
    func matchedCount(of path: Span<UInt8>) -> Int {
        switch self.path {
        case .prefix(let literal), .path(let literal), .pathSeparatedPrefix(let literal):
            min(literal.count, path.count)
        case .regex, .connect: path.count
        }
    }
}

extension Head {
    /// What path conditions see and rewrites replace: the path up to the query, or up to a fragment,
    /// which should not have come but must not hide a suffix.
    var matchedPath: Slice {
        let whole = span(path)
        for index in 0..<whole.count {
            let byte = unsafe whole[unchecked: index]
            if byte == 0x3f || byte == 0x23 {
                return Slice(start: path.start, count: UInt32(truncatingIfNeeded: index))
            }
        }
        return path
    }

    /// What follows `matchedPath`, from the question mark.
    var pathTail: Slice {
        let count = matchedPath.count
        return Slice(start: path.start &+ count, count: path.count &- count)
    }

    /// `content-type: application/grpc`, or that with a plus and a message format.
    package var isGRPC: Bool {
        guard let type = first(.contentType) else { return false }
        let value = span(type)
        let name: StaticString = "application/grpc"
        guard value.count >= name.utf8CodeUnitCount else { return false }
        return value.extracting(0..<name.utf8CodeUnitCount).equals(name)
            && (value.count == name.utf8CodeUnitCount || value[name.utf8CodeUnitCount] == 0x2b)
    }
}
