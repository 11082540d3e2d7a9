"""The shortest proof: a request travels to the app and its response comes back."""


def test_a_request_reaches_the_app_and_the_response_comes_back(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    response = proxy.fetch("POST", "/hello?x=1", headers={"X-Thing": "1"}, body="body")
    assert (response.status, response.body) == (200, b"ok")
    assert app.requests[0].method == "POST"
    assert app.requests[0].target == "/hello?x=1"
    assert app.requests[0].header("x-thing") == "1"
    assert app.requests[0].body == b"body"
    entry = proxy.log_entry()
    assert (entry["status"], entry["flags"], entry["received"]) == ("200", "-", "4")
    proxy.wait_stat("cluster.app.upstream_rq_total", 1)
