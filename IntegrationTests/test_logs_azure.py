"""Azure's Logs Ingestion: its tokens, its limits, and what it refuses."""

import pytest

from harness.backend import Answer
from harness.cloud import Azure
from harness.shipping import Shipping, output

pytestmark = pytest.mark.pillion_only


def azure(backend, *lines):
    return output("azure_logs_ingestion", f"tenant_id {backend.tenant}", "client_id app",
                  f"client_secret {backend.secret}", f"dce_url {backend.url}",
                  f"dcr_id {backend.rule}", "table_name App_CL", "time_generated on",
                  f"auth_url {backend.url}/{backend.tenant}/oauth2/v2.0/token", *lines)


def test_records_arrive_with_one_token(binary, tmp_path):
    with Azure() as backend:
        shipper = Shipping(binary, tmp_path, azure(backend, "compress on"))
        with shipper:
            for n in range(1, 4):
                shipper.numbers(n, n)
                shipper.wait_for_delivery(n)
            assert shipper.stop() == 0, shipper.said()
        assert [record["n"] for record in backend.records] == [1, 2, 3]
        assert all(record["TimeGenerated"].endswith("Z") for record in backend.records)
        assert backend.token_requests == 1
        data = [request for request in backend.requests if not request.path.endswith("token")]
        assert all(request.headers["content-encoding"] == "gzip" for request in data)
        assert all(request.headers["content-type"] == "application/json" for request in data)


def test_a_token_that_ends_is_replaced_and_nothing_is_lost(binary, tmp_path):
    with Azure() as backend:
        shipper = Shipping(binary, tmp_path, azure(backend))
        with shipper:
            shipper.numbers(1, 5)
            shipper.wait_for_delivery(5)
            backend.revoke()
            shipper.numbers(6, 10)
            shipper.wait_for_delivery(10)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert [record["n"] for record in backend.records] == list(range(1, 11))
        assert backend.token_requests == 2


TOKENS = {
    "a secret that is wrong": (401, {"error": "invalid_client", "error_description": "AADSTS7000215"},
                               "AADSTS7000215"),
    "no token in it": (200, {"token_type": "Bearer"}, "no token"),
    "a page": (200, "<html>sign in</html>", "no token"),
    "a token that fits in no field": (200, '{"access_token":"a\\nb","expires_in":3599}', "no token"),
    "a server that is down": (503, "", "no token: HTTP 503"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_an_authority_that_gives_no_token_is_said(binary, tmp_path, name):
    status, body, words = TOKENS[name]
    with Azure() as backend:
        taking = backend.take
        backend.answer = lambda request: (
            Answer(status, body) if request.path.endswith("/token") else taking(request))
        shipper = Shipping(binary, tmp_path, azure(backend))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble(words)
            backend.answer = taking
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


@pytest.mark.parametrize("life", [-9223372036854775808, 9223372036854775807, 0, "soon"])
def test_a_token_that_lies_about_its_end_is_taken_as_long_as_it_works(binary, tmp_path, life):
    with Azure() as backend:
        taking = backend.take

        def lying(request):
            answer = taking(request)
            if request.path.endswith("/token"):
                answer.body["expires_in"] = life
            return answer

        backend.answer = lying
        shipper = Shipping(binary, tmp_path, azure(backend))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_delivery(5)
            assert shipper.stop() == 0, shipper.said()


def test_a_request_has_a_megabyte_at_most(binary, tmp_path):
    with Azure() as backend:
        shipper = Shipping(binary, tmp_path, azure(backend))
        shipper.write(*({"n": n, "text": "x" * 10_000} for n in range(300)))
        with shipper:
            shipper.wait_for_delivery(300)
            assert shipper.stop() == 0, shipper.said()
        assert [record["n"] for record in backend.records] == list(range(300))
        assert max(len(request.plain) for request in backend.requests) <= 1_000_000


def test_throttling_makes_it_wait_and_a_wrong_right_is_said(binary, tmp_path):
    with Azure() as backend:
        taking = backend.take
        refusals = [
            Answer(429, {"error": {"code": "TooManyRequests"}}, {"retry-after": "1"}),
            Answer(403, {"error": {"code": "OperationFailed", "message": "the app may not write"}}),
        ]
        backend.answer = lambda request: (
            taking(request) if request.path.endswith("/token") or not refusals else refusals[0])
        shipper = Shipping(binary, tmp_path, azure(backend))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble("HTTP 429: .*TooManyRequests")
            refusals.pop(0)
            shipper.wait_for_trouble("HTTP 403: .*the app may not write.*credentials")
            refusals.pop(0)
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


def test_a_table_that_takes_no_such_records_makes_dead_letters(binary, tmp_path):
    with Azure() as backend:
        taking = backend.take
        backend.answer = lambda request: (
            Answer(400, {"error": {"code": "InvalidPayload"}})
            if b'"bad"' in request.plain else taking(request))
        shipper = Shipping(binary, tmp_path, azure(backend))
        with shipper:
            shipper.write({"n": 1, "bad": True})
            [letter] = shipper.wait_for_dead_letters(1)
            shipper.numbers(2, 3)
            shipper.wait_for_delivery(2)
            assert shipper.stop() == 0, shipper.said()
        assert "InvalidPayload" in letter["reason"]
        assert [record["n"] for record in backend.records] == [2, 3]


def test_a_rule_that_is_not_there_yet_is_waited_for(binary, tmp_path):
    with Azure() as backend:
        backend.rule, right = "dcr-later", backend.rule
        text = azure(backend)
        backend.rule = right
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_trouble("HTTP 404: .*no such rule")
            backend.rule = "dcr-later"
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
