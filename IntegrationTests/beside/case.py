"""What a case is: what is sent, what the upstreams do, and what is compared."""

from dataclasses import dataclass, field


@dataclass
class Ask:
    """One request. `upstream` scripts the attempts in order; the last answer repeats."""

    path: str = "/"
    headers: tuple = ()  # of "Name: value"
    method: str = "GET"
    host: str | None = "test"  # {port} is the listener's
    body: bytes | None = None
    upstream: tuple | dict = ()  # of Answer; or the answer by the endpoint's name
    listener: str = "main"
    source: str | None = None  # the client's address
    pause: float = 0  # seconds to wait before it is sent
    # Seconds after which the client gives up and closes.
    patience: float = 10


@dataclass
class Answer:
    """What an upstream does with one attempt."""

    status: int = 200
    headers: tuple = ()  # of "Name: value"
    # Without a body the endpoint says its name.
    body: str | None = None
    delay: float = 0
    # Instead of an answer: close, reset, silent (until closed), cut (half an answer), garbage.
    instead: str | None = None
    # Close the connection afterwards and say so.
    closes: bool = False
    trailers: tuple = ()  # of "name: value"


CLOSE = Answer(instead="close")
RESET = Answer(instead="reset")
SILENT = Answer(instead="silent")
CUT = Answer(instead="cut")


def status(*codes):
    """A script of plain statuses."""
    return tuple(Answer(code) for code in codes)


@dataclass
class Difference:
    """A verdict that is not Envoy's, on purpose: by place of the observation, ours and Envoy's.

    What follows from it, and is no statement of its own, is named by patterns in `follows`.
    """

    reason: str
    places: dict  # "0.status": (ours, Envoy's)
    follows: tuple = ()


@dataclass
class Case:
    """Requests one after the other, each on a connection of its own.

    Compared are the response (status, headers, relayed body), each request that reached an
    upstream (endpoint, method, target, headers, body), the access log's line, and by how much
    `stats` moved, where a star stands for any name.
    `ignores` are patterns of places in the observation, such as `*.endpoint`.
    """

    name: str
    asks: list | Ask = field(default_factory=Ask)
    stats: tuple = ()
    ignores: tuple = ()
    # Requests that must have reached upstreams before observations count, per ask.
    arrivals: int = 0
    # Upstreams see these in no fixed order: mirrored and hedged requests.
    unordered: bool = False
    # Compare the bodies of local replies too, whose words are otherwise each proxy's own.
    bodies: bool = False
    difference: Difference | None = None


@dataclass
class Spread:
    """Many requests; who answered is compared: as a distribution, or one by one where `exact`.

    `ask` is one request for all, or a function of the number of the draw. With `weights` both
    distributions must also fit these shares.
    """

    name: str
    ask: object = field(default_factory=Ask)
    draws: int = 400
    exact: bool = False
    weights: dict | None = None
    stats: tuple = ()
    ignores: tuple = ()
    difference: Difference | None = None


@dataclass
class Scene:
    """A function of one side that returns what it observed; both sides play it at once.

    By how much `stats` moved is compared as well, as in a case.
    """

    name: str
    play: object = None
    stats: tuple = ()
    ignores: tuple = ()
    difference: Difference | None = None


@dataclass
class World:
    """One file and its upstreams, shared by cases. `build(up)` returns the bootstrap."""

    name: str
    build: object
    cases: list
    endpoints: str = "a"
    # Addresses other than loopback's first, by name: {"b": "127.0.0.2"}.
    hosts: dict = field(default_factory=dict)
    # Upstreams of other kinds, by name: functions of the upstreams that return what has `port`
    # and `close()`.
    peers: dict = field(default_factory=dict)
    # Files that the configuration names, written beside it.
    files: dict = field(default_factory=dict)
    env: dict = field(default_factory=dict)
