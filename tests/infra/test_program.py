"""From a stack's name to its municipality."""

from __future__ import annotations

from pathlib import Path

import pytest

from honseki.declare.evaluate import evaluate, evaluate_program
from stacks import inventory
from stacks.naming import FLEET, StackNameError, municipality_of, parse
from stacks.program import declare


@pytest.mark.parametrize(
    ("stack", "meaning"), [("rehearsal-272191", ("rehearsal", "272191")), ("aws-273414", ("aws", "273414"))]
)
def test_names(stack: str, meaning: tuple[str, str]) -> None:
    assert parse(stack) == meaning


@pytest.mark.parametrize(
    "stack",
    [
        "272191",
        "dev",
        "rehearsal-27219",
        "rehearsal-2721911",
        "gcp-272191",
        "rehearsal-２７２１９１",
        "Rehearsal-272191",
        "",
    ],
)
def test_other_names_are_refused(stack: str) -> None:
    with pytest.raises(StackNameError, match="rehearsal-272191"):
        parse(stack)


def test_only_its_own_file_is_read(tmp_path: Path) -> None:
    for name in ("_defaults.yaml", "272191.yaml"):
        (tmp_path / name).write_text((FLEET / name).read_text())
    (tmp_path / "273414.yaml").write_text("{ this is no inventory")
    found, target = municipality_of("rehearsal-272191", tmp_path)
    assert (found.code, target) == ("272191", "rehearsal")


def test_an_unknown_municipality_is_an_error_that_names_it() -> None:
    with pytest.raises(inventory.InventoryError, match="011002"):
        municipality_of("rehearsal-011002")


def test_declare_is_the_tenant_and_its_exports() -> None:
    declared = evaluate_program("rehearsal-272191", lambda: declare("rehearsal-272191"))
    alone = evaluate(municipality_of("rehearsal-272191")[0], "rehearsal")
    assert {node.urn for node in declared} == {node.urn for node in alone}
    (stack,) = declared.of_type("pulumi:pulumi:Stack")
    assert set(stack.outputs) == {"dxGatewayId", "lines", "operatorRole", "cityRole", "regions"}
