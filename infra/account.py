"""Account: what the tenant's account refuses whoever asks, in one place and for everything in it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.naming import Where


@dataclass(frozen=True, slots=True)
class AccountArgs:
    """What `Account` needs."""

    where: Where
    volumes_key_arn: pulumi.Input[str]


class Account(pulumi.ComponentResource):
    """The account's own settings in a region, and in the primary place those that know no region.

    Serves 戸籍法施行規則 68条の2 (no leakage): the second line behind what each component declares. A bucket, snapshot
    or image can't be made public or shared with everybody, a volume isn't made unencrypted, an instance has IMDSv2 and
    one hop whatever started it. There are no users (people come through roles); were one made, its password would have
    to be long and new.

    And safeguard ② (isolated lines): nothing declares an internet gateway; if somebody attaches one to a VPC all the
    same, no packet passes it, nor an egress-only one, either way (VPC Block Public Access). AWS's page says what is
    blocked: internet gateways and what needs them, of Direct Connect the public virtual interfaces, Gateway Load
    Balancers and Network Firewalls. A tenant has none of these. Private connectivity isn't touched: the lines are
    private virtual interfaces on VPN gateways, interface endpoints are private addresses of the VPC, and what goes to
    S3's gateway endpoint passes no internet gateway.

    Runs up: nothing.

    Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html,
    https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html,
    https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html,
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html,
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html,
    https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa-basics.html (what is blocked, what isn't),
    https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
    """

    def __init__(self, name: str, args: AccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Account", name, None, opts)
        self._logical = args.where.naming("account").logical("account")
        self._child = pulumi.ResourceOptions(parent=self)
        if args.where.place == "primary":
            self._everywhere(args.where.account)
        aws.ebs.DefaultKmsKey(self._logical, key_arn=args.volumes_key_arn, opts=self._child)
        aws.ebs.EncryptionByDefault(self._logical, enabled=True, opts=self._child)
        aws.ebs.SnapshotBlockPublicAccess(self._logical, state="block-all-sharing", opts=self._child)
        aws.ec2.ImageBlockPublicAccess(self._logical, state="block-new-sharing", opts=self._child)
        aws.ec2.InstanceMetadataDefaults(
            self._logical, http_tokens="required", http_put_response_hop_limit=1, opts=self._child
        )
        aws.ec2.VpcBlockPublicAccessOptions(
            self._logical, internet_gateway_block_mode="block-bidirectional", opts=self._child
        )
        self.register_outputs({})

    def _everywhere(self, account: str) -> None:
        aws.iam.AccountPasswordPolicy(
            self._logical,
            minimum_password_length=16,
            require_lowercase_characters=True,
            require_uppercase_characters=True,
            require_numbers=True,
            require_symbols=True,
            allow_users_to_change_password=True,
            max_password_age=90,
            password_reuse_prevention=24,
            opts=self._child,
        )
        aws.s3.AccountPublicAccessBlock(
            self._logical,
            account_id=account,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
