"""Waiting for a condition with a deadline, for what gives no event of its own."""

import time


def wait_until(condition, what, seconds=10.0):
    """Return the first true value of `condition()`; fail with `what` after `seconds`."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
