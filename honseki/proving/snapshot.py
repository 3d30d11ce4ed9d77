"""A folder of AWS CLI answers, proven: a network that Honseki never made."""

from __future__ import annotations

from pathlib import Path

import click

from honseki.live.snapshot import read
from honseki.proof.answers import TenantOf, by_owner, by_tag, by_vpc, network
from honseki.proof.isolation import prove
from honseki.proving.answer import Answer

_TAG = "tag:"


def snapshot(folder: Path, by: str) -> Answer:
    """Isolation in a folder's network. `by`: `vpc`, `owner`, or `tag:KEY`.

    Service and channels aren't asked: a folder doesn't say who is to be served, and whose accounts are whose.
    """
    found = network(read(folder), _tenants(by))
    gaps = [f"{gap.what} ({gap.where}): {gap.why}" for gap in found.gaps]
    return Answer(source="snapshot", isolation=prove(found), names={}, gaps=list(dict.fromkeys(gaps)))


def _tenants(by: str) -> TenantOf:
    if by.startswith(_TAG) and len(by) > len(_TAG):
        return by_tag(by.removeprefix(_TAG))
    try:
        return {"vpc": by_vpc, "owner": by_owner}[by]
    except KeyError:
        raise click.UsageError(f"--by {by}: say vpc, owner, or tag:KEY, for example tag:Environment") from None
