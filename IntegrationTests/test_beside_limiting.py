"""Beside Envoy: circuit breakers, pools and connections."""

import pytest

from beside import limiting
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*limiting.WORLDS))
def test_the_limit_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
