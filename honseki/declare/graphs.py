"""Declared graphs of many municipalities: evaluated on all cores, kept by the digest of what they follow from.

A graph follows from the municipality's inventory, the target, and the code that declares; the digest is of these three.
A stored graph of another digest is never read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

from honseki.declare.store import Cache, Stored
from honseki.settings import CHECKOUT
from infra.model import Municipality, Target
from infra.model.graph import Graph

__all__ = [
    "Cache",
    "Stored",
    "code_digest",
    "cores_for",
    "declare",
    "declared",
    "digest",
    "each",
    "one_by_one",
    "parts",
    "pool",
]

_Made = TypeVar("_Made")
_CODE: Final = ("infra", "honseki/declare", "honseki/aws_types")
"""What decides what a declaration comes to, besides the inventory and Pulumi itself."""
_FEW: Final = 4
"""With fewer, starting processes takes longer than they save."""


@lru_cache(maxsize=1)
def code_digest() -> str:
    """SHA-256 of the code that declares, and of the versions of Pulumi's packages."""
    digest = hashlib.sha256()
    for folder in _CODE:
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            digest.update(path.relative_to(CHECKOUT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    # Their versions, without loading them: whoever finds all graphs in the cache needs neither.
    for package in ("pulumi", "pulumi-aws"):
        digest.update(f"{package} {metadata.version(package)}\0".encode())
    return digest.hexdigest()


def evaluated(municipality: Municipality, target: Target) -> Graph:
    """One municipality's declared graph, from no cache."""
    from honseki.declare.evaluate import evaluate  # noqa: PLC0415  a second of loading Pulumi's SDK

    return evaluate(municipality, target)


def digest(municipality: Municipality, target: Target) -> str:
    """What a stored graph is known by."""
    text = f"{code_digest()}\n{target}\n{municipality.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()


def declared(municipality: Municipality, target: Target, cache: Cache | None) -> Graph:
    """One municipality's declared graph, from the cache if it is there."""
    key = digest(municipality, target) if cache is not None else ""
    graph = cache.get(key) if cache is not None else None
    if graph is None:
        graph = evaluated(municipality, target)
        if cache is not None:
            cache.put(key, graph)
    return graph


def parts(municipalities: Sequence[Municipality], cores: int) -> list[Sequence[Municipality]]:
    """The municipalities in runs of neighbours, several per core, so that no core waits long for another."""
    size = max(1, -(-len(municipalities) // (cores * 8)))
    return [municipalities[i : i + size] for i in range(0, len(municipalities), size)]


def pool(cores: int) -> ProcessPoolExecutor:
    """Processes that start from nothing: Pulumi's own threads don't survive a fork."""
    return ProcessPoolExecutor(cores, mp_context=get_context("spawn"))


def cores_for(count: int) -> int:
    """How many processes are worth it."""
    return 1 if count <= _FEW else max(1, len(os.sched_getaffinity(0)))


def one_by_one(
    municipalities: Iterable[Municipality], target: Target, cache: Cache | None
) -> Iterator[tuple[Municipality, Graph]]:
    """Graphs in this process."""
    for municipality in municipalities:
        yield municipality, declared(municipality, target, cache)


def each(
    municipalities: Sequence[Municipality],
    target: Target,
    folder: Path | None,
    work: Callable[[Municipality, Graph], _Made],
) -> Iterator[_Made]:
    """What `work` makes of each municipality and its graph, in their order, on all cores where that is worth it.

    `folder`: where graphs are kept. `work` goes to other processes, so it is a function of a module.
    """
    cores = cores_for(len(municipalities))
    if cores == 1:
        yield from _worked((municipalities, target, folder, work))
        return
    with pool(cores) as workers:
        tasks = [(part, target, folder, work) for part in parts(municipalities, cores)]
        for found in workers.map(_worked, tasks):
            yield from found


def _worked(
    task: tuple[Sequence[Municipality], Target, Path | None, Callable[[Municipality, Graph], _Made]],
) -> list[_Made]:
    municipalities, target, folder, work = task
    cache = Cache(folder) if folder is not None else None
    return [work(municipality, graph) for municipality, graph in one_by_one(municipalities, target, cache)]


def declare(
    municipalities: Sequence[Municipality], target: Target, cache: Cache, cores: int | None = None
) -> tuple[Stored, ...]:
    """The municipalities' graphs as they are kept, in their order; what isn't kept yet is evaluated, on all cores.

    Nothing is parsed: ask a `Stored` for its graph, or for the nodes of some types. Raises what `evaluate` raises.
    """
    found = {each.code: cache.stored(digest(each, target)) for each in municipalities}
    missing = [each for each in municipalities if found[each.code] is None]
    cores = cores_for(len(missing)) if cores is None else cores
    if cores == 1 or len(missing) <= _FEW:
        for each in missing:
            found[each.code] = cache.put(digest(each, target), evaluated(each, target))
    else:
        with pool(cores) as workers:
            tasks = [(part, target, cache) for part in parts(missing, cores)]
            for several in workers.map(_evaluate_part, tasks):
                found |= {each.tenant: each for each in several}
    return tuple(stored for each in municipalities if (stored := found[each.code]) is not None)


def _evaluate_part(task: tuple[Sequence[Municipality], Target, Cache]) -> list[Stored]:
    municipalities, target, cache = task
    return [cache.put(digest(each, target), evaluated(each, target)) for each in municipalities]
