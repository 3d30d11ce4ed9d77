"""Declarations use the SDK's classes where it has them, so that a wrong field is found before anything runs."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pulumi_aws as aws
import pytest

INFRA: Final = Path(__file__).parents[2] / "infra"
FILES: Final = sorted(INFRA.glob("*.py"))


def untyped(source: str) -> Iterator[str]:
    """Arguments of the SDK's classes that hold a dict where it has a class, or are handed over by name."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or (made := _sdk(call.func)) is None:
            continue
        parameters = inspect.signature(getattr(made, "_internal_init", made.__init__)).parameters
        for keyword in call.keywords:
            if keyword.arg is None:
                yield f"{made.__name__}: **{ast.unparse(keyword.value)}"
            elif "Args'" in str(parameters[keyword.arg].annotation) and _holds_a_dict(keyword.value):
                yield f"{made.__name__}.{keyword.arg}: {ast.unparse(keyword.value)}"


def _sdk(function: ast.expr) -> type | None:
    """The class of `aws.ec2.Vpc`; None for anything else."""
    parts = ast.unparse(function).split(".")
    if parts[0] != "aws" or len(parts) != 3:
        return None
    found = getattr(getattr(aws, parts[1]), parts[2])
    return found if inspect.isclass(found) else None


def _holds_a_dict(value: ast.expr) -> bool:
    """A dict as the value, or as an element of it. What a class inside is given is looked at by itself."""
    if isinstance(value, ast.Dict):
        return True
    if isinstance(value, ast.Call):
        return False
    return any(_holds_a_dict(each) for each in ast.iter_child_nodes(value) if isinstance(each, ast.expr))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_the_sdk_has_a_class_for_is_no_dict(path: Path) -> None:
    assert list(untyped(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("aws.lb.TargetGroup('a', health_check={'enabled': True})", ["TargetGroup.health_check: {'enabled': True}"]),
        (
            "aws.lb.Listener('a', default_actions=[{'type': x} for x in y])",
            ["Listener.default_actions: [{'type': x} for x in y]"],
        ),
        ("aws.ec2.Vpc('a', **given)", ["Vpc: **given"]),
        (
            "aws.ec2.LaunchTemplate('a', block_device_mappings=[aws.ec2.LaunchTemplateBlockDeviceMappingArgs(ebs={})])",
            ["LaunchTemplateBlockDeviceMappingArgs.ebs: {}"],
        ),
        ("aws.ec2.Vpc('a', tags={'Name': 'a'})", []),
        ("pulumi.ResourceOptions(parent={})", []),
    ],
)
def test_what_is_found(source: str, found: list[str]) -> None:
    assert list(untyped(source)) == found
