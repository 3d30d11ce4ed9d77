"""Channels that aren't packets: what lets a principal of one tenant's account at something of another's.

Every policy is asked the same question: is there a request of somebody of another account (or of a service that acts
for another account, or of nobody in particular) that it lets through? All accounts that the policy names are tried, and
a stranger for all that it doesn't. What lets a request through for sure CROSSES; where it turns on something that the
input doesn't tell (who is in an organization, an operator that IAM doesn't have), it is UNKNOWN. Only an allow-list
makes a way of another account's an accepted one.

- A **resource's policy** (key, bucket, vault, topic, role's trust, ...) must admit the own account alone.
- An **endpoint's policy** is the way of the servers to AWS: it must let through the own account's principals to the
  own account's resources alone. Else data could be carried out with anyone's credentials, or to anyone's bucket.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
- A **principal's policy** must not name another account's resources. That it says `*` is no crossing: a resource of
  another account must admit the principal as well, and all resources here are examined.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
- A **service** without a condition on the account that it acts for (confused deputy) CROSSES where AWS documents that
  it delivers for other accounts; elsewhere it is UNKNOWN, except services that take only roles of their own account.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
- A **share** (image, snapshot, RAM share, grant, destination) must name the own account alone.

Not credited: S3's public access blocks, service and resource control policies, permissions boundaries. They only take
away, so leaving them out may report a crossing that AWS would stop, and never hides one. That a VPC or endpoint of the
own account (`aws:SourceVpce`) keeps other tenants out rests on the proof about packets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from honseki.reachability.channels.admits import Document, level, odd, root_of, unclear
from honseki.reachability.channels.conditions import NO, STRANGER, UNSURE, YES, Caller, Request
from honseki.reachability.channels.crossings import (
    EVERYBODY,
    Admission,
    Channels,
    Crossing,
    Missing,
    Policy,
    Report,
    Share,
    Tenancy,
    Verdict,
)
from infra.model.statements import NotAPolicyError, Statement, account_of, parse

__all__ = [
    "EVERYBODY",
    "Admission",
    "Channels",
    "Crossing",
    "Missing",
    "Policy",
    "Report",
    "Share",
    "Tenancy",
    "examine",
    "judge",
    "judge_share",
]

_SAME_ACCOUNT: Final = frozenset({"ec2.amazonaws.com"})
"""Services that take a role of their own account only, and say no source when they assume it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html"""

_DELIVERS: Final = frozenset(
    {
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-set-bucket-policy-for-multiple-accounts.html
        "cloudtrail.amazonaws.com",
        # https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html
        "config.amazonaws.com",
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
        "delivery.logs.amazonaws.com",
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        "cloudwatch.amazonaws.com",
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
        "events.amazonaws.com",
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
        "s3.amazonaws.com",
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
        "logging.s3.amazonaws.com",
        # https://docs.aws.amazon.com/sns/latest/dg/sns-send-message-to-sqs-cross-account.html
        "sns.amazonaws.com",
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        "logs.amazonaws.com",
    }
)
"""Services that use a bucket, topic, queue or key of one account for another's trail, alarm, rule or log group."""

_MENDS: Final[Mapping[str, str]] = {
    "trust": "name the tenant's own roles, or the service with aws:SourceAccount and aws:SourceArn",
    "endpoint": "require aws:PrincipalAccount and aws:ResourceAccount to be the tenant's own account",
    "identity": "name the tenant's own resources, or require aws:ResourceAccount",
}
_MEND: Final = "name the tenant's own principals; require aws:SourceAccount of a service, aws:PrincipalAccount of `*`"


def examine(channels: Channels, tenancy: Tenancy) -> Report:
    """Every policy and share against the tenancy. Nothing that is given is left out of the count."""
    found: list[Crossing] = []
    examined: Counter[str] = Counter()
    for policy in channels.policies:
        examined[policy.kind] += 1
        if not _alike(policy, channels.owners, tenancy):
            found += judge(policy, channels.owners, tenancy)
    for share in channels.shares:
        examined[share.kind] += 1
        found += judge_share(share, channels.owners, tenancy)
    for gap in channels.missing:
        examined[gap.kind] += 1
        found.append(
            Crossing(
                "UNKNOWN", gap.kind, "", gap.where, gap.tenant, "", "whoever it names", "unknown", (), gap.why,
                "make it readable: what can't be read isn't known to be closed",
            )
        )  # fmt: skip
    return Report(tuple(found), dict(sorted(examined.items())))


def judge(policy: Policy, owners: Mapping[str, str], tenancy: Tenancy) -> Iterator[Crossing]:
    """What one policy lets others do."""
    try:
        document = _read(policy.document)
    except NotAPolicyError as error:
        yield _crossing(policy, None, _Found(UNSURE, "whoever it names", "unknown", (), str(error)))
        return
    judged = {"endpoint": _endpoint, "identity": _identity}.get(policy.kind, _resource)
    for statement in document.statements:
        if statement.strange:
            why = f"IAM's grammar has no {', '.join(statement.strange)}"
            yield _crossing(policy, statement, _Found(UNSURE, "whoever it names", "unknown", statement.actions, why))
    for allow in document.allows:
        for found in judged(policy, document, allow, owners, tenancy):
            if not tenancy.admits(found.who, policy.kind, policy.tenant):
                yield _crossing(policy, allow, found)


@dataclass(frozen=True, slots=True)
class _Found:
    level: int
    who: str
    whose: str
    actions: tuple[str, ...]
    why: str


def _crossing(policy: Policy, statement: Statement | None, found: _Found) -> Crossing:
    verdict: Verdict = "CROSSES" if found.level == YES else "UNKNOWN"
    return Crossing(
        verdict,
        policy.kind,
        policy.id,
        policy.where,
        policy.tenant,
        statement.label if statement else "",
        found.who,
        found.whose,
        found.actions,
        found.why,
        _MENDS.get(policy.kind, _MEND),
    )


def _resource(
    policy: Policy, document: Document, allow: Statement, owners: Mapping[str, str], tenancy: Tenancy
) -> Iterator[_Found]:
    """Who of others gets at a resource."""
    for kind, value in odd(allow):
        owner = owners.get(value)
        if owner != policy.account:
            whose = tenancy.whose(owner) if owner else "unknown"
            why = f"admits {kind} {value}" if owner else f"whose {kind} {value} is, or who is behind it, isn't known"
            yield _Found(YES if owner else UNSURE, value, whose, allow.actions, why)
    least = NO
    strangers = Caller("principal", STRANGER)
    for caller in (strangers, *_callers(document, policy.account, owners)):
        request = Request(caller, policy.account, policy.account, owners)
        sure, actions = level(document, allow, request, "resource")
        if sure > least:
            yield _described(caller, sure, actions, unclear(document, allow, request), tenancy)
        least = sure if caller is strangers else least
    services = [value for kind, value in allow.principals if kind == "Service"]
    if not services and least < YES and ("NotPrincipal" in allow.negated or any(v == "*" for _, v in allow.principals)):
        services = [""]
    for service in services:
        yield from _service(service, policy, document, allow, owners, tenancy)


def _accounts(document: Document, own: str, owners: Mapping[str, str]) -> list[str]:
    """The other accounts that a document names, by their number or by what is theirs."""
    theirs = {owners[name] for name in document.things if name in owners}
    return sorted({*document.accounts, *theirs} - {own})


def _callers(document: Document, own: str, owners: Mapping[str, str]) -> list[Caller]:
    """The principals that a document names, and of each other account one that it doesn't."""
    unnamed = [Caller("principal", account) for account in _accounts(document, own, owners)]
    return [*(each for each in document.named if each.account != own and each.name), *unnamed]


def _service(
    service: str, policy: Policy, document: Document, allow: Statement, owners: Mapping[str, str], tenancy: Tenancy
) -> Iterator[_Found]:
    """For which other accounts a service gets at a resource."""
    if policy.kind == "trust" and service in _SAME_ACCOUNT:
        return
    least = NO
    for account in (STRANGER, *_accounts(document, policy.account, owners)):
        caller = Caller("service", account, service)
        request = Request(caller, policy.account, policy.account, owners)
        sure, actions = level(document, allow, request, "resource")
        if sure <= least:
            continue
        turns_on = unclear(document, allow, request)
        if account == STRANGER:
            least = sure
            # `logs.ap-northeast-1.amazonaws.com` is `logs.amazonaws.com` in one region.
            general = re.sub(r"\.[a-z]{2}(-[a-z]+)+-[0-9](?=\.amazonaws\.com$)", "", service)
            if service and general not in _DELIVERS:
                sure, turns_on = UNSURE, (*turns_on, f"whether {service} acts here for other accounts")
        yield _described(caller, sure, actions, turns_on, tenancy)


def _described(
    caller: Caller, sure: int, actions: tuple[str, ...], turns_on: tuple[str, ...], tenancy: Tenancy
) -> _Found:
    account = caller.account
    whose = tenancy.whose(account) if account != STRANGER else "anyone"
    if caller.kind == "service":
        who = caller.name or "any service"
        why = f"admits {who} when it acts for {f'the account {account}' if account else 'any account'}"
    else:
        who = caller.name or account or "anyone"
        why = f"admits {who}"
    if sure == UNSURE:
        why += f", depending on {'; '.join(turns_on) or 'what is not known'}"
    return _Found(sure, who, whose, actions, why)


def _endpoint(
    policy: Policy, document: Document, allow: Statement, owners: Mapping[str, str], tenancy: Tenancy
) -> Iterator[_Found]:
    """Whose credentials it lets through, and to whose resources, besides the own to the own."""
    own = policy.account
    others = _accounts(document, own, owners)
    callers = [Caller("principal", own), Caller("principal", STRANGER), *_callers(document, own, owners)]
    reported: dict[tuple[str, str], int] = {}
    for caller in callers:
        for account in (own, STRANGER, *others):
            who = caller.name or caller.account or "anyone"
            mine = caller.account == own or tenancy.admits(who, policy.kind, policy.tenant)
            if mine and (account == own or tenancy.admits(account, policy.kind, policy.tenant)):
                continue
            # Said once: of a stranger for everybody, of the resources for every caller.
            about = ("resources", account) if mine else ("credentials", who)
            general = (about[0], STRANGER if mine else "anyone")
            request = Request(caller, account, own, owners, inside=True)
            sure, actions = level(document, allow, request, "endpoint")
            if sure <= max(reported.get(about, NO), reported.get(general, NO)):
                continue
            reported[about] = sure
            other = account if mine else caller.account
            whose = tenancy.whose(other) if other != STRANGER else "anyone"
            why = (
                f"lets the tenant's servers carry data to resources of {account or 'any account'}"
                if mine
                else f"lets credentials of {caller.name or caller.account or 'any account'} in"
            )
            if sure == UNSURE:
                why += f", depending on {'; '.join(unclear(document, allow, request)) or 'whose the named things are'}"
            yield _Found(sure, (account or "anyone") if mine else who, whose, actions, why)


def _identity(
    policy: Policy, document: Document, allow: Statement, owners: Mapping[str, str], tenancy: Tenancy
) -> Iterator[_Found]:
    """Which resources of other accounts a principal's policy names."""
    caller = Caller("principal", policy.account)
    accounts = {account_of(each) for each in allow.resources} & set(document.accounts)
    buckets = {each.split(":", 5)[5].partition("/")[0] for each in allow.resources if each.startswith("arn:aws:s3:::")}
    whose_bucket = {name: owners.get(name) for name in buckets if not re.search(r"[*?$]", name)}
    accounts |= {owner for owner in whose_bucket.values() if owner is not None}
    for account in sorted(accounts - {policy.account}):
        request = Request(caller, account, policy.account, owners, inside=True)
        sure, actions = level(document, allow, request, "identity")
        if sure:
            why = f"names resources of {account}"
            why += f", depending on {'; '.join(unclear(document, allow, request))}" if sure == UNSURE else ""
            yield _Found(sure, account, tenancy.whose(account), actions, why)
    for name in sorted(name for name, owner in whose_bucket.items() if owner is None):
        sure, actions = level(
            document, allow, Request(caller, STRANGER, policy.account, owners, inside=True), "identity"
        )
        if sure:
            yield _Found(UNSURE, name, "unknown", actions, f"whose bucket {name} is isn't known")


def judge_share(share: Share, owners: Mapping[str, str], tenancy: Tenancy) -> Iterator[Crossing]:
    """With whom of others something is shared."""
    for who in share.shared_with:
        account = root_of(who) or account_of(who) or owners.get(who, "")
        if account == share.account or tenancy.admits(who, share.kind, share.tenant):
            continue
        sure, whose = YES, "anyone" if who == EVERYBODY else tenancy.whose(account)
        why = (
            f"{share.id} sends to {who}" if share.kind == "destination" else f"{share.kind} {share.id} is open to {who}"
        )
        if who != EVERYBODY and (not re.fullmatch(r"[0-9]{12}", account) or who.startswith("arn:aws:organizations:")):
            sure, whose = UNSURE, "unknown"
            why += "; whose account that is, or which accounts are in it, isn't known"
        verdict: Verdict = "CROSSES" if sure == YES else "UNKNOWN"
        remediation = (
            "take the permission back; what another tenant needs goes through a reviewed line of the allow-list"
        )
        yield Crossing(verdict, share.kind, share.id, share.where, share.tenant, "", who, whose, (), why, remediation)


@lru_cache(maxsize=4096)
def _read(text: str) -> Document:
    return Document(parse(text))


_OWN: Final = "999999999999"
_NAMES: Final = re.compile(r"(key/|dbuser:)([\w-]+)")


def _number(digits: str) -> str:
    """A pattern for a number that isn't a part of a longer one; it begins with the digits, which are found fast."""
    return rf"{digits}(?<![0-9]{digits})(?![0-9])"


def _alike(policy: Policy, owners: Mapping[str, str], tenancy: Tenancy) -> bool:
    """Whether a policy is fine because one that differs in its tenant's names only is fine.

    Tenants' policies are alike but for account, code and names of keys. These are replaced, one to one, and what is
    left is judged once, as if the things that it names were the tenant's own and nobody were admitted. False says
    nothing: the policy is then judged as it is.
    """
    text = policy.document
    if _OWN in text or "{code}" in text or "{name-" in text:
        return False
    names: dict[str, str] = {}
    shape = re.sub(_number(policy.account), _OWN, text)
    if policy.tenant.isdecimal():
        shape = re.sub(_number(policy.tenant), "{code}", shape)
    if "key/" in shape or "dbuser:" in shape:
        shape = _NAMES.sub(lambda found: found[1] + names.setdefault(found[2], f"{{name-{len(names)}}}"), shape)
    needs = _needs(policy.kind, shape)
    if needs is None:
        return False

    def restored(name: str) -> str:
        for original, placed in names.items():
            name = name.replace(placed, original)
        return name.replace("{code}", policy.tenant).replace(_OWN, policy.account)

    admitted, things = needs
    return all(tenancy.admits(restored(who), policy.kind, policy.tenant) for who in admitted) and all(
        owners.get(restored(name)) == policy.account for name in things
    )


@lru_cache(maxsize=4096)
def _needs(kind: str, shape: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """Who must be admitted, and which things must be the tenant's own, for the shape to be fine; None: it isn't."""
    try:
        things = Document(parse(shape)).things
    except NotAPolicyError:
        return None
    policy = Policy(kind, "", "", "", _OWN, "", shape)  # type: ignore[arg-type]
    found = list(judge(policy, dict.fromkeys(things, _OWN), Tenancy({})))
    return frozenset(each.who for each in found), things
