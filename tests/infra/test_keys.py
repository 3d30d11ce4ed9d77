"""Keys: whose they are, and who may use them for what."""

from __future__ import annotations

import json

from infra.model.graph import Graph
from tests.infra.conftest import statements

ACCOUNT = "000000272191"


def test_keys_serve_the_tenants_log_groups_and_nobody_else(graph: Graph) -> None:
    for place, region in (("primary", "ap-northeast-1"), ("recovery", "ap-northeast-3")):
        key = graph.find("aws:kms/key:Key", f"{place}-logs")
        group = graph.find("aws:cloudwatch/logGroup:LogGroup", f"{place}-flow-logs")
        assert group.known("kmsKeyId") == key.output("arn")
        assert key.known("enableKeyRotation") is True
        assert key.known("deletionWindowInDays") == 30
        said = statements(key)
        patterns = said["LogsEncrypts"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        own = tuple(pattern.removesuffix("*") for pattern in patterns)
        assert all(pattern.startswith(f"arn:aws:logs:{region}:{ACCOUNT}:log-group:/") for pattern in own)
        for each in graph.of_type("aws:cloudwatch/logGroup:LogGroup"):
            assert str(each.output("arn")).startswith(own) == (each.region == region)
        principals = {json.dumps(each["Principal"]) for each in said.values()}
        assert principals == {
            json.dumps({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
            json.dumps({"Service": f"logs.{region}.amazonaws.com"}),
        }


PURPOSES = {"logs", "servers", "database", "backup", "audit", "alarms"}


def test_every_key_is_the_tenants_and_administered_without_use(graph: Graph) -> None:
    keys = graph.of_type("aws:kms/key:Key")
    assert {key.name for key in keys} == {f"{place}-{each}" for place in ("primary", "recovery") for each in PURPOSES}
    for key in keys:
        assert key.known("enableKeyRotation") is True
        assert key.known("deletionWindowInDays") == 30
        said = statements(key)
        administration = said.pop("AccountAdministers")["Action"]
        use = ("crypt", "DataKey", "CreateGrant", "Sign", "*")
        assert not [action for action in administration for word in use if word in action]
        for each in said.values():
            (principal,) = each["Principal"].values()
            assert principal != "*"
            if "AWS" in each["Principal"]:
                assert principal.startswith(f"arn:aws:iam::{ACCOUNT}:")
            if principal == f"arn:aws:iam::{ACCOUNT}:root":
                # People and roles of the account: only through the service that the key is for.
                through = each["Condition"]["StringEquals"]
                assert through["kms:CallerAccount"] == ACCOUNT
                services = through["kms:ViaService"]
                assert all(key.region in each for each in ([services] if isinstance(services, str) else services))
            if each["Action"] == "kms:CreateGrant":
                assert each["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}
