"""A difference in lines of text: by key, prefix, port, statement or rule number, never by a position in a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from honseki.changes.difference import POSITIONS, Difference, Elements, Fields, InDocument, Replaced
from honseki.changes.values import Document, Unknown, plain, same
from honseki.words import many

_LONG = 60
_AROUND = 24
"""Characters shown before and after the place where two long texts differ."""


def lines(found: Fields) -> list[str]:
    """One line for each thing that differs in a resource's properties."""
    return list(_fields("", found))


def text(value: Any) -> str:
    """A value whole, on one line, for people: no quotes where none are needed."""
    value = plain(value)
    if isinstance(value, str):
        return value if value and value == value.strip() else repr(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, list):
        return f"[{', '.join(text(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {text(item)}' for name, item in value.items())}}}"
    return str(value)


def ports(rule: Mapping[str, Any]) -> str:
    """Protocol and ports of a rule of a security group or network ACL: `tcp 443`."""
    protocol = str(rule.get("protocol", rule.get("ipProtocol")))
    first, last = rule.get("fromPort"), rule.get("toPort")
    if protocol in ("-1", "all"):
        return "all traffic"
    if protocol in ("icmp", "1"):
        kind = rule.get("icmpType", first)
        return f"icmp {kind}" if kind not in (None, -1) else "icmp"
    if first is None:
        return protocol
    return f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"


def label(element: Any) -> str:
    """What identifies an element of a list."""
    if not isinstance(element, dict):
        return text(element)
    for name in ("Sid", "sid", "id", "name", "key", "ruleName"):
        if name in element:
            return text(element[name])
    for name in POSITIONS:
        if name in element:
            return f"rule {text(element[name])}"
    if "protocol" in element and "fromPort" in element:
        return ports(element)
    for name in ("cidrBlock", "cidr"):
        if name in element:
            return text(element[name])
    return text(element) if len(text(element)) <= _LONG else "entry"


def _described(element: Any) -> str:
    """An element whole, beginning with what identifies it."""
    if not isinstance(element, dict):
        return text(element)
    if "Effect" in element:
        return _statement(element)
    if "action" in element and "ruleNo" in element:
        rest = {
            name: value
            for name, value in element.items()
            if name not in ("action", "cidrBlock", "fromPort", "protocol", "ruleNo", "toPort", "icmpType")
        }
        more = f" {text(rest)}" if rest else ""
        network = text(element.get("cidrBlock", element.get("ipv6CidrBlock")))
        return f"rule {text(element['ruleNo'])}: {text(element['action'])} {ports(element)} {network}{more}"
    if "protocol" in element and "fromPort" in element:
        rest = {n: v for n, v in element.items() if n not in ("protocol", "fromPort", "toPort", "cidrBlocks")}
        networks = ", ".join(text(each) for each in element.get("cidrBlocks") or ())
        more = f" {text(rest)}" if rest else ""
        return f"{ports(element)}{f' {networks}' if networks else ''}{more}"
    return text(element)


def _statement(statement: Mapping[str, Any]) -> str:
    """A policy's statement as a sentence with all that it says."""
    said = [f"{text(statement['Sid'])}:"] if "Sid" in statement else []
    said.append(text(statement["Effect"]))
    for name, word in (
        *(("Action", ""), ("NotAction", "all but"), ("Resource", "on"), ("NotResource", "on all but")),
        *(("Principal", "for"), ("NotPrincipal", "for all but"), ("Condition", "if")),
    ):
        if name in statement:
            value = statement[name]
            listed = ", ".join(text(item) for item in value) if isinstance(value, list) else text(value)
            said.append(f"{word} {listed}".strip())
    rest = {
        name: value
        for name, value in statement.items()
        if name.removeprefix("Not") not in ("Sid", "Effect", "Action", "Resource", "Principal", "Condition")
    }
    return " ".join([*said, *([text(rest)] if rest else [])])


def _lines(path: str, found: Difference) -> Iterator[str]:
    match found:
        case Replaced():
            yield f"{path}: {_replaced(found)}"
        case InDocument():
            yield from _lines(path, found.difference)
        case Fields():
            yield from _fields(path, found)
        case Elements():
            yield from _elements(path, found)


def _fields(path: str, found: Fields) -> Iterator[str]:
    for name in sorted({*found.added, *found.removed, *found.changed}):
        at = _below(path, name)
        if name in found.changed:
            yield from _lines(at, found.changed[name])
        else:
            sign, values = ("+", found.added[name]) if name in found.added else ("-", found.removed[name])
            if isinstance(values, list) and values:
                yield from _listed(at, sign, values)
            elif isinstance(values, Document) and isinstance(values.content, dict) and "Statement" in values.content:
                yield from _listed(f"{at} statement", sign, values.content["Statement"])
            else:
                yield f"{at} {sign} {text(values)}"


def _below(path: str, name: str) -> str:
    if name == "Statement":
        return f"{path} statement"
    if not path:
        return name
    return f"{path} {name}" if path.endswith(":") else f"{path}.{name}"


def _listed(path: str, sign: str, values: list[Any]) -> Iterator[str]:
    if any(isinstance(value, dict | list | Document) for value in values):
        for value in values:
            yield f"{path} {sign} {_described(value)}"
    elif values:
        yield f"{path} {sign} {', '.join(text(value) for value in values)}"


def _elements(path: str, found: Elements) -> Iterator[str]:
    yield from _listed(path, "-", [value for _, value in sorted(found.removed.items())])
    yield from _listed(path, "+", [value for _, value in sorted(found.added.items())])
    moved = []
    for _, changed in sorted(found.changed.items()):
        inside = changed.difference
        if (
            isinstance(inside, Fields)
            and not inside.added
            and not inside.removed
            and set(inside.changed) <= set(POSITIONS)
        ):
            moved.append(changed)
            continue
        yield from _lines(f"{path} {label(changed.element)}:", inside)
    if moved and found.same_precedence:
        yield f"{path}: {many(len(moved), 'rule')} renumbered, in the same order"
    elif moved:
        # A rule that is looked at before another one now may decide otherwise: each is shown.
        for changed in moved:
            yield from _lines(f"{path} {_described(changed.element)}:", changed.difference)
    elif found.order is not None:
        yield f"{path}: {'the others' if found.added or found.removed else 'the same'} in another order"


def _replaced(found: Replaced) -> str:
    before, after = found.before, found.after
    if isinstance(after, Unknown) and len(text(before)) > _LONG:
        return text(after)
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > _LONG and before != after:
        return _around(before, after)
    if isinstance(before, Document) and same(before, after):
        return "the same content, written in another way"
    one, other = text(before), text(after)
    # `1` that becomes the text "1" is recognized by its quotes.
    return f"{one} -> {other}" if one != other or same(before, after) else f"{before!r} -> {after!r}"


def _around(before: str, after: str) -> str:
    """Two long texts from shortly before to shortly after the place where they differ."""
    least = min(len(before), len(after))
    head = next((at for at in range(least) if before[at] != after[at]), least)
    tail = next((at for at in range(least - head) if before[-1 - at] != after[-1 - at]), least - head)
    begin = max(0, head - _AROUND)

    def part(whole: str) -> str:
        end = min(len(whole), len(whole) - tail + _AROUND)
        return f"{'...' if begin else ''}{whole[begin:end]}{'...' if end < len(whole) else ''}"

    return f"{part(before)!r} -> {part(after)!r}"
