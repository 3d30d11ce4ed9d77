"""Where things are and which cloud is meant: every setting of the control plane, declared once.

| setting | default | what it is |
| --- | --- | --- |
| `HONSEKI_TARGET` | `rehearsal` | the cloud: `rehearsal` (the embedded region) or `aws` |
| `HONSEKI_HOME` | `.honseki` in the checkout | state, passphrase and the rehearsal region's data |
| `HONSEKI_FLEET` | `stacks/fleet` in the checkout | the inventory |
| `HONSEKI_CACHE` | `$XDG_CACHE_HOME/honseki` | the engine's binary, by version |
| `PULUMI_BACKEND_URL` | a folder in `HONSEKI_HOME` | Pulumi's own setting: where the state is kept; target `aws` only |
| `HONSEKI_SECRETS_PROVIDER` | `passphrase` | for new stacks, e.g. `awskms://alias/...`; target `aws` only |
| `HONSEKI_PROVE_ROLE` | `honseki-deploy` | the role that reads accounts: docs/prove-permissions.json is all it needs |
| `HONSEKI_APT_SOURCES` | the machine's own | the sources of images' packages; read in `honseki.images.builder` |

A rehearsal takes nothing else of the caller's environment: see `honseki.environment`.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from honseki import environment
from honseki.errors import HonsekiError

Target = Literal["rehearsal", "aws"]
TARGETS: tuple[Target, ...] = ("rehearsal", "aws")

_WHOLE_FILES = "metadata=skip"
"""Without this, Go's file store writes a second file beside each (`.attrs`), not atomically: a kill at the wrong moment
leaves it empty, and the stack can't be read any more (https://pkg.go.dev/gocloud.dev/blob/fileblob#URLOpener)."""

DEPLOY_ROLE = "honseki-deploy"
"""The role in every tenant's account that deploys; issued together with the account."""

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = "honseki"


@dataclass(frozen=True)
class Settings:
    """The resolved settings of one command."""

    target: Target
    home: Path
    fleet: Path
    cache: Path
    backend_url: str
    secrets_provider: str
    checkout: Path = CHECKOUT
    prove_role: str = DEPLOY_ROLE

    @classmethod
    def resolve(cls, target: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
        """From the command line's `--target` and the environment. Reads nothing else, writes nothing."""
        env = os.environ if environ is None else environ  # noqa: TID251  every setting is read here
        chosen = target or env.get("HONSEKI_TARGET") or "rehearsal"
        if chosen not in TARGETS:
            raise HonsekiError(
                f"{chosen!r} is not a target",
                where="--target or HONSEKI_TARGET",
                do=f"choose one of: {', '.join(TARGETS)}",
            )
        home = Path(env.get("HONSEKI_HOME") or CHECKOUT / ".honseki").absolute()
        # What a shell holds for other work with Pulumi says nothing about a rehearsal.
        state = env if chosen == "aws" else {}
        return cls(
            target=chosen,
            home=home,
            fleet=Path(env.get("HONSEKI_FLEET") or CHECKOUT / "stacks" / "fleet").absolute(),
            cache=_cache(env, home).absolute(),
            backend_url=state.get("PULUMI_BACKEND_URL") or f"file://{home / 'state'}?{_WHOLE_FILES}",
            secrets_provider=state.get("HONSEKI_SECRETS_PROVIDER") or "passphrase",
            prove_role=env.get("HONSEKI_PROVE_ROLE") or DEPLOY_ROLE,
        )

    @property
    def region_home(self) -> Path:
        """Where the rehearsal region keeps its data."""
        return self.home / "region"

    @property
    def rehearsal_image(self) -> Path:
        """The file that says which image is published in the rehearsal region (`stacks.rehearsed`)."""
        return self.region_home / "published-image.json"

    @property
    def waivers_file(self) -> Path:
        """The accepted deviations from rules, beside the inventory."""
        return self.fleet.parent / "waivers.yaml"

    @property
    def project_dir(self) -> Path:
        """The folder in which the engine is run: a Pulumi.yaml and the stacks' settings files.

        Not the checkout: several homes (a test's, another checkout's worker's) must not share settings files, and the
        engine takes their folder from Pulumi.yaml only.
        """
        return self.home / "project"

    @property
    def passphrase_file(self) -> Path:
        """The passphrase of Pulumi's `passphrase` secrets provider, if this home has its own."""
        return self.home / "passphrase"

    @property
    def local_state(self) -> Path | None:
        """The folder of a local state backend, or None for a remote one."""
        prefix = "file://"
        if not self.backend_url.startswith(prefix):
            return None
        return Path(self.backend_url.removeprefix(prefix).partition("?")[0]).expanduser()

    def stack(self, code: str) -> str:
        """The stack's name: the target is part of it, so every URN and report says which cloud is meant."""
        return f"{self.target}-{code}"

    def prepare(self) -> None:
        """Make the folders, the project file and (rehearsal only) a passphrase. Safe to repeat and to race."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.project_dir.mkdir(exist_ok=True)
        _write_once(self.project_dir / "Pulumi.yaml", f"name: {PROJECT}\nruntime: python\n", mode=0o644)
        if self.local_state is not None:
            self.local_state.mkdir(parents=True, exist_ok=True)
        if self.target == "rehearsal":
            _write_once(self.passphrase_file, secrets.token_urlsafe(32), mode=0o600)

    def engine_env(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of an engine process. `extra` is the rehearsal region's (endpoint, credentials).

        A rehearsal's is closed: besides this machine's own names it holds what is set here. With the target `aws` the
        caller's decides (credentials come from the usual AWS chain, the official plugin from Pulumi), and nothing of
        the rehearsal is on PATH or in it.
        """
        debug = {"PULUMI_DEBUG_COMMANDS": "true"}  # makes --event-log available
        if self.target == "aws":
            env = environment.without_python() | self._variables() | debug
            own_passphrase = "PULUMI_CONFIG_PASSPHRASE" in env or "PULUMI_CONFIG_PASSPHRASE_FILE" in env
            if not own_passphrase and self.passphrase_file.exists():
                env["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(self.passphrase_file)
            return env
        env = environment.closed() | self.rehearsal_variables() | debug
        env["PATH"] = f"{REHEARSAL_BIN}{os.pathsep}{env['PATH']}"
        return env | dict(extra or {})

    def rehearsal_variables(self) -> dict[str, str]:
        """What leads Pulumi and its programs to this home's rehearsal, besides the region itself."""
        return self._variables() | {
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.passphrase_file),
            # What the caller signed in to, and the plugins and workspaces of other projects, are in ~/.pulumi.
            "PULUMI_HOME": str(self.home / "pulumi"),
            "HONSEKI_REHEARSAL_IMAGE": str(self.rehearsal_image),
        }

    def _variables(self) -> dict[str, str]:
        return {
            "PULUMI_BACKEND_URL": self.backend_url,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "HONSEKI_TARGET": self.target,
            "HONSEKI_HOME": str(self.home),
            "HONSEKI_FLEET": str(self.fleet),
            "HONSEKI_WAIVERS": str(self.waivers_file),
            "HONSEKI_PYTHON": sys.executable,
        }


REHEARSAL_BIN = CHECKOUT / "honseki" / "rehearsal" / "bin"
"""Holds `pulumi-resource-aws`, the rehearsal provider, under the name that the engine looks for on PATH."""

POLICY_PACK = CHECKOUT / "policies" / "pack"
"""The rules, as the engine runs them: mandatory on every preview and up."""

POLICY_BIN = POLICY_PACK / "bin"
"""Holds `pulumi-analyzer-policy-python`, which runs a policy pack where Pulumi's own language plugin is absent."""

LANGUAGE_BIN = CHECKOUT / "honseki" / "engine" / "bin"
"""Holds `pulumi-language-python`, for the plain Pulumi CLI where Pulumi's own language plugin is absent."""


def _cache(env: Mapping[str, str], home: Path) -> Path:
    """`$XDG_CACHE_HOME/honseki` as on any Linux; for a user without a home (a container's bare number), in ours."""
    if given := env.get("HONSEKI_CACHE"):
        return Path(given)
    try:
        return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "honseki"
    except RuntimeError:
        return home / "cache"


def _write_once(path: Path, text: str, *, mode: int) -> None:
    """Write a new file whole or not at all; an existing one is left as it is."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # somebody else was first; theirs counts
    finally:
        draft.unlink()
