"""The inventory of the tests and benchmarks: fixed, so that `stacks/`, which users edit, can say whatever is right.

Beside it, as beside `stacks/fleet`: how entry logs are read. There are no waivers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from honseki.fleet.sample import sample
from infra.model import Fleet, Municipality
from stacks.inventory import load
from stacks.reference import Entry, municipalities

FLEET: Final = Path(__file__).with_name("fleet")
"""Three municipalities: 272191 Izumi (replica), 273414 and 273619 (backups, the very same addresses)."""

ENTRYLOG: Final = Path(__file__).with_name("entrylog.yaml")

CODES: Final = ("272191", "273414", "273619")


def example_fleet() -> Fleet:
    """All three, read anew."""
    return load(FLEET)


def example_municipality(code: str = CODES[0]) -> Municipality:
    """One of them, read anew."""
    return load(FLEET, [code]).get(code)


def sampled(n: int, seed: int, folder: Path) -> tuple[Path, ...]:
    """A sample (`honseki fleet sample`) with this inventory's defaults, where the command takes the fleet's."""
    return sample(n, seed, folder, FLEET)


_TOWN: Final = """\
code: "{code}"
name: {name}
prefecture: {prefecture}
sites:
  - {{id: honcho, name: 本庁, terminals: 4, prefix: 10.77.0.0/24}}
lines:
  - {{id: east, location: EqTY2, connection: dxcon-t{code}a, vlan: 1301, bgp_asn: 65000, bandwidth: 100Mbps,
     amazon_address: 169.254.77.1/30, customer_address: 169.254.77.2/30}}
  - {{id: west, location: EqOS1, interface: dxvif-t{code}b, vlan: 1302, bgp_asn: 65000, bandwidth: 100Mbps,
     amazon_address: 169.254.77.5/30, customer_address: 169.254.77.6/30}}
placement:
  primary: {{region: ap-northeast-1, zones: [ap-northeast-1a, ap-northeast-1c, ap-northeast-1d]}}
  recovery: {{region: ap-northeast-3, zones: [ap-northeast-3a, ap-northeast-3b]}}
addresses: {{primary: 10.64.0.0/20, recovery: 10.64.16.0/20}}
asn: {{gateway: 64512, primary: 64513, recovery: 64514}}
recovery: backup
"""


def add_towns(folder: Path) -> tuple[str, ...]:
    """Add three municipalities that an inventory lacks: their codes sort first, in the middle and last."""
    there = {each.stem for each in folder.glob("[0-9]*.yaml")}
    for entry in (added := tuple(_lacking(there))):
        text = _TOWN.format(code=entry.code, name=entry.name, prefecture=entry.prefecture)
        (folder / f"{entry.code}.yaml").write_text(text, encoding="utf-8")
    return tuple(entry.code for entry in added)


def _lacking(there: set[str]) -> Iterator[Entry]:
    """The first, one in the middle and the last; all three are others than those that are there."""
    free = [entry for code, entry in sorted(municipalities().items()) if code not in there]
    middle = sorted(there)[len(there) // 2]
    yield free[0]
    yield next(entry for entry in free[1:-1] if entry.code > middle or entry is free[-2])
    yield free[-1]


def copied(source: Path, folder: Path) -> Path:
    """A copy of an inventory that a test may change."""
    folder.mkdir(parents=True)
    for file in source.glob("*.yaml"):
        shutil.copy(file, folder)
    return folder
