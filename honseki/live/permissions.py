"""The IAM policy that the collectors need: exactly the actions of the table, all of them reading.

`python -m honseki.live.permissions > docs/prove-permissions.json` writes it anew; a test holds the file to the table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from honseki.live.ask import Ask
from honseki.live.table import TABLE

# Actions whose name isn't that of the service and the operation.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_NAMED: Final[Mapping[tuple[str, str], str]] = {
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
}
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
_PREFIX: Final[Mapping[str, str]] = {"elbv2": "elasticloadbalancing"}


def action(ask: Ask) -> str:
    """The IAM action that allows what is asked: `ec2:DescribeVpcs`."""
    prefix = _PREFIX.get(ask.service, ask.service)
    return _NAMED.get((ask.service, ask.operation), f"{prefix}:{ask.operation}")


def policy(asks: Iterable[Ask] = TABLE) -> dict[str, Any]:
    """The policy document for the role that reads (`HONSEKI_PROVE_ROLE`).

    On every resource: a policy that left one out would hide it. Key policies have a say in it, too: a key whose policy
    doesn't hand over to IAM stays unread, and the manifest says so
    (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
    """
    actions = sorted({action(ask) for ask in asks})
    statement = {"Sid": "HonsekiProveReads", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def text() -> str:
    """The file's text."""
    return json.dumps(policy(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
