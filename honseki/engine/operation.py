"""One tenant's preview, up, refresh and destroy: a worker process each, driven by the engine's event stream."""

from __future__ import annotations

import json
import logging
import os
import shlex
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from honseki import environment, process
from honseki.changes.steps import Step
from honseki.engine.binary import Engine
from honseki.engine.events import Outcome
from honseki.engine.worker import Request
from honseki.errors import BusyError, HonsekiError, InterruptError
from honseki.settings import POLICY_BIN, POLICY_PACK, Settings

Kind = Literal["preview", "up", "drift", "refresh", "destroy"]

MARK = "HONSEKI_OPERATION"
"""In the environment of every process of an operation, so that what a killed one left behind can be found."""

_RULES = f"--policy-pack={POLICY_PACK}"

_COMMANDS: Mapping[Kind, tuple[str, ...]] = {
    "preview": ("preview", _RULES),
    "up": ("up", "--yes", "--skip-preview", _RULES),
    # What differs between the state and the cloud, without writing either.
    "drift": ("refresh", "--preview-only"),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}

_PLANS = {"PULUMI_EXPERIMENTAL": "true"}
"""Update plans are behind this flag of Pulumi's (https://www.pulumi.com/docs/iac/concepts/update-plans/)."""

log = logging.getLogger("honseki.engine")
OnStep = Callable[[Step], None]


@dataclass(frozen=True)
class Stack:
    """A stack with all that the engine needs to work on it. `cloud_env` leads to the rehearsal region, if meant."""

    settings: Settings
    engine: Engine
    code: str
    cloud_env: Mapping[str, str]

    @property
    def name(self) -> str:
        """Target and code, as Pulumi knows it."""
        return self.settings.stack(self.code)

    @property
    def mark(self) -> str:
        """The value of `MARK`: this backend's this stack."""
        return f"{self.settings.backend_url}|{self.name}"

    def env(self) -> dict[str, str]:
        """The environment for the engine and everything below it."""
        env = self.settings.engine_env(self.cloud_env) | {MARK: f"{self.mark}|{os.getpid()}"}
        if not self.engine.has_language_plugin:
            env["PATH"] = f"{POLICY_BIN}{os.pathsep}{env['PATH']}"
        return env

    def cli(self, *arguments: str, check: bool = True) -> process.Completed:
        """One call of the Pulumi CLI that runs no program (init, cancel, export, import ...)."""
        command = [str(self.engine.path), *arguments, "--stack", self.name]
        return process.run(command, cwd=self.settings.project_dir, env=self.env(), check=check)

    def init(self) -> None:
        """Make the stack; another's having made it first is fine."""
        command = [str(self.engine.path), "stack", "init", self.name, "--no-select"]
        command += ["--secrets-provider", self.settings.secrets_provider]
        done = process.run(command, cwd=self.settings.project_dir, env=self.env(), check=False)
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise HonsekiError(
                f"the stack {self.name} can't be made",
                where=self.settings.backend_url,
                why=done.stderr.strip()[-800:],
                do="check the state backend and the secrets provider (docs/engineer.md, Settings)",
            )


@dataclass(frozen=True)
class Done:
    """An operation that ended: what was asked, what it did, how long it took, and the engine's exit code."""

    kind: Kind
    stack: str
    outcome: Outcome
    seconds: float
    exit_code: int
    output: str

    @property
    def ok(self) -> bool:
        """Whether the engine ended well."""
        return self.exit_code == 0


class Interrupts:
    """Carries a person's interrupt (Ctrl-C) to every engine that runs for this command, from whatever thread."""

    def __init__(self) -> None:
        self._engines: set[int] = set()
        self._count = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """First: engines finish what they are doing and stop. Second: they cancel that too. Third: they are killed."""
        with self._lock:
            self._count += 1
            for pid in self._engines:
                os.kill(pid, signal.SIGINT if self._count <= 2 else signal.SIGKILL)

    @property
    def happened(self) -> bool:
        """Whether there was one."""
        return self._count > 0

    def began(self, pid: int) -> None:
        """An engine runs from now on."""
        with self._lock:
            self._engines.add(pid)
            if self._count:
                os.kill(pid, signal.SIGINT)

    def ended(self, pid: int) -> None:
        """An engine is gone; its number may soon be another process's."""
        with self._lock:
            self._engines.discard(pid)


def run(
    stack: Stack,
    kind: Kind,
    *,
    flags: Sequence[str] = (),
    on_step: OnStep | None = None,
    interrupts: Interrupts | None = None,
) -> Done:
    """Run one operation to its end. A failed deployment is not raised: see `Done.ok` and `check`.

    `flags` are further flags of the Pulumi command. Raises `InterruptError` if it was interrupted, and
    `HonsekiError` if its worker died.
    """
    begun = time.monotonic()
    interrupts = interrupts or Interrupts()
    arguments = (*_COMMANDS[kind], "--stack", stack.name, "--non-interactive", "--color=never", *flags)
    request = Request(str(stack.engine.path), arguments, str(stack.settings.project_dir), stack.name)
    log.debug("(cd %s)$ pulumi %s", request.cwd, shlex.join(arguments))
    outcome = Outcome()
    ended: tuple[int, str] | None = None
    engine_pid = 0
    with process.start(
        environment.python("honseki.engine.worker"),
        env=stack.env() | (_PLANS if any("plan=" in flag for flag in flags) else {}),
        stdin=process.PIPE,
        stdout=process.PIPE,
        stderr=None,
        text=True,
        own_session=True,  # the terminal's interrupt reaches this process only, which decides what to do
    ) as worker:
        assert worker.stdin is not None and worker.stdout is not None  # noqa: PT018, S101  both are pipes
        worker.stdin.write(request.line() + "\n")
        worker.stdin.flush()
        for line in worker.stdout:
            mark, _, rest = line.rstrip("\n").partition(" ")
            if mark == "E":
                step = outcome.take(json.loads(rest))
                if step is not None and on_step is not None:
                    on_step(step)
            elif mark == "P":
                engine_pid = int(rest)
                interrupts.began(engine_pid)
            elif mark == "X":
                interrupts.ended(engine_pid)
                code, _, tail = rest.partition(" ")
                ended = (int(code), json.loads(tail))
        interrupts.ended(engine_pid)
    if ended is None:
        raise HonsekiError(
            f"the worker of {stack.name} ended without an answer (exit code {worker.returncode})",
            do="run the same command again; it fixes what was left behind",
        )
    if interrupts.happened and ended[0] != 0:
        raise InterruptError(
            f"interrupted: {kind} of {stack.name}",
            why="the engine finished what it was doing and recorded it",
            do="run the same command again; it continues from there",
        )
    return Done(kind, stack.name, outcome, time.monotonic() - begun, *ended)


def check(done: Done) -> Done:
    """Raise `HonsekiError` (or `BusyError`) with the engine's own reasons if the operation failed."""
    if done.ok:
        return done
    reasons = list(dict.fromkeys(done.outcome.errors)) or [done.output.strip()[-1500:]]
    text = "\n".join(reasons)
    if "currently locked" in done.output + text:
        raise BusyError(
            f"{done.stack} is locked by another operation",
            why=text[-600:],
            do="wait for it; if you are sure that it is dead: `pulumi cancel` (docs/engineer.md, Locks)",
        )
    where = ", ".join(urn.rpartition("::")[2] for urn in done.outcome.failed) or done.stack
    raise HonsekiError(
        f"{done.kind} of {done.stack} failed",
        where=where,
        why=text,
        do="fix what the reason says, then run the same command again: it continues with what is left",
    )


def needs_init(done: Done) -> bool:
    """Whether the operation failed only since the stack doesn't exist yet."""
    return not done.ok and "no stack named" in done.output


def save_plan_flags(path: Path) -> tuple[str, ...]:
    """Flags for `preview` that write an update plan (https://www.pulumi.com/docs/iac/concepts/update-plans/)."""
    return (f"--save-plan={path}",)


def use_plan_flags(path: Path) -> tuple[str, ...]:
    """Flags for `up` that hold it to a saved plan."""
    return (f"--plan={path}",)
