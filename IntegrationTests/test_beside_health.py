"""Beside Envoy: health checks and outliers."""

import pytest

from beside import health, outliers
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*health.WORLDS, *outliers.WORLDS))
def test_the_fitness_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
