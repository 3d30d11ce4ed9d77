"""Shrinks what a seed shows and keeps it as a case: `python -m tests.reachability.keep SEED NAME`.

A case is the network as a document, the pair, what was wrong, and the answers that are right: those that it writes are
the prover's at that time, to be corrected by hand when the prover is the one that is wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from honseki.reachability.document import from_json, to_json
from honseki.reachability.isolation import prove
from honseki.reachability.network import Network
from tests.reachability.differential import Checker, Disagreement
from tests.reachability.generate import network
from tests.reachability.shrink import shrink

CASES = Path(__file__).parent / "cases"


def first_disagreement(of: Network, seed: int) -> Disagreement | None:
    """The first one about a network, ISOLATED verdicts before others."""
    against = Checker(of, seed)
    found = [one for pair in prove(of).pairs() for one in against.check(pair)]
    return min(found, key=lambda one: "ISOLATED" not in one.claim, default=None)


def shrunk(of: Network, seed: int, shown: Disagreement) -> Network:
    """The smallest network with a disagreement of the same kind on the same pair."""

    def fails(smaller: Network) -> bool:
        if not {shown.source, shown.target} <= set(smaller.tenants):
            return False
        pair = prove(smaller).pair(shown.source, shown.target)
        return any(one.claim == shown.claim for one in Checker(smaller, seed).check(pair))

    return shrink(of, fails)


def case(of: Network, seed: int, source: str, target: str, why: str) -> dict[str, Any]:
    """A case's document, with the answers that the prover gives now."""
    pair = prove(of).pair(source, target)
    said = {"routing": pair.routing, "verdict": pair.verdict}
    return {"why": why, "seed": seed, "from": source, "to": target, **said, "network": to_json(of)}


def write(name: str, document: dict[str, Any]) -> Path:
    """Keeps a case under this name."""
    from_json(document["network"])
    path = CASES / f"{name}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path


def main() -> None:
    """The command."""
    seed, name = int(sys.argv[1]), sys.argv[2]
    shown = first_disagreement(network(seed), seed)
    if shown is None:
        sys.exit(f"seed {seed} shows no disagreement")
    small = shrunk(network(seed), seed, shown)
    sys.stdout.write(f"{write(name, case(small, seed, shown.source, shown.target, str(shown)))}\n")


if __name__ == "__main__":
    main()
