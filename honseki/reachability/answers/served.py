"""What a tenant's service is judged by, where AWS's answers leave it open: sites, running servers, databases' places.

AWS tells which lines there are and which routes they brought, and neither who is behind a line nor what its router
announces. Of the lines that the inventory names both are taken from there: the sites, and their prefixes, which the
carrier was ordered to announce. For any other line of a tenant's account it isn't known: a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import Answers, Documents, Gaps, Item, state
from honseki.reachability.answers.interfaces import of_database
from honseki.reachability.declared import Redundancy
from honseki.reachability.network import Gap, Line, Network, Remote

_RUNNING: Final = ("running", "pending")
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html"""


@dataclass(frozen=True, slots=True)
class Sites:
    """Where a tenant's terminals are, and by which circuits: ids of hosted connections or of hosted interfaces."""

    tenant: str
    account: str
    name: str
    prefixes: tuple[Span, ...]
    circuits: frozenset[str]

    @property
    def remote(self) -> Remote:
        """The sites as a network outside AWS."""
        return Remote(f"sites-{self.tenant}", self.tenant, self.prefixes, f"the sites of {self.name}")


def with_sites(network: Network, answers: Answers, everybody: Iterable[Sites]) -> Network:
    """The network with each tenant's sites behind its lines; a gap for a line that the inventory doesn't name."""
    interfaces = {
        item.need("VirtualInterfaceId"): item
        for item in Documents(answers, Gaps()).all("VirtualInterfaces", "VirtualInterfaceId")
    }
    by_account = {one.account: one for one in everybody}
    lines: list[Line] = []
    gaps: list[Gap] = []
    for line in network.lines:
        item = interfaces.get(line.id)
        sites = by_account.get(_owner(item)) if item is not None else None
        if item is None or sites is None:
            lines.append(line)  # a VPN connection, or nobody's whose sites are known
            continue
        vpcs = tuple(vpc.id for vpc in network.vpcs if vpc.tenant == sites.tenant)
        if item.body.get("SiteLinkEnabled"):
            gaps.append(Gap(f"SiteLink of {line.id}", line.where, "it joins lines past the VPCs", vpcs))
        if sites.circuits & {line.id, item.text("ConnectionId")}:
            lines.append(replace(line, remote=sites.remote.id, advertised=sites.prefixes))
            continue
        lines.append(line)
        gaps.append(Gap(line.id, line.where, "the inventory has no such line: who is behind it isn't known", vpcs))
    used = {line.remote for line in lines}
    own = [one.remote for one in by_account.values() if one.remote.id in used]
    left = [remote for remote in network.remotes if remote.id in used]
    return replace(network, lines=tuple(lines), remotes=(*left, *own), gaps=(*network.gaps, *gaps))


def _owner(item: Item) -> str:
    return item.text("OwnerAccount") or item.account


def with_databases_anywhere(network: Network, answers: Answers) -> Network:
    """The network with every database wherever it may be: in any subnet of its group, after its instance failed over.

    Takes the place of the interface that it has now: that says where the instance is today.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.Failover.html
    """
    subnets = {subnet.id: subnet for subnet in network.subnets}
    made = [
        interface
        for item in Documents(answers, Gaps()).all("DBInstances", "DBInstanceIdentifier")
        for interface in of_database(item, subnets)
    ]
    places = {(one.subnet, one.groups) for one in made}
    kept = [one for one in network.interfaces if one.kind != "database" or (one.subnet, one.groups) not in places]
    return replace(network, interfaces=(*kept, *made))


def redundancy(answers: Answers) -> Redundancy:
    """The instances that run, each by itself, and the databases with whether a standby is there.

    A group that is to make up for a lost instance takes minutes, and doesn't count.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html (`MultiAZ`)
    """
    documents = Documents(answers, Gaps())
    servers: Mapping[str, int] = {
        item.need("InstanceId"): int(state(item.body, "State") in _RUNNING)
        for item in documents.all("Instances", "InstanceId")
    }
    standby = {
        item.need("DBInstanceIdentifier"): item.body.get("MultiAZ") is True
        for item in documents.all("DBInstances", "DBInstanceIdentifier")
    }
    return Redundancy(dict(servers), standby)
