"""A municipality to vary in tests."""

from __future__ import annotations

from typing import Any

from infra.model import Addresses, AmazonAsn, Line, Municipality, Placement, RegionPlacement, Site


def site(number: int = 0, **changes: Any) -> Site:
    fields: dict[str, Any] = {
        "id": f"site-{number}",
        "name": "本庁",
        "terminals": 16,
        "prefix": f"10.219.{number}.0/24",
    }
    return Site(**fields | changes)


def line(number: int = 0, **changes: Any) -> Line:
    fields: dict[str, Any] = {
        "id": f"line-{number}",
        "location": f"Loc{number}",
        "vlan": 100 + number,
        "bgp_asn": 65000,
        "amazon_address": f"169.254.1.{4 * number + 1}/30",
        "customer_address": f"169.254.1.{4 * number + 2}/30",
        "bandwidth": "100Mbps",
        "connection": f"dxcon-fg00000{number}",
    }
    return Line(**fields | changes)


PLACEMENT = Placement(
    primary=RegionPlacement(region="ap-northeast-1", zones=("ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d")),
    recovery=RegionPlacement(region="ap-northeast-3", zones=("ap-northeast-3a", "ap-northeast-3b")),
)


def municipality(**changes: Any) -> Municipality:
    fields: dict[str, Any] = {
        "code": "272191",
        "name": "和泉市",
        "prefecture": "大阪府",
        "sites": (site(0), site(1, terminals=8)),
        "lines": (line(0), line(1)),
        "placement": PLACEMENT,
        "addresses": Addresses(primary="10.64.0.0/20", recovery="10.64.16.0/20"),
        "asn": AmazonAsn(gateway=64512, primary=64513, recovery=64514),
        "recovery": "backup",
    }
    return Municipality(**fields | changes)
