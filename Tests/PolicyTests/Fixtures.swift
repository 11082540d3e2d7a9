import Model
import Policy

/// A request as the codec would fill it.
func request(
    _ method: String = "GET",
    _ path: String = "/",
    authority: String = "example.com",
    isTLS: Bool = false,
    _ fields: [(String, String)] = []
) -> Head {
    let head = Head()
    head.method = method == "GET" ? .get : method == "POST" ? .post : .other
    head.methodSlice = append(method, to: head)
    head.path = append(path, to: head)
    head.authority = append(authority, to: head)
    head.isTLS = isTLS
    add(fields, to: head)
    return head
}

func response(_ status: UInt16, _ fields: [(String, String)] = []) -> Head {
    let head = Head()
    head.status = status
    add(fields, to: head)
    return head
}

func add(_ fields: [(String, String)], to head: Head) {
    for (name, value) in fields {
        head.addLine(name: append(name, to: head), value: append(value, to: head))
    }
}

@discardableResult
func append(_ text: String, to head: Head) -> Head.Slice {
    let bytes = Array(text.utf8)
    return head.append(bytes.span)
}

func text(_ slice: Head.Slice, of head: Head) -> String {
    ByteString(copying: head.span(slice)).description
}

/// The values of every line with this lower-case name, joined by a bar; nil where there is none.
func values(_ name: String, of head: Head) -> String? {
    let key = Array(name.utf8)
    var found: [String] = []
    var start = 0
    while let index = head.nextIndex(named: key.span, from: start) {
        found.append(text(head.field(at: index).value, of: head))
        start = index + 1
    }
    return found.isEmpty ? nil : found.joined(separator: "|")
}

func matches(_ matcher: StringMatcher, _ value: [UInt8]) -> Bool { matcher.matches(value.span) }

func regex(_ pattern: String) -> any RegularExpression {
    do {
        return try RE2Expression(pattern: pattern)
    } catch {
        preconditionFailure("\(pattern): \(error.message)")
    }
}

func forward(
    to cluster: String = "app",
    prefixRewrite: String? = nil,
    regexRewrite: (String, String)? = nil,
    hostRewrite: HostRewrite = .none,
    timeout: Int64? = 15_000,
    retryPolicy: RetryPolicy? = nil
) -> ForwardAction {
    ForwardAction(
        destination: .cluster(cluster),
        prefixRewrite: prefixRewrite.map { ByteString($0) },
        regexRewrite: regexRewrite.map { (regex($0.0), ByteString($0.1)) },
        hostRewrite: hostRewrite,
        timeoutMilliseconds: timeout,
        retryPolicy: retryPolicy
    )
}

func route(_ name: String, _ match: RouteMatch) -> Route {
    Route(name: name, explanation: name, match: match, action: .forward(forward()))
}

/// One virtual host for each list of domains, named by its first.
func table(_ hosts: [([String], [Route])]) -> RouteTable {
    var exact = ByteTable<Int>()
    var suffixes: [(suffix: ByteString, virtualHost: Int)] = []
    var prefixes: [(prefix: ByteString, virtualHost: Int)] = []
    var standard: Int?
    for (index, host) in hosts.enumerated() {
        for domain in host.0 {
            if domain == "*" {
                standard = index
            } else if domain.hasPrefix("*") {
                suffixes.append((ByteString(String(domain.dropFirst())), index))
            } else if domain.hasSuffix("*") {
                prefixes.append((ByteString(String(domain.dropLast())), index))
            } else {
                exact.insert(ByteString(domain).lowercased, index)
            }
        }
    }
    return RouteTable(
        name: "test",
        virtualHosts: hosts.map { VirtualHost(name: $0.0[0], domains: $0.0, routes: $0.1) },
        exactDomains: exact,
        suffixDomains: suffixes.sorted { $0.suffix.count > $1.suffix.count },
        prefixDomains: prefixes.sorted { $0.prefix.count > $1.prefix.count },
        defaultVirtualHost: standard
    )
}

/// The name of the route that matches, or what the table says instead.
func lookup(_ table: RouteTable, _ head: Head, random: UInt64 = 0) -> String {
    switch table.route(for: head, random: random) {
    case .route(let route, _): route.name
    case .noVirtualHost: "no virtual host"
    case .noRoute(let host): "no route in \(host.name)"
    }
}

extension RetryPolicy {
    /// The policy with these conditions in Envoy's words.
    static func on(_ names: String, retries: UInt32 = 1) -> RetryPolicy {
        let bytes = Array(names.utf8)
        return RetryPolicy(
            conditions: Conditions.parse(bytes.span).conditions,
            retryCountMax: retries
        )
    }
}

/// Chi-square of observed counts against expected shares.
func chiSquare(_ observed: [Int], shares: [Double]) -> Double {
    let total = Double(observed.reduce(0, +))
    return zip(observed, shares).reduce(0) { sum, pair in
        let expected = total * pair.1
        let difference = Double(pair.0) - expected
        return sum + difference * difference / expected
    }
}
