"""Pulumi's type tokens, by short names, for the rules that name them. What a tenant may have is in `infra/types`."""

from __future__ import annotations

from typing import Final

from infra.types import PERMITTED

VPC: Final = "aws:ec2/vpc:Vpc"
SUBNET: Final = "aws:ec2/subnet:Subnet"
ROUTE_TABLE: Final = "aws:ec2/routeTable:RouteTable"
ROUTE_TABLE_ASSOCIATION: Final = "aws:ec2/routeTableAssociation:RouteTableAssociation"
NETWORK_ACL: Final = "aws:ec2/networkAcl:NetworkAcl"
SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
DEFAULT_NETWORK_ACL: Final = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
DEFAULT_ROUTE_TABLE: Final = "aws:ec2/defaultRouteTable:DefaultRouteTable"
VPC_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
VPN_GATEWAY: Final = "aws:ec2/vpnGateway:VpnGateway"
FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"

DNS_DOMAINS: Final = "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList"
DNS_GROUP: Final = "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup"
DNS_RULE: Final = "aws:route53/resolverFirewallRule:ResolverFirewallRule"
DNS_ASSOCIATION: Final = "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
DNS_CONFIG: Final = "aws:route53/resolverFirewallConfig:ResolverFirewallConfig"
QUERY_LOG: Final = "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig"
QUERY_LOG_ASSOCIATION: Final = "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation"

DX_GATEWAY: Final = "aws:directconnect/gateway:Gateway"
DX_ASSOCIATION: Final = "aws:directconnect/gatewayAssociation:GatewayAssociation"
DX_CONFIRMATION: Final = "aws:directconnect/connectionConfirmation:ConnectionConfirmation"
DX_INTERFACE: Final = "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface"
DX_ACCEPTER: Final = "aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter"

KEY: Final = "aws:kms/key:Key"
ALIAS: Final = "aws:kms/alias:Alias"
GRANT: Final = "aws:kms/grant:Grant"
LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ROLE_POLICY_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
IAM_POLICY: Final = "aws:iam/policy:Policy"
SERVICE_ROLE: Final = "aws:iam/serviceLinkedRole:ServiceLinkedRole"
INSTANCE_PROFILE: Final = "aws:iam/instanceProfile:InstanceProfile"

LOAD_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
TARGET_GROUP: Final = "aws:lb/targetGroup:TargetGroup"
LISTENER: Final = "aws:lb/listener:Listener"
AUTO_SCALING: Final = "aws:autoscaling/group:Group"

DB_SUBNETS: Final = "aws:rds/subnetGroup:SubnetGroup"
DB_PARAMETERS: Final = "aws:rds/parameterGroup:ParameterGroup"
DATABASE: Final = "aws:rds/instance:Instance"
DB_REPLICATION: Final = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"

VAULT: Final = "aws:backup/vault:Vault"
VAULT_LOCK: Final = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
VAULT_POLICY: Final = "aws:backup/vaultPolicy:VaultPolicy"
BACKUP_PLAN: Final = "aws:backup/plan:Plan"
BACKUP_SELECTION: Final = "aws:backup/selection:Selection"
RESTORE_PLAN: Final = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
RESTORE_SELECTION: Final = "aws:backup/restoreTestingSelection:RestoreTestingSelection"

BUCKET: Final = "aws:s3/bucket:Bucket"
BUCKET_VERSIONING: Final = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_LOCK: Final = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
BUCKET_ENCRYPTION: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_PUBLIC_ACCESS: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
BUCKET_LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
TRAIL: Final = "aws:cloudtrail/trail:Trail"
RECORDER: Final = "aws:cfg/recorder:Recorder"
RECORDER_STATUS: Final = "aws:cfg/recorderStatus:RecorderStatus"
DELIVERY_CHANNEL: Final = "aws:cfg/deliveryChannel:DeliveryChannel"

SSM_DOCUMENT: Final = "aws:ssm/document:Document"
TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
EVENT_RULE: Final = "aws:cloudwatch/eventRule:EventRule"
EVENT_TARGET: Final = "aws:cloudwatch/eventTarget:EventTarget"
LOG_RESOURCE_POLICY: Final = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
LOG_METRIC: Final = "aws:cloudwatch/logMetricFilter:LogMetricFilter"

# What an examiner looks at on accounts.
PASSWORD_POLICY: Final = "aws:iam/accountPasswordPolicy:AccountPasswordPolicy"  # noqa: S105  a type
ACCOUNT_PUBLIC_ACCESS: Final = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
EBS_ENCRYPTION: Final = "aws:ebs/encryptionByDefault:EncryptionByDefault"
EBS_DEFAULT_KEY: Final = "aws:ebs/defaultKmsKey:DefaultKmsKey"
METADATA_DEFAULTS: Final = "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"
SNAPSHOT_PUBLIC_ACCESS: Final = "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess"
IMAGE_PUBLIC_ACCESS: Final = "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess"
VPC_PUBLIC_ACCESS: Final = "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions"

PROVIDER: Final = "pulumi:providers:aws"

REVIEWED: Final = PERMITTED
"""Types that a tenant may have, by their records. Any other is a finding: no rule covers it.

A type is one of them together with a rule that finds a bad one, shown by a case, or with the reason why none is needed
in `tests/policies/reviewed_without_a_rule.yaml`; `tests/policies/test_reviewed.py` compares.
"""
