"""S3: object lock that holds, buckets that belong to somebody."""

from __future__ import annotations

import datetime
import json
import os
import signal
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from honseki.rehearsal.region import control
from honseki.rehearsal.region.issues import TenantIssue

from .conftest import PRIMARY, Clients, assume, new_account

Refused = Callable[..., Any]
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def later(days: int) -> datetime.datetime:
    return NOW + datetime.timedelta(days=days)


@pytest.fixture
def s3(clients: Clients) -> Any:
    return clients("s3")


@pytest.fixture
def bucket(account: str, s3: Any) -> str:
    name = f"entry-logs-{account}"
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": PRIMARY},
        ObjectLockEnabledForBucket=True,
    )
    return name


def put(s3: Any, bucket: str, mode: str = "COMPLIANCE", days: int = 90) -> dict[str, str]:
    made = s3.put_object(
        Bucket=bucket, Key="2026/08.csv", Body=b"log", ObjectLockMode=mode, ObjectLockRetainUntilDate=later(days)
    )
    return {"Bucket": bucket, "Key": "2026/08.csv", "VersionId": made["VersionId"]}


def retention(mode: str, days: int) -> dict[str, Any]:
    return {"Mode": mode, "RetainUntilDate": later(days)}


def test_a_compliance_lock_only_gets_longer(s3: Any, bucket: str, refused: Refused) -> None:
    named = put(s3, bucket)
    assert s3.get_object_retention(**named)["Retention"] == retention("COMPLIANCE", 90)
    for shorter in (retention("COMPLIANCE", 89), retention("GOVERNANCE", 90), retention("GOVERNANCE", 400)):
        for bypass in (False, True):
            with refused("AccessDenied"):
                s3.put_object_retention(**named, Retention=shorter, BypassGovernanceRetention=bypass)
    s3.put_object_retention(**named, Retention=retention("COMPLIANCE", 400))
    assert s3.get_object_retention(**named)["Retention"] == retention("COMPLIANCE", 400)
    with refused("AccessDenied"):
        s3.delete_object(**named, BypassGovernanceRetention=True)
    assert s3.head_object(**named)["ContentLength"] == 3


def test_a_governance_lock_can_be_overridden(s3: Any, bucket: str, refused: Refused) -> None:
    named = put(s3, bucket, "GOVERNANCE")
    with refused("AccessDenied"):
        s3.put_object_retention(**named, Retention=retention("GOVERNANCE", 1))
    s3.put_object_retention(**named, Retention=retention("GOVERNANCE", 1), BypassGovernanceRetention=True)
    s3.put_object_retention(**named, Retention=retention("GOVERNANCE", 30))
    assert s3.get_object_retention(**named)["Retention"] == retention("GOVERNANCE", 30)


def test_a_lock_ends_in_the_future(s3: Any, bucket: str, refused: Refused) -> None:
    with refused("InvalidArgument", "must be in the future"):
        put(s3, bucket, days=-1)
    named = put(s3, bucket)
    with refused("InvalidArgument", "must be in the future"):
        s3.put_object_retention(**named, Retention=retention("COMPLIANCE", -1))


def test_an_object_without_a_lock(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="free", Body=b"x")
    with refused("NoSuchObjectLockConfiguration"):
        s3.get_object_retention(Bucket=bucket, Key="free")
    with refused("NoSuchKey"):
        s3.get_object_retention(Bucket=bucket, Key="none")


def test_what_is_not_there(s3: Any, bucket: str, refused: Refused) -> None:
    with refused("404"):
        s3.head_bucket(Bucket="nobodys-bucket")
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="none")
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == PRIMARY


def test_whose_bucket(region: control.RegionInfo, account: str, s3: Any, bucket: str, refused: Refused) -> None:
    s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=account)
    for call in (
        lambda: s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner="000000000001"),
        lambda: s3.put_object(Bucket=bucket, Key="a", Body=b"", ExpectedBucketOwner="000000000001"),
    ):
        with refused("AccessDenied"):
            call()
    other = new_account()
    control.issue(region, [TenantIssue(other, (PRIMARY,))])
    stranger = assume(region, other)("s3")
    with refused("AccessDenied"):
        stranger.list_objects_v2(Bucket=bucket)
    with refused("BucketAlreadyExists"):
        stranger.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": PRIMARY})


@pytest.mark.slow
def test_objects_and_owners_survive(own_region: control.RegionInfo, refused: Refused) -> None:
    accounts = [new_account(), new_account()]
    control.issue(own_region, [TenantIssue(account, (PRIMARY,)) for account in accounts])
    owner, stranger = (assume(own_region, account) for account in accounts)
    where = {"CreateBucketConfiguration": {"LocationConstraint": PRIMARY}}
    owner("s3").create_bucket(Bucket="kept", ObjectLockEnabledForBucket=True, **where)
    named = put(owner("s3"), "kept")
    vpc = owner("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    os.kill(own_region.pid, signal.SIGKILL)
    psutil.Process(own_region.pid).wait(10)
    control.start(own_region.home)
    # The stranger comes first: the owner's account isn't in memory yet.
    with refused("AccessDenied"):
        stranger("s3").list_objects_v2(Bucket="kept")
    with refused("BucketAlreadyExists"):
        stranger("s3").create_bucket(Bucket="kept", **where)
    assert owner("s3").get_object(**named)["Body"].read() == b"log"
    assert owner("s3").get_object_retention(**named)["Retention"] == retention("COMPLIANCE", 90)
    assert [v["VpcId"] for v in owner("ec2").describe_vpcs()["Vpcs"]] == [vpc]


def test_a_policy_that_wants_tls_lets_the_region_work_and_a_denial_denies(s3: Any) -> None:
    everything = ["arn:aws:s3:::kept", "arn:aws:s3:::kept/*"]
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    tls = [whole | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps({"Version": "2012-10-17", "Statement": tls}))
    s3.put_object(Bucket="kept", Key="one", Body=b"1")
    assert s3.get_object(Bucket="kept", Key="one")["Body"].read() == b"1"
    denied = whole | {"Action": ["s3:DeleteObject"]}
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps({"Version": "2012-10-17", "Statement": [*tls, denied]}))
    with pytest.raises(ClientError) as refused:
        s3.delete_object(Bucket="kept", Key="one")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert s3.get_object(Bucket="kept", Key="one")["Body"].read() == b"1"
