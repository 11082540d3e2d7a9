"""Beside Envoy: connections that are relayed as they are."""

import pytest

from beside import tcp
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*tcp.WORLDS))
def test_what_happens_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
