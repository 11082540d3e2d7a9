"""Beside Envoy: addresses of clients, and what their headers may say."""

import pytest

from beside import addresses
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*addresses.WORLDS))
def test_the_client_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
