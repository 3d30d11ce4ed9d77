"""The simulator by itself where lines lead out of AWS, on networks made by hand, by AWS's documentation."""

from __future__ import annotations

from dataclasses import replace

from honseki.reachability.addresses import spans
from honseki.reachability.network import (
    DirectConnectGateway,
    Line,
    Network,
    Remote,
    Table,
    VpnGateway,
    merge,
)
from tests.reachability.hand import changed, home, packet, perhaps, route, sent, surely


def sites(advertised: tuple[str, ...] | None) -> Network:
    """Two sites, each with a line into the VPN gateway of `a`."""
    first = Line("line-1", "vgw-a", "site-1", spans(["192.168.1.0/24"]))
    second = Line("line-2", "vgw-a", "site-2", None if advertised is None else spans(advertised))
    return merge(
        (
            home("a", "10.0.0.0/16", route("192.168.0.0/16", "vpn-gateway", "vgw-a", "vpn-bgp")),
            Network(
                vpn_gateways=(VpnGateway("vgw-a", "vpc-a"),),
                lines=(first, second),
                remotes=(Remote("site-1", "a"), Remote("site-2", "b")),
            ),
        )
    )


def test_a_vpn_gateway_joins_its_sites_too() -> None:
    """https://docs.aws.amazon.com/vpn/latest/s2svpn/VPN_CloudHub.html"""
    network, between = sites(("192.168.2.0/24",)), packet("192.168.1.9", "192.168.2.9")
    assert surely(sent(network, between, emitter="site-1")) == {"site-2"}
    assert surely(sent(network, packet("192.168.1.9", "10.0.0.4"), emitter="site-1")) == {"eni-a"}
    assert surely(sent(network, packet("10.0.0.4", "192.168.2.9"))) == {"site-2"}
    assert not sent(network, packet("10.0.0.4", "192.168.3.9")).reached


def test_a_line_whose_routes_arent_known_makes_it_unsure() -> None:
    outcome = sent(sites(None), packet("10.0.0.4", "192.168.3.9"))
    assert (surely(outcome), perhaps(outcome)) == (set(), {"site-2"})


def shared(advertised: tuple[str, ...] | None, allowed: str = "10.1.0.0/16") -> Network:
    """One Direct Connect gateway for two VPCs of two tenants."""
    associations = (("vgw-a", spans(["10.0.0.0/16"]), ""), ("vgw-b", spans([allowed]), ""))
    line = Line("line", "dxgw", "site", None if advertised is None else spans(advertised))
    return merge(
        (
            home("a", "10.0.0.0/16", route("10.0.0.0/8", "vpn-gateway", "vgw-a", "direct-connect")),
            home("b", "10.1.0.0/16"),
            Network(
                vpn_gateways=(VpnGateway("vgw-a", "vpc-a"), VpnGateway("vgw-b", "vpc-b")),
                direct_connect_gateways=(DirectConnectGateway("dxgw", associations),),
                lines=(line,),
                remotes=(Remote("site", "a"),),
            ),
        )
    )


def test_a_supernet_joins_the_vpcs_of_a_direct_connect_gateway() -> None:
    """https://docs.aws.amazon.com/directconnect/latest/UserGuide/direct-connect-gateways-intro.html"""
    assert not sent(shared(("192.168.0.0/16",))).reached
    assert "eni-b" in surely(sent(shared(("10.0.0.0/8",))))
    assert "eni-b" not in surely(sent(shared(("10.0.0.0/8",), allowed="10.1.1.0/24")))
    assert "eni-b" in perhaps(sent(shared(None)))


def test_allowed_prefixes_bound_what_a_line_brings_in() -> None:
    """https://docs.aws.amazon.com/directconnect/latest/UserGuide/allowed-to-prefixes.html"""
    into_b = packet("192.168.0.1", "10.1.0.4")
    assert surely(sent(shared(()), into_b, emitter="site")) == {"eni-b"}
    assert not sent(shared((), allowed="10.1.1.0/24"), into_b, emitter="site").reached


def test_what_enters_by_a_gateway_goes_by_the_gateways_table() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html"""
    table = Table("rtb-edge", "vpc-b", (route("10.1.0.0/24", "blackhole"),), gateway="vgw-b")
    network = shared(())
    network = replace(network, tables=(*network.tables, table))
    assert not sent(network, packet("192.168.0.1", "10.1.0.4"), emitter="site").reached


def test_an_outside_network_may_send_anything_on() -> None:
    network = merge((shared(("192.168.0.0/16",)), Network()))
    network = changed(network, "tables", "rtb-a", routes=(route("0.0.0.0/0", "vpn-gateway", "vgw-a"),))
    out, on = packet("10.0.0.4", "192.168.0.1"), packet("1.2.3.4", "10.1.0.4")
    assert surely(sent(network, out)) == {"site"}
    assert surely(sent(network, out, on)) == {"site", "eni-b"}
