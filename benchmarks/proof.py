"""The proof of a fleet: `python -m benchmarks.proof --tenants 1741`. Prints what it does, and last one JSON object.

| figure | unit | what |
| --- | --- | --- |
| `evaluated`, `evaluate_s` | -, s | municipalities that were evaluated, and how long it took (with `--cache` next to nothing the second time); all others are copies of these under other names |
| `load_s` | s | copying them; not part of the proof |
| `all_pairs_s` | s | from the loaded network: its index, routing of all ordered pairs, the isolated ones counted |
| `peak_rss_mb` | MB | the most memory of the process that loads the network and proves all pairs |
| `certificate_s` | s | all tenants' certificates, with the digest of the network's document |
| `check_s`, `check_faults` | s, - | the independent checker over them, and what it objected to |
| `one_changed_s` | s | one tenant's network replaced in a fleet that is proven |
| `full_leak_all_pairs_s` | s | routing of all pairs when everybody is attached to one transit gateway, filters open |
| `full_leak_first_witnesses_s` | s | there: one packet's way to somebody else, for every tenant (`full_leak_witnessed` of them) |
| `growth`, `growth_slopes` | - | (tenants, `all_pairs_s`, `peak_rss_mb`) by size, each in its own process, and the exponents |
| `z3_sample_pairs`, `z3_agrees` | - | ordered pairs that z3 was asked about, half of them in the leaking fleet; whether all answers were the prover's |
| `z3_s_per_pair`, `prover_s_per_pair` | s | z3's mean, with building its formulas; `all_pairs_s` by the number of pairs |

Of every time `X_s` there are also `X_median_s` over the rounds and `X_cpu_s`, the least processor time. Everything runs
in one thread, with the garbage collector off while it is timed.
"""  # noqa: E501 - a table

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import proof_size, proof_z3
from benchmarks.proof_figure import Panel, draw
from benchmarks.proof_networks import Fleet, copied, evaluated, leaking
from honseki.declare.graphs import Cache
from honseki.reachability.isolation import prove
from honseki.reachability.network import Network, merge
from honseki.settings import CHECKOUT

SIZES = (100, 300, 1000, 3000, 10000)


@dataclass(frozen=True, slots=True)
class Asked:
    """What z3 was asked."""

    z3_sample_pairs: int
    z3_reachable: int
    z3_agrees: bool
    z3_s_per_pair: float
    z3_isolated_s_per_pair: float
    z3_leaking_s_per_pair: float


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description="the proof of a fleet: time, memory, growth, and z3 beside it")
    parser.add_argument("--tenants", type=int, default=1741)
    parser.add_argument("--evaluated", type=int, default=24, help="municipalities to evaluate; the others are copies")
    parser.add_argument("--cache", type=Path, help="keep evaluated graphs here between runs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="*", default=SIZES, metavar="TENANTS")
    parser.add_argument("--z3-pairs", type=int, default=20)
    parser.add_argument("--figure", type=Path, help="draw the growth into this SVG file")
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen)))


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    count = min(chosen.evaluated, chosen.tenants)
    print(f"Evaluating {count} sampled municipalities ...", flush=True)
    begun = time.perf_counter()
    shapes = evaluated(count, Cache(chosen.cache) if chosen.cache else None)
    figures: dict[str, Any] = {"tenants": chosen.tenants, "evaluated": count}
    figures["evaluate_s"] = round(time.perf_counter() - begun, 1)
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch, "shapes.json")
        proof_size.write(shapes, kept)
        print(
            f"{chosen.tenants} tenants, {chosen.tenants - count} of them copies, {chosen.rounds} rounds ...", flush=True
        )
        figures |= sized(kept, chosen.tenants, chosen.rounds, everything=True)
        growth = []
        for tenants in chosen.growth:
            one = sized(kept, tenants, chosen.rounds)
            growth.append((tenants, one["all_pairs_s"], one["peak_rss_mb"]))
            print(f"{tenants:,} tenants: all pairs {growth[-1][1]} s, {growth[-1][2]} MB", flush=True)
    figures["growth"] = growth
    if len(growth) > 1:
        panels = (
            Panel("Time, all pairs", "s", [(tenants, seconds) for tenants, seconds, _ in growth]),
            Panel("Memory, peak", "MB", [(tenants, megabytes) for tenants, _, megabytes in growth]),
        )
        figures["growth_slopes"] = {"all_pairs_s": round(panels[0].slope, 3), "peak_rss_mb": round(panels[1].slope, 3)}
        if chosen.figure:
            chosen.figure.write_text(draw(panels), encoding="utf-8")
    print(f"z3: {chosen.z3_pairs} pairs ...", flush=True)
    figures |= asdict(ask_z3(copied(shapes, chosen.tenants), chosen.z3_pairs))
    figures["prover_s_per_pair"] = figures["all_pairs_s"] / max(1, figures["pairs"])
    return figures


def sized(shapes: Path, tenants: int, rounds: int, *, everything: bool = False) -> dict[str, Any]:
    """The figures of one size, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.proof_size", str(shapes), "--tenants", str(tenants)]
    command += ["--rounds", str(rounds), *(["--all"] if everything else [])]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ask_z3(networks: Mapping[str, Network], pairs: int) -> Asked:
    """Sampled ordered pairs, half of the fleet as it is, half of the leaking one, answered by z3 too."""
    halves = (Fleet(networks, Network()), pairs - pairs // 2), (leaking(networks), pairs // 2)
    seconds: list[list[float]] = []
    answers: list[tuple[bool, bool]] = []
    for fleet, count in halves:
        proven = prove(merge((*fleet.networks.values(), fleet.shared)))
        taken: list[float] = []
        for source, target in _sampled(list(networks), count):
            network = merge((fleet.networks[source], fleet.networks[target], fleet.shared))
            begun = time.perf_counter()
            reached = proof_z3.reaches(network, source, target)
            taken.append(time.perf_counter() - begun)
            answers.append((reached, proven.routing(source, target) == "REACHABLE"))
        seconds.append(taken)
    return Asked(
        z3_sample_pairs=len(answers),
        z3_reachable=sum(reached for reached, _ in answers),
        z3_agrees=all(reached is answer for reached, answer in answers),
        z3_s_per_pair=_mean([*seconds[0], *seconds[1]]),
        z3_isolated_s_per_pair=_mean(seconds[0]),
        z3_leaking_s_per_pair=_mean(seconds[1]),
    )


def _sampled(codes: Sequence[str], count: int) -> list[tuple[str, str]]:
    dice = random.Random(1)  # noqa: S311 - a sample, not a secret
    return [(first, second) for first, second in (dice.sample(codes, 2) for _ in range(count))]


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


if __name__ == "__main__":
    main()
