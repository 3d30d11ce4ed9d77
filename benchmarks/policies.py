"""All rules over a fleet's declared graphs: `python -m benchmarks.policies --tenants 1741 [--cores 2]`.

The fleet is made up (`honseki.fleet.sample`): every municipality of Japan has a code and a name, its lines and sites
follow from the code. Graphs are evaluated first and kept by digest (`honseki.declare.graphs`); `check_s` is the rules
alone, with the graphs loaded. Prints what it does, then, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from honseki.declare import graphs
from infra.model import Municipality
from policies.rules import ALL
from policies.rules.core import check
from policies.rules.subject import Subject
from stacks.inventory import load
from tests.example import sampled


def _part(task: tuple[Sequence[Municipality], Path]) -> tuple[int, int, int, int, float, float, int]:
    """(tenants, resources, checks, findings, seconds to get the graphs, seconds to check, peak RSS in KiB)"""
    municipalities, folder = task
    cache = graphs.Cache(folder)
    begun = time.perf_counter()
    loaded = list(graphs.one_by_one(municipalities, "rehearsal", cache))
    # As `honseki check` does: the rules make no cycles, and a collection would walk through all graphs.
    gc.disable()
    got = time.perf_counter()
    checks = findings = 0
    for municipality, graph in loaded:
        result = check(Subject(graph, municipality, "rehearsal"), ALL)
        checks += result.checks
        findings += len(result.findings)
    checked = time.perf_counter() - got
    resources = sum(1 for _, graph in loaded for node in graph if node.type.startswith("aws:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return len(loaded), resources, checks, findings, got - begun, checked, peak


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=114)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="keep graphs here between runs (default: a folder that is removed)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fleet = Path(scratch, "fleet")
        sampled(chosen.tenants, 1, fleet)
        municipalities = load(fleet).municipalities
        cache = chosen.cache or Path(scratch, "graphs")
        print(f"{len(municipalities)} municipalities, {len(ALL)} rules, {chosen.cores} cores")
        tasks = [(part, cache) for part in graphs.parts(municipalities, chosen.cores)]
        begun = time.perf_counter()
        with graphs.pool(chosen.cores) as pool:
            done = list(pool.map(_part, tasks))
        total = time.perf_counter() - begun
    sums = [sum(column) for column in zip(*done, strict=True)]
    figures = {
        "tenants": sums[0],
        "resources": sums[1],
        "rules": len(ALL),
        "checks": sums[2],
        "findings": sums[3],
        "graphs_s": round(sums[4] / chosen.cores, 1),
        "check_s": round(sums[5] / chosen.cores, 1),
        "total_s": round(total, 1),
        "peak_rss_mb": round(max(each[6] for each in done) / 1024),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
