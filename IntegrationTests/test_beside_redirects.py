"""Beside Envoy: redirects and direct responses."""

import pytest

from beside import redirects
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*redirects.WORLDS))
def test_the_answer_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
