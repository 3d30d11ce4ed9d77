"""Keys: customer-managed, rotated, and for the tenant's own principals only (68条の2: no leakage)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import PLACE, Found, rule
from policies.rules.documents import Statement
from policies.rules.subject import Place, Subject, get, items

SCALING_SERVICE: Final = "autoscaling.amazonaws.com"
IMAGE_OPERATIONS: Final = ("CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom")
"""Said again, not taken from infra: what is checked doesn't come from what is declared.
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html#share-kms-key"""

_USES: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:Sign")


@rule(
    "keys-there",
    ja="地域ごとの暗号鍵",
    en="Each region has keys of the tenant's own, with an alias each",
    severity="critical",
    why="What is stored without a key of the tenant's own is readable with AWS's shared one.",
    remediation="Declare infra.keys.Keys in both places.",
    each=PLACE,
)
def keys_there(place: Place, tenant: Subject) -> Iterator[Found]:
    """At least one key; an alias for each."""
    keys = tenant.all(t.KEY, place)
    if not keys:
        yield Found(tenant.above(place, "Keys"), "", f"no key in {place.region}")
    for key in keys:
        if not tenant.pointing(t.ALIAS, "targetKeyId", key):
            yield Found(key.urn, "", "no alias tells what it is for")


@rule(
    "key-rotates",
    ja="鍵の更新",
    en="Keys rotate every year, and are deleted after 30 days at the earliest",
    severity="high",
    why="Without its key, encrypted data is lost; KMS waits 30 days at most, in which to notice a deletion.",
    remediation="enableKeyRotation true, rotationPeriodInDays 365 or less, deletionWindowInDays 30, multiRegion false.",
    each=(t.KEY,),
)
def key_rotates(key: Node, _: Subject) -> Iterator[Found]:
    """Rotation, deletion window, region, state."""
    if get(key, "enableKeyRotation") is not True:
        yield Found(key.urn, "enableKeyRotation", "isn't rotated")
    period = get(key, "rotationPeriodInDays")
    if period is not None and int(str(period)) > 365:
        yield Found(key.urn, "rotationPeriodInDays", f"is rotated after {period} days only")
    window = get(key, "deletionWindowInDays")
    if window is not None and int(str(window)) < 30:
        yield Found(key.urn, "deletionWindowInDays", f"is gone {window} days after its deletion was asked")
    if get(key, "multiRegion") not in (None, False):
        yield Found(key.urn, "multiRegion", "its material may be copied to another region")
    if get(key, "isEnabled") not in (None, True):
        yield Found(key.urn, "isEnabled", "is disabled: what it encrypted can't be read")
    if get(key, "bypassPolicyLockoutSafetyCheck") not in (None, False):
        yield Found(key.urn, "bypassPolicyLockoutSafetyCheck", "may be locked out of its own administration")


@rule(
    "key-policy",
    ja="鍵の利用者の限定",
    en="A key's policy names the tenant's own principals, and services on conditions",
    severity="critical",
    why="Whoever may use the key reads what it encrypted; without a policy of ours, AWS's default lets all of IAM.",
    remediation="policy as in infra/keys.py: administration apart from use, use held by a condition, services too.",
    each=(t.KEY,),
)
def key_policy(key: Node, tenant: Subject) -> Iterator[Found]:
    """Every Allow of the policy."""
    if get(key, "policy") is None:
        yield Found(key.urn, "policy", "has no policy of its own")
    statements = documents.of(key, "policy")
    for statement in statements:
        at = f"policy.Statement[{statement.index}]"
        if not statement.allows:
            continue
        for what in _too_wide(statement, tenant):
            yield Found(key.urn, at, f"{statement.label}: {what}")
    root = f"arn:aws:iam::{tenant.account}:root"
    administers = any(
        s.allows and ("AWS", root) in s.principals and "kms:PutKeyPolicy" in s.actions for s in statements
    )
    if statements and not administers:
        yield Found(key.urn, "policy", "nobody may change its policy: the key can't be administered any more")


def _too_wide(statement: Statement, tenant: Subject) -> Iterator[str]:
    uses = [action for action in statement.actions if action.startswith(_USES)]
    for action in statement.actions:
        if action in ("*", "kms:*") or (action.endswith("*") and not action.startswith(_USES)):
            yield f"allows {action}"
    if statement.negated:
        yield f"{', '.join(statement.negated)} allows all but what is named"
    for kind, principal in statement.principals:
        if principal == "*" or kind in ("*", "Federated"):
            yield f"admits {kind} {principal}"
        if kind == "AWS" and uses and principal.endswith(":root") and not statement.requires("kms:ViaService"):
            yield f"the whole account may {', '.join(uses)}, not only through the service (kms:ViaService)"
        if kind == "Service" and not _held(statement, tenant):
            yield f"{principal} isn't held to this account's resources (a condition with its account)"
    for action in uses:
        if action.startswith("kms:CreateGrant") and not statement.requires("kms:GrantIsForAWSResource", "true"):
            yield "kms:CreateGrant hands the use out; hold it to AWS resources (kms:GrantIsForAWSResource)"
    for _, values in statement.condition("kms:ViaService"):
        for service in values:
            if "*" in service or not any(service.endswith(f".{region}.amazonaws.com") for region in tenant.regions):
                yield f"by way of {service}, which is no service in the tenant's regions"


def _held(statement: Statement, tenant: Subject) -> bool:
    if statement.within_account(tenant.account):
        return True
    return any(
        key.startswith("kms:encryptioncontext:") and values and all(tenant.account in text for text in values)
        for _, key, values in statement.conditions
    )


@rule(
    "image-grant",
    ja="鍵の使用許可はサーバの起動のみ",
    en="The only grants on keys let Auto Scaling start servers from the image, and nothing else",
    severity="critical",
    why="A grant hands the use of a key out past its policy: of a tenant's key, that is everything under it (68条の2).",
    remediation="Declare it as infra/servers.py does: the image's key, the tenant's own Auto Scaling role, four "
    "operations.",
    each=(t.GRANT,),
)
def image_grant(grant: Node, tenant: Subject) -> Iterator[Found]:
    """The inventory's key of that region, the tenant's own role, no more than starting takes, retired at the end."""
    place = tenant.place_of(grant)
    key, wanted = get(grant, "keyId"), tenant.image_keys.get(place.name) if place else None
    if key is None or key != wanted:
        yield Found(
            grant.urn, "keyId", f"{key} isn't the key of the inventory's image here ({wanted or 'it has none'})"
        )
    role = tenant.named(get(grant, "granteePrincipal"), t.SERVICE_ROLE)
    if role is None or get(role, "awsServiceName") != SCALING_SERVICE:
        yield Found(grant.urn, "granteePrincipal", "isn't the tenant's own role for Auto Scaling")
    for i, operation in enumerate(items(grant, "operations")):
        if operation not in IMAGE_OPERATIONS:
            yield Found(grant.urn, f"operations[{i}]", f"{operation} isn't needed to start a server from the image")
    if get(grant, "retireOnDelete") is not True:
        yield Found(
            grant.urn, "retireOnDelete", "would be revoked, which the tenant's account may not do: it would stay"
        )


@rule(
    "image-readable",
    ja="サーバの起動に必要な鍵の使用許可",
    en="Auto Scaling may read the image that it starts servers from",
    severity="critical",
    why="Without a grant on the image's key no server starts: not today, and not when one fails (safeguard ④).",
    remediation="Declare infra.servers.Servers, which gives the grant, in both places.",
    each=(t.AUTO_SCALING,),
)
def image_readable(group: Node, tenant: Subject) -> Iterator[Found]:
    """A grant for the group's role, with all that starting takes, where the image has a key."""
    place = tenant.place_of(group)
    if place is None or tenant.image_keys.get(place.name) is None:
        return
    role = tenant.named(get(group, "serviceLinkedRoleArn"), t.SERVICE_ROLE)
    given = {
        str(operation)
        for grant in tenant.all(t.GRANT, place)
        if role is not None and tenant.named(get(grant, "granteePrincipal"), t.SERVICE_ROLE) is role
        for operation in items(grant, "operations")
    }
    missing = sorted(set(IMAGE_OPERATIONS) - given)
    if missing:
        yield Found(
            group.urn, "serviceLinkedRoleArn", f"its role has no grant on the image's key: {', '.join(missing)}"
        )


@rule(
    "alias-named",
    ja="鍵の別名",
    en="Aliases are the tenant's own",
    severity="low",
    why="Nobody looks up an alias of another name, or AWS itself does (alias/aws/).",
    remediation="alias/{code}-{place}-{purpose}",
    each=(t.ALIAS,),
)
def alias_named(alias: Node, tenant: Subject) -> Iterator[Found]:
    """`alias/272191-...`"""
    if not str(get(alias, "name")).startswith(f"alias/{tenant.code}-"):
        yield Found(alias.urn, "name", f"{alias.inputs.get('name')} isn't named after the tenant")
