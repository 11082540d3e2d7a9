"""Certificates for the scenarios with TLS, made by openssl when a run begins: P-256, an authority
and a leaf for each side, named as a mesh names its services."""

import subprocess
from pathlib import Path

NAMES = {"server": "spiffe://bench/ns/default/sa/server",
         "client": "spiffe://bench/ns/default/sa/client"}


class Certificates:
    """The files in `work`: `authority`, and for each side `SIDE.pem`, `SIDE.key` and `SIDE.both`."""

    def __init__(self, work):
        self.work = Path(work)
        self.authority = self.work / "authority.pem"
        self._key("authority")
        self._openssl("req", "-x509", "-new", "-key", self.work / "authority.key", "-days", "30",
                      "-subj", "/CN=bench authority", "-out", self.authority)
        for side in NAMES:
            self._leaf(side)

    def chain(self, side):
        return self.work / f"{side}.pem"

    def key(self, side):
        return self.work / f"{side}.key"

    def both(self, side):
        """Chain and key in one file, as HAProxy wants it."""
        return self.work / f"{side}.both"

    def _leaf(self, side):
        request, extensions = self.work / f"{side}.csr", self.work / f"{side}.ext"
        extensions.write_text(f"subjectAltName=DNS:localhost,URI:{NAMES[side]}\n"
                              "keyUsage=critical,digitalSignature\n"
                              "extendedKeyUsage=serverAuth,clientAuth\n")
        self._key(side)
        self._openssl("req", "-new", "-key", self.key(side), "-subj", f"/CN={side}",
                      "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey",
                      self.work / "authority.key", "-CAcreateserial", "-days", "30",
                      "-extfile", extensions, "-out", self.chain(side))
        self.both(side).write_text(self.chain(side).read_text() + self.key(side).read_text())

    def _key(self, name):
        self._openssl("ecparam", "-genkey", "-noout", "-name", "prime256v1",
                      "-out", self.work / f"{name}.key")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
