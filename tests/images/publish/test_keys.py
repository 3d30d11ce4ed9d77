"""The key's policy: who may do what with what it encrypts."""

from __future__ import annotations

import pytest

from honseki.errors import HonsekiError
from honseki.images.keys import policy, text

OWNER, TENANT = "000000000000", "000000272191"


def test_tenants_start_servers_and_no_more() -> None:
    owner, tenants, others = policy(OWNER, {TENANT})["Statement"]
    assert owner["Principal"] == {"AWS": f"arn:aws:iam::{OWNER}:root"}
    assert tenants["Condition"] == {"StringEquals": {"kms:CallerAccount": [TENANT]}}
    starting = {"kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:CreateGrant"}
    # Its own grant is read back; nobody but the owner revokes one.
    assert set(tenants["Action"]) == starting | {"kms:ListGrants"}
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


def test_all_municipalities_fit_and_more_accounts_than_a_policy_holds_are_refused() -> None:
    def written(accounts: int) -> str:
        return text(policy(OWNER, frozenset(f"{number:012d}" for number in range(1, accounts + 1))))

    assert len(written(1_741)) <= 32_768  # all of Japan's: stacks/municipalities.csv
    with pytest.raises(HonsekiError, match="don't fit"):
        written(2_200)
