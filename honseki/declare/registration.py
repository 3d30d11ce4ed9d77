"""Registering a resource whose inputs are all known, with no wire between the program and the monitor.

Pulumi's SDK writes a resource's inputs as protobuf, sends them to the monitor, reads the monitor's answer and turns it
into outputs, in two tasks for each resource. Where the monitor is a function of this process and no input has to be
waited for, all of this is a function call. What comes out is what the SDK would have made: numbers are floats,
as the wire has them, unless a type says otherwise; an object's property without a value is left out.

Only the ordinary is done here. An input that isn't there yet, isn't known, or is secret, an option that this doesn't
know, a value of an unusual type: `register` says no and has done nothing, and the SDK does it its way. One thing
differs: what the monitor refuses is raised where the resource is declared, not at the end of the program.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from inspect import isclass
from typing import Any, Final, NamedTuple, get_args, get_origin

import pulumi
from pulumi import _types
from pulumi.output import Output, _OutputData
from pulumi.runtime import rpc, settings

from infra.model.graph import Value

_STACK: Final = "pulumi:pulumi:Stack"
_EXACT: Final = 2**53
"""Integers up to this are floats without loss."""
_LEAVES: Final = frozenset({str, bool, int, float, type(None)})
_NO_LIST: Final = object()
_OPTIONS: Final = frozenset(
    {"parent", "protect", "provider", "providers", "depends_on", "version", "plugin_download_url"}
)
"""Options that are looked at here or that tell where a provider's program comes from."""
_FOR_A_STATE: Final = frozenset({"aliases", "additional_secret_outputs", "ignore_changes", "retain_on_delete"})
"""Options about a state that exists or that is written: a declaration has none."""


class Registered(NamedTuple):
    """What a monitor tells of a resource."""

    urn: str
    id: str
    """empty when it isn't known, and for components"""
    outputs: Mapping[str, str | int]
    """outputs besides the inputs"""


class Monitor(ABC):
    """Who takes resources as they are."""

    @abstractmethod
    def register(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Value],
        *,
        custom: bool,
        parent: str,
        provider: str,
        dependencies: Iterable[str],
        property_dependencies: Mapping[str, Iterable[str]],
        protect: bool,
    ) -> Registered:
        """Take a resource. `parent`, `provider`, `dependencies` are URNs, empty for none."""

    @abstractmethod
    def tell(self, urn: str, outputs: Mapping[str, Value]) -> None:
        """Take a component's outputs."""


class _UnusualError(Exception):
    """This isn't for here."""


class _Shape(NamedTuple):
    """What an annotation says of a value."""

    element: Any
    """of a list's elements; `_NO_LIST` where a list would be wrong"""
    names: Mapping[str, str] | None
    """of an input type: Pulumi's names by Python's"""
    types: Mapping[str, Any]
    """of an input type: by Pulumi's name"""
    item: Any
    """of a mapping's values"""
    union: bool
    """whether it depends on the value which of several types it is"""


def register(
    res: Any, token: str, name: str, props: Mapping[str, Any], options: pulumi.ResourceOptions, custom: bool, typ: Any
) -> bool:
    """Register it and resolve its outputs; False, with nothing done, where the SDK must do it.

    Raises what the monitor raises.
    """
    monitor = settings.get_monitor()
    if not isinstance(monitor, Monitor) or (typ is None and props) or not _ordinary(options):
        return False
    inputs: dict[str, Value] = {}
    sources: dict[str, set[str]] = {}
    try:
        parent = options.parent or (settings.get_root_resource() if token != _STACK else None)
        above = _urn(parent) if parent is not None else ""
        provider = _urn(options.provider) if custom and options.provider is not None else ""
        dependencies = set(_urns(options.depends_on or ()))
        names, types = _input_properties(typ) if typ is not None else ({}, {})
        for key, given in props.items():
            if given is not None:
                wire_name = names.get(key) or key
                found: set[Any] = set()
                value = _value(given, types.get(wire_name), found)
                if value is not None:
                    inputs[wire_name] = value
                    sources[wire_name] = set(_urns(found))
    except _UnusualError:
        return False
    for urns in sources.values():
        dependencies |= urns
    done = monitor.register(
        token,
        name,
        inputs,
        custom=custom,
        parent=above,
        provider=provider,
        dependencies=dependencies,
        property_dependencies=sources,
        protect=bool(options.protect),
    )
    _resolve(res, props, inputs, done, custom)
    return True


def tell(res: Any, outputs: Any) -> bool:
    """Tell a component's outputs; False, with nothing done, where the SDK must do it.

    Raises what the monitor raises.
    """
    monitor = settings.get_monitor()
    if not isinstance(monitor, Monitor) or type(outputs) is not dict:
        return False
    try:
        urn = _urn(res)
        values = {name: _value(given, None, set()) for name, given in outputs.items()}
    except _UnusualError:
        return False
    monitor.tell(urn, {name: value for name, value in values.items() if value is not None})
    return True


def _ordinary(options: pulumi.ResourceOptions) -> bool:
    for name, value in options.__dict__.items():
        if value is None or name in _OPTIONS:
            continue
        if name == "hooks":
            if any(value.__dict__.values()):
                return False
        elif name in _FOR_A_STATE:
            if not isinstance(value, list) or any(isinstance(each, Output) for each in value):
                return False
        elif not (value is False or value == []):
            return False
    return True


def _data(output: Output[Any]) -> _OutputData[Any]:
    """What an output has come to."""
    future = output._data
    if not future.done() or future.cancelled() or future.exception() is not None:
        raise _UnusualError
    return future.result()


def _urn(res: Any) -> str:
    urn = _data(res.__dict__["urn"]).value if "urn" in res.__dict__ else None
    if not isinstance(urn, str) or not urn:
        raise _UnusualError
    return urn


def _urns(resources: Any) -> Iterator[str]:
    """URNs of resources, a component's being those of what is in it.

    They are registered already, all of them, so none depends on the one that is being registered now.
    """
    if not isinstance(resources, list | set | tuple):
        raise _UnusualError
    waiting = list(resources)
    while waiting:
        each = waiting.pop()
        if not isinstance(each, pulumi.Resource):
            raise _UnusualError
        if isinstance(each, pulumi.ComponentResource) and not each._remote:
            waiting += each._childResources
        else:
            yield _urn(each)


def _value(given: Any, typ: Any, found: set[Any]) -> Value:
    """An input as a graph's value; the resources that it comes from are added to `found`."""
    kind = type(given)
    if kind in _LEAVES:
        if kind is str:
            if given == rpc.UNKNOWN:
                raise _UnusualError
        elif kind is float:
            return int(given) if given.is_integer() else given
        elif kind is int and not -_EXACT <= given <= _EXACT:
            raise _UnusualError
        return given  # type: ignore[no-any-return]  # of `_LEAVES`
    if isinstance(given, Output):
        data = _data(given)
        if not data.is_known or data.is_secret:
            raise _UnusualError
        found |= data.resources
        return _value(data.value, typ, found)
    if kind is list or kind is tuple:
        element = _shape(typ).element
        if element is _NO_LIST:
            raise _UnusualError
        return [_value(each, element, found) for each in given]
    if kind is dict:
        return _object(given, typ, found)
    if _types.is_input_type(kind):
        _, types = _input_properties(kind)  # type: ignore[arg-type]  # a class is hashable
        return {name: _value(each, types.get(name), found) for name, each in _types.input_type_to_dict(given).items()}
    raise _UnusualError


def _object(given: Mapping[Any, Any], typ: Any, found: set[Any]) -> Value:
    shape = _shape(typ)
    if shape.union:
        case = _types.reduce_discriminated_union(_unwrapped(typ), given, _types._py_name_for)
        shape = _shape(case) if case is not None else shape
    document: dict[str, Value] = {}
    for key, each in given.items():
        if type(key) is not str or key == rpc._special_sig_key:
            raise _UnusualError
        wire_name = key if shape.names is None else shape.names.get(key) or key
        document[wire_name] = _value(each, shape.item if shape.names is None else shape.types.get(wire_name), found)
    return document


@cache
def _unwrapped(typ: Any) -> Any:
    """T of Input[T] and of Optional[T]; None for Any."""
    typ = _types.unwrap_type(typ) if typ else typ
    return None if typ is Any else typ


@cache
def _shape(typ: Any) -> _Shape:
    typ = _unwrapped(typ)
    element: Any
    try:
        element = rpc._get_list_element_type(typ)
    except AssertionError:
        element = _NO_LIST
    if typ is None:
        return _Shape(element, None, {}, None, union=False)
    if _types.is_input_type(typ):
        names, types = _input_properties(typ)
        return _Shape(element, names, types, None, union=False)
    args = get_args(typ)
    mapping = (typ is dict or get_origin(typ) in (dict, Mapping)) and len(args) == 2 and args[0] is str
    return _Shape(element, None, {}, args[1] if mapping else None, union=_types.is_discriminated_union(typ))


@cache
def _input_properties(typ: Any) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """(Pulumi's names by Python's, types by Pulumi's names)"""
    return _types.input_type_py_to_pulumi_names(typ), _types.input_type_types(typ)


@cache
def _output_properties(kind: Any) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """(Python's names by Pulumi's, types by Pulumi's names)"""
    return _types.resource_pulumi_to_py_names(kind), _types.resource_types(kind)


def _resolve(res: Any, props: Mapping[str, Any], inputs: Mapping[str, Value], done: Registered, custom: bool) -> None:
    """Set the resource's outputs: URN, id, known outputs; its other properties are unknown."""
    loop = asyncio.get_running_loop()
    resources = {res}

    def output(value: Any, *, known: bool = True) -> Output[Any]:
        made: Output[Any] = object.__new__(Output)
        made._data = asyncio.Future(loop=loop)
        made._data.set_result(_OutputData(resources, value, known, False))
        return made

    outputs = res.__dict__
    outputs["urn"] = output(done.urn)
    if custom:
        outputs["id"] = output(done.id, known=bool(done.id))
    if not props:  # a component: reading its annotations would be for nothing
        return
    names, types = _output_properties(type(res))  # type: ignore[arg-type]  # a class is hashable
    values = {names.get(key) or key: (types.get(key), value) for key, value in (*done.outputs.items(), *inputs.items())}
    unknown = output(None, known=False)
    for name in props:
        if name == "urn" or (name == "id" and custom):
            continue
        if name in values:
            typ, value = values[name]
            outputs[name] = output(_typed(value, typ))
        else:
            outputs[name] = unknown


def _typed(value: Value, typ: Any) -> Any:
    """What the SDK makes of a value that it gets from the wire."""
    kind = type(value)
    if kind is str and not _is_enum(typ):
        return value
    if kind is int and _optional(typ) is int:
        return value
    return rpc.translate_output_properties(_wired(value), _same, typ, True)


def _same(name: str) -> str:
    return name


def _wired(value: Value) -> Any:
    """The value as it comes from the wire: numbers as floats, no properties without a value."""
    if isinstance(value, dict):
        return {name: _wired(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_wired(each) for each in value]
    return float(value) if type(value) is int else value


@cache
def _optional(typ: Any) -> Any:
    return _types.unwrap_optional_type(typ) if typ else typ


@cache
def _is_enum(typ: Any) -> bool:
    typ = _optional(typ)
    return isclass(typ) and issubclass(typ, Enum)
