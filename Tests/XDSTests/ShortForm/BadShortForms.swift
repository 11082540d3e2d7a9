import Testing

@testable import XDS

/// A slip in a short form, and every line that is said of it.
struct BadShortForm: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var lines: [String]

    init(_ old: String, _ new: String, _ lines: String...) {
        self.old = old
        self.new = new
        self.lines = lines
    }

    var testDescription: String { new }

    static let valid = """
        apiVersion: pillion.dev/v1
        kind: SidecarConfig
        metadata:
          name: checkout
        spec:
          app:
            port: 8080
            health: {path: /healthz, interval: 5s}
          inbound:
            listen: 15006
            timeout: 10s
            limits: {maxConnections: 5000, maxRequests: 200}
          outbound:
            payments:
              to: payments.shop.svc:8080
              timeout: 2s
              retries: {attempts: 2, on: [connect-failure, 5xx], perTry: 500ms, budget: 20%}
              breaker: {maxRequests: 100, consecutiveErrors: 5, ejection: 30s}
            catalog:
              listen: 15010
              to:
                v1: [10.0.0.1:8080, 10.0.0.2:8080]
                v2: catalog-v2:8080
              split: {v1: 90, v2: 10}
            sessions:
              to: [10.0.0.5:6000, 10.0.0.6:6000]
              loadBalancing: maglev
              hashOn: header:x-user
          logs: {format: json}
          admin: 9901

        """

    static let all: [BadShortForm] = [
        BadShortForm(
            "port: 8080",
            "prot: 8080",
            "sidecar.yaml:7:5: spec.app.prot: the field is not known: did you mean \"port\"?"
        ),
        BadShortForm(
            "port: 8080",
            "port: 80800",
            "sidecar.yaml:7:11: spec.app.port: 80800 is out of range: from 1 to 65535"
        ),
        BadShortForm(
            "port: 8080",
            "port: eighty",
            "sidecar.yaml:7:11: spec.app.port: \"eighty\" is not a whole number: write "
                + "digits only"
        ),
        BadShortForm(
            "    port: 8080\n",
            "    port: 8080\n    socket: /run/app.sock\n",
            "sidecar.yaml:8:5: spec.app.socket: it can't stand beside port: give only one"
        ),
        BadShortForm(
            "    port: 8080\n",
            "    host: 127.0.0.1\n",
            "sidecar.yaml:6:3: spec.app: port is missing: the application's port, or its socket"
        ),
        BadShortForm(
            "interval: 5s",
            "interval: 5",
            "sidecar.yaml:8:40: spec.app.health.interval: \"5\" is not a duration: write "
                + "the unit too, such as 5s or 5ms"
        ),
        BadShortForm(
            "interval: 5s",
            "interval: 1ms",
            "sidecar.yaml:8:40: spec.app.health.interval: 1ms is out of range: from 10ms to 1h"
        ),
        BadShortForm(
            "interval: 5s",
            "interval: -5s",
            "sidecar.yaml:8:40: spec.app.health.interval: \"-5s\" is not a duration: such "
                + "as 500ms, 2s or 1m30s"
        ),
        BadShortForm(
            "path: /healthz",
            "path: healthz",
            "sidecar.yaml:8:20: spec.app.health.path: \"healthz\" is not a path: it begins "
                + "with a slash, such as /healthz"
        ),
        BadShortForm(
            "kind: SidecarConfig",
            "kind: SidecarConfg",
            "sidecar.yaml:2:7: kind: \"SidecarConfg\" is not a known value: did you mean "
                + "\"SidecarConfig\"?"
        ),
        BadShortForm(
            "kind: SidecarConfig\n",
            "",
            "sidecar.yaml:1:1: kind is missing: write kind: SidecarConfig"
        ),
        BadShortForm(
            "apiVersion: pillion.dev/v1",
            "apiVersion: v1",
            "sidecar.yaml:1:13: apiVersion: \"v1\" is not a known value: write pillion.dev/v1"
        ),
        BadShortForm(
            "  name: checkout",
            "  nam: checkout",
            "sidecar.yaml:3:1: metadata: name is missing: names this sidecar, in "
                + "`/server_info` and in logs",
            "sidecar.yaml:4:3: metadata.nam: the field is not known: did you mean \"name\"?"
        ),
        BadShortForm(
            "  name: checkout",
            "  name: \"check out\"",
            "sidecar.yaml:4:9: metadata.name: \"check out\" is not a name: up to 63 "
                + "letters, digits, -, _ and ., such as payments"
        ),
        BadShortForm(
            "listen: 15006",
            "listen: localhost:70000",
            "sidecar.yaml:10:13: spec.inbound.listen: 70000 is not a port: ports are 1 to 65535"
        ),
        BadShortForm(
            "listen: 15006",
            "listen: example.com:80",
            "sidecar.yaml:10:13: spec.inbound.listen: \"example.com\" is not an IP "
                + "address: PORT or ADDRESS:PORT, such as 127.0.0.1:8080"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: payments.shop.svc",
            "sidecar.yaml:15:11: spec.outbound[\"payments\"].to: \"payments.shop.svc\" has "
                + "no port: HOST:PORT, such as payments:8080"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: http://payments:80",
            "sidecar.yaml:15:11: spec.outbound[\"payments\"].to: \"http://payments:80\" is "
                + "a URL: HOST:PORT, such as payments:8080"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: []",
            "sidecar.yaml:15:11: spec.outbound[\"payments\"].to: the list is empty: leave "
                + "the field out, or name something"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: 10.0.0.256:80",
            "sidecar.yaml:15:11: spec.outbound[\"payments\"].to: \"10.0.0.256\" is neither "
                + "an IP address nor a host name: HOST:PORT, such as payments.shop.svc:8080 or "
                + "10.0.0.1:8080"
        ),
        BadShortForm(
            "      to: payments.shop.svc:8080\n",
            "",
            "sidecar.yaml:14:5: spec.outbound[\"payments\"]: to is missing: where the "
                + "service is"
        ),
        BadShortForm(
            "perTry: 500ms",
            "perTry: 5s",
            "sidecar.yaml:17:58: spec.outbound[\"payments\"].retries.perTry: one attempt "
                + "may take 5s, but all of them together only 2s: shorten it, or lengthen the "
                + "timeout"
        ),
        BadShortForm(
            "on: [connect-failure, 5xx]",
            "on: [connect-failures]",
            "sidecar.yaml:17:35: spec.outbound[\"payments\"].retries.on[0]: "
                + "\"connect-failures\" is not a known value: did you mean \"connect-failure\"?"
        ),
        BadShortForm(
            "attempts: 2",
            "attempts: 0",
            "sidecar.yaml:17:27: spec.outbound[\"payments\"].retries.attempts: 0 is out of "
                + "range: from 1 to 100"
        ),
        BadShortForm(
            "budget: 20%",
            "budget: 120%",
            "sidecar.yaml:17:81: spec.outbound[\"payments\"].retries.budget: 120% is out "
                + "of range: from 0% to 100%"
        ),
        BadShortForm(
            "budget: 20%",
            "budget: lots",
            "sidecar.yaml:17:81: spec.outbound[\"payments\"].retries.budget: \"lots\" is "
                + "not a percentage: such as 20%"
        ),
        BadShortForm(
            "consecutiveErrors: 5, ",
            "",
            "sidecar.yaml:18:35: spec.outbound[\"payments\"].breaker.ejection: nothing is "
                + "left out without consecutiveErrors: add it, or leave this out"
        ),
        BadShortForm(
            "v2: 10}",
            "v2: 20}",
            "sidecar.yaml:24:7: spec.outbound[\"catalog\"].split: the shares come to 110, "
                + "not to 100: they are percentages"
        ),
        BadShortForm(
            "v2: 10}",
            "v3: 10}",
            "sidecar.yaml:24:23: spec.outbound[\"catalog\"].split[\"v3\"]: to has no "
                + "version \"v3\": did you mean \"v1\"?"
        ),
        BadShortForm(
            "      split: {v1: 90, v2: 10}\n",
            "",
            "sidecar.yaml:21:7: spec.outbound[\"catalog\"].to: it has versions, and "
                + "nothing says how they share the requests: add split, such as split: {v1: 90, "
                + "v2: 10}"
        ),
        BadShortForm(
            "loadBalancing: maglev",
            "loadBalancing: maglv",
            "sidecar.yaml:27:22: spec.outbound[\"sessions\"].loadBalancing: \"maglv\" is "
                + "not a known value: did you mean \"maglev\"?"
        ),
        BadShortForm(
            "loadBalancing: maglev",
            "loadBalancing: random",
            "sidecar.yaml:28:7: spec.outbound[\"sessions\"].hashOn: random does not hash: "
                + "add loadBalancing: ringHash or maglev"
        ),
        BadShortForm(
            "      hashOn: header:x-user\n",
            "",
            "sidecar.yaml:27:7: spec.outbound[\"sessions\"].loadBalancing: maglev has "
                + "nothing to hash: add hashOn, such as hashOn: header:x-user"
        ),
        BadShortForm(
            "hashOn: header:x-user",
            "hashOn: headers:x-user",
            "sidecar.yaml:28:15: spec.outbound[\"sessions\"].hashOn: \"headers:x-user\" is "
                + "not something to hash: header:NAME, cookie:NAME, query:NAME or source-ip"
        ),
        BadShortForm(
            "    catalog:\n      listen: 15010",
            "    catalog:\n      hosts: cat.svc\n      listen: 15010",
            "sidecar.yaml:20:7: spec.outbound[\"catalog\"].hosts: the service has a port "
                + "of its own, where every host leads to it: leave out hosts or listen"
        ),
        BadShortForm(
            "format: json",
            "format: xml",
            "sidecar.yaml:29:18: spec.logs.format: \"xml\" is not a known value: known "
                + "values: text, json"
        ),
        BadShortForm(
            "  logs: {format: json}",
            "  logs: [json]",
            "sidecar.yaml:29:9: spec.logs: an object is expected, a list was found: with "
                + "fields such as format, path"
        ),
        BadShortForm(
            "  logs: {format: json}",
            "  logs: json",
            "sidecar.yaml:29:9: spec.logs: an object is expected, a text was found: with "
                + "fields such as format, path"
        ),
        BadShortForm(
            "outbound:",
            "outbond:",
            "sidecar.yaml:13:3: spec.outbond: the field is not known: did you mean "
                + "\"outbound\"?"
        ),
        BadShortForm(
            "  app:\n    port: 8080\n    health: {path: /healthz, interval: 5s}\n",
            "",
            "sidecar.yaml:6:3: spec.inbound: there is no app that it could lead to: give "
                + "spec.app"
        ),
        BadShortForm(
            "timeout: 10s",
            "timeout: ten",
            "sidecar.yaml:11:14: spec.inbound.timeout: \"ten\" is not a duration: such as "
                + "500ms, 2s or 1m30s"
        ),
        BadShortForm(
            "maxRequests: 200",
            "maxRequests: 2.5",
            "sidecar.yaml:12:49: spec.inbound.limits.maxRequests: \"2.5\" is not a whole "
                + "number: write digits only"
        ),
        BadShortForm(
            "maxRequests: 200",
            "maxRequests: 0",
            "sidecar.yaml:12:49: spec.inbound.limits.maxRequests: 0 is out of range: from "
                + "1 to 4294967295"
        ),
        BadShortForm(
            "    sessions:",
            "    \"ses sions\":",
            "sidecar.yaml:25:5: spec.outbound[\"ses sions\"]: \"ses sions\" is not a name: "
                + "up to 63 letters, digits, -, _ and ., such as payments"
        ),
        BadShortForm(
            "listen: 15010",
            "listen: 15001",
            "sidecar.yaml:13:3: spec.outbound: 127.0.0.1:15001 is already taken by "
                + "listener \"outbound-catalog\": an address belongs to one listener"
        ),
        BadShortForm(
            "    sessions:",
            "    app:",
            "sidecar.yaml:25:5: spec.outbound[\"app\"]: the name is that of the "
                + "application: give the service another name"
        ),
        BadShortForm(
            "spec:\n",
            "spec:\n  limits: {headSize: 9MiB}\n",
            "sidecar.yaml:6:22: spec.limits.headSize: 9MiB is out of range: from 1KiB to 8MiB"
        ),
        BadShortForm(
            "spec:\n",
            "spec:\n  limits: {headSize: big}\n",
            "sidecar.yaml:6:22: spec.limits.headSize: \"big\" is not a size: such as 4096, "
                + "64KiB or 1MiB"
        ),
        BadShortForm(
            "health: {path: /healthz, interval: 5s}",
            "health: {statuses: 204}",
            "sidecar.yaml:8:14: spec.app.health.statuses: a connection has no status: add "
                + "path, or leave this out"
        ),
        BadShortForm(
            "health: {path: /healthz, interval: 5s}",
            "health: {path: /h, statuses: [299-200]}",
            "sidecar.yaml:8:35: spec.app.health.statuses[0]: \"299-200\" ends before it "
                + "begins: write 200-299"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: [10.0.0.9:80]\n      rewriteHost: true",
            "sidecar.yaml:16:7: spec.outbound[\"payments\"].rewriteHost: to has addresses "
                + "only, so there is no name to send: leave it out, or write the name of the "
                + "service in to"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: payments:8080\n      rewriteHost: yes",
            "sidecar.yaml:16:20: spec.outbound[\"payments\"].rewriteHost: \"yes\" is not a "
                + "boolean: write true or false"
        ),
        BadShortForm(
            "timeout: 2s",
            "timeout: ${PAYMENTS_TIMEOUT}",
            "sidecar.yaml:16:16: spec.outbound.payments.timeout: the environment variable "
                + "PAYMENTS_TIMEOUT is not set: set it, or give a default: "
                + "${PAYMENTS_TIMEOUT:-value}"
        ),
        BadShortForm(
            "  logs: {format: json}",
            "  logs: {path: access.log}",
            "sidecar.yaml:29:16: spec.logs.path: \"access.log\" is not a file: it begins "
                + "with a slash, such as /dev/stdout"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: {v1: payments:8080}",
            "sidecar.yaml:15:7: spec.outbound[\"payments\"].to: it has versions, and "
                + "nothing says how they share the requests: add split, such as split: {v1: 90, "
                + "v2: 10}"
        ),
        BadShortForm(
            "kind: SidecarConfig",
            "kind: Pod",
            "sidecar.yaml:2:7: kind: \"Pod\" is not a known value: write SidecarConfig"
        ),
        BadShortForm(
            "    sessions:",
            "    \"\":",
            "sidecar.yaml:25:5: spec.outbound[\"\"]: \"\" is not a name: up to 63 letters, "
                + "digits, -, _ and ., such as payments"
        ),
        BadShortForm(
            "to: payments.shop.svc:8080",
            "to: {v1: payments:8080, v1: payments:8081}",
            "sidecar.yaml:15:31: the key \"v1\" is given twice: it is already in line 15"
        ),
        BadShortForm(
            "    payments:\n",
            "    payments: 8080\n    other:\n",
            "sidecar.yaml:14:15: spec.outbound[\"payments\"]: an object is expected, a "
                + "number was found: with fields such as to, listen, hosts, protocol, tls, "
                + "websocket"
        ),
    ]
}
