"""The lines: two IP-VPN circuits to one Direct Connect gateway of the tenant's own (safeguard ②)."""

from __future__ import annotations

from collections.abc import Iterator

from infra.model import Line
from infra.model.graph import Node
from policies.rules import tokens as t
from policies.rules.core import TENANT, Found, rule
from policies.rules.subject import Subject, get


@rule(
    "gateway-own",
    ja="専用の接続ゲートウェイ",
    en="One Direct Connect gateway, the tenant's own",
    severity="critical",
    why="VPCs behind one gateway can reach each other once a supernet is advertised on a line.",
    remediation="Declare one directconnect.Gateway; lines and associations name it.",
    each=TENANT,
)
def gateway_own(tenant: Subject) -> Iterator[Found]:
    """Exactly one."""
    gateways = tenant.all(t.DX_GATEWAY)
    if len(gateways) != 1:
        where = tenant.above(tenant.places["primary"], "Attachment")
        yield Found(where, "", f"{len(gateways)} Direct Connect gateways; there is to be one")


@rule(
    "lines-there",
    ja="回線の冗長化",
    en="Every line of the inventory is attached, two at least",
    severity="critical",
    why="With one line, its loss cuts the terminals from the register (safeguards ② and ④).",
    remediation="Declare each line: its confirmation and virtual interface, or its accepter.",
    each=TENANT,
)
def lines_there(tenant: Subject) -> Iterator[Found]:
    """Confirmation and interface of each line, or its accepter."""
    where = tenant.above(tenant.places["primary"], "Attachment")
    confirmed = {get(node, "connectionId") for node in tenant.all(t.DX_CONFIRMATION)}
    on = {get(node, "connectionId") for node in tenant.all(t.DX_INTERFACE)}
    accepted = {get(node, "virtualInterfaceId") for node in tenant.all(t.DX_ACCEPTER)}
    for line in tenant.municipality.lines:
        if line.connection is None:
            if line.interface not in accepted:
                yield Found(where, "", f"line {line.id}: the hosted interface {line.interface} isn't accepted")
            continue
        if line.connection not in confirmed:
            yield Found(where, "", f"line {line.id}: the hosted connection {line.connection} isn't confirmed")
        if line.connection not in on:
            yield Found(where, "", f"line {line.id}: no virtual interface on {line.connection}")


@rule(
    "line-own",
    ja="自団体の回線のみ",
    en="Only the inventory's lines, as the inventory has them",
    severity="critical",
    why="A line of another municipality, or another VLAN on it, joins two circuits.",
    remediation="Take connection, VLAN, ASN and addresses from the inventory (lines).",
    each=(t.DX_CONFIRMATION, t.DX_INTERFACE, t.DX_ACCEPTER),
)
def line_own(node: Node, tenant: Subject) -> Iterator[Found]:
    """The identifiers and, of an interface, its settings."""
    name = "virtualInterfaceId" if node.type == t.DX_ACCEPTER else "connectionId"
    value = get(node, name)
    line = next((each for each in tenant.municipality.lines if value in (each.connection, each.interface)), None)
    if line is None or value is None:
        yield Found(node.urn, name, f"{value!r} is no line of the inventory")
        return
    if node.type == t.DX_INTERFACE:
        yield from _settings(node, line)


def _settings(node: Node, line: Line) -> Iterator[Found]:
    for name, wanted in (
        ("vlan", line.vlan),
        ("bgpAsn", line.bgp_asn),
        ("amazonAddress", line.amazon_address),
        ("customerAddress", line.customer_address),
        ("addressFamily", "ipv4"),
        ("mtu", line.mtu),
    ):
        said = get(node, name)
        if said is None and name == "mtu":
            said = 1500
        if str(said) != str(wanted):
            yield Found(node.urn, name, f"{said!r} is not the inventory's {wanted!r}")


@rule(
    "line-private",
    ja="回線同士は非接続",
    en="Lines aren't connected to each other past the VPCs",
    severity="high",
    why="SiteLink connects all circuits behind the gateway.",
    remediation="sitelinkEnabled false.",
    each=(t.DX_INTERFACE,),
)
def line_private(node: Node, _: Subject) -> Iterator[Found]:
    """SiteLink off; no key written into the program."""
    if get(node, "sitelinkEnabled") not in (None, False):
        yield Found(node.urn, "sitelinkEnabled", "SiteLink is on")
    if isinstance(node.inputs.get("bgpAuthKey"), str):
        yield Found(node.urn, "bgpAuthKey", "a BGP key stands in the declaration; AWS generates one")
    if get(node, "vpnGatewayId") is not None:
        yield Found(node.urn, "vpnGatewayId", "ends at a VPN gateway, past the Direct Connect gateway")
