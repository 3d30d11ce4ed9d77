"""Declaring a whole fleet, with no engine: `python -m benchmarks.declare --tenants 1741 [--cores 2]`.

The fleet is made up (`honseki.fleet.sample`). Each figure is of a process of its own that has loaded this module and,
so far, not Pulumi; the time begins before the inventory is read.

- `cold_s`: read the YAML, evaluate every declaration, keep every graph (workers' start and Pulumi's loading included).
- `warm_s`: the same again, nothing changed: read the inventory (files are hashed, not parsed), look up every stored
  graph and check its digest. No graph is materialised. `load_all_s` is materialising all of them after that, in
  one process.
- `one_changed_s`: the same after one municipality's YAML was changed.
- `peak_rss_mb`: of the largest process; `sum_rss_mb`: the peaks of the cold run's processes together.
- `cpu_s` (and `warm_cpu_s`, `one_changed_cpu_s`): CPU time over all processes, for a machine that others use too.
- `same`: of how many `compared` tenants the plain way (`plain_sdk=True`: Pulumi's SDK as it is) gives the same nodes;
  `plain_cpu_s_each` and `quick_cpu_s_each` are what a tenant takes by each way. Any difference ends with an error.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

from honseki.declare import graphs
from stacks.inventory import load
from stacks.kept import load_kept
from tests.example import sampled

_T = TypeVar("_T")
_TARGET: Final = "rehearsal"


def _alone(task: Callable[..., _T], *args: object) -> _T:
    """The result of a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(task, *args).result()


def _peak_mb() -> tuple[float, float]:
    """(of this process, of the largest of its children) in MB"""
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own / 1024, children / 1024


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _declare(fleet: Path, home: Path, cores: int, everything: bool) -> dict[str, float]:
    cpu, begun = _cpu_s(), time.perf_counter()
    municipalities = load_kept(fleet, home / "inventory").municipalities
    stored = graphs.declare(municipalities, _TARGET, graphs.Cache(home / "graphs"), cores)
    done = time.perf_counter()
    own, child = _peak_mb()
    figures = {
        "seconds": done - begun,
        "cpu_s": _cpu_s() - cpu,
        "tenants": len(stored),
        "own_mb": own,
        "child_mb": child,
    }
    if everything:
        resources = 0
        for each in stored:
            resources += sum(1 for node in each.graph() if node.type.startswith("aws:"))
        figures |= {"load_all_s": time.perf_counter() - done, "resources": resources}
    return figures


def _compare(fleet: Path, home: Path, count: int) -> dict[str, float]:
    from honseki.declare.evaluate import evaluate  # noqa: PLC0415  not loaded where it isn't needed

    cache, spent = graphs.Cache(home / "graphs"), {True: 0.0, False: 0.0}
    municipalities = load(fleet).municipalities
    chosen = municipalities[:: max(1, len(municipalities) // count)][:count]
    evaluate(chosen[0], _TARGET)
    for each in chosen:
        found = {}
        for plain_sdk in (False, True):
            cpu = time.process_time()
            found[plain_sdk] = evaluate(each, _TARGET, plain_sdk=plain_sdk)
            spent[plain_sdk] += time.process_time() - cpu
        kept = cache.get(graphs.digest(each, _TARGET))
        plain = {node.urn: node for node in found[True]}
        if {node.urn: node for node in found[False]} != plain or kept is None or {n.urn: n for n in kept} != plain:
            sys.exit(f"{each.code}: the graphs differ")
    return {"compared": len(chosen), "plain": spent[True] / len(chosen), "quick": spent[False] / len(chosen)}


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=114)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--compare", type=int, default=8, help="tenants to declare the plain way too (default: 8)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fleet, home = Path(scratch, "fleet"), Path(scratch, "home")
        files = sampled(chosen.tenants, 1, fleet)
        print(f"{len(files)} municipalities, {chosen.cores} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        cold = _alone(_declare, fleet, home, chosen.cores, False)
        print(f"declared in {cold['seconds']:.1f} s, {cold['cpu_s']:.1f} s of CPU", flush=True)
        warm = _alone(_declare, fleet, home, chosen.cores, False)
        loaded = _alone(_declare, fleet, home, chosen.cores, True)
        text = files[0].read_text(encoding="utf-8")
        changed = text.replace("terminals: ", "terminals: 1", 1)
        files[0].write_text(changed, encoding="utf-8")
        one = _alone(_declare, fleet, home, chosen.cores, False)
        files[0].write_text(text, encoding="utf-8")
        print(f"comparing {chosen.compare} tenants with the plain way", flush=True)
        same = _alone(_compare, fleet, home, chosen.compare)
    figures = {
        "tenants": cold["tenants"],
        "resources": loaded["resources"],
        "cores": chosen.cores,
        "cold_s": round(cold["seconds"], 1),
        "cpu_s": round(cold["cpu_s"], 1),
        "warm_s": round(warm["seconds"], 2),
        "warm_cpu_s": round(warm["cpu_s"], 2),
        "load_all_s": round(loaded["load_all_s"], 1),
        "one_changed_s": round(one["seconds"], 2),
        "one_changed_cpu_s": round(one["cpu_s"], 2),
        "peak_rss_mb": round(max(each[kind] for each in (cold, warm, one) for kind in ("own_mb", "child_mb"))),
        "sum_rss_mb": round(cold["own_mb"] + chosen.cores * cold["child_mb"]),
        "compared": same["compared"],
        "same": same["compared"],
        "plain_cpu_s_each": round(same["plain"], 3),
        "quick_cpu_s_each": round(same["quick"], 3),
        "load_average": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
