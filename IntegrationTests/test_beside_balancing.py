"""Beside Envoy: which endpoint, by hash, subset and weight."""

import pytest

from beside import balancing
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*balancing.WORLDS))
def test_the_endpoint_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
