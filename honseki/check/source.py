"""Where in the program a resource is declared: file and line, found in the text of `infra/`.

A graph's nodes don't tell their place, and taking the call stack of each would cost half of an evaluation. But a
component says its type token once, and within it each resource is made by a call of its class: both are in the syntax
tree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from honseki.settings import CHECKOUT
from infra.model.graph import Graph, Node

_FOLDER: Final = CHECKOUT / "infra"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A line of a file of the checkout."""

    file: str
    """relative to the checkout: `infra/network.py`"""
    line: int
    """from 1"""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class _Component:
    position: Position
    """of the class"""
    calls: dict[str, tuple[tuple[Position, str], ...]]
    """by resource class (`Subnet`): each call's line, and the text of its first argument"""


def position(graph: Graph, urn: str) -> Position | None:
    """The line that declares a node, else that of the component that it belongs to; None for what nobody declares."""
    node = graph[urn] if urn in graph else None  # noqa: SIM401  a graph has no `get`
    while node is not None:
        component = _components().get(node.type)
        if component is not None:
            return component.position
        parent = graph[node.parent] if node.parent is not None and node.parent in graph else None
        if parent is not None and parent.type in _components():
            found = _call(_components()[parent.type], node)
            if found is not None:
                return found
        node = parent
    return None


def _call(component: _Component, node: Node) -> Position | None:
    calls = component.calls.get(node.type.rpartition(":")[2], ())
    if len(calls) <= 1:
        return calls[0][0] if calls else None
    # Several of one class: the one whose name says part of the node's, the longest such name first.
    named = sorted(calls, key=lambda call: -len(call[1]))
    return next((where for where, text in named if text and text in node.name), calls[0][0])


@lru_cache(maxsize=1)
def _components() -> dict[str, _Component]:
    return {token: found for path in sorted(_FOLDER.glob("*.py")) for token, found in _in_file(path)}


@lru_cache(maxsize=1)
def helpers() -> dict[str, tuple[str, ...]]:
    """The functions of `infra/` that declare resources for components: name to the classes that they call.

    Such a resource's line is where a component calls the function: there its name and its rules stand.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(_FOLDER.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                called = (call.func for call in _calls(node))
                classes = [each.attr for each in called if isinstance(each, ast.Attribute) and each.attr[:1].isupper()]
                # Two files may have a function of one name: the classes of both.
                found[node.name] = tuple(dict.fromkeys([*found.get(node.name, ()), *classes]))
    return found


def _in_file(path: Path) -> Iterator[tuple[str, _Component]]:
    file = path.relative_to(CHECKOUT).as_posix()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        token = next(
            (text for call in _calls(node) for text in _texts(call) if text.startswith("honseki:infra:")), None
        )
        if token is None:
            continue
        calls: dict[str, list[tuple[Position, str]]] = {}
        for call in _calls(node):
            function = call.func
            if not isinstance(function, ast.Attribute):
                continue
            first = next(iter(_texts(call)), "")
            for name in (function.attr,) if function.attr[:1].isupper() else helpers().get(function.attr, ()):
                calls.setdefault(name, []).append((Position(file, call.lineno), first))
        yield token, _Component(Position(file, node.lineno), {name: tuple(found) for name, found in calls.items()})


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _texts(call: ast.Call) -> Iterator[str]:
    """The texts in a call's positional arguments, in order, also those within a call: `naming.logical("vpc")`."""
    for argument in call.args:
        for each in ast.walk(argument):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value
