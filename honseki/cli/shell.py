"""An environment as a script for a POSIX shell."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FOREIGN: Final = ("AWS_", "PULUMI_")
"""Beginnings of names that would lead elsewhere: profiles, SSO, endpoints by service, tokens, backends."""


def script(variables: Mapping[str, str], folders: Sequence[str], environ: Mapping[str, str]) -> str:
    """Lines for `eval`: what of `environ` doesn't belong is unset, `variables` are exported, `folders` come on PATH.

    127.0.0.1 is added to the proxies' exceptions, so that a proxy stays in force for everything else. Evaluated twice
    it comes to the same: a folder isn't put on PATH again.
    """
    lines = [
        f"unset {name}"
        for name in sorted(environ)
        if name.startswith(_FOREIGN) and name not in variables and _NAME.fullmatch(name)
    ]
    exempt = list(
        dict.fromkeys(part for name in ("no_proxy", "NO_PROXY") for part in _parts(environ.get(name, ""), ","))
    )
    exempt += [host for host in ("127.0.0.1", "localhost") if host not in exempt]
    proxies = {name: ",".join(exempt) for name in ("NO_PROXY", "no_proxy")}
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted((dict(variables) | proxies).items())]
    present = _parts(environ.get("PATH", ""), os.pathsep)
    new = [folder for folder in folders if folder not in present]
    if new:
        lines.append(f"export PATH={shlex.quote(os.pathsep.join(new))}{os.pathsep}$PATH")
    return "\n".join(lines)


def _parts(value: str, separator: str) -> list[str]:
    return [part.strip() for part in value.split(separator) if part.strip()]
