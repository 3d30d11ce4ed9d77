"""Faster replacements of functions of Pulumi's SDK, for evaluating a declaration without an engine (ADR 0011).

Each replacement gives the same result as the replaced function. They are active only inside `applied()`: a process
evaluates one declaration at a time. Written against pulumi 3.272. If a function is missing in another version, or takes
other parameters, `SdkError` says which, before anything is evaluated. `evaluate(..., plain_sdk=True)` works without
them, and tests compare the graphs of both ways.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import pulumi
from pulumi import _types, log
from pulumi import resource as resources
from pulumi.output import Output, _OutputData
from pulumi.runtime import resource, rpc
from pulumi.runtime.settings import SETTINGS

from honseki.declare import registration
from honseki.errors import HonsekiError

WRITTEN_FOR: Final = "3.272"
"""Pulumi's version that these were compared with."""

_LEAVES: Final = frozenset({str, int, float, bool})


class SdkError(HonsekiError):
    """This version of Pulumi's SDK isn't the one that the replacements were written for."""


class _Replaced(NamedTuple):
    owner: Any
    name: str
    parameters: tuple[str, ...]
    """of the function that is replaced: with others it is another function"""
    by: Callable[..., Any]


def _track(self: Output[Any]) -> None:
    """Keep what isn't done or has failed until the end, when the SDK looks at it; the SDK keeps each until it is done.

    So no output needs a call of its own to be forgotten again.
    """
    data = self._data
    if not data.done() or data.exception() is not None:
        SETTINGS.outputs.add(data)


def _transfer_properties(res: Any, props: Iterable[str], custom: bool) -> dict[str, Any]:
    """One future for each property instead of four and a task that gathers them."""
    resolvers: dict[str, Any] = {}
    for name in props:
        if name == "urn" or (name == "id" and custom):
            continue
        future: asyncio.Future[_OutputData[Any]] = asyncio.Future()
        resolvers[name] = functools.partial(_resolve, res, future)
        res.__dict__[name] = Output._from_data(future)
    return resolvers


def _resolve(
    res: Any,
    future: asyncio.Future[_OutputData[Any]],
    value: Any,
    is_known: bool,
    is_secret: bool,
    deps: Iterable[Any] | None,
    failed: Exception | None,
) -> None:
    if failed is not None:
        future.set_exception(failed)
    else:
        future.set_result(_OutputData({*(deps or ()), res}, value, is_known, is_secret))


def _contains_unknowns(val: Any) -> bool:
    """Most values are texts."""
    return type(val) not in _LEAVES and val is not None and bool(_ORIGINAL["contains_unknowns"](val))


def _create_urn(
    name: Any, type_: Any, parent: Any = None, project: str | None = None, stack: str | None = None
) -> Output[str]:
    """Of texts: at once, and not by way of eight outputs."""
    if not (isinstance(name, str) and isinstance(type_, str) and isinstance(parent, str)):
        made: Output[str] = _ORIGINAL["create_urn"](name, type_, parent, project, stack)
        return made
    future: asyncio.Future[_OutputData[str]] = asyncio.Future()
    urn = f"{parent[: parent.rfind('::')]}${type_}::{name}"
    future.set_result(_OutputData(set(), urn, True, False))
    return Output._from_data(future)


async def _serialize_property(value: Any, *args: Any, **kwargs: Any) -> Any:
    """A text or a number is its own serial form, unless it is asked for as protobuf."""
    if type(value) in _LEAVES and not kwargs.get("return_protobuf_value"):
        return value
    return await _ORIGINAL["serialize_property"](value, *args, **kwargs)


_serialize_property.__wrapped__ = rpc.serialize_property  # type: ignore[attr-defined]  # its parameters are the same


def _register_resource(
    res: Any,
    ty: str,
    name: str,
    custom: bool,
    remote: bool,
    new_dependency: Any,
    props: Any,
    opts: Any,
    typ: Any = None,
    package_ref: Any = None,
) -> None:
    """At once where all inputs are there, and with no wire between."""
    if remote or package_ref is not None or not registration.register(res, ty, name, props, opts, custom, typ):
        _ORIGINAL["register_resource"](res, ty, name, custom, remote, new_dependency, props, opts, typ, package_ref)


def _register_resource_outputs(res: Any, outputs: Any) -> None:
    """The same of a component's outputs."""
    if not registration.tell(res, outputs):
        _ORIGINAL["register_resource_outputs"](res, outputs)


def _copy(self: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """What `copy.copy` does with an object that has nothing but attributes."""
    made = object.__new__(type(self))
    made.__dict__.update(self.__dict__)
    return made


def _nothing(*_: object, **__: object) -> None:
    """For what only an engine would show to somebody: debug lines, places in the program."""


_ORIGINAL: Final[Mapping[str, Callable[..., Any]]] = {
    "contains_unknowns": getattr(rpc, "contains_unknowns", _nothing),
    "create_urn": getattr(resource, "create_urn", _nothing),
    "register_resource": getattr(resource, "register_resource", _nothing),
    "register_resource_outputs": getattr(resource, "register_resource_outputs", _nothing),
    "serialize_property": getattr(rpc, "serialize_property", _nothing),
}
_REGISTER: Final = (
    "res",
    "ty",
    "name",
    "custom",
    "remote",
    "new_dependency",
    "props",
    "opts",
    "typ",
    "package_ref",
)
_SERIALIZE: Final = (
    "value",
    "deps",
    "property_key",
    "resource_obj",
    "input_transformer",
    "typ",
    "keep_output_values",
    "exclude_resource_refs_from_deps",
    "return_protobuf_value",
)


def _remembered(name: str) -> _Replaced:
    """A pure function of a type annotation, called with the same few hundred annotations again and again."""
    original = getattr(_types, name, _nothing)
    return _Replaced(_types, name, ("tp" if name.startswith("_is") else "val",), functools.cache(original))


_REPLACED: Final = (
    _Replaced(resources, "register_resource", _REGISTER, _register_resource),
    _Replaced(resources, "register_resource_outputs", ("res", "outputs"), _register_resource_outputs),
    _Replaced(pulumi.ResourceOptions, "_copy", ("self",), _copy),
    _Replaced(Output, "_track", ("self",), _track),
    _Replaced(rpc, "transfer_properties", ("res", "props", "custom"), _transfer_properties),
    _Replaced(rpc, "contains_unknowns", ("val",), _contains_unknowns),
    _Replaced(rpc, "serialize_property", _SERIALIZE, _serialize_property),
    _Replaced(resource, "serialize_property", _SERIALIZE, _serialize_property),
    _Replaced(resource, "create_urn", ("name", "type_", "parent", "project", "stack"), _create_urn),
    _Replaced(resource, "_get_stack_trace", (), _nothing),
    _Replaced(resource, "_get_source_position", ("stack",), _nothing),
    _Replaced(log, "debug", ("msg", "resource", "stream_id", "ephemeral"), _nothing),
    *(_remembered(name) for name in ("_is_union_type", "unwrap_optional_type", "unwrap_type")),
)


@contextmanager
def applied() -> Iterator[None]:
    """The SDK with its functions replaced. Raises `SdkError` if this version of the SDK has other functions."""
    originals = _originals()
    for each in _REPLACED:
        setattr(each.owner, each.name, each.by)
    try:
        yield
    finally:
        for each, original in zip(_REPLACED, originals, strict=True):
            setattr(each.owner, each.name, original)


def _originals() -> list[Any]:
    """What stands where the replacements will, each of them being what it is thought to be."""
    found = []
    for each in _REPLACED:
        original = getattr(each.owner, each.name, None)
        parameters = tuple(inspect.signature(original).parameters) if callable(original) else None
        if parameters != each.parameters:
            where = f"{getattr(each.owner, '__qualname__', each.owner.__name__)}.{each.name}"
            raise SdkError(
                f"pulumi {getattr(pulumi, '__version__', 'of an unknown version')} isn't supported by the shortcuts",
                where=where,
                why="it is not there" if parameters is None else f"its parameters are {', '.join(parameters)}",
                do=f"install pulumi {WRITTEN_FOR} (requirements.lock), or fix honseki/declare/shortcuts.py",
            )
        found.append(original)
    return found
