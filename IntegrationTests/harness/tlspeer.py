"""TLS clients and upstreams whose certificates, versions and protocols a test chooses."""

import re
import ssl
import warnings

from harness.certificates import certificates
from harness.client import Client
from harness.peer import Peer

VERSIONS = {"1.0": "TLSv1", "1.1": "TLSv1_1", "1.2": "TLSv1_2", "1.3": "TLSv1_3"}


def client_context(certificate=None, version=None, alpn=None, trusted=None, ciphers=None):
    """Trusts every server unless `trusted` is a path of authorities; `certificate` is a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if trusted:
        context.load_verify_locations(trusted)
        context.verify_mode = ssl.CERT_REQUIRED
    _limit(context, version, ciphers)
    if certificate:
        leaf = certificates()[certificate]
        context.load_cert_chain(leaf.path, leaf.key_path)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def server_context(certificate="server", version=None, alpn=None, trusted=None, ciphers=None,
                   optional=False):
    """Asks for a client's certificate where `trusted` is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _limit(context, version, ciphers)
    leaf = certificates()[certificate]
    context.load_cert_chain(leaf.path, leaf.key_path)
    if trusted:
        context.load_verify_locations(trusted)
        context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def _limit(context, version, ciphers):
    if version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            value = ssl.TLSVersion[VERSIONS[version]]
            context.minimum_version = context.maximum_version = value
        if version < "1.2":
            ciphers = ciphers or "ALL:@SECLEVEL=0"
    if ciphers:
        context.set_ciphers(ciphers)


class SecureClient(Client):
    """A `Client` inside of TLS. A refused handshake raises `ssl.SSLError` or closes."""

    def __init__(self, target, context=None, name="test", before=b"", session=None, **options):
        super().__init__(target, **options)
        self.local_port = self.socket.getsockname()[1]
        if before:
            self.socket.sendall(before)
        try:
            self.socket = (context or client_context()).wrap_socket(
                self.socket, server_hostname=name, session=session)
        except BaseException as error:
            self.socket.close()
            # Whose connection it was, for who looks for it in a log.
            error.port = self.local_port
            raise

    @property
    def version(self):
        return self.socket.version()

    @property
    def alpn(self):
        return self.socket.selected_alpn_protocol()

    @property
    def served(self):
        """The server's certificate, as DER."""
        return self.socket.getpeercert(True)


def failure(error):
    """A failed handshake in a word: the alert that came, or how the connection ended."""
    if isinstance(error, ssl.SSLEOFError):
        return "closed"
    if isinstance(error, ssl.SSLError):
        return re.sub(r"^(SSLV3|TLSV1|TLSV13|SSL/TLS)_", "", error.reason or str(error)).lower()
    if isinstance(error, ConnectionResetError):
        return "reset"
    if isinstance(error, TimeoutError):
        return "silent"
    return "closed"


class SecurePeer(Peer):
    """An upstream inside of TLS; what its handshakes were is in `handshakes`."""

    def __init__(self, context=None, **options):
        self.context = context or server_context()
        self.context.sni_callback = self._named
        self.handshakes = []
        self._names = {}
        inner = options.pop("serve", None)
        self.inner = inner or self.serve_requests
        super().__init__(serve=self._secured, **options)

    def _named(self, sock, name, _context):
        self._names[id(sock)] = name

    def _secured(self, connection):
        try:
            plain = connection.socket
            connection.socket = self.context.wrap_socket(
                plain, server_side=True, do_handshake_on_connect=False)
            connection.socket.do_handshake()
        except OSError as error:
            self.handshakes.append({"failed": failure(error)})
            return
        sock = connection.socket
        connection.handshake = {
            "name": self._names.pop(id(sock), None), "version": sock.version(),
            "alpn": sock.selected_alpn_protocol(), "cipher": sock.cipher()[0],
            "certificate": sock.getpeercert(True) or None, "resumed": sock.session_reused}
        self.handshakes.append(connection.handshake)
        self.inner(connection)
