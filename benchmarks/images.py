"""Building an image: `python -m benchmarks.images [--image app] [--scan] [--keep DIR]`.

Each build is a `honseki image build` with a home of its own.

- `build_s`: with an empty cache: package lists, packages (about 100 MB), root, disk.
- `rebuild_s`: with the packages in the cache, in another folder, with another umask, time zone, language, host name (as
  root) and on one processor only.
- `builds_equal`: 1 if both have the same SHA-256, 0 if not.
- `size_mb`: what the disk holds (MB of blocks that aren't empty); `disk_mb`: with its holes, what a volume needs.
- `root_mb`: the root as a tar file. `packages`: how many.
- With `--scan` (half an hour, emulated), of the booted machine: `boot_s`, `cis_level2_pass_pct`, `anssi_high_pass_pct`
  (both without the rules about the kernel's configuration), `lynis_index` and `scan_s` (boot and scan); and `plain_...`
  of plain Debian beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ELSEWHERE: Final = {"TZ": "Asia/Tokyo", "LANG": "ja_JP.UTF-8", "LC_ALL": "ja_JP.UTF-8"}
_PROFILES: Final = {
    "cis_level2_pass_pct": "cis_level2_server",
    "anssi_high_pass_pct": "anssi_bp28_high",
}


def _honseki(
    words: Sequence[str], env: Mapping[str, str], *, before: Sequence[str] = (), umask: int = 0o022
) -> tuple[Any, float]:
    """The JSON answer of a command, and its seconds. Ends the benchmark with the command's own error."""
    begun = time.monotonic()
    done = subprocess.run(
        [*before, sys.executable, "-m", "honseki.cli.main", *words, "--json"],
        env=dict(os.environ) | dict(env),
        umask=umask,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    # 4: a scan found a rule that fails without a written reason; its figures are whole.
    if done.returncode not in (0, 4):
        sys.exit(f"honseki {' '.join(words)} failed: {done.stdout}")
    return json.loads(done.stdout), time.monotonic() - begun


def _away() -> list[str]:
    """On one processor, and as root under another host name."""
    one = ["taskset", "--cpu-list", "0"]
    if os.geteuid() != 0:
        return one
    return [*one, "unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh"]


def scanned(name: str, env: Mapping[str, str]) -> dict[str, float]:
    """Scan the image and plain Debian (both built) in one run; the figures of both."""
    found, _ = _honseki(["image", "scan", name], env)
    return {
        f"{'plain_' if scan['image'] == 'plain' else ''}{figure}": value
        for scan in found["scans"]
        for figure, value in _figures(scan).items()
    }


def _figures(scan: Mapping[str, Any]) -> dict[str, float]:
    percents = {figure: scan["scores"][profile]["percent"] for figure, profile in _PROFILES.items()}
    return {"boot_s": scan["boot_s"], "lynis_index": scan["lynis_index"], "scan_s": scan["seconds"], **percents}


def main() -> None:
    """Build twice, compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", default="app")
    parser.add_argument("--scan", action="store_true", help="boot and scan it, and plain Debian beside it")
    parser.add_argument("--keep", type=Path, help="a new folder for the images and the scans' reports, kept afterwards")
    chosen = parser.parse_args()
    name = chosen.image
    with contextlib.ExitStack() as stack:
        place = chosen.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="honseki-images-")))
        place.mkdir(parents=True, exist_ok=chosen.keep is None)
        place.chmod(0o755)
        home = {"HONSEKI_HOME": str(place / "one"), "HONSEKI_CACHE": str(place / "cache")}
        print(f"Building {name} with an empty cache ...", file=sys.stderr)
        first, build_s = _honseki(["image", "build", name, "--today"], home)
        print("Building it again, elsewhere ...", file=sys.stderr)
        away = home | ELSEWHERE | {"HONSEKI_HOME": str(place / "two" / "deeper")}
        second, rebuild_s = _honseki(["image", "build", name, "--today"], away, before=_away(), umask=0o077)
        built = Path(first["folder"])
        figures: dict[str, float] = {
            "builds_equal": int(first["digest"] == second["digest"]),
            "build_s": build_s,
            "rebuild_s": rebuild_s,
            "size_mb": first["allocated_bytes"] / 1e6,
            "disk_mb": first["size_bytes"] / 1e6,
            "root_mb": (built / "root.tar").stat().st_size / 1e6,
            "packages": len(json.loads((built / "packages.json").read_text())),
        }
        if chosen.scan:
            _honseki(["image", "build", "plain", "--today"], home)
            figures |= scanned(name, home)
    print(json.dumps({figure: round(value, 1) for figure, value in figures.items()}))


if __name__ == "__main__":
    main()
