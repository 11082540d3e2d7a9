"""The files that Pillion and Envoy both read."""

from pathlib import Path

from certificates import NAMES

_TYPE = "type.googleapis.com/envoy.extensions"

# What a service in production has switched on; ten header operations.
FEATURES = (
    """
              request_headers_to_add:
              - { header: { key: x-one, value: one }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
              - { header: { key: x-two, value: two }, append_action: ADD_IF_ABSENT }
              - { header: { key: x-three, value: three } }
              - { header: { key: x-protocol, value: "%PROTOCOL%" } }
              request_headers_to_remove: [x-secret, x-debug]
              response_headers_to_add:
              - { header: { key: x-four, value: four }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
              - { header: { key: x-five, value: five } }
              response_headers_to_remove: [x-powered-by, x-internal]""",
    ", retry_policy: { retry_on: \"5xx,reset,connect-failure\", num_retries: 2 }",
    """
    outlier_detection: { consecutive_5xx: 5 }
    health_checks:
    - timeout: 1s
      interval: 5s
      unhealthy_threshold: 3
      healthy_threshold: 1
      http_health_check: { path: / }""",
)

_HTTP2 = f"""
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": {_TYPE}.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{ http2_protocol_options: {{}} }}"""


def envoy_file(work, front, back, log_path=None, full=False, tcp=False, serve=None, dial=None,
               http2=False, name="envoy"):
    """One listener, one route, one cluster. `serve` and `dial` are transports of listener and
    cluster, from `serving` and `dialling`; `http2` speaks to the cluster in HTTP/2."""
    operations, retries, watches = FEATURES if full else ("", "", "")
    if tcp:
        filters = f"""
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": {_TYPE}.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: bench
          cluster: app"""
    else:
        filters = _http_filter(operations, retries, log_path)
    text = f"""static_resources:
  listeners:
  - name: bench
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {front} }} }}
    filter_chains:
    - filters:{filters}{serve or ""}
  clusters:
  - name: app
    connect_timeout: 1s
    type: STATIC{watches}
    circuit_breakers:
      thresholds:
      - {{ max_connections: 100000, max_pending_requests: 100000, max_requests: 100000 }}{
          _HTTP2 if http2 else ""}{dial or ""}
    load_assignment:
      cluster_name: app
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {back} }} }} }}
"""
    path = Path(work, f"{name}.yaml")
    path.write_text(text)
    return str(path)


def serving(certificates, protocol, mutual=False):
    """The transport of a listener; `mutual` asks clients for the certificate of the other side."""
    return f"""
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {_TYPE}.transport_sockets.tls.v3.DownstreamTlsContext
          require_client_certificate: {str(mutual).lower()}
          common_tls_context:
            alpn_protocols: [{protocol}]
            tls_params: {{ tls_minimum_protocol_version: TLSv1_3 }}{
                _certificate(certificates, "server", 12)}{
                _validation(certificates, "client", 12) if mutual else ""}"""


def dialling(certificates, protocol):
    """The transport of a cluster that shows its certificate and wants the server's name."""
    return f"""
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": {_TYPE}.transport_sockets.tls.v3.UpstreamTlsContext
        common_tls_context:
          alpn_protocols: [{protocol}]
          tls_params: {{ tls_maximum_protocol_version: TLSv1_3 }}{
              _certificate(certificates, "client", 10)}{
              _validation(certificates, "server", 10)}"""


def _certificate(certificates, side, columns):
    return _at(columns, f"""
tls_certificates:
- certificate_chain: {{ filename: {certificates.chain(side)} }}
  private_key: {{ filename: {certificates.key(side)} }}""")


def _validation(certificates, side, columns):
    return _at(columns, f"""
validation_context:
  trusted_ca: {{ filename: {certificates.authority} }}
  match_typed_subject_alt_names:
  - {{ san_type: URI, matcher: {{ exact: "{NAMES[side]}" }} }}""")


def _at(columns, text):
    return text.replace("\n", "\n" + " " * columns)


def _http_filter(operations, retries, log_path):
    log = "" if log_path is None else f"""
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": {_TYPE}.access_loggers.file.v3.FileAccessLog
              path: {log_path}"""
    return f"""
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          route_config:
            name: local
            virtual_hosts:
            - name: local
              domains: ["*"]{operations}
              routes:
              - match: {{ prefix: "/" }}
                route: {{ cluster: app{retries} }}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": {_TYPE}.filters.http.router.v3.Router{log}"""
