"""A witness, drawn: the places that a packet passes, from top to bottom, and what let it through between them.

As SVG for documents and as lines for a terminal. Pure: returns text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from honseki.reachability.addresses import address
from honseki.reachability.isolation import Hop, Packet, Pair, Witness

KINDS: Final = {
    "emit": "network interface, sending",
    "leave": "subnet",
    "table": "route table",
    "local": "VPC",
    "in": "subnet",
    "at": "network interface",
    "nat": "NAT gateway",
    "appliance": "forwarding instance",
    "internet": "internet",
    "into": "gateway, inward",
    "vgw": "VPN gateway",
    "dx": "Direct Connect gateway",
    "line": "line",
    "transit": "transit gateway route table",
    "remote": "network outside AWS",
    "nowhere": "what isn't known",
}
PROTOCOLS: Final = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}

_WIDTH: Final = 860
_BOX: Final = 46
_GAP: Final = 40
_TOP: Final = 92
_STYLE: Final = """
text { font-family: sans-serif; font-size: 13px; fill: #1a1a1a }
.title { font-size: 17px; font-weight: bold }
.kind { fill: #555; font-size: 11px }
.via { fill: #8a1c1c; font-size: 12px }
rect { fill: #f4f6f8; stroke: #4a5568 }
.first, .last { fill: #fde8e8; stroke: #8a1c1c; stroke-width: 2 }
line { stroke: #4a5568; stroke-width: 1.5 }
"""


def header(packet: Packet) -> str:
    """`10.0.0.4 -> 10.1.0.9 TCP 443`."""
    ends = (address(packet.version, end) for end in (packet.source, packet.destination))
    protocol = PROTOCOLS.get(packet.protocol, f"protocol {packet.protocol}")
    port = f" {packet.port}" if packet.protocol in (6, 17) else ""
    return f"{' -> '.join(ends)} {protocol}{port}"


def one_line(pair: Pair) -> str:
    """The answer for a pair in one line, the cause first where there is one."""
    names = f"{pair.source} -> {pair.target}"
    if pair.verdict == "ISOLATED" and pair.route is not None:
        return f"FILTERED   {names}: only security groups and ACLs are in the way that {culprit(pair.route)} opens"
    if pair.verdict == "ISOLATED":
        return f"ISOLATED   {names}"
    if pair.verdict == "UNKNOWN":
        return f"UNKNOWN    {names}: {pair.missing[0] if pair.missing else 'not all is known'}"
    assert pair.witness is not None  # noqa: S101  REACHABLE always has one
    return f"REACHABLE  {names}: {header(pair.witness.packet)}, let through by {culprit(pair.witness)}"


def culprit(witness: Witness) -> str:
    """The route, association or gateway that takes the packet out of its sender's own network."""
    crossing = {"transit", "internet", "dx", "into", "remote", "appliance", "line", "nowhere"}
    for hop in witness.hops:
        if hop.kind in crossing and hop.where:
            return hop.where
    # A peering or an endpoint leads straight into the other VPC.
    local = [hop for hop in witness.hops if hop.kind in ("local", "emit") and hop.where]
    return local[-1].where if local else witness.hops[-1].where


def lines(witness: Witness) -> Iterator[str]:
    """For a terminal: a line per place, with what let the packet in there, and its header where that changes."""
    before: Packet | None = None
    for number, hop in enumerate(witness.hops):
        changed = f"   {header(hop.packet)}" if hop.packet != before else ""
        yield f"{number + 1:>3}. {KINDS.get(hop.kind, hop.kind)} {hop.id}{changed}"
        if hop.where:
            yield f"       by {hop.where}"
        before = hop.packet


def svg(pair: Pair) -> str:
    """The witness of a pair as an SVG document. Raises `ValueError` for a pair without one."""
    witness = pair.witness or pair.route
    if witness is None:
        raise ValueError(f"{pair.source} -> {pair.target} has no witness to draw")
    height = _TOP + len(witness.hops) * (_BOX + _GAP)
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {height}", width=str(_WIDTH))
    SubElement(root, "style").text = _STYLE
    verdict = pair.verdict if pair.witness else "FILTERED"
    _text(root, 24, 32, f"{verdict}: {pair.source} to {pair.target}", "title")
    _text(root, 24, 56, f"sent as {header(witness.packet)}")
    before = witness.packet
    for number, hop in enumerate(witness.hops):
        top = _TOP + number * (_BOX + _GAP)
        if number:
            SubElement(root, "line", x1="48", y1=str(top - _GAP), x2="48", y2=str(top))
            _text(root, 60, top - _GAP // 2 + 4, _short(hop.where, 110), "via")
        _hop(root, top, hop, number in (0, len(witness.hops) - 1), changed=hop.packet != before)
        before = hop.packet
    return ElementTree.tostring(root, encoding="unicode")


def _hop(root: Element, top: int, hop: Hop, end: bool, *, changed: bool) -> None:
    box = SubElement(root, "rect", x="24", y=str(top), width=str(_WIDTH - 48), height=str(_BOX), rx="4")
    box.set("class", "last" if end else "place")
    _text(root, 36, top + 17, KINDS.get(hop.kind, hop.kind), "kind")
    _text(root, 36, top + 36, _short(hop.id, 70))
    if changed:
        _text(root, 520, top + 36, f"now {header(hop.packet)}")


def _text(root: Element, x: int, y: int, said: str, kind: str = "plain") -> None:
    element = SubElement(root, "text", x=str(x), y=str(y))
    element.set("class", kind)
    element.text = said


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"
