"""Beside Envoy: upgraded connections and CONNECT."""

import pytest

from beside import upgrades
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*upgrades.WORLDS))
def test_what_happens_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
