"""Tenants that are deployed once in a run of the tests; each test file that needs them gets a copy of their home.

A file may do with its copy what it likes. Workers of one run (pytest-xdist) share what was deployed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Home

_DONE = "up.json"


@dataclass(frozen=True)
class Deployments:
    """Homes with deployed tenants, their regions stopped, in a folder of the whole run."""

    folder: Path
    make_home: Callable[[Path], Home]

    def documents(self, codes: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What `up --json` printed of each tenant when it was made."""
        return dict(json.loads((self._made(codes) / _DONE).read_text(encoding="utf-8")))

    def copy(self, codes: Sequence[str], home: Path) -> None:
        """These tenants' home, as a new one at `home`. Its region gets a port of its own when it is started."""
        shutil.copytree(self._made(codes), home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("region.port"))

    def _made(self, codes: Sequence[str]) -> Path:
        """Deploy what isn't yet: the first tenant alone, the others into a copy of its home."""
        place = self.folder / "-".join(codes)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / _DONE).exists():  # written last: what was interrupted is made anew
                shutil.rmtree(place, ignore_errors=True)
                self._deploy(codes, place)
        return place

    def _deploy(self, codes: Sequence[str], place: Path) -> None:
        first = codes[:1]
        documents = {}
        if len(codes) > 1:
            documents = self.documents(first)
            self.copy(first, place)
            (place / _DONE).unlink()
        home = self.make_home(place)
        try:
            done = home.honseki("up", *codes, "--json", timeout=900)
            assert done.returncode == 0, done.stderr + done.stdout
        finally:
            home.honseki("region", "stop")
        documents = {each["code"]: each for each in json.loads(done.stdout)} | documents
        (place / _DONE).write_text(json.dumps(documents), encoding="utf-8")


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The run's own folder: a worker's basetemp lies in it.

    https://pytest-xdist.readthedocs.io/en/stable/how-to.html#making-session-scoped-fixtures-execute-only-once
    """
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
