"""Beside Envoy: filter chains and listener filters."""

import pytest

from beside import chains
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*chains.WORLDS))
def test_the_choice_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
