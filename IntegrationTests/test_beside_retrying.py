"""Beside Envoy: retries and hedging."""

import pytest

from beside import retrying
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*retrying.WORLDS))
def test_the_attempts_are_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
