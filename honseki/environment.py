"""The environment of child processes: built from a closed list of names, never copied from the caller and cleaned.

What a caller's shell holds (proxies, AWS profiles, endpoints and regions, Pulumi's passphrases, Python's settings, a
locale, a time zone, a temporary folder that isn't there) reaches no child of a rehearsal, because nothing is passed on
that isn't named here. Children that fetch something from the internet get the caller's way there as well.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from typing import Final

MACHINE: Final = ("HOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "LOGNAME", "PATH", "USER")
"""How programs are found and loaded on this machine, and whose they are."""

INTERNET: Final = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "XDG_CACHE_HOME")
"""What a program that fetches from the internet needs besides the proxies."""

RUN: Final = "STARTED_BY_RUN"
"""Whoever starts many processes may mark them with it, to find them again. It changes nothing."""

_CLOCK: Final = "FAKETIME"
"""A clock set by libfaketime (https://github.com/wolfcw/libfaketime) is one clock for all processes or a wrong one."""
_GO: Final = "GO"
"""Go's own settings: https://pkg.go.dev/cmd/go#hdr-Environment_variables"""
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


def closed(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child that works on this machine only: no proxy, no AWS, no Pulumi, no Python settings.

    Language and time zone are fixed; the temporary folder is one that can be written (`tempfile.gettempdir`).
    `environ` is the caller's, by default this process's.
    """
    given = os.environ if environ is None else environ
    kept = {name: value for name, value in given.items() if name in {*MACHINE, RUN} or name.startswith(_CLOCK)}
    return {"PATH": _PATH} | kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC", "TMPDIR": tempfile.gettempdir()}


def fetching(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """As `closed`, for a child that fetches packages or modules: with the proxies, certificates and Go's settings."""
    given = os.environ if environ is None else environ
    way = {name: value for name, value in given.items() if name in INTERNET or name.startswith(_GO)}
    return closed(given) | proxies(given) | way


def proxies(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's proxies: `http_proxy`, `NO_PROXY` and the like, in whatever case they are written."""
    given = os.environ if environ is None else environ
    return {name: value for name, value in given.items() if name.lower().endswith("_proxy")}


def without_python(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """All of the caller's environment but Python's settings: for the target `aws`.

    There the caller's profile, region, proxies and credentials are what decides, and programs that hand out credentials
    (`credential_process`) may need any variable.
    """
    given = os.environ if environ is None else environ
    return {name: value for name, value in given.items() if not name.startswith("PYTHON")}


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this project in this interpreter, whatever the caller's folder and settings.

    Isolated (`-I`): neither PYTHON* variables, nor the current folder, nor the user's own site packages count
    (https://docs.python.org/3/using/cmdline.html#cmdoption-I). Text is UTF-8, and what it prints isn't kept back.
    """
    return [sys.executable, "-I", "-u", "-X", "utf8", "-m", module, *arguments]
