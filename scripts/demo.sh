#!/usr/bin/env bash
# A sidecar carries real requests to a real app. Every sentence that is printed is checked first; the
# demo fails when one is not true. Ports are chosen by the system, everything is cleaned up.
set -euo pipefail
cd "$(dirname "$0")/.."
pillion=$(realpath "${1:-.build/release/pillion}")
work=$(mktemp -d)
children=()

cleanup() {
    for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

if [[ -t 1 ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { sed "s/^/    $dim/; s/\$/$plain/"; }
fail() {
    echo "demo: not true: $*" >&2
    [[ -f $work/sidecar.log ]] && tail -n 20 "$work/sidecar.log" >&2
    exit 1
}

# Waits until a file has as many lines that match; ten seconds at most.
wait_lines() {
    local file=$1 pattern=$2 count=$3
    for _ in $(seq 200); do
        [[ -f $file && $(grep -c -E "$pattern" "$file") -ge $count ]] && return
        sleep 0.05
    done
    fail "$file has $count lines with '$pattern'"
}
request() { curl -sS --max-time 15 "$@"; }

step "1. Two instances of an app start. It is flaky: every third request to /fail gets a 503."
"$pillion" app --port 0 --label v1 >"$work/app1" 2>&1 &
children+=($!)
"$pillion" app --port 0 --label v1 >"$work/app2" 2>&1 &
children+=($!)
ports=()
for app in app1 app2; do
    wait_lines "$work/$app" ':[0-9]+' 1
    ports+=("$(grep -o -m1 -E ':[0-9]+' "$work/$app" | tr -d :)")
done
echo "the apps listen on 127.0.0.1:${ports[0]} and 127.0.0.1:${ports[1]}" | show

step "2. An Envoy file describes the sidecar: retries, an access log, a circuit breaker."
cat >"$work/envoy.yaml" <<EOF
admin:
  address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
static_resources:
  listeners:
  - name: inbound
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: inbound
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: $work/access.log
          route_config:
            name: local
            virtual_hosts:
            - name: shop
              domains: ["shop.example"]
              routes:
              - match: { prefix: "/closed" }
                route: { cluster: closed }
              - match: { prefix: "/" }
                route:
                  cluster: app
                  retry_policy: { retry_on: "5xx", num_retries: 3 }
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: app
    type: STATIC
    connect_timeout: 0.25s
    load_assignment:
      cluster_name: app
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${ports[0]} } } }
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${ports[1]} } } }
  - name: closed
    type: STATIC
    circuit_breakers: { thresholds: [ { max_requests: 0 } ] }
    load_assignment:
      cluster_name: closed
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${ports[0]} } } }
EOF
"$pillion" validate "$work/envoy.yaml" | show
"$pillion" run "$work/envoy.yaml" --drain-time 10 >"$work/sidecar.log" 2>&1 &
sidecar=$!
children+=("$sidecar")
wait_lines "$work/sidecar.log" '\bready\b' 1
port_of() {
    grep -m1 -E "$1" "$work/sidecar.log" | grep -o -E '127\.0\.0\.1:[0-9]+' | head -n 1
}
front=$(port_of 'listener bound')
admin=$(port_of 'admin bound')
[[ -n $front && -n $admin ]] || fail "the sidecar says where it listens"
echo "the sidecar listens on $front, its admin interface on $admin" | show
shop=(-H 'Host: shop.example')

step "3. A request travels through the sidecar to the app; the app shows what it received."
request "${shop[@]}" "http://$front/hello?name=pillion" >"$work/hello" || fail "the app answers"
cut -c1-400 "$work/hello" | show
grep -q '"/hello' "$work/hello" || fail "the app received the path"
grep -qi 'x-request-id' "$work/hello" || fail "the sidecar gave the request an id"

step "4. Twelve requests to the flaky path: the app fails some, the client sees none of it."
statuses=$(for _ in $(seq 12); do
    request -o "$work/body" -w '%{http_code} ' "${shop[@]}" "http://$front/fail?every=3"
done)
echo "$statuses" | show
[[ $statuses == "$(printf '200 %.0s' $(seq 12))" ]] || fail "every request succeeded: $statuses"
stat() { request "http://$admin/stats?filter=$1" | awk -v name="$1:" '$1 == name { print $2 }'; }
retried=$(stat cluster.app.upstream_rq_retry_success)
failures=$(stat cluster.app.retry.upstream_rq_5xx)
((${retried:-0} > 0)) || fail "there were retries"
((${failures:-0} > 0)) || fail "the app failed"
echo "the app failed $failures times, $retried requests succeeded at another attempt" | show

step "5. What is refused says why: which limit, which route."
request -i "${shop[@]}" "http://$front/closed" | tr -d '\r' >"$work/closed"
grep -E -i '^(HTTP|x-pillion-reason|x-envoy-overloaded)' "$work/closed" | show
grep -q '^HTTP/1.1 503' "$work/closed" || fail "the circuit breaker answered 503"
grep -i '^x-pillion-reason' "$work/closed" | grep -q closed || fail "the reason names the cluster"
request -i -H 'Host: elsewhere.example' "http://$front/" | tr -d '\r' >"$work/none"
grep -E -i '^(HTTP|x-pillion-reason)' "$work/none" | show
grep -q '^HTTP/1.1 404' "$work/none" || fail "an unknown host gets 404"
grep -qi '^x-pillion-reason' "$work/none" || fail "and a reason"

step "6. The access log has a line for each request, in Envoy's format: UO is the overflow, NR no route."
wait_lines "$work/access.log" '.' 15
sort "$work/access.log" | tail -n 4 | show
grep -q ' 503 UO ' "$work/access.log" || fail "the log has the overflow"
grep -q ' 404 NR ' "$work/access.log" || fail "the log has the missing route"

step "7. Metrics carry Envoy's names, so that dashboards keep working."
request "http://$admin/stats/prometheus" |
    grep -E '^envoy_cluster_upstream_rq_(total|retry|retry_success)\{.*"app"' >"$work/metrics" ||
    fail "there are metrics"
show <"$work/metrics"

step "8. Logs travel, too: six lines of YAML ship the access log. Its backend is down, so lines wait."
"$pillion" app --port 0 >"$work/backend" 2>&1 &
backend=$!
wait_lines "$work/backend" ':[0-9]+' 1
backend_port=$(grep -o -m1 -E ':[0-9]+' "$work/backend" | tr -d :)
kill "$backend"
wait "$backend" 2>/dev/null || true
cat >"$work/logs.yaml" <<EOF
logs:
  sources:
    - tail: $work/access.log
  sinks:
    - http: http://127.0.0.1:$backend_port/lines
      retry: { first: 50ms, max: 200ms }
EOF
"$pillion" run "$work/logs.yaml" --log-state "$work/state" --admin 127.0.0.1:0 \
    >"$work/shipper.log" 2>&1 &
shipper=$!
children+=("$shipper")
wait_lines "$work/shipper.log" 'admin bound' 1
shipper_admin=$(grep -o -m1 -E '127\.0\.0\.1:[0-9]+' "$work/shipper.log")
# Waits until the shipper's status says it.
wait_status() {
    for _ in $(seq 200); do
        "$pillion" logs status --admin "$shipper_admin" >"$work/shipped" || true
        grep -q -E "$1" "$work/shipped" && return
        sleep 0.05
    done
    fail "the status says '$1': $(<"$work/shipped")"
}
wait_status 'warning: .*refused'
show <"$work/shipped"

step "9. The backend is back: every line arrives, and only then is it remembered as delivered."
"$pillion" app --port "$backend_port" >"$work/backend2" 2>&1 &
children+=($!)
lines=$(wc -l <"$work/access.log")
wait_status "sink .*: $lines records delivered"
show <"$work/shipped"
kill -TERM "$shipper"
wait "$shipper" || fail "the log shipper ends with code 0"

step "10. SIGTERM: a request that runs is finished, new ones are refused, the exit code is 0."
request -o "$work/slow" -w '%{http_code}' "${shop[@]}" "http://$front/delay/1s" >"$work/status" &
slow=$!
# The request runs when the app has it.
for _ in $(seq 100); do
    [[ $(stat cluster.app.upstream_rq_active) == 1 ]] && break
    sleep 0.02
done
kill -TERM "$sidecar"
wait "$slow" || fail "the request was finished"
[[ $(<"$work/status") == 200 ]] || fail "it was answered 200, not $(<"$work/status")"
code=0
wait "$sidecar" || code=$?
((code == 0)) || fail "exit code 0, not $code"
if request -o "$work/late" "${shop[@]}" "http://$front/" 2>"$work/refused"; then
    fail "new requests are refused"
fi
grep -E 'drain|stopped' "$work/sidecar.log" | show

step "All of that was true."
