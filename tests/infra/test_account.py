"""The account's own settings."""

from __future__ import annotations

import pytest

from infra.model.graph import Graph
from tests.infra.conftest import stated

EXPECTED = {
    "aws:ebs/encryptionByDefault:EncryptionByDefault": {"enabled": True},
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": {"state": "block-all-sharing"},
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": {"state": "block-new-sharing"},
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": {
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    },
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions": {
        "internetGatewayBlockMode": "block-bidirectional"
    },
}


@pytest.mark.parametrize("token", EXPECTED)
def test_in_both_regions(graph: Graph, token: str) -> None:
    nodes = graph.of_type(token)
    assert {node.region for node in nodes} == {"ap-northeast-1", "ap-northeast-3"}
    assert [dict(node.inputs) for node in nodes] == [EXPECTED[token]] * 2


def test_what_a_volume_is_encrypted_with_by_default_is_the_tenants(graph: Graph) -> None:
    for node in graph.of_type("aws:ebs/defaultKmsKey:DefaultKmsKey"):
        place = node.name.partition("-")[0]
        assert stated(node, "keyArn") == graph.find("aws:kms/key:Key", f"{place}-servers").output("arn")


def test_once_in_the_account(graph: Graph) -> None:
    (block,) = graph.of_type("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock")
    assert stated(block, "accountId") == "000000272191"
    assert all(value is True for name, value in block.inputs.items() if name != "accountId")
    (passwords,) = graph.of_type("aws:iam/accountPasswordPolicy:AccountPasswordPolicy")
    assert int(str(stated(passwords, "minimumPasswordLength"))) >= 14
