"""A node's policy documents as statements."""

from __future__ import annotations

from infra.model.graph import Node, Value
from infra.model.statements import NotAPolicyError, Statement, parse

__all__ = ["NotAPolicyError", "Statement", "of", "parse"]


def of(node: Node, name: str) -> tuple[Statement, ...]:
    """The statements of an input that holds a policy; none when it isn't declared, or isn't a policy.

    The rule `policy-readable` finds the latter. Raises `UnknownValueError` when the text isn't known.
    """
    value: Value = node.inputs.get(name)
    if value is None:
        return ()
    try:
        return parse(value if isinstance(value, str) else node.known(name))
    except NotAPolicyError:
        return ()
