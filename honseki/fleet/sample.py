"""Plausible municipalities for trials of any size: real codes and names, made-up sites, lines and addresses.

What is written for a municipality depends on its code and the seed alone, and a larger sample contains the smaller
ones of its seed: a trial fleet can grow.
"""

from __future__ import annotations

import random
from pathlib import Path

from honseki.errors import Exit, HonsekiError, RefusedError
from stacks import inventory
from stacks.reference import Entry, municipalities

LOCATIONS = ("EqTY2", "EqOS1")
"""Direct Connect locations in Tokyo and Osaka."""

TOKYO = "13"


class SampleSizeError(HonsekiError):
    """More municipalities were asked for than there are."""

    exit_code = Exit.USAGE


def sample(n: int, seed: int, folder: Path, like: Path = inventory.FOLDER) -> tuple[Path, ...]:
    """Write n municipalities and, if there are none, the fleet's defaults into the folder; return the files by code.

    The defaults are those of the inventory `like`, or this checkout's if it has none. A file that is there already and
    says the same is left alone. Before anything is written, `RefusedError` is raised when one says something else, and
    `SampleSizeError` for an n that can't be had.
    """
    chosen = choose(n, seed)
    texts = {folder / f"{entry.code}.yaml": describe(entry, position, seed) for position, entry in enumerate(chosen)}
    taken = sorted(file for file, text in texts.items() if file.exists() and file.read_text(encoding="utf-8") != text)
    if taken:
        others = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise RefusedError(
            "the sample would overwrite files",
            where=f"{taken[0]}{others}",
            why="a file of that name exists, with other content",
            do="name an empty folder",
        )
    folder.mkdir(parents=True, exist_ok=True)
    defaults = folder / inventory.DEFAULTS
    if not defaults.exists():
        source = like if (like / inventory.DEFAULTS).exists() else inventory.FOLDER
        defaults.write_text((source / inventory.DEFAULTS).read_text(encoding="utf-8"), encoding="utf-8")
    for file, text in texts.items():
        if not file.exists():
            file.write_text(text, encoding="utf-8")
    return tuple(sorted(texts))


def choose(n: int, seed: int) -> tuple[Entry, ...]:
    """n municipalities in an order that the seed decides; the first has a code that begins with 0."""
    entries = list(municipalities().values())
    if not 1 <= n <= len(entries):
        raise SampleSizeError(
            f"a sample of {n} municipalities isn't possible",
            why=f"there are {len(entries):,}",
            do=f"give a number from 1 to {len(entries)}",
        )
    random.Random(seed).shuffle(entries)  # noqa: S311 - plausible, not secret
    # Codes with a leading zero break naive readers, so no sample is without one.
    entries.insert(0, entries.pop(next(i for i, entry in enumerate(entries) if entry.code.startswith("0"))))
    return tuple(entries[:n])


def describe(entry: Entry, position: int, seed: int) -> str:
    """The municipality's YAML. Its position in the sample decides line kind and recovery tier, so that all occur."""
    dice = random.Random(f"{seed}:{entry.code}")  # noqa: S311 - plausible, not secret
    key, prefix = ("connection", "dxcon") if position % 2 == 0 else ("interface", "dxvif")
    recovery = "replica" if position % 4 in (0, 3) else "backup"
    # A few networks for many municipalities: most overlap others', as in life.
    networks = f"10.{dice.randrange(10, 30)}"
    link, vlan = dice.randrange(256), dice.randrange(100, 4000)
    text = [
        f"# A sample (seed {seed}): the municipality is real, everything else is made up.",
        f'code: "{entry.code}"',
        f"name: {entry.name}",
        f"prefecture: {entry.prefecture}",
        "sites:",
    ]
    for number, terminals in enumerate(_terminals(entry, dice)):
        site, called = (f"shucchojo-{number}", f"第{number}出張所") if number else ("honcho", "本庁")
        place = f"{networks}.{number}.0/24"
        text.append(f"  - {{id: {site}, name: {called}, terminals: {terminals}, prefix: {place}}}")
    text.append("lines:")
    for number, (name, location) in enumerate(zip(("east", "west"), LOCATIONS, strict=True)):
        text += [
            f"  - id: {name}",
            f"    location: {location}",
            f"    {key}: {prefix}-s{entry.code}{'ab'[number]}",
            f"    vlan: {vlan + number}",
            f"    amazon_address: 169.254.{link}.{4 * number + 1}/30",
            f"    customer_address: 169.254.{link}.{4 * number + 2}/30",
        ]
    text.append(f"recovery: {recovery}")
    if dice.random() < 0.2:
        text.append("addresses: {primary: 172.20.0.0/20, recovery: 172.20.16.0/20}")
    return "\n".join(text) + "\n"


def _terminals(entry: Entry, dice: random.Random) -> list[int]:
    """Terminals per site, the city hall first: a village has a handful, a designated city hundreds."""
    # 指定都市 have 1xx behind the prefecture, as Tokyo's special wards do; cities 2xx; towns and villages 3xx and up.
    kind = entry.code[2]
    if kind == "1" and not entry.code.startswith(TOKYO):
        hall, branches, at_branch = (40, 80), (15, 60), (4, 12)
    elif kind == "1":
        hall, branches, at_branch = (25, 50), (4, 12), (3, 8)
    elif kind == "2":
        hall, branches, at_branch = (10, 30), (1, 10), (1, 6)
    else:
        hall, branches, at_branch = (2, 8), (0, 3), (1, 2)
    return [dice.randint(*hall), *(dice.randint(*at_branch) for _ in range(dice.randint(*branches)))]
