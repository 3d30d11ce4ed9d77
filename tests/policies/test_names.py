"""What rules name is there: components, functions and files in what they say, and where they report what is absent."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from types import FunctionType, ModuleType

import pytest

from honseki.settings import CHECKOUT
from infra.model.graph import Graph
from policies.rules import ALL
from policies.rules.core import Rule

DOTTED = re.compile(r"\b(?:infra|stacks|policies|honseki)(?:\.[A-Za-z_]\w*)+")
FILES = re.compile(r"\b(?:infra|stacks|policies|honseki|docs|tests)/[\w/.-]*\w")
RULES = CHECKOUT / "policies" / "rules"


def defined(name: str) -> bool:
    """Whether a dotted name is a class or function that is defined there, not one that is only imported there."""
    module, _, attribute = name.rpartition(".")
    try:
        holder: ModuleType = importlib.import_module(module)
    except ImportError:
        return False
    found = getattr(holder, attribute, None)
    # A package's own modules count: `infra.model.plan_subnets` is where readers find it.
    is_package = hasattr(holder, "__path__")
    return isinstance(found, type | FunctionType) and (
        found.__module__ == module or (is_package and found.__module__.startswith(f"{module}."))
    )


def wrong(text: str) -> list[str]:
    """Names in a text that mean nothing."""
    files = [name for name in FILES.findall(text) if not (CHECKOUT / name).exists()]
    names = [name for name in DOTTED.findall(text) if not name.endswith((".py", ".yaml", ".md"))]
    return [*(name for name in names if not defined(name)), *files]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_what_a_rule_says_names_what_is_there(rule: Rule) -> None:
    assert wrong(f"{rule.why}\n{rule.remediation}") == []


@pytest.mark.parametrize(
    "name",
    ["infra.backup.Backup", "infra.maintenance.Maintenance", "infra.database", "infra.nothing.There", "infra/none.py"],
)
def test_a_name_that_means_nothing_is_found(name: str) -> None:
    """The first is imported there: `infra.backup` is about the model's `Backup` and has no component of that name."""
    assert wrong(f"Declare {name} in both places.") == [name]


def components() -> Iterator[tuple[str, str]]:
    """(file, component) of each `tenant.above(place, "Component")`."""
    for path in sorted(RULES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "above":
                name = node.args[1]
                assert isinstance(name, ast.Constant), f"{path.name}:{node.lineno}: name the component as a text"
                yield path.name, str(name.value)


def test_what_is_absent_is_reported_at_a_component_that_is_declared(graph: Graph) -> None:
    """At one that isn't, `above` falls back to the whole tenant, and nobody learns where to look."""
    named = set(components())
    assert len(named) > 10
    there = {node.type.rpartition(":")[2] for node in graph if node.type.startswith("honseki:infra:")}
    assert {(file, name) for file, name in named if name not in there} == set()
