"""Every local reply says in words what decided, and with Envoy's flag."""

import subprocess

import pytest

from beside.securing import downstream, trusting, upstream
from harness import envoyfile
from harness.certificates import certificates
from harness.envoyfile import limits, retries, route
from harness.peer import ok, refused_port

pytestmark = pytest.mark.pillion_only


def silent(request):
    request.connection.until_closed()


def check(proxy, status, flag, *words, **request):
    response = proxy.fetch(**request)
    assert response.status == status
    reason = response.header("x-pillion-reason")
    assert reason, "the reply explains itself in a header"
    assert reason in response.text, "and in its body"
    for word in words:
        assert word in reason, f"{word!r} is not in {reason!r}"
    assert flag in proxy.log_entry()["flags"].split(",")


def test_no_route(sidecar):
    proxy = sidecar(1, virtual_hosts=[
        {"name": "shop", "domains": ["shop.test"], "routes": [route(prefix="/api")]}])
    check(proxy, 404, "NR", "local", host="elsewhere.test")
    check(proxy, 404, "NR", "shop", host="shop.test", path="/other")


def test_no_cluster(sidecar):
    virtual_hosts = [{"name": "v", "domains": ["*"], "routes": [route("absent")]}]
    proxy = sidecar(1, hcm={"route_config": {
        "name": "local", "validate_clusters": False, "virtual_hosts": virtual_hosts}})
    check(proxy, 503, "NC", "absent")


def test_no_endpoint(sidecar):
    check(sidecar(), 503, "UH", "app")


def test_connection_refused(sidecar):
    kept, port = refused_port()
    check(sidecar(port), 503, "UF", "app", str(port), "refused")
    kept.close()


def test_overflow(sidecar, peer):
    proxy = sidecar(peer(), cluster={"circuit_breakers": limits(max_requests=0)})
    check(proxy, 503, "UO", "app", "max_requests")


def test_route_timeout(sidecar, peer):
    check(sidecar(peer(answer=silent), routes=[route(timeout="0.05s")]), 504, "UT", "50")


def test_per_try_timeout(sidecar, peer):
    policy = retries("reset", per_try_timeout="0.04s")
    check(sidecar(peer(answer=silent), routes=[route(retry_policy=policy)]), 504, "UT", "40")


def test_upstream_closed(sidecar, peer):
    app = peer(answer=lambda request: request.connection.close())
    check(sidecar(app), 503, "UC", "app", method="POST", body="x")


def test_upstream_protocol_error(sidecar, peer):
    app = peer(answer=lambda request: b"HTTP/1.1 2x0 nonsense\r\n\r\n")
    check(sidecar(app), 502, "UPE", "app", method="POST", body="x")


def test_retries_exhausted(sidecar, peer):
    app = peer(answer=lambda request: request.connection.close())
    proxy = sidecar(app, routes=[route(retry_policy=retries("reset", 2))])
    check(proxy, 503, "URX", "app")


def test_upgrade_refused(sidecar, peer):
    response = sidecar(peer()).fetch(headers={"Connection": "upgrade", "Upgrade": "websocket"})
    assert (response.status, "upgrade" in response.header("x-pillion-reason")) == (403, True)


def test_explanations_can_be_switched_off(sidecar):
    proxy = sidecar(args=["--no-explain"])
    response = proxy.fetch()
    assert response.status == 503
    assert response.header("x-pillion-reason") is None
    assert "app" not in response.text
    assert proxy.log_entry()["flags"] == "UH", "the log still says what decided"


def test_an_upstreams_own_answer_is_left_alone(sidecar, peer):
    response = sidecar(peer(answer=lambda r: ok("mine", status=503))).fetch()
    assert (response.text, response.header("x-pillion-reason")) == ("mine", None)


def test_an_explanation_is_one_printable_line_whatever_the_request_says(sidecar):
    proxy = sidecar(1, virtual_hosts=[
        {"name": "v", "domains": ["only.test"], "routes": [route()]}])
    with proxy.client() as client:
        client.send(b"GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x.test\r\n\r\n")
        response = client.response()
    assert response.status == 404
    assert response.header("set-cookie") is None
    assert response.header("x-pillion-reason").isprintable()


# What a file becomes

APP = 8080  # nobody asks it


def explained(binary, tmp_path, bootstrap):
    """The lines of `explain-config` about a file."""
    path = tmp_path / "envoy.yaml"
    path.write_text(envoyfile.text_of(bootstrap))
    done = subprocess.run([binary, "explain-config", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines()]


def in_order(lines, *wanted):
    """All of them are there, one after the other."""
    rest = iter(lines)
    for one in wanted:
        assert any(line == one for line in rest), f"{one!r} is not, or not in its place:\n{lines}"


def test_what_tls_demands_of_clients_is_explained(binary, tmp_path):
    made = certificates()
    matcher = {"san_type": "URI", "matcher": {"exact": "spiffe://a/b"}}
    one = envoyfile.listener("inbound", routes=[route("app")])
    chain = one["filter_chains"][0]
    chain.update(downstream(
        validation=trusting(crl={"filename": str(made.crl)},
                            match_typed_subject_alt_names=[matcher]),
        alpn=("h2", "http/1.1"), parameters={"tls_minimum_protocol_version": "TLSv1_3"},
        require_client_certificate=True))
    chain["name"] = "secure"
    chain["filter_chain_match"] = {"server_names": ["a.test"], "transport_protocol": "tls"}
    one["filter_chains"].append({"filters": chain["filters"], "name": "rest"})
    one["listener_filters"] = [{
        "name": "envoy.filters.listener.tls_inspector",
        "typed_config": {"@type": envoyfile.TYPE
                         + "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"}}]
    lines = explained(binary, tmp_path, envoyfile.bootstrap(
        [one], [envoyfile.cluster("app", APP)]))
    in_order(
        lines,
        "the names and protocols of TLS are looked at first",
        "connections over TLS and that ask for a.test (secure)",
        f"TLS with the certificate in {made['server'].path}",
        f"clients show a certificate of an authority in {made.root.path}",
        "with one of the names URI exact spiffe://a/b",
        f"those revoked in {made.crl} are refused",
        "version at least TLSv1_3",
        "protocols: h2, http/1.1",
        "every connection (rest)")


@pytest.mark.parametrize("tls, words", [
    (lambda: downstream(), ["clients need no certificate (default)"]),
    (lambda: downstream(require_client_certificate=True),
     ["clients show a certificate, of anybody"]),
    (lambda: downstream(validation=trusting(trust_chain_verification="ACCEPT_UNTRUSTED")),
     ["one that is not trusted is let in all the same"]),
    (lambda: downstream(validation=trusting(allow_expired_certificate=True)),
     ["one that has expired will do"]),
])
def test_whom_a_listener_lets_in_is_explained(binary, tmp_path, tls, words):
    one = envoyfile.listener("inbound", routes=[route("app")])
    one["filter_chains"][0].update(tls())
    in_order(explained(binary, tmp_path, envoyfile.bootstrap(
        [one], [envoyfile.cluster("app", APP)])), *words)


@pytest.mark.parametrize("tls, words", [
    (lambda: upstream(), ["TLS", "certificates of endpoints are not verified (default)"]),
    (lambda: upstream("client", validation=trusting(), sni="a.test", auto_sni_san_validation=True),
     ["TLS to the name a.test",
      f"endpoints show a certificate of an authority in {certificates().root.path}",
      "it has to be for that name",
      f"ours is the certificate in {certificates()['client'].path}"]),
    (lambda: upstream(validation={"verify_certificate_spki": [certificates()["server"].spki]}),
     ["endpoints show a certificate that is the one pinned"]),
])
def test_what_tls_demands_of_endpoints_is_explained(binary, tmp_path, tls, words):
    cluster = envoyfile.cluster("app", APP, **tls())
    in_order(explained(binary, tmp_path, envoyfile.bootstrap(
        [envoyfile.listener("inbound", routes=[route("app")])], [cluster])), *words)


def test_a_key_in_the_file_is_not_explained(binary, tmp_path):
    made = certificates()["server"]
    tls = downstream()
    context = tls["transport_socket"]["typed_config"]["common_tls_context"]
    context["tls_certificates"] = [{
        "certificate_chain": {"inline_string": made.path.read_text()},
        "private_key": {"inline_string": made.key_path.read_text()}}]
    one = envoyfile.listener("inbound", routes=[route("app")])
    one["filter_chains"][0].update(tls)
    lines = explained(binary, tmp_path, envoyfile.bootstrap(
        [one], [envoyfile.cluster("app", APP)]))
    in_order(lines, "TLS with the certificate in the configuration")
    secret = made.key_path.read_text().splitlines()[1]
    assert not any(secret in line for line in lines)
