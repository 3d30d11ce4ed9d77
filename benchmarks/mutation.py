"""How many ways to weaken a tenant the rules catch: `python -m benchmarks.mutation [--code CODE] [--list]`.

From a municipality's declared graph, mutants are derived mechanically (`benchmarks.mutants`), each with the reason why
it weakens a safeguard, and every rule is run over each. A mutant is caught by a finding that the graph itself doesn't
have. Survivors are listed. Mutants that weaken nothing are listed in `mutants_harmless.yaml`, with the reason.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks import mutants
from honseki.declare.evaluate import evaluate
from infra.model import Municipality, Target
from policies.rules import ALL
from policies.rules.core import MALFORMED, check
from policies.rules.subject import Subject
from stacks import rehearsed
from tests.example import CODES, example_municipality

_OPERATORS_KEY: Final = "arn:aws:kms:{}:000000000000:key/1a2b3c4d-0000-4000-8000-000000000000"
PUBLISHED: Final = rehearsed.Rehearsed(
    f"sha256:{'ab' * 32}",
    {"ap-northeast-1": "ami-0a1b2c3d4e5f60001", "ap-northeast-3": "ami-0a1b2c3d4e5f60003"},
    {region: _OPERATORS_KEY.format(region) for region in ("ap-northeast-1", "ap-northeast-3")},
)
"""As a rehearsal has it: a placeholder would leave out what an encrypted image takes."""


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant."""

    label: str
    operator: str
    why: str
    harmless: str
    """why it weakens nothing; empty for one that does"""
    rules: tuple[str, ...]
    """that found something; empty for a survivor"""


def run(municipality: Municipality, target: Target, part: int = 0, parts: int = 1) -> Iterator[Verdict]:
    """The verdicts on every `parts`-th mutant, from `part` on."""
    graph = evaluate(municipality, target)
    shapes = mutants.harmless()
    before = set(check(Subject(graph, municipality, target), ALL).findings)
    for i, mutant in enumerate(mutants.derive(graph)):
        if i % parts != part:
            continue
        found = check(Subject(mutant.make(), municipality, target), ALL).findings
        reason = next((shape.why for shape in shapes if shape.fits(mutant)), "")
        # A rule that only stumbled over a value hasn't understood what is wrong with it.
        caught = {each.rule for each in found if each not in before and not each.what.startswith(MALFORMED)}
        names = tuple(sorted(caught))
        yield Verdict(mutant.label, mutant.operator, mutant.why, reason, names)


def _part(arguments: tuple[str, Target, int, int]) -> list[Verdict]:
    code, target, part, parts = arguments
    municipality = rehearsed.instead(example_municipality(code), target, PUBLISHED)
    return list(run(municipality, target, part, parts))


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--code", default=CODES[0], choices=CODES, help="of the tests' inventory (default: Izumi)")
    parser.add_argument("--target", default="rehearsal", choices=("rehearsal", "aws"))
    parser.add_argument("--list", action="store_true", help="print every mutant with the rules that caught it")
    parser.add_argument("--cores", type=int, default=2)
    chosen = parser.parse_args()
    begun = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(chosen.cores) as pool:
        tasks = [(chosen.code, chosen.target, part, chosen.cores) for part in range(chosen.cores)]
        verdicts = [verdict for several in pool.map(_part, tasks) for verdict in several]
    seconds = time.perf_counter() - begun
    weaken = [verdict for verdict in verdicts if not verdict.harmless]
    survivors = [verdict for verdict in weaken if not verdict.rules]
    if chosen.list:
        for verdict in weaken:
            print(f"{verdict.label}: {verdict.why}: {', '.join(verdict.rules) or 'SURVIVES'}")
    by_operator = Counter(verdict.operator for verdict in weaken)
    missed = Counter(verdict.operator for verdict in survivors)
    for operator, count in by_operator.most_common():
        print(f"{operator:12} {count:5} mutants, {count - missed[operator]:5} caught")
    for verdict in survivors:
        print(f"SURVIVES {verdict.label}: {verdict.why}")
    caught = Counter(name for verdict in weaken for name in verdict.rules)
    alone = Counter(verdict.rules[0] for verdict in weaken if len(verdict.rules) == 1)
    silent = [rule.id for rule in ALL if not caught[rule.id]]
    print(f"{len(ALL)} rules; {len(ALL) - len(silent)} caught something, {len(alone)} caught something alone")
    print(f"rules that no mutant of this tenant sets off: {', '.join(silent) or 'none'}")
    harmless = [verdict for verdict in verdicts if verdict.harmless]
    print(f"{len(harmless)} harmless changes, {sum(1 for each in harmless if each.rules)} of them found nevertheless")
    figures = {
        "mutants": len(weaken),
        "caught": len(weaken) - len(survivors),
        "survivors": len(survivors),
        "harmless": len(harmless),
        "seconds": round(seconds, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
