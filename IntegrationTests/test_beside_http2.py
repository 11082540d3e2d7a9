"""Beside Envoy: HTTP/2, on either side and on both."""

import pytest

from beside import breaking, http2, living
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*http2.WORLDS, *breaking.WORLDS, *living.WORLDS))
def test_what_happens_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
