"""The channels of AWS's answers: what is read, what crosses, and what is missing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from honseki.reachability.channels import Report, Tenancy, examine
from honseki.reachability.channels.answered import GLOBAL, from_answers

OWN, B = "111111111111", "222222222222"
REGION = "ap-northeast-1"
ACCOUNTS = {OWN: "a"}
TENANCY = Tenancy({OWN: "a", B: "b"})
Regions = dict[str, dict[str, dict[str, Any]]]


def policy(principal: Any = f"arn:aws:iam::{OWN}:root", **more: Any) -> str:
    who = {"AWS": principal} if isinstance(principal, str) and principal != "*" else principal
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": who, "Action": "x:Do", "Resource": "*", **more}]})


OWN_ONLY = {"Condition": {"StringEquals": {"aws:PrincipalAccount": OWN, "aws:ResourceAccount": OWN}}}


def regions() -> Regions:
    """One account's answers, one of everything, nothing of another's."""
    return {
        REGION: {
            "Keys": {"Keys": [{"KeyId": "k1"}]},
            "KeyPolicies": {"KeyPolicies": [{"KeyId": "k1", "Policy": policy(), "PolicyName": "default"}]},
            "KeyGrants": {
                "KeyGrants": [
                    {"KeyId": "k1", "Grants": [{"GrantId": "g", "GranteePrincipal": f"arn:aws:iam::{OWN}:role/x"}]}
                ]
            },
            "BackupVaults": {"BackupVaultList": [{"BackupVaultName": "v"}, {"BackupVaultName": "bare"}]},
            "BackupVaultPolicies": {
                "BackupVaultPolicies": [{"BackupVaultName": "v", "Policy": policy()}, {"BackupVaultName": "bare"}]
            },
            "Topics": {"Topics": [{"TopicArn": f"arn:aws:sns:{REGION}:{OWN}:t"}]},
            "TopicPolicies": {
                "TopicPolicies": [{"TopicArn": f"arn:aws:sns:{REGION}:{OWN}:t", "Attributes": {"Policy": policy()}}]
            },
            "Queues": {"QueueUrls": ["https://q"]},
            "QueuePolicies": {"QueuePolicies": [{"QueueUrl": "https://q", "Attributes": {"Policy": policy()}}]},
            "Secrets": {"SecretList": [{"ARN": "arn:s"}]},
            "SecretPolicies": {"SecretPolicies": [{"SecretId": "arn:s", "ResourcePolicy": policy()}]},
            "LogResourcePolicies": {"resourcePolicies": [{"policyName": "p", "policyDocument": policy()}]},
            "LogDestinations": {"destinations": [{"destinationName": "d", "accessPolicy": policy()}]},
            "VpcEndpoints": {
                "VpcEndpoints": [
                    {
                        "VpcEndpointId": "vpce-1",
                        "VpcEndpointType": "Gateway",
                        "ServiceName": f"com.amazonaws.{REGION}.s3",
                        "PolicyDocument": policy("*", **OWN_ONLY),
                    },
                    {"VpcEndpointId": "vpce-2", "VpcEndpointType": "GatewayLoadBalancer"},
                ]
            },
            "VpcEndpointServiceConfigurations": {"ServiceConfigurations": [{"ServiceId": "vpce-svc-1"}]},
            "VpcEndpointServicePermissions": {
                "VpcEndpointServicePermissions": [
                    {"ServiceId": "vpce-svc-1", "AllowedPrincipals": [{"Principal": f"arn:aws:iam::{OWN}:root"}]}
                ]
            },
            "SharePrincipals": {
                "resourceShareAssociations": [
                    {"resourceShareArn": "arn:share", "associatedEntity": B, "status": "DISASSOCIATED"}
                ]
            },
            "Images": {"Images": [{"ImageId": "ami-1"}]},
            "ImageLaunchPermissions": {"ImageLaunchPermissions": [{"ImageId": "ami-1", "LaunchPermissions": []}]},
            "Snapshots": {"Snapshots": [{"SnapshotId": "snap-1"}]},
            "SnapshotCreateVolumePermissions": {
                "SnapshotCreateVolumePermissions": [
                    {"SnapshotId": "snap-1", "CreateVolumePermissions": [{"UserId": OWN}]}
                ]
            },
            "DBSnapshots": {"DBSnapshots": [{"DBSnapshotIdentifier": "db"}]},
            "DBSnapshotAttributes": {
                "DBSnapshotAttributes": [
                    {
                        "DBSnapshotIdentifier": "db",
                        "DBSnapshotAttributesResult": {
                            "DBSnapshotAttributes": [{"AttributeName": "restore", "AttributeValues": [OWN]}]
                        },
                    }
                ]
            },
            "DBClusterSnapshots": {"DBClusterSnapshots": []},
            "DBClusterSnapshotAttributes": {"DBClusterSnapshotAttributes": []},
        },
        GLOBAL: {
            "Roles": {
                "Roles": [
                    {
                        "Arn": f"arn:aws:iam::{OWN}:role/x",
                        "Path": "/",
                        "AssumeRolePolicyDocument": json.loads(policy()),
                    },
                    {
                        "Arn": f"arn:aws:iam::{OWN}:role/aws-service-role/y",
                        "Path": "/aws-service-role/rds.amazonaws.com/",
                        "AssumeRolePolicyDocument": policy({"Service": "rds.amazonaws.com"}),
                    },
                ]
            },
            "Buckets": {"Buckets": [{"Name": "one"}]},
            "BucketPolicies": {"BucketPolicies": [{"Bucket": "one", "Policy": policy()}]},
            "BucketAcls": {
                "BucketAcls": [
                    {
                        "Bucket": "one",
                        "Owner": {"ID": "mine"},
                        "Grants": [{"Grantee": {"ID": "mine", "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}],
                    }
                ]
            },
        },
    }


def examined(answers: Regions, **more: Any) -> Report:
    return examine(from_answers({OWN: answers}, ACCOUNTS, **more), TENANCY)


def test_nothing_of_anothers_is_isolated_and_everything_is_counted() -> None:
    report = examined(regions())
    assert (report.crossings, report.verdict) == ((), "ISOLATED")
    assert report.examined == {
        **dict.fromkeys(("bucket", "bucket-acl", "database-snapshot", "endpoint", "grant", "image", "key"), 1),
        **dict.fromkeys(
            ("log-destination", "endpoint-service", "logs", "queue", "secret", "snapshot", "topic", "trust", "vault"), 1
        ),
    }


def put(path: str, value: Any) -> Callable[[Regions], None]:
    """Another value at a path of keys and indices, in the region that has the document."""

    def change(answers: Regions) -> None:
        document, *keys, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        place: Any = next(documents for documents in answers.values() if document in documents)[str(document)]
        for key in keys:
            place = place[key]
        place[last] = value

    return change


OF_B = policy(f"arn:aws:iam::{B}:role/x")
ROLE_OF_B = f"arn:aws:iam::{B}:role/x"

CROSSING: dict[str, tuple[Callable[[Regions], None], str, str]] = {
    "key": (put("KeyPolicies.KeyPolicies.0.Policy", OF_B), ROLE_OF_B, "b"),
    "grant": (put("KeyGrants.KeyGrants.0.Grants.0.GranteePrincipal", ROLE_OF_B), ROLE_OF_B, "b"),
    "vault": (put("BackupVaultPolicies.BackupVaultPolicies.0.Policy", policy("*")), "anyone", "anyone"),
    "topic": (put("TopicPolicies.TopicPolicies.0.Attributes.Policy", OF_B), ROLE_OF_B, "b"),
    "queue": (put("QueuePolicies.QueuePolicies.0.Attributes.Policy", OF_B), ROLE_OF_B, "b"),
    "secret": (put("SecretPolicies.SecretPolicies.0.ResourcePolicy", OF_B), ROLE_OF_B, "b"),
    "logs": (put("LogResourcePolicies.resourcePolicies.0.policyDocument", OF_B), ROLE_OF_B, "b"),
    "log-destination": (put("LogDestinations.destinations.0.accessPolicy", OF_B), ROLE_OF_B, "b"),
    "endpoint": (
        put(
            "VpcEndpoints.VpcEndpoints.0.PolicyDocument",
            policy("*", Condition={"StringEquals": {"aws:PrincipalAccount": OWN}}),
        ),
        *("anyone", "anyone"),
    ),
    "endpoint-service": (
        put("VpcEndpointServicePermissions.VpcEndpointServicePermissions.0.AllowedPrincipals.0.Principal", "*"),
        *("all", "anyone"),
    ),
    "ram": (put("SharePrincipals.resourceShareAssociations.0.status", "ASSOCIATED"), B, "b"),
    "image": (
        put("ImageLaunchPermissions.ImageLaunchPermissions.0.LaunchPermissions", [{"Group": "all"}]),
        *("all", "anyone"),
    ),
    "snapshot": (
        put(
            "SnapshotCreateVolumePermissions.SnapshotCreateVolumePermissions.0.CreateVolumePermissions", [{"UserId": B}]
        ),
        *(B, "b"),
    ),
    "database-snapshot": (
        put(
            "DBSnapshotAttributes.DBSnapshotAttributes.0.DBSnapshotAttributesResult.DBSnapshotAttributes.0.AttributeValues",
            ["all"],
        ),
        *("all", "anyone"),
    ),
    "trust": (put("Roles.Roles.0.AssumeRolePolicyDocument", quote(OF_B)), ROLE_OF_B, "b"),
    "bucket": (put("BucketPolicies.BucketPolicies.0.Policy", policy("*")), "anyone", "anyone"),
    "bucket-acl": (
        put(
            "BucketAcls.BucketAcls.0.Grants",
            [
                {
                    "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
                    "Permission": "READ",
                }
            ],
        ),
        *("all", "anyone"),
    ),
}


@pytest.mark.parametrize("kind", CROSSING)
def test_a_way_of_anothers_is_found(kind: str) -> None:
    change, who, whose = CROSSING[kind]
    answers = regions()
    change(answers)
    (found,) = examined(answers).crossings
    assert (found.verdict, found.kind, found.who, found.whose) == ("CROSSES", kind, who, whose)


def test_every_kind_has_such_a_case() -> None:
    assert {*CROSSING} >= {*examined(regions()).examined}


@pytest.mark.parametrize("region", [REGION, GLOBAL])
def test_a_document_that_is_not_there_is_unknown(region: str) -> None:
    whole = regions()
    lists = {"Keys", "BackupVaults", "Topics", "Queues", "Secrets", "Images", "Snapshots", "DBSnapshots"}
    lists |= {"DBClusterSnapshots", "Buckets", "VpcEndpointServiceConfigurations"}
    for name in whole[region]:
        answers = copy.deepcopy(whole)
        del answers[region][name]
        report = examined(answers)
        assert report.verdict == "UNKNOWN", name
        assert all(each.whose == "unknown" for each in report.crossings)
        assert name in lists or any(f"/{name}" in each.where for each in report.crossings)


def test_what_was_refused_is_said() -> None:
    answers = regions()
    del answers[REGION]["KeyPolicies"]
    gaps = {(OWN, REGION, "KeyPolicies"): ["GetKeyPolicy: denied"], (OWN, GLOBAL, "BucketPolicies"): ["one: denied"]}
    report = examined(answers, gaps=gaps)
    assert [(each.kind, each.why) for each in report.crossings] == [
        ("key", "GetKeyPolicy: denied"),
        ("bucket", "one: denied"),
    ]


def test_a_thing_that_nothing_was_answered_about_is_unknown() -> None:
    answers = regions()
    answers[REGION]["Keys"]["Keys"].append({"KeyId": "k2"})
    report = examined(answers)
    assert [each.why for each in report.crossings] == ["nothing was answered about k2"] * 2
    assert {each.kind for each in report.crossings} == {"key", "grant"}


def test_an_answer_in_another_form_is_unknown() -> None:
    for change in (
        put("KeyPolicies.KeyPolicies", {"k1": "x"}),
        put("LogResourcePolicies.resourcePolicies.0", {"name": "p"}),
        put("BucketAcls.BucketAcls.0.Grants.0", {"Permission": "READ"}),
    ):
        answers = regions()
        change(answers)
        assert examined(answers).verdict == "UNKNOWN"


def test_an_account_of_which_nothing_is_there_is_unknown() -> None:
    report = examine(from_answers({}, ACCOUNTS), TENANCY)
    assert report.verdict == "UNKNOWN"
    assert ("account", "no region of it was asked about") in {(each.kind, each.why) for each in report.crossings}


def test_a_bucket_that_two_accounts_claim_is_nobodys() -> None:
    claimed = from_answers({OWN: regions(), B: regions()}, {OWN: "a", B: "b"})
    assert "one" not in claimed.owners
    assert from_answers({OWN: regions()}, ACCOUNTS).owners["one"] == OWN
