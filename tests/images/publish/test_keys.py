"""The key's policy: who may do what with what it encrypts."""

from __future__ import annotations

import pytest

from honseki.errors import HonsekiError
from honseki.images.keys import policy

OWNER, TENANT = "000000000000", "000000272191"


def test_tenants_start_servers_and_no_more() -> None:
    owner, tenants, others = policy(OWNER, {TENANT})["Statement"]
    assert owner["Principal"] == {"AWS": f"arn:aws:iam::{OWNER}:root"}
    assert tenants["Principal"] == {"AWS": [f"arn:aws:iam::{TENANT}:root"]}
    assert set(tenants["Action"]) == {"kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:CreateGrant"}
    # A grant could pass everything on, so only AWS's own services and the Auto Scaling role may be given one.
    assert (others["Effect"], others["Action"], others["Principal"]) == ("Deny", "kms:CreateGrant", "*")
    role = "arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"
    assert others["Condition"] == {
        "BoolIfExists": {"kms:GrantIsForAWSResource": "false"},
        "StringNotLike": {"kms:GranteePrincipal": role},
    }


def test_nobody_but_the_owner_without_tenants() -> None:
    [statement] = policy(OWNER, frozenset())["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{OWNER}:root"}


def test_more_accounts_than_a_policy_holds_are_refused() -> None:
    with pytest.raises(HonsekiError, match="don't fit"):
        policy(OWNER, frozenset(f"{number:012d}" for number in range(1, 1_742)))
    assert policy(OWNER, frozenset(f"{number:012d}" for number in range(1, 801)))
