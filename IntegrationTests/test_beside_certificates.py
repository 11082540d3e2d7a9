"""Beside Envoy: what is told of certificates."""

import pytest

from beside import certificates
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*certificates.WORLDS))
def test_what_is_told_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
