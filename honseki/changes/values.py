"""Property values as the engine's events carry them, made comparable and fit to be shown.

Three things are hidden in plain strings there: Pulumi's markers for what is known only after the update, secrets, and
whole JSON documents (policies, event patterns; servers' settings in base64). Here each is what it is.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

_MARKERS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""What stands for a value that isn't known yet: `Unknown*Value` of sdk/go/common/resource/plugin/rpc.go in
github.com/pulumi/pulumi."""

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks special values, secrets among them: `SigKey` of sdk/go/common/resource/sig/sig.go."""

SECRET: Final = "[secret]"  # noqa: S105  stands for one, is none itself


@dataclass(frozen=True)
class Unknown:
    """A value that is known only after the update."""

    def __str__(self) -> str:
        return "known after apply"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Document:
    """A JSON document inside a string, and how it was written there."""

    content: Any
    encoding: Literal["json", "base64"] = "json"


def clean(value: Any) -> Any:
    """The value with `UNKNOWN`, `SECRET` and `Document` in their places. Returns new containers, changes nothing."""
    if isinstance(value, str):
        return UNKNOWN if value in _MARKERS else _document(value)
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return SECRET
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def plain(value: Any) -> Any:
    """The inverse as far as JSON goes: documents as their content, unknown values as their words."""
    if isinstance(value, Unknown):
        return str(value)
    if isinstance(value, Document):
        return plain(value.content)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def same(one: Any, other: Any) -> bool:
    """Whether two cleaned values are equal; unlike in Python, `True` isn't `1`."""
    return fingerprint(one) == fingerprint(other)


def fingerprint(value: Any) -> str:
    """A text that is equal for equal cleaned values only."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_named)


def _named(value: Any) -> Any:
    if isinstance(value, Document):
        return {f"document\0{value.encoding}": value.content}
    return f"\0{type(value).__name__}\0{value}"


def _document(text: str) -> Any:
    found = _parsed(text)
    if found is not None:
        return Document(_policy(found))
    # `{"` and its like in base64; the length of what is encoded there is a multiple of four.
    if text[:2] in ("ey", "ew", "W3", "Wy") and len(text) % 4 == 0:
        try:
            found = _parsed(base64.b64decode(text, validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            return text
        if found is not None:
            return Document(found, "base64")
    return text


def _parsed(text: str) -> Any:
    """The JSON object or list that the text is, or None."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return clean(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _policy(document: Any) -> Any:
    """An IAM policy with its lists sorted, single values as lists of one: order and this form have no meaning there.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), dict | list):
        return document
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    return document | {"Statement": [_statement(each) for each in statements]}


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    made = dict(statement)
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in made:
            made[name] = _values(made[name])
    for name in ("Principal", "NotPrincipal"):
        if isinstance(made.get(name), dict):
            made[name] = {kind: _values(named) for kind, named in made[name].items()}
    if isinstance(made.get("Condition"), dict):
        made["Condition"] = {
            operator: {key: _values(values) for key, values in tests.items()} if isinstance(tests, dict) else tests
            for operator, tests in made["Condition"].items()
        }
    return made


def _values(value: Any) -> Any:
    return sorted(value, key=fingerprint) if isinstance(value, list) else [value]
