"""From AWS's answers to the proof's network. What an answer doesn't tell becomes a gap, or a target that isn't known.

Each module reads one kind of thing and cites the page that says how AWS means it. Not modelled, and said so in the
network where it occurs: carrier and local gateways, Cloud WAN core networks, route servers, transit gateway Connect
attachments, regional NAT gateways, NAT64, endpoints of resources and service networks, classic load balancers' targets.
"""

from __future__ import annotations

from honseki.reachability.answers import balancers, filters, interfaces, outside, prefixes, routes, transit, vpcs
from honseki.reachability.answers.documents import AnswerError, Answers, Document, Documents, Gaps
from honseki.reachability.answers.vpcs import TenantOf, by_owner, by_tag, by_vpc
from honseki.reachability.network import Attachment, Network

__all__ = ["AnswerError", "Answers", "Document", "TenantOf", "by_owner", "by_tag", "by_vpc", "network"]


def network(answers: Answers, tenant_of: TenantOf = by_vpc) -> Network:
    """The network that answers of any number of accounts and regions tell of.

    Raises `AnswerError` if an answer lacks what every answer of its kind has: then it isn't AWS's, or is damaged.
    """
    gaps = Gaps()
    documents = Documents(answers, gaps)
    known = {vpc.id: vpc for vpc in vpcs.vpcs(documents, tenant_of)}
    table_of, lost_tables = routes.in_force(documents, known)
    subnets = vpcs.subnets(documents, known, table_of, filters.acls_in_force(documents, known, gaps), tenant_of, gaps)
    by_subnet = {subnet.id: subnet for subnet in subnets}

    lists = prefixes.prefix_lists(documents)
    first = interfaces.first_interfaces(documents)
    own = interfaces.interfaces(documents, by_subnet)
    interfaces.unanswered(documents, known, gaps)
    named = list(routes.gateways_named(documents))
    public = {by_subnet[one.subnet].vpc for one in own if one.public}
    named += outside.gateways_unnamed(
        documents, known, public, {vpc for one, vpc in named if one.startswith("igw-")}, gaps
    )
    internet = outside.internet_gateways(documents, known, named)
    lines = outside.lines(documents, internet, gaps)
    vpn_gateways = outside.vpn_gateways(documents, known, named)
    by_gateway = {gateway.id: gateway for gateway in vpn_gateways}
    direct = outside.direct_connect_gateways(documents, known, by_gateway, lines.lines, gaps)
    joined = {line.gateway for line in lines.lines} | {one for each in direct for one, _, _ in each.associations}
    outside.unanswered(documents, known, vpn_gateways, joined, {gateway for gateway, _ in named}, gaps)
    peerings, leads = outside.peerings(documents, known)
    transits = transit.transit(documents, known, subnets, lines.lines, lists, gaps)

    balancing, made = balancers.balancers(documents, known, by_subnet, own, first, gaps)
    everything = own + made
    groups = filters.groups(documents, lists, known, gaps)
    members = [(by_subnet[one.subnet].vpc, one) for one in everything]
    groups = filters.referring(documents, groups, transits.attachments.values(), members)
    used = ((group, vpc) for vpc, one in members for group in one.groups)
    around = routes.Around(
        lists=lists,
        endpoints=balancers.endpoint_types(documents),
        peerings=leads,
        attached=frozenset(_joined(one) for one in transits.attachments.values() if one.kind == "vpc"),
        propagated=outside.propagated(lines, direct, by_gateway),
        instances=first,
    )
    tables = routes.tables(documents, known, around, gaps) + tuple(lost_tables)
    tables, subnets = routes.by_zone(tables, subnets, transits.attachments.values())
    return Network(
        vpcs=tuple(known.values()),
        subnets=subnets,
        tables=tables,
        acls=filters.acls(documents),
        groups=groups + filters.missing(used, groups, gaps),
        interfaces=everything,
        internet_gateways=internet,
        nats=interfaces.nats(documents, known, gaps),
        peerings=peerings,
        vpn_gateways=vpn_gateways,
        direct_connect_gateways=direct,
        lines=lines.lines,
        remotes=lines.remotes,
        attachments=tuple(transits.attachments.values()),
        transit_tables=tuple(transits.tables.values()),
        balancers=balancing,
        endpoints=balancers.endpoints(documents, known, balancing, members, gaps),
        gaps=tuple(gaps),
    )


def _joined(attachment: Attachment) -> tuple[str, str]:
    return attachment.gateway, attachment.resource
