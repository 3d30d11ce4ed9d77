"""What the backends of ours share: inputs checked against botocore's service models, and pages.

botocore's own validator checks types, required members and lower bounds; AWS's servers also check enumerations, upper
bounds and patterns, which clients don't, so that is done here from the same models.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.validate import ParamValidator
from moto.core.utils import get_service_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")


@functools.cache
def input_shape(service: str, operation: str) -> Any:
    """The input shape of an operation, None if it takes none."""
    return get_service_model(service).operation_model(operation).input_shape


def parse(service: str, operation: str, body: str) -> tuple[dict[str, Any], list[str]]:
    """The parameters in a JSON body, and everything that is wrong with them (empty when all is well)."""
    shape = input_shape(service, operation)
    try:
        parameters = json.loads(body or "{}")
    except ValueError:
        return {}, ["the body is not JSON"]
    if not isinstance(parameters, dict):
        return {}, ["the body is not a JSON object"]
    if shape is None:
        return parameters, []
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        return {}, [report.generate_report()]
    return parameters, list(_violations(parameters, shape, ""))


def violations(service: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    """What is wrong with parameters that are parsed already (empty when all is well)."""
    shape = input_shape(service, operation)
    report = ParamValidator().validate(parameters, shape)
    return [report.generate_report()] if report.has_errors() else list(_violations(parameters, shape, ""))


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    """A model's pattern; its Java classes of Unicode properties become Python's nearest."""
    for java, ours in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        text = text.replace(java, ours)
    return re.compile(text)


def _violations(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in value.items():
            if member is not None:
                yield from _violations(member, shape.members[name], f"{path}.{name}" if path else name)
        return
    limits = shape.metadata
    if shape.type_name == "list":
        for index, member in enumerate(value, 1):
            yield from _violations(member, shape.member, f"{path}.{index}.member")
    what = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must "
    if "enum" in limits and value not in limits["enum"]:
        yield f"{what}satisfy enum value set: [{', '.join(limits['enum'])}]"
    size = len(value) if isinstance(value, str | list) else value
    if "max" in limits and size > limits["max"]:
        kind = "have value" if isinstance(value, int) else "have length"
        yield f"{what}{kind} less than or equal to {limits['max']}"
    if "pattern" in limits and isinstance(value, str) and not _pattern(limits["pattern"]).fullmatch(value):
        yield f"{what}satisfy regular expression pattern: {limits['pattern']}"


def page(
    items: Sequence[Item], size: int | None, token: str | None, most: int, refuse: Callable[[str], Exception]
) -> tuple[list[Item], str | None]:
    """One page of `items` and the token of the next (None at the end). `refuse` makes the error of a wrong token."""
    start = 0
    if token:
        try:
            start = int(base64.urlsafe_b64decode(token))
        except (ValueError, binascii.Error):
            raise refuse("The next token is invalid") from None
    size = min(size or most, most)
    end = start + size
    following = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following
