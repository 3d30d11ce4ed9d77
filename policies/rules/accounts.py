"""What an examiner looks at on accounts: defaults that hold for whatever is made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.model.graph import Node
from policies.rules import tokens as t
from policies.rules.core import PLACE, Found, rule
from policies.rules.subject import Place, Subject, get

_PASSWORDS: Final = (
    "requireLowercaseCharacters",
    "requireUppercaseCharacters",
    "requireNumbers",
    "requireSymbols",
)
_DEFAULTS: Final = (
    (t.EBS_ENCRYPTION, "encryption of new volumes"),
    (t.EBS_DEFAULT_KEY, "key of new volumes"),
    (t.METADATA_DEFAULTS, "defaults of instance metadata"),
    (t.SNAPSHOT_PUBLIC_ACCESS, "block of public snapshots"),
    (t.IMAGE_PUBLIC_ACCESS, "block of public images"),
    (t.VPC_PUBLIC_ACCESS, "block of the internet"),
)
_ONCE: Final = ((t.PASSWORD_POLICY, "password policy"), (t.ACCOUNT_PUBLIC_ACCESS, "block of public buckets"))


@rule(
    "account-defaults",
    ja="アカウントの既定値",
    en="The account's defaults are the safe ones",
    severity="medium",
    why="Whatever is made by hand in the account uses them (68条の2).",
    remediation="Passwords of 14 characters and 24 remembered; encryption by default; IMDSv2; public access blocked.",
    each=(t.PASSWORD_POLICY, t.EBS_ENCRYPTION, t.METADATA_DEFAULTS, t.SNAPSHOT_PUBLIC_ACCESS, t.IMAGE_PUBLIC_ACCESS),
)
def account_defaults(node: Node, _: Subject) -> Iterator[Found]:
    """One check per type."""
    if node.type == t.PASSWORD_POLICY:
        for name, least in (("minimumPasswordLength", 14), ("passwordReusePrevention", 24)):
            said = get(node, name)
            if said is None or int(str(said)) < least:
                yield Found(node.urn, name, f"{said}, less than {least}")
        for name in _PASSWORDS:
            if get(node, name) is not True:
                yield Found(node.urn, name, f"{name} isn't true")
        age = get(node, "maxPasswordAge")
        if age is None or int(str(age)) > 90:
            yield Found(node.urn, "maxPasswordAge", f"passwords live {age or 'for ever'} days")
    elif node.type == t.EBS_ENCRYPTION and get(node, "enabled") not in (None, True):
        yield Found(node.urn, "enabled", "new volumes aren't encrypted")
    elif node.type == t.METADATA_DEFAULTS:
        if get(node, "httpTokens") != "required":
            yield Found(node.urn, "httpTokens", "new servers answer IMDSv1")
        if get(node, "httpPutResponseHopLimit") != 1:
            yield Found(node.urn, "httpPutResponseHopLimit", "metadata is reached through a container or proxy")
    elif node.type == t.SNAPSHOT_PUBLIC_ACCESS and get(node, "state") != "block-all-sharing":
        yield Found(node.urn, "state", f"{node.inputs.get('state')}: snapshots may be public")
    elif node.type == t.IMAGE_PUBLIC_ACCESS and get(node, "state") != "block-new-sharing":
        yield Found(node.urn, "state", f"{node.inputs.get('state')}: images may be public")


@rule(
    "internet-blocked",
    ja="インターネットの遮断",
    en="Internet gateways are blocked, both ways",
    severity="high",
    why="If somebody attaches an internet gateway all the same, this stops what would pass it (68条の2).",
    remediation="internetGatewayBlockMode block-bidirectional, in both places.",
    each=(t.VPC_PUBLIC_ACCESS,),
)
def internet_blocked(node: Node, _: Subject) -> Iterator[Found]:
    """The mode; that it is there is `account-guarded`'s."""
    mode = get(node, "internetGatewayBlockMode")
    if mode != "block-bidirectional":
        yield Found(node.urn, "internetGatewayBlockMode", f"{mode}: an internet gateway lets packets out, or in")


@rule(
    "account-guarded",
    ja="アカウント全体の防護",
    en="The account's own settings are declared in each region",
    severity="medium",
    why="They protect even where a component's declaration is wrong (68条の2).",
    remediation="Declare infra.account.Account in both places.",
    each=PLACE,
)
def account_guarded(place: Place, tenant: Subject) -> Iterator[Found]:
    """One of each per region; those without a region in the primary place."""
    for token, what in (*_DEFAULTS, *(_ONCE if place.name == "primary" else ())):
        if not tenant.all(token, place):
            yield Found(tenant.above(place, "Account"), "", f"no {what} in {place.region}")


@rule(
    "service-role",
    ja="サービス連携ロール",
    en="Service-linked roles belong to reviewed services",
    severity="high",
    why="Such a role may do whatever AWS gives the service.",
    remediation="autoscaling.amazonaws.com and config.amazonaws.com only; review any other first.",
    each=(t.SERVICE_ROLE,),
)
def service_role(node: Node, _: Subject) -> Iterator[Found]:
    """The service's name."""
    service = get(node, "awsServiceName")
    if service not in ("autoscaling.amazonaws.com", "config.amazonaws.com"):
        yield Found(node.urn, "awsServiceName", f"{service} wasn't reviewed")
