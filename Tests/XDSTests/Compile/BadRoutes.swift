/// Virtual hosts, domains and matches that are wrong, and what is said of them.
extension BadFile {
    static let routes: [BadFile] = [
        BadFile(
            "ipv4_compat is not supported yet",
            replacing: "address: 0.0.0.0, port_value: 15006",
            with: #"address: "::", port_value: 15006, ipv4_compat: true"#,
            says: [
                """
                envoy.yaml:11:60: static_resources.listeners[0].address.socket_address.\
                ipv4_compat: is not supported yet: leave it out, and give 0.0.0.0 as one of \
                additional_addresses
                """
            ]
        ),
        BadFile(
            "a virtual host has a name",
            replacing: "- name: shop\n",
            with: "- name: \"\"\n",
            says: [
                """
                envoy.yaml:21:23: \(manager).route_config.virtual_hosts[0].name: is empty: name \
                the virtual host; explanations show it
                """
            ]
        ),
        BadFile(
            "names of virtual hosts are unique",
            replacing: "- name: rest\n",
            with: "- name: shop\n",
            says: [
                """
                envoy.yaml:32:23: \(manager).route_config.virtual_hosts[1].name: there is \
                another virtual host "shop": names of virtual hosts are unique in their table
                """
            ]
        ),
        BadFile(
            "a virtual host has domains",
            replacing: #"domains: ["*"]"#,
            with: "domains: []",
            says: [
                """
                envoy.yaml:33:23: \(manager).route_config.virtual_hosts[1].domains: is empty, so \
                no request would reach the virtual host: give at least one; "*" is every host
                """
            ]
        ),
        BadFile(
            "a domain is not empty",
            replacing: #"domains: ["*"]"#,
            with: #"domains: [""]"#,
            says: [
                """
                envoy.yaml:33:33: \(manager).route_config.virtual_hosts[1].domains[0]: is empty: \
                give a host such as app.example.com; "*" is every host
                """
            ]
        ),
        BadFile(
            "a domain stands once, whatever its case",
            replacing: #"domains: ["*"]"#,
            with: #"domains: ["*", "SHOP.example.com"]"#,
            says: [
                """
                envoy.yaml:33:38: \(manager).route_config.virtual_hosts[1].domains[1]: "SHOP.\
                example.com" is already a domain of virtual host "shop": a domain stands once in \
                a table, whatever its case
                """
            ]
        ),
        BadFile(
            "a domain stands once in its own list",
            replacing: #"domains: ["*"]"#,
            with: #"domains: ["*", "*"]"#,
            says: [
                """
                envoy.yaml:33:38: \(manager).route_config.virtual_hosts[1].domains[1]: "*" is \
                already a domain of this virtual host: a domain stands once in a table, whatever \
                its case
                """
            ]
        ),
        BadFile(
            "a star stands at an end",
            replacing: #"domains: ["*"]"#,
            with: #"domains: ["a.*.example.com"]"#,
            says: [
                """
                envoy.yaml:33:33: \(manager).route_config.virtual_hosts[1].domains[0]: "a.*.\
                example.com" has a star in the wrong place: one star, as the first or the last \
                character: *.example.com or app.*
                """
            ]
        ),
        BadFile(
            "a domain is a host",
            replacing: #"domains: ["*"]"#,
            with: #"domains: ["https://example.com"]"#,
            says: [
                """
                envoy.yaml:33:33: \(manager).route_config.virtual_hosts[1].domains[0]: \
                "https://example.com" is not a host: leave the scheme and the path out
                """
            ]
        ),
        BadFile(
            "a domain has no spaces",
            replacing: #"domains: ["*"]"#,
            with: #"domains: ["a b"]"#,
            says: [
                """
                envoy.yaml:33:33: \(manager).route_config.virtual_hosts[1].domains[0]: "a b" is \
                not a host: leave the white space out
                """
            ]
        ),
        BadFile(
            "a route has a match",
            replacing: """
                - match: {prefix: "/api"}
                                          
                """,
            with: "- ",
            says: [
                """
                envoy.yaml:24:27: \(manager).route_config.virtual_hosts[0].routes[0]: has no \
                match: match: {prefix: "/"} takes every request
                """
            ]
        ),
        BadFile(
            "a match says a path",
            replacing: Fixture.match,
            with: "match: {}",
            says: [
                """
                envoy.yaml:24:27: \(manager).route_config.virtual_hosts[0].routes[0].match: says \
                no path: give one of prefix, path, path_separated_prefix, safe_regex and \
                connect_matcher; prefix: "/" is every path
                """
            ]
        ),
        BadFile(
            "a route has an action",
            replacing: Fixture.action,
            with: "name: nothing",
            says: [
                """
                envoy.yaml:24:27: \(manager).route_config.virtual_hosts[0].routes[0]: has no \
                action: give one of route, redirect and direct_response
                """
            ]
        ),
        BadFile(
            "a path is not empty",
            replacing: Fixture.match,
            with: #"match: {path: ""}"#,
            says: [
                """
                envoy.yaml:24:35: \(manager).route_config.virtual_hosts[0].routes[0].match.path: \
                is empty: a path begins with a slash
                """
            ]
        ),
        BadFile(
            "a separated prefix has no slash at its end",
            replacing: Fixture.match,
            with: #"match: {path_separated_prefix: "/api/"}"#,
            says: [
                """
                envoy.yaml:24:35: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                path_separated_prefix: ends with a slash: leave the slash out: "/api" matches \
                itself and whatever follows a slash
                """
            ]
        ),
        BadFile(
            "a separated prefix is not everything",
            replacing: Fixture.match,
            with: #"match: {path_separated_prefix: "/"}"#,
            says: [
                """
                envoy.yaml:24:35: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                path_separated_prefix: "/" is every path: use prefix: "/"
                """
            ]
        ),
        BadFile(
            "a separated prefix has no query",
            replacing: Fixture.match,
            with: #"match: {path_separated_prefix: "/a?b"}"#,
            says: [
                """
                envoy.yaml:24:35: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                path_separated_prefix: contains ? or #: the query is matched by query_parameters
                """
            ]
        ),
        BadFile(
            "an expression is one of RE2's",
            replacing: Fixture.match,
            with: #"match: {safe_regex: {regex: "/api("}}"#,
            says: [
                """
                envoy.yaml:24:48: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                safe_regex.regex: "/api(" is not a regular expression: missing ): /api(: the \
                syntax is RE2's: https://github.com/google/re2/wiki/Syntax
                """
            ]
        ),
        BadFile(
            "RE2 has no lookaround",
            replacing: Fixture.match,
            with: #"match: {safe_regex: {regex: "(?!/api).*"}}"#,
            says: [
                """
                envoy.yaml:24:48: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                safe_regex.regex: "(?!/api).*" is not a regular expression: invalid perl \
                operator: (?!: RE2 has no lookaround, since its time is linear in the input
                """
            ]
        ),
        BadFile(
            "an expression is not empty",
            replacing: Fixture.match,
            with: #"match: {safe_regex: {regex: ""}}"#,
            says: [
                """
                envoy.yaml:24:48: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                safe_regex.regex: is empty: give an expression in RE2's syntax, for example \
                /v[0-9]+/.*
                """
            ]
        ),
        BadFile(
            "two conditions on the path are refused",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", path: "/x"}"#,
            says: [
                """
                envoy.yaml:24:51: \(manager).route_config.virtual_hosts[0].routes[0].match.path: \
                it can't stand beside prefix: give only one
                """
            ]
        ),
        BadFile(
            "a share has a value",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", runtime_fraction: {}}"#,
            says: [
                """
                envoy.yaml:24:51: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                runtime_fraction: has no default_value: give numerator and denominator
                """
            ]
        ),
        BadFile(
            "a header has a name",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", headers: [{name: ""}]}"#,
            says: [
                """
                envoy.yaml:24:62: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].name: is empty: give the name of a header, for example x-version
                """
            ]
        ),
        BadFile(
            "a header has no colon",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", headers: [{name: "x-a:"}]}"#,
            says: [
                """
                envoy.yaml:24:62: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].name: "x-a:" is not the name of a header: leave the colon out
                """
            ]
        ),
        BadFile(
            "a pseudo-header is known",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", headers: [{name: ":mehtod"}]}"#,
            says: [
                """
                envoy.yaml:24:62: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].name: there is no header ":mehtod": pseudo-headers are :method, \
                :path, :authority, :scheme
                """
            ]
        ),
        BadFile(
            "a string match matches something",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", headers: [{name: x-a, string_match: {}}]}"#,
            says: [
                """
                envoy.yaml:24:73: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].string_match: says nothing to match: give one of exact, prefix, \
                suffix, contains and safe_regex
                """
            ]
        ),
        BadFile(
            "a prefix is not empty",
            replacing: Fixture.match,
            with: """
                match: {prefix: "/api", headers: [{name: x-a, string_match: {prefix: ""}}]}
                """,
            says: [
                """
                envoy.yaml:24:88: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].string_match.prefix: is empty, so it would match everything: use \
                present_match for that
                """
            ]
        ),
        BadFile(
            "an old prefix match is not empty",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", headers: [{name: x-a, prefix_match: ""}]}"#,
            says: [
                """
                envoy.yaml:24:73: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].prefix_match: is empty, so it would match everything: use \
                present_match for that
                """
            ]
        ),
        BadFile(
            "an expression does not ignore case",
            replacing: Fixture.match,
            with: """
                match: {prefix: "/api", headers: [{name: x-a, string_match: {safe_regex: {regex: a}, \
                ignore_case: true}}]}
                """,
            says: [
                """
                envoy.yaml:24:112: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].string_match.ignore_case: has no effect on a regular expression: \
                leave it out and begin the expression with (?i)
                """
            ]
        ),
        BadFile(
            "a header's expression is one of RE2's",
            replacing: Fixture.match,
            with: """
                match: {prefix: "/api", headers: [{name: x-a, string_match: {safe_regex: {regex: \
                "[a"}}}]}
                """,
            says: [
                """
                envoy.yaml:24:101: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].string_match.safe_regex.regex: "[a" is not a regular expression: \
                missing ]: [a: the syntax is RE2's: https://github.com/google/re2/wiki/Syntax
                """
            ]
        ),
        BadFile(
            "a range has numbers",
            replacing: Fixture.match,
            with: """
                match: {prefix: "/api", headers: [{name: x-a, range_match: {start: 5, end: 5}}]}
                """,
            says: [
                """
                envoy.yaml:24:73: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                headers[0].range_match: no number is from 5 to below 5: the range is half-open: \
                start is in it, end is not
                """
            ]
        ),
        BadFile(
            "a query parameter has a name",
            replacing: Fixture.match,
            with: #"match: {prefix: "/api", query_parameters: [{name: ""}]}"#,
            says: [
                """
                envoy.yaml:24:71: \(manager).route_config.virtual_hosts[0].routes[0].match.\
                query_parameters[0].name: is empty: give the name of the query parameter
                """
            ]
        ),
    ]
}
