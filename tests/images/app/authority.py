"""A certificate authority of the tests' own, made with the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path

_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")


class Authority:
    """`ca.crt`, and certificates of it: `server` for 127.0.0.1, and one for each client that is asked for."""

    def __init__(self, folder: Path, name: str = "test") -> None:
        self.folder = folder
        _openssl("req", "-x509", *_EC, "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt"), "-days", "2",
                 "-subj", f"/CN={name}")  # fmt: skip
        self._sign("server", "127.0.0.1", "subjectAltName=IP:127.0.0.1,DNS:localhost")

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.crt"

    def client(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of a terminal."""
        self._sign(name, name, "extendedKeyUsage=clientAuth")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def _sign(self, file: str, subject: str, extension: str) -> None:
        request, extensions = self.folder / f"{file}.csr", self.folder / f"{file}.ext"
        extensions.write_text(extension)
        _openssl("req", *_EC, "-keyout", str(self.folder / f"{file}.key"), "-out", str(request),
                 "-subj", f"/CN={subject}")  # fmt: skip
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.folder / "ca.crt"),
                 "-CAkey", str(self.folder / "ca.key"), "-CAcreateserial", "-days", "2", "-extfile", str(extensions),
                 "-out", str(self.folder / f"{file}.crt"))  # fmt: skip


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
