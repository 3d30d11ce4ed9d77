"""Whom a policy document admits: which of the callers that matter get past its statements, and how sure that is.

An action on a resource is allowed where an Allow takes it and no Deny does. A Deny counts only if it surely takes the
whole of it: all that the Allow's action and resource may mean, whatever the caller chooses.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from honseki.reachability.channels.conditions import (
    ALWAYS,
    CHOICE,
    NEVER,
    NO,
    PLACES,
    STRANGER,
    UNCLEAR,
    UNSURE,
    YES,
    Caller,
    Request,
    Truth,
    every,
    glob,
    is_identity,
    meets,
    some,
)
from infra.model.statements import Statement

_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")
_ROOT: Final = re.compile(r"arn:aws[\w-]*:iam::(?P<account>[0-9]{12}):root")


Place = Literal["resource", "identity", "endpoint"]
"""What a policy is attached to: a resource, which is what its statements are about; a principal, who is whom they are
about; or a way to many resources, for many principals."""


@dataclass(frozen=True)
class Document:
    """A policy's statements, and whom they name."""

    statements: tuple[Statement, ...]

    @cached_property
    def allows(self) -> tuple[Statement, ...]:
        """Those that allow."""
        return tuple(each for each in self.statements if each.allows)

    @cached_property
    def denies(self) -> tuple[Statement, ...]:
        """Those that deny."""
        return tuple(each for each in self.statements if not each.allows)

    @cached_property
    def named(self) -> tuple[Caller, ...]:
        """Every account and every principal that is named anywhere in it: all others are treated alike."""
        return tuple(
            sorted({_caller(account, text) for account, text in self._named()}, key=lambda c: (c.account, c.name))
        )

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """Every account that is named anywhere in it."""
        return tuple(sorted({account for account, _ in self._named()}))

    def _named(self) -> Iterator[tuple[str, str]]:
        for text in self._texts():
            for account in _ACCOUNT.findall(text):
                yield account, text

    def _texts(self) -> Iterator[str]:
        for each in self.statements:
            yield from (value for _, value in (*each.principals, *each.not_principals))
            yield from (*each.resources, *each.not_resources)
            for _, _, values in each.conditions:
                yield from values

    @cached_property
    def things(self) -> frozenset[str]:
        """What it names that only a list of owners can assign to an account: buckets, VPCs, endpoints, users by id."""
        found = {value for each in self.statements for _, value in odd(each)}
        for text in self._texts():
            parts = text.split(":", 5)
            if len(parts) == 6 and not parts[4]:
                found.add(parts[5].partition("/")[0])
        for each in self.statements:
            found.update(value for _, key, values in each.conditions if key in PLACES for value in values)
        return frozenset(name for name in found if not re.search(r"[*?$]", name))


def _caller(account: str, text: str) -> Caller:
    return Caller("principal", account, text if is_identity(text) else "")


def level(document: Document, allow: Statement, request: Request, place: Place) -> tuple[int, tuple[str, ...]]:
    """How sure it is that the Allow lets the request through (NO, UNSURE, YES), and which of its actions."""
    attached = place == "identity"
    admitted = ALWAYS if attached else principal(allow, request.caller)
    holds = min(admitted.holds, every(meets(each, request) for each in allow.conditions).holds)
    if holds == NO:
        return NO, ()
    denied = [
        (each, max(ALWAYS.fails if attached else principal(each, request.caller).fails, _escapes(each, request)))
        for each in document.denies
    ]
    denied = [(each, escapes) for each, escapes in denied if escapes < YES]
    best = NO
    actions: list[str] = []
    for action in allow.actions or ("*",):
        reached = NO
        for resource in allow.resources or ("*",):
            sure = holds if place == "resource" else min(holds, _belongs(resource, request).holds)
            for each, escapes in denied:
                if sure and takes_action(each, action) and takes_resource(each, resource):
                    sure = min(sure, escapes)
            reached = max(reached, sure)
        if reached > best:
            best, actions = reached, []
        if reached == best != NO:
            actions.append(action if allow.actions else f"all but {', '.join(allow.not_actions)}")
    return best, tuple(actions)


def _escapes(deny: Statement, request: Request) -> int:
    return every(meets(each, request) for each in deny.conditions).fails


def unclear(document: Document, allow: Statement, request: Request) -> tuple[str, ...]:
    """The conditions that leave it open whether the request gets through: `stringequals aws:principalorgid`."""
    return tuple(
        dict.fromkeys(
            f"{condition[0]} {condition[1]}"
            for each in (allow, *document.denies)
            for condition in each.conditions
            if UNSURE in (found := meets(condition, request))
            and (found.holds if each.allows else found.fails) == UNSURE
        )
    )


def principal(statement: Statement, caller: Caller) -> Truth:
    """Whether the statement's Principal (or NotPrincipal) takes the caller."""
    if "NotPrincipal" in statement.negated:
        return some(_is(kind, value, caller, UNCLEAR) for kind, value in statement.not_principals).negated()
    return some(_is(kind, value, caller, NEVER) for kind, value in statement.principals)


def odd(statement: Statement) -> Iterator[tuple[str, str]]:
    """The principals whose account can't be known: `principal` takes them for nobody."""
    for kind, value in statement.principals:
        known = value == "*" or root_of(value) or is_identity(value) if kind == "AWS" else (kind, value) == ("*", "*")
        if not known and kind != "Service":
            yield kind, value


def _is(kind: str, value: str, caller: Caller, otherwise: Truth) -> Truth:
    found = otherwise
    if value == "*" and kind in ("*", "AWS"):
        # Whether a Deny for all of "AWS" takes services isn't said.
        found = Truth(YES, UNSURE) if kind == "AWS" and caller.kind == "service" else ALWAYS
    elif kind == "Service":
        found = NEVER
        if caller.kind == "service":
            found = CHOICE if not caller.name else ALWAYS if value == caller.name else NEVER
    elif kind == "AWS" and caller.kind == "service":
        found = NEVER
    elif kind == "AWS" and (root := root_of(value)):
        found = ALWAYS if root == caller.account else NEVER
    elif kind == "AWS" and is_identity(value):
        # A caller without a name is a principal that nothing names.
        found = ALWAYS if caller.name == value else NEVER
    return found


def root_of(value: str) -> str:
    """The account that a principal means as a whole: by its id or by its root; empty for any other principal."""
    if _ACCOUNT.fullmatch(value):
        return value
    found = _ROOT.fullmatch(value)
    return found["account"] if found else ""


def _belongs(resource: str, request: Request) -> Truth:
    """Whether a resource of the request's account can be what the statement names."""
    parts = resource.split(":", 5)
    if len(parts) < 6 or "*" in parts[4] or "?" in parts[4] or "$" in parts[4]:
        return CHOICE
    if parts[4]:
        return CHOICE if parts[4] == request.resource_account else NEVER
    if parts[2] != "s3" or re.search(r"[*?$]", name := parts[5].partition("/")[0]):
        return CHOICE
    owner = request.owners.get(name)
    if owner is None:
        return UNCLEAR if request.resource_account == STRANGER else NEVER
    return CHOICE if owner == request.resource_account else NEVER


def takes_action(deny: Statement, action: str) -> bool:
    """Whether the Deny takes every action that the Allow's text means. IAM ignores their case."""
    return _takes(deny.actions, deny.not_actions, "NotAction" in deny.negated, action.lower(), str.lower)


def takes_resource(deny: Statement, resource: str) -> bool:
    """Whether the Deny takes every resource that the Allow's text means."""
    if not deny.resources and "NotResource" not in deny.negated:
        return True
    return _takes(deny.resources, deny.not_resources, "NotResource" in deny.negated, resource, str)


def _takes(
    patterns: Sequence[str], excepted: Sequence[str], negated: bool, text: str, form: Callable[[str], str]
) -> bool:
    if "$" in text:
        # A variable stands for whatever the caller has there.
        return "*" in patterns
    if negated:
        # What a pattern of the Allow means and an exception doesn't can't be seen from one of its texts.
        return not re.search(r"[*?]", text) and not any("$" in each or glob(form(each), text) for each in excepted)
    return any("$" not in each and glob(form(each), text) for each in patterns)
