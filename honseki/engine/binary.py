"""The engine's binary: found on PATH, or installed by Pulumi's own installer, or built from its Go module.

Built means: `go build` of `github.com/pulumi/pulumi/pkg/v3/cmd/pulumi` at exactly `PINNED`, every module checked
against the `go.sum` that is kept beside this file. The result is kept in the user's cache by version, with its SHA-256.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from honseki import environment, process
from honseki.errors import HonsekiError
from honseki.settings import Settings

PINNED = "3.259.0"
"""The engine that Honseki is tested with; also the least version that is taken from PATH."""

GO_MODULE = Path(__file__).parent / "gomod"
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_BUILD_TIMEOUT_S = 3600.0
_PROGRESS_S = 20.0

_COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_GO_HELP = "see that Go is 1.25 or newer and reaches a module proxy (`go env GOPROXY`), then run this again"

Say = Callable[[str], None]
log = logging.getLogger("honseki.engine")


@dataclass(frozen=True)
class Engine:
    """A usable engine: where it is, its version, and how it came here (`path`, `installer`, `built`)."""

    path: Path
    version: str
    origin: str
    sha256: str = ""

    @property
    def has_language_plugin(self) -> bool:
        """Whether Pulumi's own Python language plugin lies beside the engine (an ordinary installation)."""
        return self.path.resolve().with_name("pulumi-language-python").exists()


def which(settings: Settings) -> Engine | None:
    """The engine that will be used, or None if there is none yet. Changes nothing but the cache of version answers."""
    on_path = shutil.which("pulumi")
    if on_path:
        version = _version(Path(on_path), settings.cache)
        if version and _parts(version) >= _parts(PINNED):
            return Engine(Path(on_path), version, "path")
        log.info("%s is version %s, older than %s: not used", on_path, version or "unknown", PINNED)
    return _cached(settings)


def ensure(settings: Settings, say: Say) -> Engine:
    """The engine; installed or built first if need be. `say` gets a line at a time on what goes on.

    Interrupted, it leaves nothing half-made: what is in the cache was checked and then renamed into place.
    """
    found = which(settings)
    if found is not None:
        return found
    with _one_at_a_time(settings.cache, say):
        found = which(settings)  # somebody else may have made it while we waited
        if found is not None:
            return found
        say(f"The Pulumi engine v{PINNED} isn't on this machine yet.")
        try:
            return _install(settings, say)
        except HonsekiError as error:
            reason = (error.why or error.what).strip().splitlines()[-1][:160]
            say(f"Pulumi's installer can't be reached ({reason}); building from the Go module instead.")
        return _build(settings, say)


def verify(engine: Engine) -> None:
    """Check a cached binary against the SHA-256 that was recorded when it was made. Raises `HonsekiError`."""
    if engine.sha256 and _sha256(engine.path) != engine.sha256:
        raise HonsekiError(
            "the engine's binary isn't the one that was installed",
            where=str(engine.path),
            why="its SHA-256 differs from the recorded one",
            do=f"delete {engine.path.parent} and run `honseki engine install`",
        )


def _folder(cache: Path) -> Path:
    return cache / "engine" / f"v{PINNED}"


def _cached(settings: Settings) -> Engine | None:
    folder = _folder(settings.cache)
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        binary = folder / manifest["binary"]
        if binary.stat().st_size != manifest["bytes"]:
            return None
    except (OSError, ValueError, KeyError):
        return None
    return Engine(binary, manifest["version"], manifest["origin"], manifest["sha256"])


def _install(settings: Settings, say: Say) -> Engine:
    """By Pulumi's own installer, as its SDK runs it (https://www.pulumi.com/docs/iac/download-install/)."""
    from pulumi.automation import PulumiCommand  # noqa: PLC0415  heavy, and needed once in a machine's life
    from semver import VersionInfo  # noqa: PLC0415  comes with the SDK

    say("Trying Pulumi's own installer ...")
    draft = Path(tempfile.mkdtemp(prefix="engine-", dir=_parent(settings.cache)))
    try:
        PulumiCommand.install(root=str(draft), version=VersionInfo.parse(PINNED))
        return _keep(settings, draft, Path("bin/pulumi"), "installer")
    except Exception as error:
        # The SDK raises whatever urllib, subprocess or its own checks raise; all mean "not by this way".
        raise HonsekiError("Pulumi's installer failed", why=str(error) or repr(error)) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _build(settings: Settings, say: Say) -> Engine:
    go = shutil.which("go")
    if go is None:
        raise HonsekiError(
            f"there is no Pulumi engine v{PINNED} here, and no way to get one",
            why="pulumi isn't on PATH, Pulumi's installer can't be reached, and there is no Go to build it with",
            do="install Pulumi (https://www.pulumi.com/docs/iac/download-install/) or Go 1.25+, then run this again",
        )
    say(
        "Building it with Go: about 5 minutes on 2 cores, once per machine. If interrupted, the same command continues."
    )
    draft = Path(tempfile.mkdtemp(prefix="engine-", dir=_parent(settings.cache)))
    try:
        module = draft / "module"
        shutil.copytree(GO_MODULE, module)
        version_flag = f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PINNED}"
        flags = ("-mod=readonly", "-trimpath")
        say("  downloading its modules ...")
        count = [go, "list", *flags, "-deps", "-f", "{{.Stale}}", _COMMAND]
        listed = process.run(count, env=environment.fetching(), cwd=module, timeout_s=_BUILD_TIMEOUT_S, do=_GO_HELP)
        command = [
            *(go, "build", "-v", *flags, "-ldflags", f"-s -w -X {version_flag}"),
            *("-o", str(draft / "pulumi"), _COMMAND),
        ]
        log.debug("(cd %s)$ %s", module, " ".join(command))
        _build_with_progress(command, module, draft / "build.log", listed.stdout.split().count("true"), say)
        shutil.rmtree(module)
        return _keep(settings, draft, Path("pulumi"), "built")
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _progress(compiled: int, packages: int, elapsed_s: float) -> str:
    """How far a build is after so many seconds, and how long it will take if it goes on like that."""
    if compiled >= packages:
        return f"all packages compiled, {elapsed_s:.0f} s so far: linking, the last step"
    done = f"{compiled} of {packages} packages compiled, {elapsed_s:.0f} s so far"
    if not compiled:
        return done
    left_s = elapsed_s * (packages - compiled) / compiled
    return f"{done}, about {f'{left_s / 60:.0f} min' if left_s >= 90 else f'{left_s:.0f} s'} left"


def _build_with_progress(command: list[str], cwd: Path, log_file: Path, packages: int, say: Say) -> None:
    """Run the build; every now and then say how far it is.

    `packages`: how many are still to be compiled, by `go list`; `go build -v` names each that it compiles, one a line.
    """
    begun = time.monotonic()
    with log_file.open("w") as out:
        build = process.start(command, env=environment.fetching(), cwd=cwd, stdout=out, stderr=out)
        try:
            while True:
                try:
                    code = build.wait(timeout=_PROGRESS_S)
                    break
                except process.TimeoutExpired:
                    elapsed = time.monotonic() - begun
                    if elapsed > _BUILD_TIMEOUT_S:
                        raise HonsekiError(
                            "building the engine takes over an hour", do="look at the Go toolchain"
                        ) from None
                    say(f"  {_progress(log_file.read_text().count(chr(10)), packages, elapsed)}")
        finally:
            if build.poll() is None:
                build.terminate()
                build.wait()
    if code != 0:
        tail = "\n".join(log_file.read_text().strip().splitlines()[-15:])
        raise HonsekiError(
            "building the engine failed",
            why=tail,
            do=_GO_HELP,
        )
    say(f"Built in {time.monotonic() - begun:.0f} s.")


def _keep(settings: Settings, draft: Path, binary: Path, origin: str) -> Engine:
    """Check a new binary, then rename its folder into the cache."""
    answer = process.run([str(draft / binary), "version"], env=environment.closed()).stdout.strip()
    if _parts(answer) != _parts(PINNED):
        raise HonsekiError(f"the new engine says it is {answer!r}, not v{PINNED}")
    (draft / "build.log").unlink(missing_ok=True)
    digest = _sha256(draft / binary)
    engine = Engine(_folder(settings.cache) / binary, PINNED, origin, digest)
    manifest = asdict(engine) | {"binary": str(binary), "path": "", "bytes": (draft / binary).stat().st_size}
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=1))
    draft.chmod(0o755)
    folder = _folder(settings.cache)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return engine


def _parent(cache: Path) -> Path:
    folder = cache / "engine"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HonsekiError(
            "there is no engine yet, and no place to keep one",
            where=str(folder),
            why=f"this folder can't be made: {error.strerror}",
            do="set HONSEKI_CACHE to a folder that you may write",
        ) from error
    return folder


@contextlib.contextmanager
def _one_at_a_time(cache: Path, say: Say) -> Iterator[None]:
    with (_parent(cache) / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is getting the engine; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _version(binary: Path, cache: Path) -> str:
    """What the binary says of itself; asked once per file (by path, size and time), since asking takes 0.1 s."""
    stat = binary.stat()
    key = f"{binary.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
    notes = cache / "engine" / "versions.json"
    known: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(notes.read_text())
    if key not in known:
        answer = process.run([str(binary), "version"], env=environment.closed(), check=False).stdout.strip()
        known = {key: answer.removeprefix("v") if _VERSION.match(answer) else ""}
        with contextlib.suppress(OSError, HonsekiError):
            _parent(cache)
            draft = notes.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(known))
            draft.replace(notes)
    return known[key]


def _parts(version: str) -> tuple[int, ...]:
    match = _VERSION.match(version)
    return tuple(int(part) for part in match.groups()) if match else (0,)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
