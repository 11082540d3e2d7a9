"""Starts both proxies on a world's file, and puts its cases to them."""

import json
import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

import pytest

from beside.case import Ask, Case, Scene, Spread
from beside.comparing import alike, differences, fit, shown
from beside.side import Side
from beside.upstreams import Upstreams
from conftest import envoy_binary
from harness.sidecar import Sidecar

# How long two observations may take to become the same: logs and counters are written later.
SETTLE_SECONDS = 1.5
# How often a case is played until a difference is taken for one.
ATTEMPTS = 3
# A file that gets what Envoy showed in each case, to be read by people.
NOTES = os.environ.get("BESIDE_NOTES")


def cases_of(*worlds):
    """Parameters for pytest; all of a world go to one process."""
    return [
        pytest.param(world, case, id=f"{world.name}: {case.name}",
                     marks=pytest.mark.xdist_group(world.name))
        for world in worlds for case in world.cases
    ]


@pytest.fixture(scope="module")
def stage(binary, proxy, tmp_path_factory):
    envoy = envoy_binary()
    if not envoy:
        pytest.skip("Envoy is not installed")
    one = Stage(binary, proxy, envoy, tmp_path_factory)
    yield one
    one.close()


class Stage:
    """The world that is up; another one takes its place when a case of it comes."""

    def __init__(self, binary, proxy, envoy, folders):
        self.binary, self.proxy, self.envoy = binary, proxy, envoy
        self.folders = folders
        self.world = None
        self.failure = None
        self.started = []
        self.upstreams = None
        self.pool = ThreadPoolExecutor(2)

    def check(self, world, case):
        """Plays a case; a difference counts where it shows on a fresh pair of proxies as well.

        Both are real processes with clocks of their own: an endpoint that is still ejected from
        the case before, or an interval that ends a moment earlier, is no verdict.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self.play(world, case)
            except (Exception, pytest.fail.Exception) as difference:
                if attempt + 1 == ATTEMPTS:
                    raise
                print(f"played again: {difference}")
                self.tear_down()
                self.world = None

    def play(self, world, case):
        if world is not self.world:
            self.set_up(world)
        if self.failure:
            words, self.failure = self.failure, f"its first case says why ({world.cases[0].name})"
            pytest.fail(f"no proxies for the file of {world.name}:\n{words}", pytrace=False)
        try:
            if isinstance(case, Case):
                self.check_case(case)
            elif isinstance(case, Spread):
                self.check_spread(case)
            elif isinstance(case, Scene):
                self.check_scene(case)
        finally:
            self.look_for_dead()

    def look_for_dead(self):
        """A process that ended is this case's fault; the next one gets a new pair."""
        for side in self.started:
            code = side.proxy.process.poll()
            if code is not None:
                self.world = None
                pytest.fail(f"{side.proxy.proxy} ended with {code}\n{side.proxy.report()}",
                            pytrace=False)

    # Life

    def set_up(self, world):
        self.tear_down()
        self.world, self.failure = world, None
        self.upstreams = Upstreams(world.endpoints, world.hosts, world.peers)
        folder = self.folders.mktemp(world.name.replace(" ", "-"))
        barrier = threading.Barrier(2)
        configuration = world.build(self.upstreams)

        def start(letter, binary, kind):
            own = folder / letter
            own.mkdir()
            for name, content in world.files.items():
                (own / name).write_text(content)
            one = Sidecar(binary, kind, own, configuration, log=False, env=world.env,
                          drain_seconds=1, expect_exit=None)
            one.start()
            return Side(letter, one, self.upstreams, barrier)

        wanted = [self.pool.submit(start, "o", self.binary, self.proxy),
                  self.pool.submit(start, "t", self.envoy, "envoy")]
        self.started = []
        for future in wanted:
            try:
                self.started.append(future.result())
            except Exception as error:
                self.failure = str(error)[-3000:]

    def tear_down(self):
        for side in self.started:
            side.proxy.kill()
        self.started = []
        if self.upstreams:
            self.upstreams.close()
            self.upstreams = None

    def close(self):
        self.tear_down()
        self.pool.shutdown()

    def both(self, function):
        """Run for each side at once; the first failure is raised when both are through."""
        futures = [self.pool.submit(function, side) for side in self.started]
        errors = [error for error in (future.exception() for future in futures) if error]
        # A barrier that broke tells only that the other side failed.
        errors.sort(key=lambda error: isinstance(error, threading.BrokenBarrierError))
        if errors:
            raise errors[0]
        return [future.result() for future in futures]

    # Checking

    def check_case(self, case):
        asks = [case.asks] if isinstance(case.asks, Ask) else case.asks
        before = self.counters(case)
        replies = self.both(lambda side: [side.respond(ask) for ask in asks])

        def observe(position):
            side = self.started[position]
            return [side.observation(*reply, arrivals=case.arrivals, unordered=case.unordered,
                                     bodies=case.bodies)
                    for reply in replies[position]]

        def look():
            ours, theirs = self.both(lambda side: observe(self.started.index(side)))
            self.noted = theirs
            return differences(ours, theirs, case.ignores)

        found = self.settled(case, look, before)
        self.note(case, self.noted + ([self.noted_moves] if case.stats else []))
        self.judge(case, found)

    def check_spread(self, case):
        asks = [case.ask(n) if callable(case.ask) else case.ask for n in range(case.draws)]
        before = self.counters(case)
        ours, theirs = self.both(lambda side: side.answers(asks))
        self.note(case, Counter(theirs))
        if case.exact:
            found = differences(ours, theirs)
        else:
            found = spread_differences(Counter(ours), Counter(theirs), case.weights)
        self.judge(case, found | self.settled(case, dict, before))

    def check_scene(self, case):
        self.upstreams.checks.clear()
        self.started[0].barrier.reset()

        def play(side):
            try:
                return case.play(side)
            except Exception:
                # The other side does not wait for one that failed.
                side.barrier.abort()
                raise

        before = self.counters(case)
        ours, theirs = self.both(play)
        found = self.settled(case, lambda: differences(ours, theirs, case.ignores), before)
        self.note(case, [theirs, self.noted_moves] if case.stats else theirs)
        self.judge(case, found)

    def counters(self, case):
        return self.both(lambda side: side.stats(case.stats)) if case.stats else None

    def moved(self, case, before):
        after = self.counters(case)
        return [{name: value - old.get(name, 0) for name, value in new.items()
                 if value != old.get(name, 0)} for old, new in zip(before, after, strict=True)]

    def settled(self, case, look, before):
        """What differs still when both had time to write their logs and counters."""
        end = time.monotonic() + SETTLE_SECONDS
        while True:
            found, is_moved = look(), True
            if before:
                ours, theirs = self.moved(case, before)
                self.noted_moves = theirs
                found |= differences({"stats": ours}, {"stats": theirs}, ("stats", *case.ignores))
                is_moved = bool(theirs)
            if not found and is_moved:
                return {}
            if time.monotonic() > end:
                assert is_moved, f"none of the statistics moves in Envoy: {case.stats}"
                return found
            time.sleep(0.02)

    def note(self, case, shown_by_envoy):
        if NOTES:
            with open(NOTES, "a") as notes:
                notes.write(f"{self.world.name}: {case.name}: {json.dumps(shown_by_envoy)}\n")

    def judge(self, case, found):
        expected = {}
        if case.difference and self.proxy != "envoy":
            expected = case.difference.places
            found = {place: values for place, values in found.items() if place in expected
                     or not any(fnmatchcase(place, one) for one in case.difference.follows)}
        if found != expected:
            title = ("the difference is not what it was" if expected
                     else "not what Envoy does")
            pytest.fail(f"{title}\n{shown(found)}", pytrace=False)


def spread_differences(ours, theirs, weights):
    found = {}
    if not alike(ours, theirs):
        found["spread"] = (dict(ours), dict(theirs))
    for name, counts in (("ours", ours), ("Envoy", theirs)):
        if weights and not fit(counts, weights):
            found[f"shares of {name}"] = (dict(counts), weights)
    return found
