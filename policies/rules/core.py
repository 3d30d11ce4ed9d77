"""What a rule is, what it finds, and how rules are run over one tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from infra.model.graph import Node, UnknownValueError
from policies.rules.subject import Place, Subject, is_resource

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

PLACE: Final = "place"
TENANT: Final = "tenant"
EVERY: Final = "every"

MALFORMED: Final = "can't be judged"
"""How a finding begins that says only that a value has a shape that the rule doesn't expect."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule yields: which resource (URN), which property (path, empty for the whole), and what is wrong."""

    urn: str
    path: str
    what: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A rule that fails, and where."""

    tenant: str
    rule: str
    urn: str
    path: str
    what: str


@dataclass(frozen=True, slots=True, order=True)
class Undecided:
    """A check that met a value that isn't known yet: neither passed nor failed."""

    tenant: str
    rule: str
    urn: str
    why: str


@dataclass(frozen=True)
class Rule:
    """One rule: what it is called, why it matters, how to fix, and the function that checks.

    `each` says what the function is given besides the tenant: every node of these types, every node (`every`), each of
    the two places (`place`), or nothing more (`tenant`). Rules of the first two kinds say that what is there is right;
    they hold for a part of a graph too. The others say that what must be there is there.
    """

    id: str
    ja: str
    en: str
    severity: Severity
    why: str
    remediation: str
    each: tuple[str, ...] | Literal["place", "tenant", "every"]
    check: Callable[..., Iterator[Found]]

    @property
    def of_nodes(self) -> bool:
        """Whether one resource is enough to decide it (with those that it refers to)."""
        return self.each not in (PLACE, TENANT)


def rule(
    identifier: str,
    *,
    ja: str,
    en: str,
    severity: Severity,
    why: str,
    remediation: str,
    each: tuple[str, ...] | Literal["place", "tenant", "every"],
) -> Callable[[Callable[..., Iterator[Found]]], Rule]:
    """Make a function a rule."""

    def made(check: Callable[..., Iterator[Found]]) -> Rule:
        return Rule(identifier, ja, en, severity, why, remediation, each, check)

    return made


@dataclass(frozen=True)
class Result:
    """What the rules said of one tenant."""

    findings: tuple[Finding, ...]
    undecided: tuple[Undecided, ...]
    checks: int
    """how often a rule was applied to something"""


@dataclass
class _Tally:
    findings: list[Finding] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    checks: int = 0


def check(tenant: Subject, rules: Iterable[Rule]) -> Result:
    """Apply rules to a tenant. A rule that meets an unknown value is undecided there, and goes on elsewhere."""
    tally = _Tally()
    for each in rules:
        for where, arguments in _subjects(each, tenant):
            _apply(each, where, arguments, tenant, tally)
    return Result(tuple(tally.findings), tuple(tally.undecided), tally.checks)


def check_node(node: Node, tenant: Subject, by_type: Mapping[str, Iterable[Rule]]) -> Result:
    """Apply the rules for one node's type (`by_type`, see `rules_by_type`) to that node."""
    tally = _Tally()
    for each in (*by_type.get(node.type, ()), *(by_type.get(EVERY, ()) if is_resource(node) else ())):
        _apply(each, node.urn, (node,), tenant, tally)
    return Result(tuple(tally.findings), tuple(tally.undecided), tally.checks)


def rules_by_type(rules: Iterable[Rule]) -> Mapping[str, tuple[Rule, ...]]:
    """The rules of nodes, by the type of node; those for every node under `every`."""
    found: dict[str, list[Rule]] = {}
    for each in rules:
        if each.of_nodes:
            for token in [EVERY] if each.each == EVERY else each.each:
                found.setdefault(token, []).append(each)
    return {token: tuple(several) for token, several in found.items()}


def _subjects(each: Rule, tenant: Subject) -> Iterator[tuple[str, tuple[Node | Place, ...]]]:
    if each.each == TENANT:
        yield tenant.root, ()
    elif each.each == PLACE:
        for place in tenant.places.values():
            yield tenant.root, (place,)
    elif each.each == EVERY:
        for node in tenant.custom:
            yield node.urn, (node,)
    else:
        for token in each.each:
            for node in tenant.graph.of_type(token):
                yield node.urn, (node,)


def _apply(each: Rule, where: str, arguments: tuple[Any, ...], tenant: Subject, tally: _Tally) -> None:
    tally.checks += 1
    found = each.check(*arguments, tenant)
    while True:
        # Step by step: what was found before an unknown value was met stays found.
        try:
            one = next(found)
        except StopIteration:
            return
        except UnknownValueError as error:
            tally.undecided.append(Undecided(tenant.code, each.id, where, str(error)))
            return
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            # A value of a shape that the rule doesn't expect is no pass.
            what = f"{MALFORMED}: {type(error).__name__}: {error}"
            tally.findings.append(Finding(tenant.code, each.id, where, "", what))
            return
        tally.findings.append(Finding(tenant.code, each.id, one.urn, one.path, one.what))
