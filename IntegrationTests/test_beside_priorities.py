"""Beside Envoy: priorities, panic, localities and zones."""

import pytest

from beside import priorities
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*priorities.WORLDS))
def test_the_group_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
