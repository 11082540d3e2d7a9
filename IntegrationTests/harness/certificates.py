"""A small certificate authority that writes what the tests need, good and bad, as PEM files."""

import atexit
import datetime
import functools
import hashlib
import base64
import ipaddress
import shutil
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)
_NAMES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME,
          "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}


class Certificate:
    """A certificate, its key, and the two PEM files of both."""

    def __init__(self, folder, name, certificate, key, chain=()):
        self.name, self.certificate, self.key = name, certificate, key
        self.chain = list(chain)  # of the authorities between it and the root
        self.path, self.key_path = folder / f"{name}.pem", folder / f"{name}.key"
        self.path.write_bytes(b"".join(pem(one) for one in [certificate, *self.chain]))
        self.key_path.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))

    @property
    def files(self):
        """As Envoy's `TlsCertificate`."""
        return {"certificate_chain": {"filename": str(self.path)},
                "private_key": {"filename": str(self.key_path)}}

    @property
    def hash(self):
        """SHA-256 of the whole, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def spki(self):
        """SHA-256 of the public key, in base64."""
        key = self.certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(key).digest()).decode()

    @property
    def serial(self):
        return f"{self.certificate.serial_number:x}"


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def subject(names):
    """`CN=a,O=b` as pairs in order: [("O", "b"), ("CN", "a")]."""
    return x509.Name([x509.NameAttribute(_NAMES[key], value) for key, value in names])


def alternative(text):
    """A subject alternative name from `DNS:…`, `URI:…`, `IP:…` or `EMAIL:…`."""
    kind, _, value = text.partition(":")
    if kind == "IP":
        return x509.IPAddress(ipaddress.ip_address(value))
    return {"DNS": x509.DNSName, "URI": x509.UniformResourceIdentifier,
            "EMAIL": x509.RFC822Name}[kind](value)


class Authority:
    """Signs. `parent` is the authority above; the chain of a leaf holds all but the root."""

    def __init__(self, folder, name, parent=None):
        self.folder, self.name, self.parent = Path(folder), name, parent
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = subject([("O", "Tests"), ("CN", name)])
        self.certificate = _sign(
            self.subject, self.key, parent or self, [], -2 * _DAY, 400 * _DAY, authority=True)
        self.path = self.folder / f"{name}.pem"
        self.path.write_bytes(pem(self.certificate))

    @property
    def chain(self):
        return [] if self.parent is None else [self.certificate, *self.parent.chain]

    def leaf(self, name, *alternatives, names=None, begins=-1, ends=90, kind="ec", usage="both",
             days_of_root=None, key=None):
        """A certificate valid from `begins` to `ends` days from now, with SANs like `DNS:test`."""
        key = key or (rsa.generate_private_key(65537, 2048) if kind == "rsa"
                      else ec.generate_private_key(ec.SECP256R1()))
        made = _sign(subject(names or [("O", "Tests"), ("CN", name)]), key, self, alternatives,
                     begins * _DAY, ends * _DAY, usage=usage)
        return Certificate(self.folder, name, made, key, self.chain)

    def self_signed(self, name, *alternatives):
        """A leaf that signed itself, in the same folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _sign(subject([("CN", name)]), key, None, alternatives, -_DAY, 90 * _DAY)
        return Certificate(self.folder, name, made, key)

    def revocations(self, name, *leaves):
        """The path of a file with a list of revoked certificates."""
        now = _now()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject)
        builder = builder.last_update(now - _DAY).next_update(now + 30 * _DAY)
        for leaf in leaves:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(leaf.certificate.serial_number)
                .revocation_date(now - _DAY).build())
        path = self.folder / f"{name}.crl"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM))
        return path

    def staple(self, leaf, ends=7):
        """The path of an OCSP response that says `good` of a leaf until so many days from now."""
        now = _now()
        builder = ocsp.OCSPResponseBuilder().add_response(
            leaf.certificate, self.certificate, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD,
            now - 2 * _DAY, now + ends * _DAY, None, None)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        path = self.folder / f"{leaf.name}-{ends}.ocsp"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.DER))
        return path


def _now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def _sign(name, key, issuer, alternatives, begins, ends, authority=False, usage="both"):
    """`issuer` is an authority, perhaps the one being made; None signs with the own key."""
    is_own = issuer is None
    builder = (
        x509.CertificateBuilder().subject_name(name)
        .issuer_name(name if is_own else issuer.subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(_now() + begins).not_valid_after(_now() + ends)
        .add_extension(x509.BasicConstraints(authority, None), critical=True))
    signer = key if is_own else issuer.key
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    builder = builder.add_extension(x509.KeyUsage(
        digital_signature=True, key_encipherment=not authority, key_cert_sign=authority,
        crl_sign=authority, content_commitment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False), critical=True)
    if not authority:
        wanted = {"both": [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
                  "server": [ExtendedKeyUsageOID.SERVER_AUTH],
                  "client": [ExtendedKeyUsageOID.CLIENT_AUTH]}[usage]
        builder = builder.add_extension(x509.ExtendedKeyUsage(wanted), critical=False)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [alternative(one) for one in alternatives]), critical=False)
    return builder.sign(signer, hashes.SHA256())


class Certificates:
    """Everything that the tests use, by name, in one folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = Authority(folder, "root")
        self.middle = Authority(folder, "middle", self.root)
        self.stranger = Authority(folder, "stranger")
        self.partner = Authority(folder, "partner")
        root = self.root
        service = ("DNS:test", "DNS:*.wild.test", "IP:127.0.0.1",
                   "URI:spiffe://cluster.local/ns/shop/sa/server")
        app = ("URI:spiffe://cluster.local/ns/shop/sa/client", "DNS:client.test",
               "DNS:other.client.test")
        self.leaves = {one.name: one for one in (
            root.leaf("server", *service),
            root.leaf("server-rsa", *service, kind="rsa"),
            root.leaf("second", "DNS:second.test"),
            root.leaf("soon", "DNS:soon.test", ends=3),
            self.middle.leaf("deep-server", *service),
            self.middle.leaf("deep-client", *app),
            root.leaf("server-expired", *service, begins=-9, ends=-2),
            root.leaf("server-future", *service, begins=2, ends=9),
            root.leaf("server-wrong", "DNS:wrong.test"),
            root.leaf("server-revoked", *service),
            root.leaf("server-client-usage", *service, usage="client"),
            self.stranger.leaf("server-stranger", *service),
            root.self_signed("server-self", *service),
            root.leaf("client", *app),
            root.leaf("client-rsa", *app, kind="rsa"),
            root.leaf("client-escaped", "URI:spiffe://cluster.local/ns/a/sa/c",
                      names=[("O", 'Quoted "and"; equal=, slashed\\'), ("CN", "c,d;e")]),
            root.leaf("client-bare", names=[("CN", "bare")]),
            root.leaf("client-email", "EMAIL:a@client.test", "IP:10.1.2.3"),
            root.leaf("client-expired", *app, begins=-9, ends=-2),
            root.leaf("client-future", *app, begins=2, ends=9),
            root.leaf("client-wrong", "URI:spiffe://cluster.local/ns/shop/sa/wrong"),
            root.leaf("client-revoked", *app),
            root.leaf("client-server-usage", *app, usage="server"),
            self.stranger.leaf("client-stranger", *app),
            root.self_signed("client-self", *app),
            self.partner.leaf("client-partner", "URI:spiffe://partner.test/ns/a/sa/b"),
            self.partner.leaf("client-impostor", *app),
        )}
        self.crl = root.revocations(
            "revoked", self.leaves["client-revoked"], self.leaves["server-revoked"])

    def __getitem__(self, name):
        return self.leaves[name]


@functools.cache
def certificates():
    """Made once in each process, and removed when it ends."""
    folder = tempfile.mkdtemp(prefix="certificates-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Certificates(Path(folder))
