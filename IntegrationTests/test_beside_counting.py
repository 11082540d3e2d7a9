"""Beside Envoy: statistics."""

import pytest

from beside import counting
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*counting.WORLDS))
def test_what_moves_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
