package import Model

/// Redirects of an endpoint that the sidecar follows itself (`internal_redirect_policy`).
///
/// Asked in this order: `follows`, `target`, `request`, the route table, `accepts`.
package enum InternalRedirect {
    /// Why a redirect is passed on to the client; each has a counter,
    /// `passthrough_internal_redirect_…`.
    package enum Failure: Error, Equatable, Sendable {
        case badLocation, noRoute, predicate, tooManyRedirects, unsafeScheme
    }

    /// Where a redirect leads: ranges of the location's bytes.
    package struct Target: Equatable, Sendable {
        package var isSecure: Bool
        package var authority: Range<Int>
        /// With the query and without the fragment; empty stands for `/`.
        package var path: Range<Int>
    }

    /// Whether the policy looks at responses with this status.
    package static func follows(_ status: UInt16, _ policy: InternalRedirectPolicy) -> Bool {
        policy.statuses.contains(status)
    }

    /// Reads a location: an absolute URL of http or https, without user information.
    ///
    /// Relative ones are passed on, as in Envoy.
    /// - Parameter followed: the redirects that were followed for this request already.
    package static func target(
        location: Span<UInt8>,
        request: Head,
        policy: InternalRedirectPolicy,
        followed: UInt32
    ) throws(Failure) -> Target {
        guard let target = parse(location) else { throw .badLocation }
        if !policy.allowsCrossScheme, target.isSecure != request.isSecure { throw .unsafeScheme }
        if followed >= policy.maxRedirects { throw .tooManyRedirects }
        return target
    }

    /// The request that follows the redirect, as a head of its own: the old one stays as it is, for
    /// the case that no route takes the new one.
    ///
    /// It has the new authority and path, `x-envoy-original-url`, and the response's headers that the
    /// policy copies. After a 303 it is a GET without a body, unless it was a HEAD.
    package static func request(
        from old: Head,
        location: Span<UInt8>,
        target: Target,
        response: Head,
        policy: InternalRedirectPolicy
    ) -> (head: Head, dropsBody: Bool) {
        let head = copy(of: old)
        for index in 0..<policy.responseHeadersToCopy.count {
            let name = policy.responseHeadersToCopy[index].bytes
            if name.span.equals("host") || name.first == 0x3a { continue }
            head.remove(named: name.span)
            var next = response.nextIndex(named: name.span, from: 0)
            while let line = next {
                let value = response.span(response.field(at: line).value)
                head.addLine(name: head.append(name.span), value: head.append(value))
                next = response.nextIndex(named: name.span, from: line + 1)
            }
        }
        setOriginalURL(of: old, in: head)
        head.authority = head.append(location.extracting(target.authority))
        if head.has(.host) { head.set(.host, head.authority) }
        let path = location.extracting(target.path)
        let start = head.byteCount
        if path.isEmpty || path[0] != 0x2f { head.append(byte: 0x2f) }
        head.append(path)
        head.path = Head.Slice(start, head.byteCount)
        guard response.status == 303, old.method != .get, old.method != .head else {
            return (head, false)
        }
        head.method = .get
        head.methodSlice = head.append("GET")
        head.remove(.contentLength)
        return (head, true)
    }

    /// Whether the policy's predicates accept the route that takes the new request.
    ///
    /// - Parameter visited: the routes that redirects of this request led to, from the first route
    ///   on.
    package static func accepts(
        _ policy: InternalRedirectPolicy,
        route: Route,
        visited: [Route],
        wasSecure: Bool,
        isSecure: Bool
    ) -> Bool {
        for index in 0..<policy.predicates.count {
            switch policy.predicates[index] {
            case .previousRoutes:
                if visited.contains(where: { $0 === route }) { return false }
            case .allowedRoutes(let names):
                if !names.contains(route.name) { return false }
            case .safeCrossScheme:
                if !wasSecure && isSecure { return false }
            }
        }
        return true
    }

    // MARK: - Reading

    private static func parse(_ location: Span<UInt8>) -> Target? {
        let isSecure: Bool
        let start: Int
        if location.hasSchemePrefix("https://") {
            (isSecure, start) = (true, 8)
        } else if location.hasSchemePrefix("http://") {
            (isSecure, start) = (false, 7)
        } else {
            return nil
        }
        var end = start
        while end < location.count, location[end] != 0x2f, location[end] != 0x3f,
            location[end] != 0x23
        {
            if !isAuthorityByte(location[end]) { return nil }
            end += 1
        }
        if end == start || location[start] == 0x3a { return nil }
        var last = end
        while last < location.count, location[last] != 0x23 {
            if location[last] <= 0x20 || location[last] >= 0x7f { return nil }
            last += 1
        }
        return Target(isSecure: isSecure, authority: start..<end, path: end..<last)
    }

    /// A byte of a host or port: no user information, no spaces.
    private static func isAuthorityByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7a, 0x41...0x5a, 0x30...0x39: true
        case 0x2d, 0x2e, 0x5f, 0x7e, 0x3a, 0x5b, 0x5d, 0x25: true
        default: false
        }
    }

    // MARK: - Writing

    private static func setOriginalURL(of old: Head, in head: Head) {
        let start = head.byteCount
        if old.isSecure { head.append("https://") } else { head.append("http://") }
        head.append(copyOf: old, old.authority)
        head.append(copyOf: old, old.path)
        head.set(.xEnvoyOriginalURL, Head.Slice(start, head.byteCount))
    }

    private static func copy(of old: Head) -> Head {
        let head = Head(byteCapacity: max(1_024, old.byteCount + 512))
        head.append(old.bytes)
        // The bytes stand where they stood: every slice of the old head is one of the new.
        for index in 0..<old.fieldCount {
            let field = old.field(at: index)
            if !field.isRemoved { head.add(field) }
        }
        head.method = old.method
        head.methodSlice = old.methodSlice
        head.path = old.path
        head.authority = old.authority
        head.isTLS = old.isTLS
        head.minorVersion = old.minorVersion
        return head
    }
}

extension Span<UInt8> {
    fileprivate func hasSchemePrefix(_ text: StaticString) -> Bool {
        count > text.utf8CodeUnitCount
            && extracting(0..<text.utf8CodeUnitCount).equalsIgnoringCase(text)
    }
}
