"""What is known of one AWS type: a record of plain values, which every layer reads for its own part.

How a type is made (the API calls) is in `honseki/aws_types`, in a table of the same token. All else is here: what it is
for, what it is known by before it exists, what AWS bills, what AWS's schema says, what it does to packets, and what of
it may let another account in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Per = Literal["hour", "GB-month", "month", "use"]
"""How AWS counts a charge. `use`: how much is used isn't declared."""

Packets = Literal["converted", "none", "unknown"]
"""What a type does to packets. `converted`: it decides where packets go, and `honseki/reachability/declared` reads it.
`none`: no packet goes another way because of it. `unknown`: nobody looked; the proof then answers UNKNOWN."""

PolicyKind = Literal[
    "trust", "identity", "key", "bucket", "vault", "endpoint", "topic", "queue", "secret", "logs", "log-destination",
    "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a resource is billed for, before it is known where."""

    per: Per
    what: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Free:
    """AWS doesn't bill the type by itself; the page says so, or lists what is billed."""

    page: str


@dataclass(frozen=True, slots=True)
class Billed:
    """AWS bills every resource of the type for the same items. No items: it is counted with another type."""

    pages: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class BilledByInputs:
    """What AWS bills depends on inputs: a function of `honseki/cost/counters.py` counts it."""

    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Documented:
    """What AWS's documentation says of a type and its schema doesn't."""

    page: str
    says: str
    schema: Mapping[str, Any]
    """JSON Schema over Pulumi's inputs"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How a Pulumi type, or each element of one of its lists, is a CloudFormation resource.

    In CloudFormation's paths `[0]` is the one element of an array, `[a.b]` the value of a key in a list of keys and
    values.
    """

    type: str
    """`AWS::RDS::DBInstance`"""
    under: str = ""
    """the part of the CloudFormation resource that the Pulumi type is"""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Pulumi path -> CloudFormation path, for what isn't the same name but for case and plural"""
    given: Mapping[str, Any] | tuple[str, ...] = ()
    """properties that another resource or AWS sets, so that they count as there"""
    values: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    """by path: values that are written otherwise there"""
    pairs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """by path: a list that is a map there, and which of its items' fields are name and value"""
    spread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """by path: lists of a rule, of which each element is a rule there"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What AWS says of a type's values: its resource schema in CloudFormation's words, and its documentation."""

    resource: Part | None = None
    """None: CloudFormation doesn't have the type as a whole"""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """by path: lists of which each element is a resource of its own there"""
    page: str = ""
    """for a type that CloudFormation doesn't have: what documents it"""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """property that CloudFormation doesn't have -> the page that says what AWS takes"""
    inherits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """by property that names another resource: what is taken from that one"""
    not_sent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """by property: properties that aren't sent when this one is set"""
    documented: tuple[Documented, ...] = ()


@dataclass(frozen=True, slots=True)
class Shared:
    """Inputs that say with whom something is shared, or where it is sent."""

    kind: str
    """as in `honseki.reachability.channels.crossings.Share`"""
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a resource is known by before it exists. Templates take inputs, {region} and {account}, an ARN {id} too."""

    id: str = ""
    """empty: AWS makes up an id"""
    made_with: tuple[str, str] = ("", "")
    """(an input that is another resource's id, the output of that resource which is this one's id)"""
    arn: str = ""
    """empty: that of the type's table"""
    same: Mapping[str, str] = field(default_factory=dict)
    """outputs that AWS gives the same value as another output, or as `id`"""


@dataclass(frozen=True, slots=True)
class AwsType:
    """One Pulumi type."""

    token: str
    """`aws:ec2/vpc:Vpc`"""
    purpose: str = ""
    """What a tenant has it for. Empty: no tenant may have one, and a rule refuses it (`type-reviewed`)."""
    cost: Free | Billed | BilledByInputs | None = None
    schema: Schema | None = None
    packets: Packets = "unknown"
    identity: Identity = Identity()
    policies: Mapping[str, PolicyKind] = field(default_factory=dict)
    """inputs that hold a policy document. Absent: AWS's default, the own account's alone but for endpoints"""
    shared: Shared | None = None
    """Of destinations only ARNs and buckets name somebody: an e-mail address or a web hook leaves AWS."""
    grants_nothing: tuple[str, ...] = ()
    """inputs that look like a policy or a share and let nobody at anything"""
    unruled: str = ""
    """Why no rule reads the type yet: until one does, `type-reviewed` refuses whoever declares it."""
    undeclared: str = ""
    """Why no tenant declares the type: it needs no table, cost or schema then, and `type-reviewed` refuses it."""


PRIVATE_ASN: Final = (
    "^(6451[2-9]|645[2-9][0-9]|64[6-9][0-9]{2}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-4]"
    "|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}"
    "|4294967[01][0-9]{2}|42949672[0-8][0-9]|429496729[0-4])$"
)
"""64512 to 65534, or 4200000000 to 4294967294, as a text."""


def known(module: str, names: str, packets: Packets) -> tuple[AwsType, ...]:
    """Types that no tenant may have, of which is known what they do to packets: `Vpc` is `aws:ec2/vpc:Vpc`."""
    return tuple(AwsType(f"{module}/{name[0].lower()}{name[1:]}:{name}", packets=packets) for name in names.split())
