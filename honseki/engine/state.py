"""Reading a stack's state and locks, where Pulumi's backend keeps them.

A local folder is read directly: asking the CLI takes half a second each time, and `up` must be quick when there is
nothing to do. Any other backend (S3 ...) is asked through the CLI (`pulumi stack export`). The layout of a local
backend is that of pkg/backend/diy in github.com/pulumi/pulumi.
"""

from __future__ import annotations

import datetime
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honseki import process
from honseki.engine.binary import Engine
from honseki.errors import HonsekiError
from honseki.settings import PROJECT, Settings


@dataclass(frozen=True)
class Lock:
    """A lock that an engine holds, or left behind."""

    path: Path
    pid: int
    host: str
    user: str
    since: str

    @property
    def held(self) -> bool | None:
        """Whether its process still runs; None if it is another machine's, which can't be known here.

        A process younger than the lock only inherited the number.
        """
        if self.host != socket.gethostname():
            return None
        if not process.alive(self.pid):
            return False
        import psutil  # noqa: PLC0415  only when there is a lock

        try:
            begun = psutil.Process(self.pid).create_time()
        except psutil.Error:
            return False
        taken = datetime.datetime.fromisoformat(self.since).timestamp()
        return bool(begun <= taken + 2)


def deployment(settings: Settings, stack: str, engine: Engine | None = None) -> dict[str, Any] | None:
    """The stack's deployment (`resources`, `pending_operations`, ...), or None if there is no such stack.

    Secrets in it stay encrypted. With a remote backend `engine` is needed; without one this raises `HonsekiError`.
    """
    folder = settings.local_state
    if folder is not None:
        path = folder / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
        try:
            checkpoint: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return dict(checkpoint["checkpoint"].get("latest") or {})
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise HonsekiError(
                "the state can't be read",
                where=str(path),
                why=f"it is damaged: {error!r}",
                do=f"put back what Pulumi keeps beside it ({path.with_suffix('.json.bak').name}, or the newest in "
                f"{folder / '.pulumi' / 'backups'}), then run the same command again",
            ) from error
    if engine is None:
        raise HonsekiError("the state is in a remote backend, and there is no engine to read it with")
    done = process.run(
        [str(engine.path), "stack", "export", "--stack", stack],
        cwd=settings.project_dir,
        env=settings.engine_env(),
        check=False,
    )
    if done.returncode != 0:
        if "no stack named" in done.stderr:
            return None
        raise HonsekiError("the state can't be read", where=settings.backend_url, why=done.stderr.strip()[-800:])
    return dict(json.loads(done.stdout)["deployment"])


def locks(settings: Settings, stack: str) -> list[Lock]:
    """The locks on a stack in a local backend. (A remote one's show when the engine refuses.)"""
    folder = settings.local_state
    if folder is None:
        return []
    found = []
    for path in sorted((folder / ".pulumi" / "locks" / "organization" / PROJECT / stack).glob("*.json")):
        try:
            content = json.loads(path.read_text())
            found.append(Lock(path, content["pid"], content["hostname"], content["username"], content["timestamp"]))
        except FileNotFoundError:
            continue  # released while we looked
        except (ValueError, KeyError):
            # An engine that was killed while it wrote its lock: nobody's.
            found.append(Lock(path, 0, socket.gethostname(), "?", "1970-01-01T00:00:00+00:00"))
    return found


def resources(deployed: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The resources of a deployment, in the order of creation."""
    return list((deployed or {}).get("resources") or [])


def provider_regions(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Provider URN -> its region, of a deployment's resources."""
    return {
        entry["urn"]: str((entry.get("inputs") or {}).get("region", ""))
        for entry in entries
        if entry["type"].startswith("pulumi:providers:")
    }


def pending(deployed: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Operations that were begun and never recorded as done: each with `type` and `resource`."""
    return list((deployed or {}).get("pending_operations") or [])


def stacks(settings: Settings, engine: Engine | None = None) -> list[str]:
    """The names of all stacks of this project and target."""
    folder = settings.local_state
    if folder is not None:
        names = [p.stem for p in (folder / ".pulumi" / "stacks" / PROJECT).glob("*.json")]
    elif engine is not None:
        done = process.run(
            [str(engine.path), "stack", "ls", "--json"], cwd=settings.project_dir, env=settings.engine_env()
        )
        names = [entry["name"].rpartition("/")[2] for entry in json.loads(done.stdout)]
    else:
        raise HonsekiError("the state is in a remote backend, and there is no engine to read it with")
    return sorted(name for name in names if name.startswith(f"{settings.target}-"))
