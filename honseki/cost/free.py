"""Pulumi types that AWS doesn't bill by themselves, each with the page that says so, or that lists what is billed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_VPC: Final = "https://aws.amazon.com/vpc/pricing/"
_DX: Final = "https://aws.amazon.com/directconnect/pricing/"
_IAM: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction.html"
_S3: Final = "https://aws.amazon.com/s3/pricing/"
_EC2: Final = "https://aws.amazon.com/ec2/pricing/on-demand/"
_EBS: Final = "https://aws.amazon.com/ebs/pricing/"
_RDS: Final = "https://aws.amazon.com/rds/postgresql/pricing/"
_BACKUP: Final = "https://aws.amazon.com/backup/pricing/"
_LOGS: Final = "https://aws.amazon.com/cloudwatch/pricing/"
_CONFIG: Final = "https://aws.amazon.com/config/pricing/"
_DNS: Final = "https://aws.amazon.com/route53/pricing/"
_KMS: Final = "https://aws.amazon.com/kms/pricing/"
_SNS: Final = "https://aws.amazon.com/sns/pricing/"
_EVENTS: Final = "https://aws.amazon.com/eventbridge/pricing/"
_ELB: Final = "https://aws.amazon.com/elasticloadbalancing/pricing/"
_SSM: Final = "https://aws.amazon.com/systems-manager/pricing/"

FREE: Final[Mapping[str, str]] = {
    "aws:backup/selection:Selection": _BACKUP,
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _BACKUP,
    "aws:backup/vaultPolicy:VaultPolicy": _BACKUP,
    "aws:cfg/deliveryChannel:DeliveryChannel": _CONFIG,
    "aws:cfg/recorderStatus:RecorderStatus": _CONFIG,
    # Events of AWS's own services on the default bus.
    "aws:cloudwatch/eventRule:EventRule": _EVENTS,
    "aws:cloudwatch/eventTarget:EventTarget": _EVENTS,
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": _LOGS,
    "aws:directconnect/gateway:Gateway": _DX,
    "aws:directconnect/gatewayAssociation:GatewayAssociation": _DX,
    "aws:ebs/defaultKmsKey:DefaultKmsKey": _EBS,
    "aws:ebs/encryptionByDefault:EncryptionByDefault": _EBS,
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": _EBS,
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": _VPC,
    "aws:ec2/defaultRouteTable:DefaultRouteTable": _VPC,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _VPC,
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": _EC2,
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": _EC2,
    # Its servers and volumes are counted with the Auto Scaling group that starts them.
    "aws:ec2/launchTemplate:LaunchTemplate": "https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-templates.html",
    "aws:ec2/networkAcl:NetworkAcl": _VPC,
    "aws:ec2/routeTable:RouteTable": _VPC,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _VPC,
    "aws:ec2/securityGroup:SecurityGroup": _VPC,
    "aws:ec2/subnet:Subnet": _VPC,
    "aws:ec2/vpc:Vpc": _VPC,
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions": _VPC,
    # What is billed is a VPN connection, and there is none.
    "aws:ec2/vpnGateway:VpnGateway": "https://aws.amazon.com/vpn/pricing/",
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy": _IAM,
    "aws:iam/instanceProfile:InstanceProfile": _IAM,
    "aws:iam/role:Role": _IAM,
    "aws:iam/rolePolicy:RolePolicy": _IAM,
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": _IAM,
    "aws:kms/alias:Alias": _KMS,
    "aws:kms/grant:Grant": _KMS,
    "aws:lb/listener:Listener": _ELB,
    "aws:lb/targetGroup:TargetGroup": _ELB,
    "aws:rds/parameterGroup:ParameterGroup": _RDS,
    "aws:rds/subnetGroup:SubnetGroup": _RDS,
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig": _DNS,
    "aws:route53/resolverFirewallRule:ResolverFirewallRule": _DNS,
    "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": _DNS,
    # Its log group is billed for what is written.
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig": _DNS,
    "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation": _DNS,
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": _S3,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _S3,
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _S3,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _S3,
    "aws:s3/bucketPolicy:BucketPolicy": _S3,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _S3,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _S3,
    "aws:s3/bucketVersioning:BucketVersioning": _S3,
    "aws:sns/topicPolicy:TopicPolicy": _SNS,
    # Sessions on EC2 cost nothing; what they write is counted with their log group and bucket.
    "aws:ssm/document:Document": _SSM,
}
"""By Pulumi type: the page."""
