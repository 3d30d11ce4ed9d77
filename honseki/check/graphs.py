"""Declared graphs of many municipalities: evaluated on all cores, kept by the digest of what they follow from.

A graph follows from the municipality's inventory, the target, and the code that declares; the digest is of these three.
A stored graph of another digest is never read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws

from honseki.engine.evaluate import evaluate
from honseki.engine.settings import CHECKOUT
from infra.model import Municipality, Target
from infra.model.graph import Graph, GraphError

_CODE: Final = ("infra", "honseki/engine", "honseki/resources")
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
    for module in (pulumi, pulumi_aws):
        digest.update(str(getattr(module, "__version__", Path(str(module.__file__)).parent)).encode())
    return digest.hexdigest()


def digest(municipality: Municipality, target: Target) -> str:
    """What a stored graph is known by."""
    text = f"{code_digest()}\n{target}\n{municipality.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """Graphs in a folder, one file each. Whatever isn't whole or right counts as absent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Graph | None:
        """The graph of a digest."""
        try:
            return Graph.from_json(self._path(key).read_text(encoding="utf-8"))
        except (OSError, GraphError, UnicodeDecodeError):
            return None

    def put(self, key: str, graph: Graph) -> None:
        """Keep a graph; in one step, so that nobody reads half of it."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(graph.to_json(), encoding="utf-8")
        draft.replace(path)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"


def declared(municipality: Municipality, target: Target, cache: Cache | None) -> Graph:
    """One municipality's declared graph, from the cache if it is there."""
    key = digest(municipality, target) if cache is not None else ""
    graph = cache.get(key) if cache is not None else None
    if graph is None:
        graph = evaluate(municipality, target)
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
