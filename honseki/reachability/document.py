"""A network as a JSON document and back: for what is kept, handed on, and read again by something that shares no code.

An object per item with the fields of its dataclass, and all of them: a document that lacks a field, or has one more, is
refused. Addresses are text: a CIDR or an address where the span is one, else `first-last`. Gives and takes what `json`
takes and gives; reads and writes no files.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from honseki.errors import HonsekiError
from honseki.reachability.addresses import Span, address, span, texts
from honseki.reachability.network import Network

Json = Any
"""What `json.loads` returns."""


def to_json(network: Network) -> dict[str, Json]:
    """The network as a document: one list per kind, in the network's own order."""
    return {kind.name: [_plain(item) for item in getattr(network, kind.name)] for kind in fields(network)}


def from_json(document: Json) -> Network:
    """The network that a document says. Raises `HonsekiError` with the place of the first thing that isn't right."""
    read: Network = _reader(Network)(document, "network")
    return read


def _plain(value: Any) -> Json:
    if isinstance(value, Span):
        return span_text(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value


def span_text(of: Span) -> str:
    """`10.0.0.0/8`, `10.0.0.4`, or `10.0.0.4-10.0.0.9` for a run that isn't one CIDR."""
    cidrs = texts(of)
    return cidrs[0] if len(cidrs) == 1 else f"{address(of.version, of.low)}-{address(of.version, of.high)}"


def read_span(text: str) -> Span:
    """The span that `span_text` wrote. Raises `ValueError` for anything else."""
    first, dash, last = text.partition("-")
    if not dash:
        # Host bits are a mistake here, though AWS overlooks them.
        ipaddress.ip_network(text)
        return span(text)
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    if low.version != high.version or int(low) > int(high):
        raise ValueError(f"{text} isn't a run of addresses")
    return Span(low.version, int(low), int(high))


_Reader = Callable[[Json, str], Any]


@lru_cache(maxsize=256)
def _reader(kind: Any) -> _Reader:
    """What reads a value of this type; made once per type, as a fleet's network has a hundred thousand items."""
    if kind is Span:
        return _read_span
    if is_dataclass(kind):
        return _object_reader(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _tuple_reader(parts)
    if origin in (Union, UnionType):
        (other,) = (part for part in parts if part is not NoneType)
        inner = _reader(other)
        return lambda value, where: None if value is None else inner(value, where)
    if origin is Literal:
        return _choice_reader(parts)
    return _scalar_reader(kind)


def _read_span(value: Json, where: str) -> Span:
    if not isinstance(value, str):
        raise _wrong(where, value, "a CIDR, an address, or `first-last`")
    try:
        return read_span(value)
    except ValueError as error:
        raise _wrong(where, value, "a CIDR, an address, or `first-last`") from error


def _object_reader(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = {item.name: _reader(hints[item.name]) for item in fields(kind)}

    def read(value: Json, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        for name in (*(readers.keys() - value.keys()), *(value.keys() - readers.keys())):
            state = "is missing" if name in readers else "isn't a field"
            raise HonsekiError(
                f"this isn't a network that Honseki wrote: {name} {state}",
                where=where,
                why=f"{kind.__name__} has the fields {', '.join(readers)}, each of them always",
                do="write the document again with this version of Honseki",
            )
        return kind(**{name: one(value[name], f"{where}.{name}") for name, one in readers.items()})

    return read


def _tuple_reader(parts: tuple[Any, ...]) -> _Reader:
    if len(parts) == 2 and parts[1] is Ellipsis:
        each = _reader(parts[0])

        def read_all(value: Json, where: str) -> Any:
            if not isinstance(value, list):
                raise _wrong(where, value, "a list")
            return tuple(each(one, f"{where}[{number}]") for number, one in enumerate(value))

        return read_all
    several = [_reader(part) for part in parts]

    def read(value: Json, where: str) -> Any:
        if not isinstance(value, list) or len(value) != len(several):
            raise _wrong(where, value, f"a list of {len(several)}")
        return tuple(
            one(item, f"{where}[{number}]") for number, (one, item) in enumerate(zip(several, value, strict=True))
        )

    return read


def _choice_reader(choices: tuple[Any, ...]) -> _Reader:
    def read(value: Json, where: str) -> Any:
        if value not in choices:
            raise _wrong(where, value, "one of " + ", ".join(map(str, choices)))
        return value

    return read


def _scalar_reader(kind: type) -> _Reader:
    def read(value: Json, where: str) -> Any:
        # `True` is an `int` to Python, and never one here.
        if type(value) is not kind:
            raise _wrong(where, value, {str: "a text", int: "a whole number", bool: "true or false"}[kind])
        return value

    return read


def _wrong(where: str, value: Json, expected: str) -> HonsekiError:
    return HonsekiError(
        f"this isn't a network that Honseki wrote: {value!r:.80} is not {expected}",
        where=where,
        do="write the document again with this version of Honseki",
    )
