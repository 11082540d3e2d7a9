"""Beside Envoy: which route and which cluster."""

import pytest

from beside import routing
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*routing.WORLDS))
def test_the_route_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
