"""Rules over declared graphs, with waivers: what is found, where, and what is accepted."""

from __future__ import annotations

import datetime
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from honseki.check.source import Position, position
from honseki.declare import graphs
from honseki.errors import RefusedError
from infra.model import Municipality, Target
from infra.model.graph import Graph
from policies import waivers as waiving
from policies.rules import ALL, BY_ID
from policies.rules.core import SEVERITIES, Finding, Rule, Undecided, check
from policies.rules.subject import Subject
from policies.waivers import Decided, Waiver


@dataclass(frozen=True)
class Placed:
    """A finding with the line of the declaration, and what the waivers say of it."""

    finding: Finding
    position: Position | None
    decided: Decided

    @property
    def rule(self) -> Rule:
        """The rule that fails."""
        return BY_ID[self.finding.rule]

    @property
    def counts(self) -> bool:
        """Whether it is to be fixed: no waiver accepts it."""
        return not self.decided.accepted


@dataclass(frozen=True)
class Checked:
    """One municipality's result."""

    municipality: Municipality
    resources: int
    findings: tuple[Placed, ...]
    undecided: tuple[Undecided, ...]
    checks: int


@dataclass(frozen=True)
class Report:
    """All that a check found."""

    target: Target
    tenants: tuple[Checked, ...]
    waivers: tuple[Waiver, ...]
    today: datetime.date
    seconds: float

    @property
    def findings(self) -> list[Placed]:
        """Of all municipalities, the gravest first."""
        order = {severity: i for i, severity in enumerate(SEVERITIES)}
        found = [each for tenant in self.tenants for each in tenant.findings]
        return sorted(found, key=lambda each: (order[each.rule.severity], each.finding))

    @property
    def open(self) -> list[Placed]:
        """What is to be fixed."""
        return [each for each in self.findings if each.counts]

    @property
    def expired(self) -> list[Placed]:
        """Findings whose waiver has run out."""
        return [each for each in self.findings if each.decided.waiver is not None and each.counts]

    @property
    def unused(self) -> list[Waiver]:
        """Waivers that accept nothing of what was checked."""
        codes = {tenant.municipality.code for tenant in self.tenants}
        about = [waiver for waiver in self.waivers if waiver.tenant in codes or waiver.tenant == "*"]
        return waiving.unused(about, [each.finding for each in self.findings])


@dataclass(frozen=True)
class _Raw:
    """What comes back from another process."""

    municipality: Municipality
    resources: int
    findings: tuple[tuple[Finding, Position | None], ...]
    undecided: tuple[Undecided, ...]
    checks: int


def run(
    municipalities: Sequence[Municipality],
    target: Target,
    *,
    waivers: Sequence[Waiver] = (),
    today: datetime.date,
    cache: Path | None = None,
    cores: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Check municipalities on all cores. `cache`: a folder for graphs; `progress` gets the number that are done."""
    begun = time.monotonic()
    cores = graphs.cores_for(len(municipalities)) if cores is None else cores
    done: list[_Raw] = []
    if cores == 1:
        for raw in _part((municipalities, target, cache)):
            done.append(raw)
            progress(len(done))
    else:
        with graphs.pool(cores) as pool:
            tasks = [(part, target, cache) for part in graphs.parts(municipalities, cores)]
            for several in pool.map(_listed, tasks):
                done += several
                progress(len(done))
    tenants = tuple(_decided(raw, waivers, today) for raw in done)
    return Report(target, tenants, tuple(waivers), today, time.monotonic() - begun)


def gate(
    municipality: Municipality, target: Target, *, waivers: Sequence[Waiver], today: datetime.date, graph: Graph
) -> Checked:
    """Refuse to go on with a declaration that has findings. Raises `RefusedError` with all of them."""
    checked = _decided(_raw(municipality, target, graph), waivers, today)
    found = [each for each in checked.findings if each.counts]
    if found:
        lines = [f"{each.rule.id}: {each.finding.what}" for each in found]
        raise RefusedError(
            f"{len(found)} finding{'s' if len(found) > 1 else ''} in what is declared for {municipality.code}; "
            "nothing was changed",
            where="; ".join(sorted({each.finding.urn.rpartition("::")[2] for each in found})),
            why="\n         ".join(lines[:20] + ([f"and {len(lines) - 20} more"] if len(lines) > 20 else [])),
            do=f"`honseki check {municipality.code}` says where each is declared and how to fix it",
        )
    return checked


def check_graph(graph: Graph, municipality: Municipality, target: Target) -> tuple[Finding, ...]:
    """The findings in one graph, wherever it comes from."""
    return check(Subject(graph, municipality, target), ALL).findings


def _listed(task: tuple[Sequence[Municipality], Target, Path | None]) -> list[_Raw]:
    return list(_part(task))


def _part(task: tuple[Sequence[Municipality], Target, Path | None]) -> Iterator[_Raw]:
    municipalities, target, folder = task
    cache = graphs.Cache(folder) if folder is not None else None
    for municipality, graph in graphs.one_by_one(municipalities, target, cache):
        # The rules make no cycles; a collection in between would walk through the whole graph for nothing.
        gc.disable()
        try:
            raw = _raw(municipality, target, graph)
        finally:
            gc.enable()
        yield raw


def _raw(municipality: Municipality, target: Target, graph: Graph) -> _Raw:
    result = check(Subject(graph, municipality, target), ALL)
    findings = tuple((each, position(graph, each.urn)) for each in result.findings)
    resources = sum(1 for node in graph if node.type.startswith("aws:"))
    return _Raw(municipality, resources, findings, result.undecided, result.checks)


def _decided(raw: _Raw, waivers: Sequence[Waiver], today: datetime.date) -> Checked:
    placed = tuple(Placed(each, where, waiving.decide(each, waivers, today)) for each, where in raw.findings)
    return Checked(raw.municipality, raw.resources, placed, raw.undecided, raw.checks)
