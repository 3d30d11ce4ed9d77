"""A folder of AWS CLI answers, proven: a network that Honseki never made."""

from __future__ import annotations

from pathlib import Path

from honseki.live.snapshot import read
from honseki.prove.answer import Answer
from honseki.reachability.answers import TenantOf, by_owner, by_tag, by_vpc, network
from honseki.reachability.isolation import prove

_TAG = "tag:"


def snapshot(folder: Path, tenant_of: TenantOf) -> Answer:
    """Isolation in a folder's network.

    Service and channels aren't asked: a folder doesn't say who is to be served, and whose accounts are whose.
    """
    found = network(read(folder), tenant_of)
    gaps = [f"{gap.what} ({gap.where}): {gap.why}" for gap in found.gaps]
    return Answer(source="snapshot", isolation=prove(found), gaps=list(dict.fromkeys(gaps)))


def tenants(by: str) -> TenantOf:
    """What a tenant is: `vpc`, `owner` (account), or `tag:KEY`. Raises `ValueError` for anything else."""
    if by.startswith(_TAG) and len(by) > len(_TAG):
        return by_tag(by.removeprefix(_TAG))
    try:
        return {"vpc": by_vpc, "owner": by_owner}[by]
    except KeyError:
        raise ValueError(f"{by!r} is none of vpc, owner, tag:KEY") from None
