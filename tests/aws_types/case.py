"""One resource type's life as data: what it needs, what is declared, and how plain AWS calls see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import boto3
from botocore.exceptions import ClientError

ACCOUNT = "000000272191"
REGION = "ap-northeast-1"
TENANT_TAGS = {"honseki:tenant": "272191", "honseki:part": "network"}

Have = dict[str, Any]
Inputs = dict[str, Any]


def tags(name: str, **more: str) -> dict[str, str]:
    return {"Name": f"272191-primary-{name}", **TENANT_TAGS, **more}


class Aws:
    """Plain boto3 in the tenant's account, as an auditor would use it."""

    def __init__(self, session: boto3.Session, endpoint: str) -> None:
        self._session = session
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint)
        return self._clients[service]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A type's case.

    `look` tells, by plain boto3, what matters of the live resource, or None if it is gone. `created`, `changed` and
    `replaced` are what it must tell after each step; values may be functions of what was prepared.
    """

    token: str
    inputs: str = ""
    """The inputs that the declarations use, by name; (R): changing it replaces the resource. In a type's first case."""
    outputs: str = ""
    """The outputs that the declarations use."""
    variant: str = ""
    """What a type's second case is about."""
    prepare: Callable[[Aws], Have]
    declare: Callable[[Have], Inputs]
    look: Callable[[Aws, Have, str], Any]
    created: Callable[[Have], Any]
    change: Callable[[Have], Inputs] | None = None
    changed: Callable[[Have], Any] | None = None
    replace: Callable[[Have], Inputs]
    replaced: Callable[[Have], Any]
    replacing: tuple[str, ...]
    outlives: bool = False
    """Deleting it leaves what is live, as the official provider does."""
    gone: Callable[[Have], Any] | None = None
    """What `look` tells after deletion, if that isn't None."""
    import_id: Callable[[Have, str], str] = lambda _have, identifier: identifier

    @property
    def name(self) -> str:
        return self.variant or self.token.rsplit(":", 1)[-1]


def all_cases() -> tuple[Case, ...]:
    """The cases of every file `cases_*.py` beside this one."""
    names = sorted(each.name for each in iter_modules([str(Path(__file__).parent)]) if each.name.startswith("cases_"))
    return tuple(case for name in names for case in import_module(f"tests.aws_types.{name}").CASES)


def with_(inputs: Mapping[str, Any], **changes: Any) -> Inputs:
    return {**inputs, **changes}


def named(pairs: Any) -> dict[str, str]:
    """A list of tags as a map, whatever the service calls its halves."""
    if isinstance(pairs, Mapping):
        return dict(pairs)
    return {(each.get("Key") or each.get("key") or each["TagKey"]): _value(each) for each in pairs or ()}


def _value(pair: Mapping[str, str]) -> str:
    return next(value for key, value in pair.items() if key.lower().endswith("value"))


def policy(*actions: str, principal: Any = "*", resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def missing(error: ClientError) -> bool:
    """Does AWS say that there is none?"""
    code = error.response["Error"]["Code"]
    return "NotFound" in code or "NoSuchEntity" in code


def or_none(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except ClientError as error:
        if missing(error):
            return None
        raise
