"""Where Direct Connect is offered, for the two regions in use."""

from __future__ import annotations

from typing import Any

_SPEEDS = ["1G", "10G", "100G"]
_LOCATIONS = {
    "ap-northeast-1": {"EqTY2": "Equinix TY2, Tokyo, JPN", "EqOS1": "Equinix OS1, Osaka, JPN"},
    "ap-northeast-3": {"EqOS1": "Equinix OS1, Osaka, JPN"},
}


def locations(region: str) -> list[dict[str, Any]]:
    """Location entries of a region, as DescribeLocations gives them."""
    return [
        {"locationCode": code, "locationName": name, "region": region, "availablePortSpeeds": _SPEEDS}
        for code, name in _LOCATIONS.get(region, {}).items()
    ]
