"""Beside Envoy: headers of requests and responses, hosts and paths."""

import pytest

from beside import headers
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*headers.WORLDS))
def test_the_headers_are_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
