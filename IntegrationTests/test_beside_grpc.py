"""Beside Envoy: gRPC."""

import pytest

from beside import remote, remote_health
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*remote.WORLDS, *remote_health.WORLDS))
def test_what_happens_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
