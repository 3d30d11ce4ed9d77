"""Whether a request of somebody can meet a policy statement's conditions, when most of the request isn't known.

A condition is neither true nor false here: the caller decides a part of the request (headers, tags, the name of a role
of their own), a part is fixed (their account), and a part isn't known to us (their organization). So a truth has two
sides, each yes, no, or unsure: whether the caller can make it hold, and whether they can make it fail. An Allow is
judged by the first, a Deny by the second. Choices of several conditions are taken to be independent, which only makes
more requests possible.

Semantics (operators, wildcards, absent keys, IfExists, Null):
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
Set operators: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
Keys, and in which requests they are: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

NO: Final = 0
UNSURE: Final = 1
YES: Final = 2


class Truth(NamedTuple):
    """Whether the caller can make it hold, and whether they can make it fail: NO, UNSURE or YES each."""

    holds: int
    fails: int

    def negated(self) -> Truth:
        """The opposite."""
        return Truth(self.fails, self.holds)


ALWAYS: Final = Truth(YES, NO)
NEVER: Final = Truth(NO, YES)
CHOICE: Final = Truth(YES, YES)
"""The caller decides."""
UNCLEAR: Final = Truth(UNSURE, UNSURE)


def every(truths: Iterable[Truth]) -> Truth:
    """All of them hold."""
    holds, fails = YES, NO
    for each in truths:
        holds, fails = min(holds, each.holds), max(fails, each.fails)
    return Truth(holds, fails)


def some(truths: Iterable[Truth]) -> Truth:
    """One of them holds."""
    return every(each.negated() for each in truths).negated()


STRANGER: Final = ""
"""Stands for every account that nothing names: conditions can't tell those apart but by wildcards."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a principal of an account (or nobody in particular of it), or a service that acts for an account."""

    kind: Literal["principal", "service"]
    account: str
    """twelve digits, or STRANGER"""
    name: str = ""
    """the principal's ARN, the service's name; empty: whichever"""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the caller's, on a resource of an account (twelve digits, or STRANGER).

    `own`: the tenant's account, whose policy it is. `inside`: the request comes from the tenant's own VPCs, for sure;
    else it comes from anywhere else, for nobody else's packets are in there. Whose credentials are used in a network
    of others isn't said by whose network it is. `owners` says whose the things are whose names hold no account.
    """

    caller: Caller
    resource_account: str
    own: str
    owners: Mapping[str, str]
    inside: bool = False


_IDENTITY: Final = re.compile(
    r"arn:aws[\w-]*:(?:iam|sts)::(?P<account>[0-9]{12}):(?:role|user|assumed-role|federated-user)/[^*?$]+"
)


def is_identity(value: str) -> bool:
    """Whether it is the ARN of one role, user or session."""
    return _IDENTITY.fullmatch(value) is not None


Condition = tuple[str, str, tuple[str, ...]]
"""operator and key, in lower case; values"""

_MATCHES: Final[Mapping[str, tuple[bool, bool]]] = {
    # wildcards, negated. ArnEquals and ArnLike behave alike.
    "stringequals": (False, False),
    "stringequalsignorecase": (False, False),
    "stringlike": (True, False),
    "arnequals": (True, False),
    "arnlike": (True, False),
    "stringnotequals": (False, True),
    "stringnotequalsignorecase": (False, True),
    "stringnotlike": (True, True),
    "arnnotequals": (True, True),
    "arnnotlike": (True, True),
    "bool": (False, False),
    "ipaddress": (False, False),
    "notipaddress": (False, True),
}
_MEASURES: Final = frozenset(
    {"binaryequals"}
    | {
        f"{kind}{how}"
        for kind in ("numeric", "date")
        for how in ("equals", "notequals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")
    }
)

_RESOURCES_ACCOUNT: Final = frozenset({"aws:resourceaccount", "s3:resourceaccount"})
_CALLERS_ACCOUNT: Final = frozenset({"aws:principalaccount", "kms:calleraccount", "aws:sourceowner"})
"""Of a principal's request. SNS puts the caller's account into `aws:SourceOwner`, as its default policy uses it:
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html"""
_SOURCES_ACCOUNT: Final = frozenset({"aws:sourceaccount", "aws:sourceowner"})
"""Of a service's request."""
PLACES: Final = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount"})
_CONTEXT: Final = "kms:encryptioncontext:"
"""A service puts there what it encrypts; any other caller puts there what they like.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""

_SAID: Final = Truth(YES, UNSURE)
"""A service says for whom it acts, but not every service does."""
_PRESENT: Final[Mapping[str, tuple[Truth, Truth]]] = {
    # In a principal's request, in a service's.
    "aws:principalisawsservice": (ALWAYS, ALWAYS),
    "aws:resourceaccount": (ALWAYS, ALWAYS),
    "s3:resourceaccount": (ALWAYS, ALWAYS),
    "aws:principalservicename": (NEVER, ALWAYS),
    "aws:sourceaccount": (NEVER, _SAID),
    "aws:sourcearn": (NEVER, _SAID),
    "aws:sourceowner": (_SAID, _SAID),
    # Also in anonymous requests, as the word `anonymous`.
    "aws:principalaccount": (ALWAYS, UNCLEAR),
    "aws:principalarn": (ALWAYS, UNCLEAR),
    "kms:calleraccount": (ALWAYS, UNCLEAR),
    "aws:sourcevpc": (CHOICE, NEVER),
    "aws:sourcevpce": (CHOICE, NEVER),
    "aws:vpceaccount": (CHOICE, NEVER),
    "aws:userid": (CHOICE, NEVER),
    "aws:sourceip": (CHOICE, CHOICE),
    "aws:principalorgid": (UNCLEAR, NEVER),
    "aws:principalorgpaths": (UNCLEAR, NEVER),
}

_OPEN: Final = frozenset(
    {"aws:securetransport", "aws:currenttime", "aws:epochtime", "aws:useragent", "aws:referer", "aws:tagkeys"}
    | {"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime", "aws:requestedregion"}
    | {"aws:principaltype", "aws:username", "aws:viaawsservice", "aws:calledvia", "aws:calledviafirst"}
    | {"aws:calledvialast", "aws:vpcsourceip", "aws:sourceidentity", "sts:externalid", "sts:rolesessionname"}
)
_OPEN_BEGINNINGS: Final = (
    *("aws:requesttag/", "aws:principaltag/", "s3:x-amz-", "kms:encryptioncontext", "kms:viaservice"),
    *("kms:grant", "kms:requestalias", "kms:encryptionalgorithm", "sns:", "sqs:", "logs:", "backup:copytargets"),
    *("s3:prefix", "s3:delimiter", "s3:max-keys", "s3:tlsversion", "s3:signatureversion", "s3:authtype"),
    *("s3:signatureage", "s3:requestobjecttag", "s3:versionid", "s3:object-lock-", "ssm:", "ec2:", "rds:"),
)
"""Keys that whoever calls can set as they like: they keep nobody out."""


def meets(condition: Condition, request: Request) -> Truth:
    """Whether the request can meet the condition, and whether it can fail it."""
    operator, key, values = condition
    quantifier, _, bare = operator.rpartition(":")
    bare, if_exists = bare.removesuffix("ifexists"), bare.endswith("ifexists")
    present = _present(key, request)
    if bare == "null":
        return every(present if value.lower() == "false" else present.negated() for value in values)
    if quantifier not in ("", "foranyvalue", "forallvalues"):
        return UNCLEAR
    if bare in _MATCHES:
        wildcards, negated = _MATCHES[bare]
        ignoring = bare.endswith("ignorecase")
        matched = some(_matches(key, value, request, wildcards=wildcards, ignoring=ignoring) for value in values)
    elif bare in _MEASURES:
        matched, negated = (CHOICE if _is_open(key) else UNCLEAR), False
    else:
        return UNCLEAR
    matched = matched.negated() if negated else matched
    # Absent: a positive operator fails, a negated one holds; IfExists and ForAllValues hold, ForAnyValue fails.
    if if_exists or quantifier == "forallvalues" or (negated and quantifier != "foranyvalue"):
        return some((present.negated(), matched))
    return every((present, matched))


def _is_open(key: str) -> bool:
    return key in _OPEN or key.startswith(_OPEN_BEGINNINGS)


def _present(key: str, request: Request) -> Truth:
    """Whether the request has the key at all."""
    if key in _PRESENT:
        if key == "aws:principalarn" and request.caller == Caller("principal", STRANGER):
            # A stranger may also call without a signature, and then has no ARN.
            return CHOICE
        return _PRESENT[key][request.caller.kind == "service"]
    return CHOICE if _is_open(key) else UNCLEAR


def _matches(key: str, value: str, request: Request, *, wildcards: bool, ignoring: bool) -> Truth:
    """Whether the key's value, if there is one, is what the policy says."""
    caller = request.caller
    service = caller.kind == "service"
    value = _filled(value, request)
    if "${" in value:
        return UNCLEAR
    if key in _RESOURCES_ACCOUNT:
        return _is_account(value, request.resource_account, wildcards=wildcards)
    if key in (_SOURCES_ACCOUNT if service else _CALLERS_ACCOUNT):
        return _is_account(value, caller.account, wildcards=wildcards)
    if key == "aws:principalarn" and not service:
        return _is_principal(value, request, wildcards=wildcards, ignoring=ignoring)
    if key == "aws:sourcearn" or (service and key.startswith(_CONTEXT) and ":" in value):
        return _is_of_account(value, caller.account, request.owners, wildcards=wildcards)
    return _is_other(key, value, request, wildcards=wildcards)


def _is_principal(value: str, request: Request, *, wildcards: bool, ignoring: bool) -> Truth:
    caller = request.caller
    if caller.name:
        name, value = (caller.name.lower(), value.lower()) if ignoring else (caller.name, value)
        return ALWAYS if glob(value if wildcards else escape(value), name) else NEVER
    if is_identity(value):
        # One principal, who is tried by name; this caller is another.
        return NEVER
    return _is_of_account(value, caller.account, request.owners, wildcards=wildcards)


def _is_other(key: str, value: str, request: Request, *, wildcards: bool) -> Truth:
    caller = request.caller
    service = caller.kind == "service"
    found = CHOICE if _is_open(key) else UNCLEAR
    if key in _CALLERS_ACCOUNT or key == "aws:principalarn":
        # A service's own account is AWS's, which no policy names.
        found = UNCLEAR if wildcards and not value.strip("*") else NEVER
    elif key == "aws:principalisawsservice":
        found = ALWAYS if (value.lower() == "true") == service else NEVER
    elif key == "aws:principalservicename" and service:
        named = glob(value if wildcards else escape(value), caller.name)
        found = CHOICE if not caller.name else ALWAYS if named else NEVER
    elif key in PLACES:
        found = _is_place(key, value, request, wildcards=wildcards)
    elif key == "aws:sourceip" and value.endswith("/0"):
        found = ALWAYS
    return found


def _is_place(key: str, value: str, request: Request, *, wildcards: bool) -> Truth:
    """Whether the request can come from a VPC or endpoint, or from one of an account's."""
    if wildcards and _has_wildcard(value):
        return CHOICE if not value.strip("*") else UNCLEAR
    owner = value if key == "aws:vpceaccount" else request.owners.get(value)
    if owner is None:
        return UNCLEAR
    return CHOICE if (owner == request.own) == request.inside else NEVER


def _filled(value: str, request: Request) -> str:
    """With the two variables that say whose it is; a stranger's account has no digits, so it stays a variable.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if "${" not in value:
        return value
    for name, account in (("principal", request.caller.account), ("resource", request.resource_account)):
        if account != STRANGER:
            value = re.sub(rf"\$\{{aws:{name}account\}}", account, value, flags=re.IGNORECASE)
    return value


def _is_account(value: str, account: str, *, wildcards: bool) -> Truth:
    if not wildcards or not _has_wildcard(value):
        return ALWAYS if value == account != STRANGER else NEVER
    if not value.strip("*"):
        return ALWAYS
    return CHOICE if account == STRANGER else ALWAYS if glob(value, account) else NEVER


def _is_of_account(value: str, account: str, owners: Mapping[str, str], *, wildcards: bool) -> Truth:
    """Whether an ARN of the account's can be it. What comes behind the account is up to the account.

    No name in an ARN that AWS puts into these keys holds a colon, so a wildcard takes no more than its part of it.
    """
    if wildcards and not value.strip("*"):
        return ALWAYS
    parts = value.split(":", 5)
    if len(parts) < 6:
        return CHOICE if wildcards and _has_wildcard(value) else NEVER
    if parts[4]:
        return CHOICE if _is_account(parts[4], account, wildcards=wildcards).holds else NEVER
    owner = owners.get(parts[5].partition("/")[0])
    return UNCLEAR if owner is None else CHOICE if owner == account else NEVER


def _has_wildcard(value: str) -> bool:
    return "*" in value or "?" in value


def escape(value: str) -> str:
    """The text as a pattern that matches it alone."""
    return re.sub(r"([*?\\])", r"\\\1", value)


def glob(pattern: str, text: str) -> bool:
    """Whether IAM's wildcards match: `*` any text, `?` one character.

    The text may be a pattern itself: then a match means that the pattern takes whatever the text takes.
    """
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1 << 14)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|[*?]|[^\\*?]+|\\", pattern)
    known = {"*": ".*", "?": "[^*]"}
    return re.compile(
        "".join(
            known.get(part) or re.escape(part[1:] if part.startswith("\\") and len(part) == 2 else part)
            for part in parts
        ),
        re.DOTALL,
    )
