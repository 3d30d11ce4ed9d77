"""What must hold between the parts of a municipality, and between municipalities.

The rules take parts, not a whole `Municipality`, so that a reader can apply them to what is right in a file
where something else is wrong, and report everything at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from infra.model.lines import MAX_PREFIXES

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values that are right by themselves but can't stand together: where, why, and what to do."""

    path: Path
    reason: str
    hint: str

    @property
    def field(self) -> str:
        """The path as people write it: `lines[1].location`."""
        return field_name(self.path)


def field_name(path: Path) -> str:
    """`("lines", 1, "location")` as `lines[1].location`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


@dataclass(frozen=True, slots=True)
class SitePart:
    """What is valid of one site and matters to the others."""

    id: str | None = None
    prefix: IPv4Network | None = None


@dataclass(frozen=True, slots=True)
class LinePart:
    """What is valid of one line and matters to the others."""

    id: str | None = None
    location: str | None = None
    bgp_asn: int | None = None
    peering: IPv4Network | None = None
    connection: str | None = None
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What is valid of one municipality; `None` and gaps are not, or not there. Sites and lines by their index."""

    sites: Mapping[int, SitePart] = field(default_factory=dict)
    lines: Mapping[int, LinePart] = field(default_factory=dict)
    site_count: int | None = None
    line_count: int | None = None
    primary_region: str | None = None
    recovery_region: str | None = None
    primary: IPv4Network | None = None
    recovery: IPv4Network | None = None
    gateway_asn: int | None = None
    image_keys: Mapping[str, str | None] = field(default_factory=dict)
    """by place: the ARN of the image's key"""


def contradictions(parts: Parts) -> Iterator[Contradiction]:
    """Everything that doesn't fit together within one municipality."""
    yield from _sites(parts)
    yield from _lines(parts)
    yield from _regions(parts)
    yield from _overlaps(parts)


def _sites(parts: Parts) -> Iterator[Contradiction]:
    if parts.site_count == 0:
        yield Contradiction(("sites",), "there is no site", "name at least the city hall and its terminals")
    if parts.site_count is not None and parts.site_count > MAX_PREFIXES:
        yield Contradiction(
            ("sites",),
            f"{parts.site_count} sites are as many routes; above {MAX_PREFIXES} the BGP session goes down",
            "join sites whose networks lie side by side into one with a shorter prefix",
        )
    yield from _repeated("sites", "id", ((i, site.id) for i, site in parts.sites.items()), "give each site its own id")


def _lines(parts: Parts) -> Iterator[Contradiction]:
    if parts.line_count is not None and parts.line_count < 2:
        yield Contradiction(
            ("lines",),
            f"{'no line' if parts.line_count == 0 else 'only one line'}: two are needed, so one can fail",
            "add a line that ends at another location",
        )
    lines = parts.lines.items()
    own = "two lines are two circuits: give each its own"
    yield from _repeated("lines", "id", ((i, line.id) for i, line in lines), "give each line its own id")
    yield from _repeated("lines", "connection", ((i, line.connection) for i, line in lines), own)
    yield from _repeated("lines", "interface", ((i, line.interface) for i, line in lines), own)
    ends = [line.location for _, line in lines]
    if len(ends) == parts.line_count and len(ends) > 1 and ends[0] is not None and len(set(ends)) == 1:
        yield Contradiction(
            ("lines", len(ends) - 1, "location"),
            f"all lines end at {ends[0]}: its loss cuts the municipality off",
            "have one line end at another Direct Connect location",
        )
    for i, line in lines:
        if line.bgp_asn is not None and line.bgp_asn == parts.gateway_asn:
            yield Contradiction(
                ("lines", i, "bgp_asn"),
                f"{line.bgp_asn} is asn.gateway too: a session between equal ASNs is not external BGP",
                "give the municipality's side another ASN, for example 65000",
            )


def _regions(parts: Parts) -> Iterator[Contradiction]:
    if parts.recovery_region is not None and parts.recovery_region == parts.primary_region:
        yield Contradiction(
            ("placement", "recovery", "region"),
            f"{parts.recovery_region} is the primary region too: its loss takes the copies with it",
            "let the two regions differ",
        )
    for place, region in (("primary", parts.primary_region), ("recovery", parts.recovery_region)):
        key = parts.image_keys.get(place)
        if key is not None and region is not None and key.split(":")[3] != region:
            yield Contradiction(
                ("image", f"{place}_key"),
                f"{key} is a key of {key.split(':')[3]}; the {place} region is {region}",
                "a region's image lies under a key of that region: take the lines that `honseki image publish` prints",
            )


def _overlaps(parts: Parts) -> Iterator[Contradiction]:
    all_: list[tuple[Path, IPv4Network | None]] = [
        (("addresses", "primary"), parts.primary),
        (("addresses", "recovery"), parts.recovery),
        *((("sites", i, "prefix"), site.prefix) for i, site in parts.sites.items()),
        *((("lines", i, "amazon_address"), line.peering) for i, line in parts.lines.items()),
    ]
    networks = [(path, network) for path, network in all_ if network is not None]
    # Sorted by first address, the wider first: if a network overlaps any before it, it overlaps the farthest-reaching.
    farthest: tuple[Path, IPv4Network] | None = None
    for this in sorted(networks, key=lambda item: (item[1].network_address, item[1].prefixlen)):
        if farthest is not None and farthest[1].overlaps(this[1]):
            first, later = sorted((this, farthest), key=networks.index)
            yield Contradiction(
                later[0],
                f"{later[1]} overlaps {first[1]} ({field_name(first[0])})",
                "within one municipality all networks must be apart: change one of the two",
            )
        if farthest is None or this[1].broadcast_address > farthest[1].broadcast_address:
            farthest = this


def _repeated(
    collection: str, name: str, values: Iterable[tuple[int, str | None]], hint: str
) -> Iterator[Contradiction]:
    first: dict[str, int] = {}
    for i, value in values:
        if value is None:
            continue
        if value in first:
            yield Contradiction((collection, i, name), f"{value} is {collection}[{first[value]}].{name} already", hint)
        first.setdefault(value, i)


@dataclass(frozen=True, slots=True)
class Claim:
    """What may belong to one municipality only: its code, its account, what the carrier handed over."""

    owner: str
    path: Path
    kind: str
    value: str


def double_claims(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """The claims to something that another municipality claimed before: (the later, the first) of each."""
    first: dict[tuple[str, str], Claim] = {}
    for claim in claims:
        holder = first.setdefault((claim.kind, claim.value), claim)
        if holder.owner != claim.owner:
            yield claim, holder
