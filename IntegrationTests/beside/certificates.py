"""What is told of certificates: to upstreams in a header, and on the admin's pages."""

from beside.case import Ask, Scene, World
from beside.parts import bootstrap, cluster, host, route
from beside.securing import downstream, hello, secured, trusting, upstream

_ALL_DETAILS = {"subject": True, "cert": True, "chain": True, "dns": True, "uri": True}


def forwarding(up):
    routes = host(route("app"))

    def one(name, mode, details=None, **fields):
        if details is not None:
            fields["set_current_client_cert_details"] = details
        return secured(name, routes, tls=downstream(validation=trusting()),
                       forward_client_cert_details=mode, **fields)

    return bootstrap([
        one("sanitize", "SANITIZE"),
        one("forward", "FORWARD_ONLY"),
        one("append", "APPEND_FORWARD", _ALL_DETAILS),
        one("set", "SANITIZE_SET", _ALL_DETAILS),
        one("set-little", "SANITIZE_SET"),
        one("set-names", "SANITIZE_SET", {"subject": True, "uri": True, "dns": True}),
        one("set-mesh", "SANITIZE_SET", {"subject": True, "uri": True}),
        one("append-mesh", "APPEND_FORWARD", {"subject": True, "uri": True}),
        one("always", "ALWAYS_FORWARD_ONLY"),
        secured("default", routes, tls=downstream(validation=trusting())),
        secured("edge", routes, tls=downstream(validation=trusting()), use_remote_address=True),
        secured("plain-append", routes, tls={}, forward_client_cert_details="APPEND_FORWARD",
                set_current_client_cert_details=_ALL_DETAILS),
        secured("plain-always", routes, tls={},
                forward_client_cert_details="ALWAYS_FORWARD_ONLY"),
        secured("plain-forward", routes, tls={}, forward_client_cert_details="FORWARD_ONLY"),
    ], [cluster("app", up["a"])])


_SENT = 'X-Forwarded-Client-Cert: By=spiffe://a;Hash=00;Subject="CN=\\"q\\"";URI=spiffe://b'


def _forwarded(listener, certificate=None, *sent):
    def play(side):
        ask = Ask("/", sent, listener=listener)
        if listener.startswith("plain"):
            return side.ask(ask)["seen"][0]["headers"]
        found = hello(side, listener, ask, certificate, patience=0.1 if certificate else 0)
        return found["seen"][0]["headers"]

    name = f"{listener}, {certificate or 'no certificate'}{', with one sent' if sent else ''}"
    return Scene(name, play)


_PLACES = ("sanitize", "forward", "append", "set", "set-little", "always", "default", "edge")

FORWARDING = World("forwarded certificates", forwarding, [
    *[_forwarded(place, "client", _SENT) for place in _PLACES],
    *[_forwarded(place, "client") for place in ("append", "set", "set-names", "set-little",
                                                "set-mesh")],
    *[_forwarded("append", "client", _SENT, "x-forwarded-client-cert: Hash=11"),
      _forwarded("append-mesh", "client", "x-forwarded-client-cert: "),
      _forwarded("append-mesh", "client-bare", "x-forwarded-client-cert: nonsense")],
    *[_forwarded(place, None, _SENT) for place in (*_PLACES, "plain-append", "plain-always",
                                                   "plain-forward")],
    *[_forwarded("set", kind) for kind in ("client-escaped", "client-bare", "client-email",
                                           "deep-client")],
    *[_forwarded("set-mesh", kind) for kind in ("client-escaped", "client-bare")],
])


def listing(up):
    return bootstrap(
        [secured("main", host(route("app")), tls=downstream(
            "server", "soon", validation=trusting("root", "partner"))),
         secured("deep", host(route("app")), tls=downstream("deep-server"))],
        [cluster("app", up["a"]),
         cluster("tls", up["a"], **upstream("client", validation=trusting()))])


def _certificates(side):
    page = side.proxy.admin("/certs").json()
    for one in page["certificates"]:
        for part in (*one.get("ca_cert", []), *one.get("cert_chain", [])):
            part["path"] = part["path"].rsplit("/", 1)[-1]
    page["certificates"].sort(key=str)
    return page


LISTING = World("certificates shown", listing, [
    Scene("the page of certificates", _certificates),
    Scene("days and figures", lambda side: {
        name: value for name, value in side.stats().items()
        if "days_until" in name or "cert" in name or "ssl." in name}),
    Scene("the page of listeners", lambda side: [
        line.split("::")[0] for line in side.proxy.admin("/listeners").text.splitlines()]),
])

WORLDS = (FORWARDING, LISTING)
