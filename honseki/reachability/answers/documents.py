"""AWS's answers as they come, made even: every thing once, with the account and region where it was found.

Names are those of the answers' outermost fields (`Vpcs`, `RouteTables`), as the AWS CLI prints them. A field that is
there with an empty list was asked for and there is nothing; one that isn't there wasn't asked for, or was denied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from honseki.errors import Exit, HonsekiError
from honseki.reachability.addresses import ALL, Span, span
from honseki.reachability.network import Gap

Document = Mapping[str, Any]
Answers = Mapping[str, Mapping[str, Mapping[str, Document]]]
"""account -> region -> name -> the AWS CLI's answer. Account and region are empty where they aren't known."""

EVERYTHING: Final = (ALL[4], ALL[6])

_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}

_CAMEL: Final = frozenset({"directConnectGateways", "directConnectGatewayAssociations", "virtualInterfaces"})
"""The only service here whose fields begin with a small letter.
https://docs.aws.amazon.com/cli/latest/reference/directconnect/describe-virtual-interfaces.html"""

_GLOBAL: Final = frozenset({"DirectConnectGateways", "DirectConnectGatewayAssociations"})
"""The same in every region; asking in one is enough."""

_INSIDE: Final = {"Reservations": "Instances"}
"""Answers in groups: each group's list counts, the groups don't."""


class AnswerError(HonsekiError):
    """An answer of AWS lacks what every answer of its kind has."""

    exit_code = Exit.BAD_INPUT


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in an answer."""

    kind: str
    account: str
    region: str
    body: Document

    def need(self, field: str) -> str:
        """A field that every thing of this kind has. Raises `AnswerError` if this one doesn't."""
        value = self.body.get(field)
        if not isinstance(value, str) or not value:
            raise AnswerError(
                f"An entry of {self.kind} has no {field}",
                where=f"account {self.account or '(unknown)'}, region {self.region or '(unknown)'}",
                why=f"the entry is {str(dict(self.body))[:200]}",
                do="collect this answer again, whole, with `aws ... --output json`",
            )
        return value

    def text(self, field: str) -> str:
        """A field's text; empty if it isn't there."""
        value = self.body.get(field)
        return "" if value is None else str(value)

    def parts(self, field: str) -> list[Document]:
        """A field's list of objects; empty if it isn't there."""
        return parts(self.body, field)

    def part(self, field: str) -> Document:
        """A field's object; empty if it isn't there."""
        value = self.body.get(field)
        return value if isinstance(value, Mapping) else {}

    def span(self, text: object) -> Span:
        """A CIDR or address in it. Raises `AnswerError` if it is neither."""
        try:
            return span(str(text))
        except ValueError as error:
            raise AnswerError(
                f"An entry of {self.kind} has {text!r} where an address should be",
                where=f"account {self.account or '(unknown)'}, region {self.region or '(unknown)'}",
                why=f"{error}; the entry is {str(dict(self.body))[:200]}",
                do="collect this answer again, whole, with `aws ... --output json`",
            ) from error

    @property
    def owner(self) -> str:
        """The account whose it is: as AWS says, or else the one that was asked."""
        return self.text("OwnerId") or self.account

    def where(self, resource: str) -> str:
        """The ARN by which a person finds it, or its id if account or region aren't known."""
        if not self.region or not self.owner:
            return resource.rpartition("/")[2]
        partition = next((name for start, name in _PARTITIONS.items() if self.region.startswith(start)), "aws")
        return f"arn:{partition}:ec2:{self.region}:{self.owner}:{resource}"


def parts(of: Document, field: str) -> list[Document]:
    """A field's list of objects; empty if it isn't there."""
    value = of.get(field)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, Sequence) else []


def state(of: Document, field: str) -> str:
    """A state, whether it is a text (`State: available`) or an object (`Status: {Code: active}`). Small letters.

    Of an instance the code is a number, and its name says the state (`{Code: 16, Name: running}`). Empty if it isn't
    said: older answers leave out what newer ones have.
    """
    value = of.get(field)
    if isinstance(value, Mapping):
        texts = (value.get(name) for name in ("State", "Code", "Name"))
        value = next((one for one in texts if isinstance(one, str) and one), None)
    return value.lower() if isinstance(value, str) else ""


class Gaps:
    """What turns out to be missing; the same is said once, with all whom it concerns."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, str], dict[str, None] | None] = {}

    def add(
        self, what: str, where: str, why: str, vpcs: Iterable[str], concerns: Literal["routing", "filters"] = "routing"
    ) -> None:
        """Say it of these VPCs. Nothing is said if there are none: then it concerns nobody."""
        concerned = dict.fromkeys(vpcs)
        key = (what, where, why, concerns)
        known = self._found.setdefault(key, {})
        if known is not None:
            known.update(concerned)

    def add_for_all(self, what: str, where: str, why: str) -> None:
        """Say it of everything."""
        self._found[what, where, why, "routing"] = None

    def __iter__(self) -> Iterator[Gap]:
        for (what, where, why, concerns), vpcs in sorted(self._found.items(), key=lambda each: each[0]):
            if vpcs is None or vpcs:
                concern: Literal["routing", "filters"] = "routing" if concerns == "routing" else "filters"
                yield Gap(what, where, why, () if vpcs is None else tuple(sorted(vpcs)), concern)


class Documents:
    """All things of all answers, by kind. What several accounts tell of (a peering, a share) is here once."""

    def __init__(self, answers: Answers, gaps: Gaps) -> None:
        self._items: dict[str, list[Item]] = defaultdict(list)
        self._answered: set[tuple[str, str, str]] = set()
        self._accounts: set[tuple[str, str]] = set()
        for account, regions in answers.items():
            for region, names in regions.items():
                for name, document in names.items():
                    self._take(account, region, name, document, gaps)

    def _take(self, account: str, region: str, name: str, document: Document, gaps: Gaps) -> None:
        if not isinstance(document, Mapping):
            raise AnswerError(
                f"The answer {name} isn't a JSON object", where=f"account {account}, region {region}",
                do="collect it again with `aws ... --output json`",
            )  # fmt: skip
        for key, value in document.items():
            if key in ("NextToken", "nextToken", "NextMarker") and value:
                # Pagination that was stopped: the rest exists, and nobody knows what it is.
                gaps.add_for_all(f"{name}: only the first page", f"{account} {region}".strip(), "further pages missing")
            elif isinstance(value, Sequence) and not isinstance(value, str):
                kind, entries = (_capital(key), [_capitals(e) for e in value]) if key in _CAMEL else (key, list(value))
                self._add(account, region, kind, entries)

    def _add(self, account: str, region: str, kind: str, entries: Sequence[Any]) -> None:
        inner = _INSIDE.get(kind)
        found = [entry for entry in entries if isinstance(entry, Mapping)]
        if inner is not None:
            found = [
                {**({"OwnerId": one["OwnerId"]} if "OwnerId" in one else {}), **each}
                for one in found
                for each in parts(one, inner)
            ]
            kind = inner
        self._items[kind] += [Item(kind, account, region, entry) for entry in found]
        self._answered.add((kind, account, region))
        self._accounts.add((kind, account))

    def all(self, kind: str, key: Callable[[Item], object] | str) -> list[Item]:
        """All things of a kind, each once: as its owner's account tells of it, or else the fullest telling."""
        found: dict[object, Item] = {}
        for item in self._items.get(kind, ()):
            ident = item.need(key) if isinstance(key, str) else key(item)
            known = found.get(ident)
            if known is None or _rank(item) > _rank(known):
                found[ident] = item
        return list(found.values())

    def every(self, kind: str) -> list[Item]:
        """All tellings of all things of a kind."""
        return list(self._items.get(kind, ()))

    def answered(self, kind: str, account: str, region: str) -> bool:
        """Whether this kind was asked for there, and answered."""
        if kind in _GLOBAL:
            return (kind, account) in self._accounts
        return (kind, account, region) in self._answered

    def anywhere(self, kind: str) -> bool:
        """Whether this kind was answered anywhere at all."""
        return any(each == kind for each, _ in self._accounts)


def _rank(item: Item) -> tuple[bool, int]:
    owners = (item.text("TransitGatewayOwnerId"), item.text("OwnerId"))
    return item.account in [owner for owner in owners if owner][:1], len(item.body)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _capitals(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_capital(key): _capitals(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_capitals(one) for one in value]
    return value
