"""Graphs on disk: whole or not at all, and read only as far as somebody asks.

One file per graph. Its first line is the SHA-256 of the rest. The second (JSON) names the key that the graph is known
by and the stack; the third, for each resource type, where its nodes lie in what follows: the parts, each a JSON list of
nodes, compressed (zlib), an eighth of the JSON form. Opening a file checks the digest and the key, and parses only the
second line; nodes are made when asked for, of the types asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from infra.model.graph import Graph, GraphError, Node, nodes_from_json, nodes_to_json

FORMAT: Final = "honseki-stored-graph/2"
"""Written into each file; a file of another number counts as absent."""


class _Part(NamedTuple):
    begin: int
    end: int


@dataclass(frozen=True)
class Stored:
    """One tenant's graph as it is kept: checked, not yet read."""

    stack: str
    """`{target}-{code}`"""
    _table: bytes
    """the parts' places, as JSON"""
    _body: bytes

    @cached_property
    def _parts(self) -> Mapping[str, _Part]:
        return {str(token): _Part(*place) for token, place in json.loads(self._table).items()}

    @property
    def tenant(self) -> str:
        """The municipality's code."""
        return self.stack.rpartition("-")[2]

    @property
    def types(self) -> frozenset[str]:
        """The type tokens that occur."""
        return frozenset(self._parts)

    def of_types(self, tokens: Iterable[str]) -> tuple[Node, ...]:
        """The nodes of these types, by type and URN; parts of other types aren't read. Raises `GraphError`."""
        found: list[Node] = []
        for token in sorted(self.types.intersection(tokens)):
            part = self._parts[token]
            try:
                found += nodes_from_json(zlib.decompress(self._body[part.begin : part.end]))
            except (zlib.error, GraphError) as error:
                raise GraphError(f"{self.stack}: the stored nodes of {token} can't be read: {error}") from error
        return tuple(found)

    def graph(self) -> Graph:
        """The whole graph, nodes by URN. Raises `GraphError`."""
        return Graph(self.stack, tuple(sorted(self.of_types(self._parts), key=lambda node: node.urn)))


class Cache:
    """Graphs in a folder, by the digest of what they follow from. Whatever isn't whole or right counts as absent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stored(self, key: str) -> Stored | None:
        """What is kept under a digest, checked against its digest."""
        try:
            digest, _, whole = self._path(key).read_bytes().partition(b"\n")
            if hashlib.sha256(whole).hexdigest().encode() != digest:
                return None
            head, table, body = whole.split(b"\n", 2)
            return _opened(json.loads(head), key, table, body)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def get(self, key: str) -> Graph | None:
        """The graph of a digest."""
        try:
            stored = self.stored(key)
            return stored.graph() if stored is not None else None
        except GraphError:
            return None

    def put(self, key: str, graph: Graph) -> Stored:
        """Keep a graph; in one step, so that nobody reads half of it."""
        parts: dict[str, _Part] = {}
        packed: list[bytes] = []
        begin = 0
        for token in sorted(graph.types()):
            nodes = sorted(graph.of_type(token), key=lambda node: node.urn)
            data = zlib.compress(nodes_to_json(nodes).encode(), 1)
            parts[token] = _Part(begin, begin + len(data))
            packed.append(data)
            begin += len(data)
        head = json.dumps({"format": FORMAT, "key": key, "stack": graph.stack}).encode()
        table, body = json.dumps(parts).encode(), b"".join(packed)
        whole = b"\n".join((head, table, body))
        path = self._path(key)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with suppress(OSError):  # a folder that can't be written: then it is evaluated again the next time
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(hashlib.sha256(whole).hexdigest().encode() + b"\n" + whole)
            draft.replace(path)
        return Stored(graph.stack, table, body)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.graph"


def _opened(head: Any, key: str, table: bytes, body: bytes) -> Stored | None:
    if head["format"] != FORMAT or head["key"] != key:
        return None
    return Stored(str(head["stack"]), table, body)
