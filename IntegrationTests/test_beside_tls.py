"""Beside Envoy: TLS of clients and to upstreams."""

import pytest

from beside import tls
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*tls.WORLDS))
def test_the_verdict_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
