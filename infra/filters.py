"""What network ACLs let through: pure functions from addresses to rules.

Network ACLs are the second line (security groups are the first, and exact); they are stateless, so every flow needs its
replies. They hold if a security group is ever opened by mistake.

| flow | leaves | enters | replies |
| --- | --- | --- | --- |
| terminal -> app 443 | | app | app -> terminal, ports 1024-65535 |
| app -> app 443 (load balancer to servers) | app | app | app -> app 1024-65535 |
| app -> data 5432 | app | data | data -> app 1024-65535 |
| app -> endpoint 443 | app | endpoint | endpoint -> app 1024-65535 |
| app -> S3 443 (gateway endpoint) | app | | S3 -> app 1024-65535 |

1024-65535 is what AWS recommends for clients behind a load balancer: a Network Load Balancer uses all of it.
AWS doesn't filter the VPC's resolver, DHCP, the metadata service or the clock with network ACLs, so none is named.
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html (ephemeral ports)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses
from itertools import pairwise
from typing import Final, Literal

from infra.model.addresses import PRIVATE, ROLES, Role

ANYWHERE: Final = "0.0.0.0/0"

HTTPS: Final = (443, 443)
POSTGRES: Final = (5432, 5432)
REPLIES: Final = (1024, 65535)

MOST_TERMINAL_RULES: Final = 8
"""An ACL takes 20 rules each way, its default deny included (more only on request, at a cost in performance):
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html. The app tier needs 9 besides the terminals'."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: evaluated in the order of a list, first match wins."""

    action: Literal["allow", "deny"]
    protocol: Literal["tcp", "icmp", "-1"]
    cidr: str
    ports: tuple[int, int] = (0, 0)
    icmp: tuple[int, int] | None = None
    """type and code"""


def tier_blocks(vpc: str) -> dict[Role, str]:
    """The quarter of the VPC that holds all subnets of a role, whichever zones are in use (see `plan_subnets`)."""
    quarters = IPv4Network(vpc).subnets(prefixlen_diff=2)
    return {role: str(block) for role, block in zip(ROLES, quarters, strict=False)}


def cover(prefixes: Iterable[str], most: int) -> list[str]:
    """At most that many networks that hold all of these, as few addresses more as merging neighbours allows.

    Exact up to `most` prefixes. A city with more sites gets wider blocks here; its security groups stay exact.
    Merging never leaves the three private ranges as long as `most` is 3 or more.
    """
    networks = sorted(collapse_addresses(IPv4Network(prefix) for prefix in prefixes))
    while len(networks) > most:
        joined = [_smallest_holding(a, b) for a, b in pairwise(networks)]
        best = min(range(len(joined)), key=lambda i: joined[i].num_addresses)
        networks = sorted(collapse_addresses([*networks[:best], joined[best], *networks[best + 2 :]]))
    return [str(network) for network in networks]


def _smallest_holding(first: IPv4Network, second: IPv4Network) -> IPv4Network:
    network = first
    while not second.subnet_of(network):
        network = network.supernet()
    return network


def _tcp(cidrs: Iterable[str], ports: tuple[int, int]) -> list[Rule]:
    return [Rule("allow", "tcp", cidr, ports) for cidr in cidrs]


def _not_private() -> list[Rule]:
    return [Rule("deny", "-1", str(network)) for network in PRIVATE]


def app_rules(vpc: str, terminals: Sequence[str]) -> tuple[list[Rule], list[Rule]]:
    """(ingress, egress) of the app tier.

    S3 answers from public addresses that change, and an ACL can't name a prefix list: so its replies are allowed from
    anywhere, after everything private has been decided. The tier's route table leads to no other public address.
    ICMP "fragmentation needed" (type 3 code 4) may come from any router on the way to a terminal; without it path MTU
    discovery fails: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html.
    """
    block = tier_blocks(vpc)
    sites = cover(terminals, MOST_TERMINAL_RULES)
    ingress = [
        *_tcp(sites, HTTPS),
        *_tcp([block["app"]], HTTPS),
        *_tcp([block["app"], block["data"], block["endpoint"]], REPLIES),
        Rule("allow", "icmp", ANYWHERE, icmp=(3, 4)),
        *_not_private(),
        *_tcp([ANYWHERE], REPLIES),
    ]
    egress = [
        *_tcp(sites, REPLIES),
        *_tcp([block["app"]], HTTPS),
        *_tcp([block["app"]], REPLIES),
        *_tcp([block["data"]], POSTGRES),
        *_tcp([block["endpoint"]], HTTPS),
        *_not_private(),
        *_tcp([ANYWHERE], HTTPS),
    ]
    return ingress, egress


def data_rules(vpc: str) -> tuple[list[Rule], list[Rule]]:
    """(ingress, egress) of the data tier: PostgreSQL from the app tier, and its replies."""
    app = tier_blocks(vpc)["app"]
    return _tcp([app], POSTGRES), _tcp([app], REPLIES)


def endpoint_rules(vpc: str) -> tuple[list[Rule], list[Rule]]:
    """(ingress, egress) of the endpoint tier: HTTPS from the app tier, and its replies."""
    app = tier_blocks(vpc)["app"]
    return _tcp([app], HTTPS), _tcp([app], REPLIES)
