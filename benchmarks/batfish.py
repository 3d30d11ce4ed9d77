"""The proof beside Batfish's own AWS tests: `python -m benchmarks.batfish --repository DIR`.

DIR is a checkout of https://github.com/batfish/batfish; nothing of it is in this project. Each snapshot of its AWS
tests is read and proven, and what the tests' traces say (`batfish.yaml`) is compared with the verdict for the same two
subnets. Prints a table and, as its last line, one JSON object; exits with 1 if an answer contradicts a test. An UNKNOWN
contradicts nothing: Batfish takes what isn't in a snapshot for absent, the proof for unknown.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from honseki.live.snapshot import read
from honseki.reachability.answers import network
from honseki.reachability.isolation import Isolation, prove
from honseki.reachability.network import Network, Route, Target

RESOURCES: Final = Path("projects/batfish/src/test/resources/org/batfish/representation/aws")
OUTSIDE: Final = "outside"


@dataclass(frozen=True)
class Answer:
    """One question of a test, answered."""

    snapshot: str
    test: str
    source: str
    target: str
    expect: str
    verdict: str
    """ISOLATED, REACHABLE or UNKNOWN, at the level that the test is about"""
    missing: tuple[str, ...] = ()
    by_internet: bool = False
    """routing also leads there over the internet, to a public address"""

    @property
    def outcome(self) -> str:
        """Whether it is what the test expects."""
        if self.verdict == "UNKNOWN":
            return "unknown"
        return "agrees" if (self.verdict == "ISOLATED") == (self.expect == "nowhere") else "DIFFERS"


def by_subnet(found: Network) -> Network:
    """The same network with every subnet as a tenant, and all networks outside as one."""
    subnets = tuple(replace(subnet, tenant=subnet.id) for subnet in found.subnets)
    remotes = tuple(replace(remote, tenant=OUTSIDE) for remote in found.remotes)
    return replace(found, subnets=subnets, remotes=remotes)


def without_internet(found: Network) -> Network:
    """The same network with all routes to the internet leading nowhere."""

    def closed(route: Route) -> Route:
        open_ = route.target.kind in ("internet", "egress-only")
        return replace(route, target=Target("blackhole", route.target.id)) if open_ else route

    tables = tuple(replace(table, routes=tuple(closed(route) for route in table.routes)) for table in found.tables)
    return replace(found, tables=tables, internet_gateways=())


def places(found: Network, name: str) -> list[str]:
    """The tenants that a name in a test means."""
    if name == OUTSIDE:
        return [OUTSIDE]
    if name.startswith("vpc-"):
        return [subnet.id for subnet in found.subnets if subnet.vpc == name]
    of_instance = [interface.subnet for interface in found.interfaces if interface.owner == name]
    return list(dict.fromkeys(of_instance)) or [name]


def answers(found: Network, snapshot: str, cases: list[dict[str, str]]) -> Iterator[Answer]:
    """The answers to a snapshot's questions."""
    whole = prove(by_subnet(found))
    private = prove(without_internet(by_subnet(found)))
    for case in cases:
        for source in places(found, case["from"]):
            for target in places(found, case["to"]):
                yield _answer(whole, private, snapshot, case, source, target)


def _answer(
    whole: Isolation, private: Isolation, snapshot: str, case: dict[str, str], source: str, target: str
) -> Answer:
    question = (snapshot, case["test"], case["from"], case["to"], case["expect"])
    if case["expect"] == "accepted":
        pair = whole.pair(source, target)
        return Answer(*question, pair.verdict, pair.missing)
    verdict = private.routing(source, target)
    missing = private.pair(source, target).missing if verdict == "UNKNOWN" else ()
    by_internet = verdict != "REACHABLE" and whole.routing(source, target) == "REACHABLE"
    return Answer(*question, verdict, missing, by_internet)


def run(repository: Path) -> tuple[list[Answer], dict[str, Any]]:
    """All answers, and figures."""
    expectations = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    begun = time.perf_counter()
    found: list[Answer] = []
    snapshots = gaps = 0
    for one in expectations:
        graph = network(read(repository / RESOURCES / one["snapshot"]))
        snapshots += 1
        gaps += len(graph.gaps)
        found += answers(graph, one["snapshot"], one.get("cases", []))
    outcomes = Counter(answer.outcome for answer in found)
    return found, {
        "snapshots": snapshots,
        "cases": len(found),
        "agree": outcomes["agrees"],
        "unknown": outcomes["unknown"],
        "differ": outcomes["DIFFERS"],
        "gaps": gaps,
        "seconds": round(time.perf_counter() - begun, 2),
    }


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", type=Path, required=True, help="a checkout of Batfish")
    chosen = parser.parse_args()
    found, figures = run(chosen.repository)
    for answer in found:
        print(f"{answer.outcome:8} {answer.snapshot:38} {answer.test:42} {answer.source:20} -> {answer.target:25} "
              f"expected {answer.expect:8} found {answer.verdict}")  # fmt: skip
        for what in answer.missing:
            print(f"         missing: {what}")
        if answer.by_internet:
            print("         (routing leads there over the internet, to a public address)")
    print(json.dumps(figures))
    sys.exit(1 if figures["differ"] else 0)


if __name__ == "__main__":
    main()
