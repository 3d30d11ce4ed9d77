"""Audit: what happened, written where nobody can alter it, as long as the inventory says (safeguards ① and ③)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from infra.model.graph import Node
from policies.rules import documents
from policies.rules import tokens as t
from policies.rules.core import PLACE, TENANT, Found, rule
from policies.rules.subject import Place, Subject, at, get, items

_BUCKET_PARTS: Final = (
    (t.BUCKET_VERSIONING, "versioning"),
    (t.BUCKET_ENCRYPTION, "encryption"),
    (t.BUCKET_PUBLIC_ACCESS, "public access block"),
    (t.BUCKET_OWNERSHIP, "ownership controls"),
    (t.BUCKET_POLICY, "policy"),
    (t.BUCKET_LIFECYCLE, "lifecycle"),
)
_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_WITHOUT_LOCK: Final = "config"
"""AWS Config doesn't deliver to a bucket with a default lock; its policy denies deletion.
https://docs.aws.amazon.com/config/latest/developerguide/manage-delivery-channel.html"""


@rule(
    "bucket-whole",
    ja="保存先の保護設定",
    en="Every bucket has versions, a key, a lock, a policy, a lifecycle, and no public access",
    severity="critical",
    why="Each part alone can be bypassed: without versions an overwrite deletes, without a lock a deletion does.",
    remediation="Declare infra.bucket.LogBucket.",
    each=(t.BUCKET,),
)
def bucket_whole(bucket: Node, tenant: Subject) -> Iterator[Found]:
    """All parts point at it."""
    for token, what in _BUCKET_PARTS:
        if not tenant.pointing(token, "bucket", bucket):
            yield Found(bucket.urn, "", f"has no {what}")
    if get(bucket, "forceDestroy") not in (None, False):
        yield Found(bucket.urn, "forceDestroy", "is emptied when it is deleted")
    if get(bucket, "acl") not in (None, "private"):
        yield Found(bucket.urn, "acl", f"{bucket.inputs['acl']}: others may read it")
    for_config = any(
        tenant.named(get(channel, "s3BucketName"), t.BUCKET) is bucket for channel in tenant.all(t.DELIVERY_CHANNEL)
    )
    if not for_config and (
        get(bucket, "objectLockEnabled") is not True or not tenant.pointing(t.BUCKET_LOCK, "bucket", bucket)
    ):
        yield Found(bucket.urn, "objectLockEnabled", "isn't locked: who has the rights can delete what it holds")


@rule(
    "bucket-locked",
    ja="保存先の施錠",
    en="Object locks are in compliance mode, for as long as the inventory says",
    severity="critical",
    why="In governance mode the bypass permission lets the history be deleted; logs are kept 90 days or more (①).",
    remediation="rule.defaultRetention: mode COMPLIANCE, days from municipality.retention.days.",
    each=(t.BUCKET_LOCK,),
)
def bucket_locked(node: Node, tenant: Subject) -> Iterator[Found]:
    """Mode and days."""
    kept = at(get(node, "rule"), "defaultRetention")
    if get(node, "objectLockEnabled") not in (None, "Enabled"):
        yield Found(node.urn, "objectLockEnabled", f"{node.inputs['objectLockEnabled']}")
    if at(kept, "mode") != "COMPLIANCE":
        yield Found(node.urn, "rule.defaultRetention.mode", f"{at(kept, 'mode')!r}, not COMPLIANCE")
    days, wanted = at(kept, "days"), tenant.municipality.retention.days
    if days != wanted or at(kept, "years"):
        yield Found(node.urn, "rule.defaultRetention.days", f"{days} days, not the inventory's {wanted}")


@rule(
    "bucket-versioned",
    ja="版の保持",
    en="Buckets keep every version",
    severity="high",
    why="Without versions, overwriting is deleting.",
    remediation="versioningConfiguration.status Enabled.",
    each=(t.BUCKET_VERSIONING,),
)
def bucket_versioned(node: Node, _: Subject) -> Iterator[Found]:
    """Enabled."""
    status = at(get(node, "versioningConfiguration"), "status")
    if status != "Enabled":
        yield Found(node.urn, "versioningConfiguration.status", f"{status!r}")


@rule(
    "bucket-encrypted",
    ja="保存先の暗号化",
    en="Buckets are encrypted with the tenant's own key",
    severity="high",
    why="Audit logs show who looked at whose register (68条の2).",
    remediation="sseAlgorithm aws:kms, kmsMasterKeyId: the region's key for audit, bucketKeyEnabled.",
    each=(t.BUCKET_ENCRYPTION,),
)
def bucket_encrypted(node: Node, _: Subject) -> Iterator[Found]:
    """KMS with a key of ours."""
    rules = items(node, "rules")
    if not rules:
        yield Found(node.urn, "rules", "says no encryption")
    for i, each in enumerate(rules):
        default = at(each, "applyServerSideEncryptionByDefault")
        if at(default, "sseAlgorithm") not in ("aws:kms", "aws:kms:dsse"):
            yield Found(node.urn, f"rules[{i}]", f"{at(default, 'sseAlgorithm')!r}, not aws:kms")
        if not at(default, "kmsMasterKeyId"):
            yield Found(node.urn, f"rules[{i}]", "no key of the tenant's own")


@rule(
    "bucket-private",
    ja="公開の遮断",
    en="Public access is blocked, and the bucket's owner owns every object",
    severity="critical",
    why="A public bucket is read by everybody (68条の2: no leakage).",
    remediation="All four blocks true; objectOwnership BucketOwnerEnforced.",
    each=(t.BUCKET_PUBLIC_ACCESS, t.BUCKET_OWNERSHIP, t.ACCOUNT_PUBLIC_ACCESS),
)
def bucket_private(node: Node, _: Subject) -> Iterator[Found]:
    """Blocks, ownership."""
    if node.type == t.BUCKET_OWNERSHIP:
        owner = at(get(node, "rule"), "objectOwnership")
        if owner != "BucketOwnerEnforced":
            yield Found(node.urn, "rule.objectOwnership", f"{owner!r}: ACLs may admit others")
        return
    for name in _BLOCKS:
        if get(node, name) is not True:
            yield Found(node.urn, name, "public access isn't blocked")


@rule(
    "bucket-kept",
    ja="保存期間の終わり",
    en="A bucket's lifecycle deletes nothing before the inventory's days are over",
    severity="critical",
    why="Logs are kept 90 days or more, all as long as the inventory says (safeguard ①).",
    remediation="expiration.days and noncurrentVersionExpiration.noncurrentDays from municipality.retention.days.",
    each=(t.BUCKET_LIFECYCLE,),
)
def bucket_kept(node: Node, tenant: Subject) -> Iterator[Found]:
    """Each rule."""
    wanted = tenant.municipality.retention.days
    rules = items(node, "rules")
    if not any(at(each, "status") == "Enabled" and at(each, "expiration", "days") for each in rules):
        yield Found(node.urn, "rules", "nothing ends: what is no longer needed is kept for ever")
    for i, each in enumerate(rules):
        if at(each, "status") != "Enabled":
            yield Found(node.urn, f"rules[{i}].status", f"{at(each, 'status')!r}")
        for path in (("expiration", "days"), ("noncurrentVersionExpiration", "noncurrentDays")):
            days = at(each, *path)
            if days is not None and int(str(days)) != wanted:
                yield Found(node.urn, f"rules[{i}].{'.'.join(path)}", f"{days} days, not the inventory's {wanted}")
        if at(each, "expiration", "date"):
            yield Found(node.urn, f"rules[{i}].expiration.date", "deletes on a day, however young")
        if at(each, "noncurrentVersionExpiration", "newerNoncurrentVersions"):
            yield Found(node.urn, f"rules[{i}].noncurrentVersionExpiration", "keeps a number of versions only")
        abort = at(each, "abortIncompleteMultipartUpload", "daysAfterInitiation")
        if abort is not None and int(str(abort)) < 1:
            yield Found(node.urn, f"rules[{i}]", "ends uploads before they are done")


@rule(
    "bucket-guarded",
    ja="保存先の利用制限",
    en="Bucket policies refuse requests without TLS, and deletion by anybody",
    severity="critical",
    why="Nobody may read records on their way to the bucket, or delete them (safeguard ③).",
    remediation="policy: Deny without aws:SecureTransport; Deny s3:DeleteObject and s3:DeleteObjectVersion to *.",
    each=(t.BUCKET_POLICY,),
)
def bucket_guarded(node: Node, tenant: Subject) -> Iterator[Found]:
    """The denials, and services held to this account."""
    statements = documents.of(node, "policy")
    denies = [each for each in statements if not each.allows and any(p == "*" for _, p in each.principals)]
    if not any(each.requires("aws:SecureTransport", "false") and _all(each.actions) for each in denies):
        yield Found(node.urn, "policy", "doesn't refuse what comes without TLS")
    if not any(name == "s3:tlsversion" for each in denies for _, name, _ in each.conditions):
        yield Found(node.urn, "policy", "doesn't refuse what comes by an old TLS")
    refused = {action for each in denies if not each.conditions for action in each.actions}
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"):
        if not refused & {action, "s3:Delete*", "s3:DeleteObject*", "s3:*"}:
            yield Found(node.urn, "policy", f"doesn't deny {action} to everybody")
    bucket = tenant.named(get(node, "bucket"), t.BUCKET)
    yield from _writers(node, bucket, statements, tenant)
    for statement in denies:
        if bucket is not None and not any(_about(resource, bucket) for resource in statement.resources):
            yield Found(node.urn, f"policy.Statement[{statement.index}]", f"{statement.label} isn't about its bucket")
    for statement in statements:
        if not statement.allows:
            continue
        path = f"policy.Statement[{statement.index}]"
        for kind, principal in statement.principals:
            if kind == "Service" and not statement.requires("aws:SourceAccount", tenant.account):
                yield Found(node.urn, path, f"{statement.label}: {principal} isn't held to this account")
        for action in statement.actions:
            if "*" in action or action.startswith(("s3:Delete", "s3:PutBucket", "s3:Bypass", "s3:PutObjectRetention")):
                yield Found(node.urn, f"{path}.Action", f"{statement.label}: {action}")


def _writers(
    node: Node, bucket: Node | None, statements: tuple[documents.Statement, ...], tenant: Subject
) -> Iterator[Found]:
    """Whoever delivers to the bucket must be let in, to this bucket alone."""
    for token, service in ((t.TRAIL, "cloudtrail.amazonaws.com"), (t.DELIVERY_CHANNEL, "config.amazonaws.com")):
        delivers = any(tenant.named(get(each, "s3BucketName"), t.BUCKET) is bucket for each in tenant.all(token))
        allowed = [each for each in statements if each.allows and ("Service", service) in each.principals]
        actions = {action for each in allowed for action in each.actions}
        if delivers and bucket is not None and not {"s3:PutObject", "s3:GetBucketAcl"} <= actions:
            yield Found(node.urn, "policy", f"{service} can't deliver to it")
    for each in statements:
        if each.allows and bucket is not None and not all(_own(resource, bucket) for resource in each.resources):
            yield Found(
                node.urn, f"policy.Statement[{each.index}].Resource", f"{each.label} is about more than its bucket"
            )


def _own(resource: str, bucket: Node) -> bool:
    return resource.removeprefix("arn:aws:s3:::").split("/")[0] in (bucket.inputs.get("bucket"), bucket.id)


def _all(actions: tuple[str, ...]) -> bool:
    return "s3:*" in actions or "*" in actions


def _about(resource: str, bucket: Node) -> bool:
    name = resource.removeprefix("arn:aws:s3:::").split("/")[0]
    return name in (bucket.inputs.get("bucket"), bucket.id, "*")


@rule(
    "trail-there",
    ja="操作の記録",
    en="A trail of all regions, and a configuration recorder in each",
    severity="critical",
    why="The trail says who did what with the servers (safeguard ③); recorded configurations say what changed.",
    remediation="Declare infra.audit.Audit in both places.",
    each=TENANT,
)
def trail_there(tenant: Subject) -> Iterator[Found]:
    """A trail; recorder, channel, status per region; an audit bucket per region."""
    if not tenant.all(t.TRAIL):
        yield Found(tenant.above(tenant.places["primary"], "Audit"), "", "no trail records API calls")
    for place in tenant.places.values():
        for token, what in (
            (t.RECORDER, "recorder of configuration"),
            (t.DELIVERY_CHANNEL, "delivery channel for configuration"),
            (t.RECORDER_STATUS, "recorder status: nothing is recorded"),
            (t.BUCKET, "bucket for audit logs"),
        ):
            if not tenant.all(token, place):
                yield Found(tenant.above(place, "Audit"), "", f"no {what} in {place.region}")
        locked = tenant.all(t.BUCKET_LOCK, place)
        if tenant.all(t.BUCKET, place) and not locked:
            yield Found(tenant.above(place, "Audit"), "", f"no bucket in {place.region} is locked")


@rule(
    "trail-complete",
    ja="操作記録の完全性",
    en="The trail covers all regions and services, is validated, encrypted, and seen by the alarms",
    severity="critical",
    why="A trail that can be altered, or omits a region, isn't a history of work (safeguard ③).",
    remediation="Declare it as infra/audit.py does.",
    each=(t.TRAIL,),
)
def trail_complete(trail: Node, tenant: Subject) -> Iterator[Found]:
    """Switches, key, destinations, selectors."""
    for name in ("isMultiRegionTrail", "enableLogFileValidation"):
        if get(trail, name) is not True:
            yield Found(trail.urn, name, f"{name} isn't true")
    for name in ("includeGlobalServiceEvents", "enableLogging"):
        if get(trail, name) not in (None, True):
            yield Found(trail.urn, name, f"{name} is off")
    for name in ("kmsKeyId", "s3BucketName", "cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn"):
        if not get(trail, name):
            yield Found(trail.urn, name, f"has no {name}")
    bucket = tenant.named(get(trail, "s3BucketName"), t.BUCKET) if get(trail, "s3BucketName") else None
    if bucket is not None and get(bucket, "objectLockEnabled") is not True:
        yield Found(trail.urn, "s3BucketName", f"{bucket.name} isn't locked")
    selectors = items(trail, "advancedEventSelectors")
    if not selectors:
        yield Found(trail.urn, "advancedEventSelectors", "nobody sees who reads the audit logs (S3 data events)")
    else:
        yield from _selectors(trail, selectors)
    for i, each in enumerate(items(trail, "eventSelectors")):
        if at(each, "includeManagementEvents") is False or at(each, "readWriteType") not in (None, "All"):
            yield Found(trail.urn, f"eventSelectors[{i}]", "leaves management events out")


def _selectors(trail: Node, selectors: list[Any]) -> Iterator[Found]:
    whole = data = False
    for each in selectors:
        fields = {str(at(one, "field")): one for one in at(each, "fieldSelectors") or []}  # type: ignore[union-attr]
        category = at(fields.get("eventCategory"), "equals")
        whole |= category == ["Management"] and len(fields) == 1
        data |= category == ["Data"] and at(fields.get("resources.type"), "equals") == ["AWS::S3::Object"]
        if category == ["Data"] and any(name in fields for name in ("readOnly", "eventName")):
            yield Found(trail.urn, "advancedEventSelectors", "leaves reads or writes of log objects out")
    if not whole:
        yield Found(trail.urn, "advancedEventSelectors", "leaves management events out")
    if not data:
        yield Found(trail.urn, "advancedEventSelectors", "nobody sees who reads the audit logs (S3 data events)")


@rule(
    "trail-watches",
    ja="監査ログの閲覧記録",
    en="The trail records every access to the tenant's log buckets",
    severity="medium",
    why="Server access logs can't be delivered to a locked bucket, so this is the only record of who read them.",
    remediation="resources.ARN starts with each log bucket's ARN.",
    each=(t.TRAIL,),
)
def trail_watches(trail: Node, tenant: Subject) -> Iterator[Found]:
    """Each bucket is named by a data selector."""
    watched: list[str] = []
    for each in items(trail, "advancedEventSelectors"):
        for one in at(each, "fieldSelectors") or []:  # type: ignore[union-attr]
            if at(one, "field") == "resources.ARN":
                watched += [str(text) for text in at(one, "startsWiths") or []]  # type: ignore[union-attr]
    if not items(trail, "advancedEventSelectors"):
        return
    for bucket in tenant.all(t.BUCKET):
        arn = f"arn:aws:s3:::{get(bucket, 'bucket')}/"
        if not any(arn.startswith(text) for text in watched):
            yield Found(trail.urn, "advancedEventSelectors", f"doesn't record who reads {get(bucket, 'bucket')}")


@rule(
    "names-logged",
    ja="名前解決の記録",
    en="Every name that a server resolves is recorded",
    severity="high",
    why="Names are a channel out of an isolated circuit (safeguard ②).",
    remediation="Declare a ResolverQueryLogConfig and its association with the VPC.",
    each=(t.VPC,),
)
def names_logged(vpc: Node, tenant: Subject) -> Iterator[Found]:
    """An association with an own configuration."""
    if not tenant.pointing(t.QUERY_LOG_ASSOCIATION, "resourceId", vpc):
        yield Found(vpc.urn, "", "its DNS queries aren't logged")


@rule(
    "recorder-complete",
    ja="構成変更の記録",
    en="All configuration is recorded continuously, in an encrypted bucket",
    severity="high",
    why="It records what was changed by hand, and when (safeguard ③).",
    remediation="recordingGroup.allSupported true, status enabled, s3KmsKeyArn, the tenant's own bucket and role.",
    each=(t.RECORDER, t.RECORDER_STATUS, t.DELIVERY_CHANNEL),
)
def recorder_complete(node: Node, tenant: Subject) -> Iterator[Found]:
    """Recorder, channel, status."""
    if node.type == t.RECORDER:
        place = tenant.place_of(node)
        group = get(node, "recordingGroup")
        if group is not None and at(group, "allSupported") is not True:
            yield Found(node.urn, "recordingGroup.allSupported", "leaves something out")
        if place is not None and place.name == "primary" and at(group, "includeGlobalResourceTypes") is not True:
            yield Found(node.urn, "recordingGroup.includeGlobalResourceTypes", "leaves IAM out")
        if at(group, "exclusionByResourceTypes"):
            yield Found(node.urn, "recordingGroup.exclusionByResourceTypes", "leaves something out")
        if at(get(node, "recordingMode"), "recordingFrequency") not in (None, "CONTINUOUS"):
            yield Found(node.urn, "recordingMode.recordingFrequency", "records once a day only")
        if not get(node, "roleArn"):
            yield Found(node.urn, "roleArn", "no role does it")
    elif node.type == t.RECORDER_STATUS:
        if get(node, "isEnabled") is not True:
            yield Found(node.urn, "isEnabled", "records nothing")
    else:
        for name in ("s3BucketName", "s3KmsKeyArn"):
            if not get(node, name):
                yield Found(node.urn, name, f"has no {name}")


@rule(
    "query-log-kept",
    ja="名前解決記録の保存先",
    en="DNS query logs go to a log group of the tenant's that admits their delivery",
    severity="medium",
    why="A delivery that is refused is a gap in the record.",
    remediation="destinationArn: the log group; a LogResourcePolicy that admits delivery.logs.amazonaws.com to it.",
    each=(t.QUERY_LOG,),
)
def query_log_kept(node: Node, tenant: Subject) -> Iterator[Found]:
    """Destination, association, and permission."""
    arn = get(node, "destinationArn")
    if not arn:
        yield Found(node.urn, "destinationArn", "goes nowhere")
        return
    if not tenant.pointing(t.QUERY_LOG_ASSOCIATION, "resolverQueryLogConfigId", node):
        yield Found(node.urn, "", "no VPC uses it")
    group = tenant.named(arn, t.LOG_GROUP, region=node.region)
    if group is None:
        return
    for policy in tenant.all(t.LOG_RESOURCE_POLICY):
        for statement in documents.of(policy, "policyDocument"):
            admits = ("Service", "delivery.logs.amazonaws.com") in statement.principals
            if admits and any(str(arn) in resource for resource in statement.resources):
                return
    yield Found(node.urn, "destinationArn", f"nothing admits the delivery to {group.name}")


@rule(
    "buckets-used",
    ja="保存先の用途",
    en="Every bucket is a destination of something",
    severity="low",
    why="A store that nothing writes to looks like a safeguard and is a gap.",
    remediation="Name it as a destination, or remove it.",
    each=PLACE,
)
def buckets_used(place: Place, tenant: Subject) -> Iterator[Found]:
    """The audit bucket takes the trail or sessions; the other one the configuration's history."""
    named = {str(node.inputs.get("s3BucketName")) for node in (*tenant.all(t.TRAIL), *tenant.all(t.DELIVERY_CHANNEL))}
    content = " ".join(str(node.inputs.get("content")) for node in tenant.all(t.SSM_DOCUMENT))
    for bucket in tenant.all(t.BUCKET, place):
        name = str(get(bucket, "bucket"))
        if name not in named and name not in content and str(bucket.id) not in named:
            yield Found(bucket.urn, "", "nothing writes to it")
