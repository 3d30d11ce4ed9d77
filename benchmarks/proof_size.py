"""The proof at one size, in a process of its own, so that its peak of memory is its own: `benchmarks.proof` runs this.

`python -m benchmarks.proof_size SHAPES.json --tenants N [--rounds R] [--all]`: SHAPES.json holds evaluated networks'
documents by code. Prints one JSON object. Python's garbage collector is off while something is timed: the computing
makes no cycles, and a collection would walk through the loaded network.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.proof_networks import Shape, changed, copied, leaking
from honseki.reachability import checker
from honseki.reachability.certificate import certificate
from honseki.reachability.document import from_json, to_json
from honseki.reachability.fleet import FleetProof
from honseki.reachability.isolation import Isolation, prove
from honseki.reachability.network import Network, merge

Result = TypeVar("Result")
Figures = dict[str, float]

_CHANGED = 7
"""Tenants that are changed, one after the other."""


class Clock:
    """Seconds of what was done, by figure; a figure may be taken several times."""

    def __init__(self) -> None:
        self._taken: dict[str, list[tuple[float, float]]] = {}

    def take(self, figure: str, work: Callable[[], Result]) -> Result:
        """Do it once more."""
        gc.collect()
        gc.disable()
        begun, used = time.perf_counter(), time.process_time()
        try:
            return work()
        finally:
            taken = (time.perf_counter() - begun, time.process_time() - used)
            self._taken.setdefault(figure, []).append(taken)
            gc.enable()

    def figures(self) -> Figures:
        """`X_s`: the least, `X_median_s`: the median, `X_cpu_s`: the least of processor time."""
        found: Figures = {}
        for figure, taken in self._taken.items():
            walls, cpus = [wall for wall, _ in taken], [cpu for _, cpu in taken]
            found[f"{figure}_s"] = round(min(walls), 4)
            found[f"{figure}_median_s"] = round(statistics.median(walls), 4)
            found[f"{figure}_cpu_s"] = round(min(cpus), 4)
        return found


def peak_rss_mb() -> float:
    """The most memory that this process has had, in MB (10^6 bytes)."""
    # On Linux `ru_maxrss` begins with that of the process that started this one; VmHWM doesn't.
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) * 1024 / 1e6, 1)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def all_pairs(network: Network) -> tuple[Isolation, int]:
    """The proof, and how many ordered pairs routing separates."""
    proven = prove(network)
    return proven, proven.isolated_by_routing


def witnesses(proven: Isolation) -> int:
    """For how many tenants there is a packet that reaches somebody else; its way is made for each."""
    return sum(proven.first_witness(tenant) is not None for tenant in proven.tenants)


def routing(shapes: Sequence[Shape], tenants: int, rounds: int) -> tuple[Mapping[str, Network], Figures]:
    """Put the fleet's network together and prove it: seconds of both, memory, and what came out."""
    clock = Clock()
    networks = clock.take("load", partial(copied, shapes, tenants))
    network = clock.take("merge", partial(merge, tuple(networks.values())))
    isolated = 0
    for _ in range(rounds):
        isolated = clock.take("all_pairs", partial(all_pairs, network))[1]
    pairs = tenants * (tenants - 1)
    return networks, clock.figures() | {"isolated": isolated, "pairs": pairs, "peak_rss_mb": peak_rss_mb()}


def certificates(network: Network, rounds: int) -> Figures:
    """All tenants' certificates, from a fresh proof each time, and the independent checker over them."""
    clock, faults = Clock(), 0
    document = clock.take("document", partial(to_json, network))
    for _ in range(rounds):
        proven = prove(network)
        made = clock.take("certificate", partial(certificate, proven, network.tenants, document))
        faults += len(clock.take("check", partial(checker.problems, document, made["tenants"])))
    return clock.figures() | {"check_faults": faults, "certificate_peak_rss_mb": peak_rss_mb()}


def one_changed(networks: Mapping[str, Network]) -> Figures:
    """One tenant's network replaced in a fleet that is proven already, some tenants in turn."""
    clock = Clock()
    fleet = clock.take("fleet", partial(FleetProof, networks))
    codes = list(networks)
    for code in codes[:: max(1, len(codes) // _CHANGED)][:_CHANGED]:
        clock.take("one_changed", partial(fleet.replace, code, changed(networks[code])))
    return clock.figures()


def full_leak(networks: Mapping[str, Network], rounds: int) -> Figures:
    """Everybody joined to everybody: all pairs by routing, and one packet's way for every tenant."""
    clock = Clock()
    fleet = leaking(networks)
    network = merge((*fleet.networks.values(), fleet.shared))
    witnessed = isolated = 0
    for _ in range(rounds):
        proven, isolated = clock.take("full_leak_all_pairs", partial(all_pairs, network))
        witnessed = clock.take("full_leak_first_witnesses", partial(witnesses, proven))
    return clock.figures() | {"full_leak_isolated": isolated, "full_leak_witnessed": witnessed}


def write(shapes: Sequence[Shape], file: Path) -> None:
    """Keep shapes for other processes."""
    file.write_text(json.dumps({shape.code: to_json(shape.network) for shape in shapes}), encoding="utf-8")


def read(file: Path) -> list[Shape]:
    """Shapes that were kept."""
    return [Shape(code, from_json(one)) for code, one in json.loads(file.read_text(encoding="utf-8")).items()]


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", type=Path)
    parser.add_argument("--tenants", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="certificates, one change and the full leak too")
    chosen = parser.parse_args()
    networks, figures = routing(read(chosen.shapes), chosen.tenants, chosen.rounds)
    if chosen.all:
        figures |= one_changed(networks)
        figures |= certificates(merge(tuple(networks.values())), chosen.rounds)
        figures |= full_leak(networks, chosen.rounds)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
