"""No engine is started on a declaration that a rule objects to, or that isn't proven isolated and served.

The engine runs the same rules again through the policy pack, on what it is about to make. This comes before it: an id
of another tenant's thing, for instance, is known to a pack only after the update.

That a declaration passed is remembered by the digest of all that it follows from (inventory, target, code, rules,
locked versions, waivers, the day), so that an `up` that changes nothing doesn't pay for it.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from honseki.errors import HonsekiError
from honseki.settings import CHECKOUT, Settings
from infra.model import Municipality

if TYPE_CHECKING:
    from honseki.declare.graphs import Cache

_FOLLOWS_FROM: Final = (
    "infra", "policies", "honseki/declare", "honseki/engine", "honseki/check", "honseki/reachability", "honseki/prove",
    "honseki/aws_types",
)  # fmt: skip

Proof = Callable[[Sequence[Municipality], "Cache"], None]
"""Raises `RefusedError` if one of these municipalities' declarations isn't proven."""


def require_passed(
    municipalities: Sequence[Municipality],
    settings: Settings,
    waivers_file: Path,
    today: datetime.date,
    proof: Proof,
) -> None:
    """Raise `RefusedError` with the findings of the first municipality that has any; nothing was changed then.

    `proof` is asked about those without findings that weren't proven before.

    Raises `HonsekiError` if the waivers can't be read.
    """
    folder = settings.home / "passed"
    base = _digest(settings, waivers_file, today)
    markers = {
        m.code: folder / hashlib.sha256(f"{base}{m.model_dump_json()}".encode()).hexdigest() for m in municipalities
    }
    open_ones = [m for m in municipalities if not markers[m.code].exists()]
    if not open_ones:
        return
    from honseki.check import run  # noqa: PLC0415  Pulumi's SDK and all rules: only when something is new
    from honseki.declare import graphs  # noqa: PLC0415
    from policies.waivers import WaiverError, load  # noqa: PLC0415

    try:
        waivers = load(waivers_file)
    except WaiverError as error:
        raise HonsekiError("the waivers aren't right; nothing was changed", why=str(error)) from None
    cache = graphs.Cache(settings.cache / "graphs")
    folder.mkdir(parents=True, exist_ok=True)
    for municipality, graph in graphs.one_by_one(open_ones, settings.target, cache):
        run.gate(municipality, settings.target, waivers=waivers, today=today, graph=graph)
    proof(open_ones, cache)
    for municipality in open_ones:
        markers[municipality.code].touch()


def _digest(settings: Settings, waivers_file: Path, today: datetime.date) -> str:
    digest = hashlib.sha256(f"{settings.target}\n{today}\n".encode())
    files = [CHECKOUT / "requirements.lock", *([waivers_file] if waivers_file.exists() else [])]
    for name in _FOLLOWS_FROM:
        files += sorted(path for path in (CHECKOUT / name).rglob("*") if path.suffix in {".py", ".yaml"})
    for path in files:
        digest.update(f"{path}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
