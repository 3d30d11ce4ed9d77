"""What a change of firewall rules means: who is let in, or no longer, at which ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError, collapse_addresses
from typing import Any, Final

from honseki.changes.steps import Change
from honseki.changes.words import ports
from infra.model import Municipality

_EVERYBODY: Final = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True, order=True)
class Fact:
    """Something that people can do from now on (`+`), or no longer (`-`)."""

    sign: str
    text: str

    def __str__(self) -> str:
        return f"{self.sign} {self.text}"


def facts(change: Change, municipality: Municipality) -> tuple[Fact, ...]:
    """Who is let in otherwise by the inbound rules of a security group or network ACL.

    Empty for other resources, and for one that is replaced: its successor has rules of its own. The tenant's own
    addresses are left out; of a resource that is new or goes with all else, so are those that aren't terminals'.
    """
    step = change.step
    if change.op == "replace" or not {"ingress", "cidrIpv4"}.intersection({*step.before, *step.after}):
        return ()
    before = _let_in(step.before) if change.op != "create" else {}
    after = _let_in(step.after) if change.op != "delete" else {}
    found: list[Fact] = []
    for at in sorted({*before, *after}):
        for sign, networks in (
            ("-", _without(before.get(at, ()), after.get(at, ()))),
            ("+", _without(after.get(at, ()), before.get(at, ()))),
        ):
            for network in networks:
                found += _who(sign, network, at, municipality, terminals_only=change.op != "update")
    return tuple(sorted(set(found)))


def _let_in(inputs: Mapping[str, Any]) -> dict[str, list[IPv4Network]]:
    """Ports -> the networks that the rules let in there. Rules that aren't known or aren't of IPv4 are left out."""
    found: dict[str, list[IPv4Network]] = {}
    rules = inputs.get("ingress")
    for rule in rules if isinstance(rules, list) else [inputs]:
        if not isinstance(rule, dict) or rule.get("action", "allow") != "allow":
            continue
        named = rule.get("cidrBlocks") or [rule.get("cidrBlock", rule.get("cidrIpv4"))]
        for each in named if isinstance(named, list) else ():
            try:
                found.setdefault(ports(rule), []).append(IPv4Network(each if isinstance(each, str) else ""))
            except (AddressValueError, NetmaskValueError, ValueError):
                continue
    return found


def _without(networks: Iterable[IPv4Network], others: Iterable[IPv4Network]) -> list[IPv4Network]:
    """The addresses of the first that aren't among the second's."""
    left = list(collapse_addresses(networks))
    for other in collapse_addresses(others):
        left = [part for network in left for part in _minus(network, other)]
    return list(collapse_addresses(left))


def _minus(network: IPv4Network, other: IPv4Network) -> Iterator[IPv4Network]:
    if not network.overlaps(other):
        yield network
    elif network != other and other.subnet_of(network):
        yield from network.address_exclude(other)


def _who(
    sign: str, network: IPv4Network, at: str, municipality: Municipality, *, terminals_only: bool
) -> Iterator[Fact]:
    sites = {IPv4Network(site.prefix): site for site in municipality.sites}
    own = (IPv4Network(municipality.addresses.primary), IPv4Network(municipality.addresses.recovery))
    if any(network.subnet_of(each) for each in own):
        return
    inside = [prefix for prefix in sites if prefix.subnet_of(network)]
    if inside and not _without([network], inside):
        may = "may reach" if sign == "+" else "may no longer reach"
        for prefix in inside:
            site = sites[prefix]
            yield Fact(sign, f"terminals of {site.name} ({site.id}, {site.prefix}) {may} {at}")
    elif not terminals_only:
        yield Fact(sign, f"{_named(network, sites)} {'is' if sign == '+' else 'is no longer'} let in at {at}")


def _named(network: IPv4Network, sites: Mapping[IPv4Network, Any]) -> str:
    if network == _EVERYBODY:
        return f"EVERY ADDRESS ({network})"
    around: Sequence[Any] = [site for prefix, site in sites.items() if network.subnet_of(prefix)]
    if around:
        return f"{network} (part of {around[0].name}, {around[0].prefix})"
    return f"{network} (no site of the inventory)"
