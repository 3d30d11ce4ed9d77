"""May a group launch an instance from an image of the operator's?

The image must be shared with the group's account. If its snapshot is encrypted with a key of another account, the role
by which the group launches needs a grant on that key, given from the group's own account: a key's policy can't do it.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html,
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html

An image that the region doesn't have is let through: rehearsals without a published image name a placeholder.
"""

from __future__ import annotations

from typing import Any, Final

from moto.ec2.models import ec2_backends

from honseki.rehearsal.region.compute.images import Registered
from honseki.rehearsal.region.grants import lacking
from honseki.rehearsal.region.issues import OPERATOR_ACCOUNT

NEEDED: Final = ("CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom")
"""What starting from a shared, encrypted image takes when the volume gets another key.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html#share-kms-key
"""


def default_role(account: str) -> str:
    """By which a group launches that names no role."""
    return f"arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


def refusal(ec2: Any, image_id: str, role: str) -> str | None:
    """Why a launch from the image by `role` fails, as AWS says it; None if it doesn't. `ec2`: the group's backend."""
    if ec2.account_id == OPERATOR_ACCOUNT:
        return None
    ec2.state.ensure(OPERATOR_ACCOUNT)
    theirs = ec2_backends[OPERATOR_ACCOUNT][ec2.region_name]
    image = theirs.amis.get(image_id)
    if not isinstance(image, Registered):
        return None
    if {"UserId": ec2.account_id} not in image.launch_permissions:
        return f"The image id '[{image_id}]' does not exist. Launching EC2 instance failed."
    key = theirs.get_snapshot(image.mapping["Ebs"]["SnapshotId"]).kms_key_id
    if key is None or key.split(":")[4] == ec2.account_id:
        return None
    missing = lacking(key, role, NEEDED)
    if not missing:
        return None
    return (
        "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state. Launching EC2 instance "
        f"failed. (The rehearsal region adds: {role} has no grant on {key} for {', '.join(missing)}.)"
    )
