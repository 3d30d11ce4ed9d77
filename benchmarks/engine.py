"""`honseki up` beside the bare Pulumi CLI: the same program, engine, provider and region, in one run.

    python -m benchmarks.engine [--rounds N]

Each round deploys two municipalities of one shape, one by `honseki up`, one by `pulumi stack init` and `pulumi up`, in
alternating order; then each is brought up again with nothing to do, with and without reading the cloud first. Medians
over the rounds; ratios are of medians. Last line: one JSON object.

| figure | unit | what |
| --- | --- | --- |
| `create_s`, `bare_create_s`, `create_ratio` | s, s, - | a new tenant |
| `noop_s`, `bare_noop_s`, `noop_ratio` | s, s, - | nothing to do; the cloud is read first (`honseki up`'s default) |
| `noop_no_refresh_s`, `bare_...`, `..._ratio` | s, s, - | nothing to do; the state is believed |
| `resources` | - | resources of the tenant |
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from honseki.engine import cloud
from honseki.settings import CHECKOUT, Settings
from stacks import inventory
from stacks.reference import municipalities
from tests.example import FLEET

_CHECKOUT_PARTS = ("Pulumi.yaml", "stacks")
_HONSEKI = (sys.executable, "-m", "honseki.cli.main")
_INVENTORY = """\
code: "{code}"
name: {name}
prefecture: {prefecture}
sites:
  - {{id: honcho, name: 本庁, terminals: 16, prefix: 10.219.0.0/24}}
lines:
  - {{id: east, location: EqTY2, connection: dxcon-fgb{code}, vlan: 1219,
     amazon_address: 169.254.219.1/30, customer_address: 169.254.219.2/30}}
  - {{id: west, location: EqOS1, interface: dxvif-fgb{code}, vlan: 1220,
     amazon_address: 169.254.219.5/30, customer_address: 169.254.219.6/30}}
"""
_CASES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    # figure, flags of `honseki up`, flags of `pulumi up`
    ("create", (), ()),
    ("noop", (), ("--refresh",)),
    ("noop_no_refresh", ("--no-refresh",), ()),
)


@dataclass(frozen=True)
class Bench:
    """A home with a region and an inventory of tenants of one shape; `bare` is the environment of the plain CLI."""

    env: Mapping[str, str]
    bare: Mapping[str, str]
    codes: tuple[str, ...]
    checkout: Path

    def honseki(self, code: str, *flags: str) -> float:
        """Seconds of one `honseki up`."""
        return _timed([[*_HONSEKI, "up", code, *flags]], self.env)

    def pulumi(self, code: str, *flags: str, create: bool) -> float:
        """Seconds of one `pulumi up`; with `create`, of making the stack too, which `honseki up` does by itself."""
        stack = f"rehearsal-{code}"
        up = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack, *flags]
        init = ["pulumi", "stack", "init", stack, "--no-select"]
        return _timed([init, up] if create else [up], self.bare, self.checkout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="honseki up beside the bare Pulumi CLI")
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="honseki-benchmark-") as scratch:
        bench = _prepare(Path(scratch), 2 * rounds + 1)
        try:
            figures = measure(bench, rounds)
        finally:
            _run([*_HONSEKI, "region", "stop"], bench.env)
    print(json.dumps(figures))


def measure(bench: Bench, rounds: int) -> dict[str, float]:
    """The figures, as medians over the rounds."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        pair = bench.codes[1 + 2 * number : 3 + 2 * number]
        for figure, flags, bare_flags in _CASES:

            def ours(figure: str = figure, flags: tuple[str, ...] = flags, code: str = pair[0]) -> None:
                seconds[figure].append(bench.honseki(code, *flags))

            def theirs(figure: str = figure, flags: tuple[str, ...] = bare_flags, code: str = pair[1]) -> None:
                seconds[f"bare_{figure}"].append(bench.pulumi(code, *flags, create=figure == "create"))

            # Which goes first alternates: a machine that gets slower or faster favours neither.
            for step in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                step()
        print(f"round {number + 1}: " + ", ".join(f"{name} {values[-1]:.2f} s" for name, values in seconds.items()))
    figures = {f"{name}_s": round(statistics.median(values), 3) for name, values in seconds.items()}
    for figure, _, _ in _CASES:
        figures[f"{figure}_ratio"] = round(figures[f"{figure}_s"] / figures[f"bare_{figure}_s"], 3)
    status = json.loads(_run([*_HONSEKI, "status", bench.codes[1], "--json"], bench.env))
    return figures | {"resources": len(status[0]["resources"]), "rounds": rounds}


def _prepare(scratch: Path, count: int) -> Bench:
    fleet = scratch / "fleet"
    fleet.mkdir()
    defaults = FLEET / inventory.DEFAULTS
    (fleet / defaults.name).write_text(defaults.read_text(encoding="utf-8"), encoding="utf-8")
    chosen = list(municipalities().values())[200 : 200 + count]
    for entry in chosen:
        text = _INVENTORY.format(code=entry.code, name=entry.name, prefecture=entry.prefecture)
        (fleet / f"{entry.code}.yaml").write_text(text, encoding="utf-8")
    codes = tuple(entry.code for entry in chosen)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_", "HONSEKI_"))}
    if "HONSEKI_CACHE" in os.environ:
        env["HONSEKI_CACHE"] = os.environ["HONSEKI_CACHE"]
    env |= {"HONSEKI_HOME": str(scratch / "home"), "HONSEKI_FLEET": str(fleet), "HONSEKI_PYTHON": sys.executable}
    print(f"A rehearsal region and {count} municipalities of one shape; the first warms up and isn't counted ...")
    exports = _run([*_HONSEKI, "region", "env"], env)
    bare = env | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    for line in exports.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        bare[name] = "".join(shlex.split(value)).replace("$PATH", env["PATH"])
    _run([*_HONSEKI, "up", codes[0]], env)
    # The plain CLI can't have accounts issued, so that is done for everybody, outside of what is timed.
    settings = Settings.resolve(environ=env)
    cloud.reach(settings, inventory.load(fleet).municipalities, print)
    # The plain CLI keeps stack settings beside Pulumi.yaml; those of a user's own stacks must not be in the way.
    checkout = scratch / "checkout"
    checkout.mkdir()
    for part in _CHECKOUT_PARTS:
        (checkout / part).symlink_to(CHECKOUT / part)
    return Bench(env, bare, codes, checkout)


def _timed(commands: list[list[str]], env: Mapping[str, str], cwd: Path = CHECKOUT) -> float:
    begun = time.perf_counter()
    for command in commands:
        _run(command, env, cwd)
    return time.perf_counter() - begun


def _run(command: list[str], env: Mapping[str, str], cwd: Path = CHECKOUT) -> str:
    done = subprocess.run(command, cwd=cwd, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(command)} failed ({done.returncode}):\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
