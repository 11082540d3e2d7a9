"""Beside Envoy: timeouts, internal redirects and mirrored requests."""

import pytest

from beside import lasting
from beside.stage import cases_of, stage  # noqa: F401

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("world, case", cases_of(*lasting.WORLDS))
def test_the_course_is_envoys(stage, world, case):  # noqa: F811
    stage.check(world, case)
