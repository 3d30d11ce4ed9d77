"""What the declarations use of each type."""

from __future__ import annotations

# Type -> inputs (R: replaces) and outputs that the declarations use.
CONTRACT = {
    "aws:ec2/vpc:Vpc": (
        "cidrBlock(R) enableDnsSupport enableDnsHostnames instanceTenancy(R) tags",
        "arn ownerId mainRouteTableId defaultRouteTableId defaultNetworkAclId defaultSecurityGroupId",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("vpcId(R) ingress egress tags", "arn ownerId name"),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": (
        "defaultNetworkAclId(R) ingress egress tags",
        "arn vpcId subnetIds",
    ),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": (
        "defaultRouteTableId(R) routes propagatingVgws tags",
        "vpcId arn",
    ),
    "aws:ec2/subnet:Subnet": (
        "vpcId(R) cidrBlock(R) availabilityZone(R) mapPublicIpOnLaunch assignIpv6AddressOnCreation tags",
        "arn ownerId",
    ),
    "aws:ec2/routeTable:RouteTable": ("vpcId(R) routes propagatingVgws tags", "arn ownerId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId(R) routeTableId", ""),
    "aws:ec2/networkAcl:NetworkAcl": ("vpcId(R) subnetIds ingress egress tags", "arn"),
    "aws:ec2/securityGroup:SecurityGroup": (
        "name(R) description(R) vpcId(R) ingress egress revokeRulesOnDelete tags",
        "arn ownerId",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        (
            "vpcId(R) serviceName(R) vpcEndpointType(R) policy subnetIds securityGroupIds privateDnsEnabled "
            "routeTableIds tags"
        ),
        "arn prefixListId dnsEntries state",
    ),
    "aws:ec2/vpnGateway:VpnGateway": ("vpcId amazonSideAsn(R) tags", "arn"),
    "aws:ec2/flowLog:FlowLog": (
        (
            "vpcId(R) trafficType(R) logDestinationType(R) logDestination(R) iamRoleArn(R) maxAggregationInterval(R) "
            "logFormat(R) tags"
        ),
        "arn",
    ),
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": ("name(R) domains tags", "arn"),
    "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": ("name(R) tags", "arn"),
    "aws:route53/resolverFirewallRule:ResolverFirewallRule": (
        "name action blockResponse firewallDomainListId(R) firewallRuleGroupId(R) priority",
        "",
    ),
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": (
        "name firewallRuleGroupId(R) vpcId(R) priority mutationProtection tags",
        "arn",
    ),
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig": ("resourceId(R) firewallFailOpen", "ownerId"),
    "aws:kms/key:Key": (
        "description policy enableKeyRotation rotationPeriodInDays deletionWindowInDays multiRegion(R) tags",
        "arn keyId",
    ),
    "aws:kms/alias:Alias": ("name(R) targetKeyId", "arn targetKeyArn"),
    "aws:kms/grant:Grant": ("keyId(R) granteePrincipal(R) operations(R) name(R) retireOnDelete(R)", "grantId"),
    "aws:cloudwatch/logGroup:LogGroup": ("name(R) retentionInDays kmsKeyId skipDestroy tags", "arn"),
    "aws:iam/role:Role": (
        "name(R) path(R) description assumeRolePolicy maxSessionDuration permissionsBoundary tags",
        "arn uniqueId createDate",
    ),
    "aws:iam/rolePolicy:RolePolicy": ("name(R) role(R) policy", ""),
    "aws:directconnect/gateway:Gateway": ("name amazonSideAsn(R) tags", "arn ownerAccountId"),
    "aws:directconnect/gatewayAssociation:GatewayAssociation": (
        "dxGatewayId(R) associatedGatewayId(R) allowedPrefixes",
        "dxGatewayAssociationId associatedGatewayOwnerAccountId dxGatewayOwnerAccountId associatedGatewayType",
    ),
    "aws:directconnect/connectionConfirmation:ConnectionConfirmation": ("connectionId(R)", ""),
    "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface": (
        (
            "connectionId(R) dxGatewayId(R) name(R) vlan(R) bgpAsn(R) addressFamily(R) amazonAddress(R) "
            "customerAddress(R) bgpAuthKey(R) mtu sitelinkEnabled tags"
        ),
        "arn amazonSideAsn awsDevice jumboFrameCapable",
    ),
    "aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter": (
        "virtualInterfaceId(R) dxGatewayId(R) tags",
        "arn",
    ),
    "aws:s3/bucket:Bucket": (
        "bucket(R) objectLockEnabled(R) forceDestroy tags",
        "arn bucketDomainName bucketRegionalDomainName",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        "bucket(R) versioningConfiguration",
        "",
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        "bucket(R) objectLockEnabled(R) rule",
        "",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "bucket(R) rules",
        "",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "bucket(R) blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets",
        "",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "bucket(R) rule",
        "",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "bucket(R) rules",
        "",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (
        "bucket(R) policy",
        "",
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": (
        "policyName(R) policyDocument",
        "",
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": (
        "name(R) logGroupName(R) pattern metricTransformation",
        "",
    ),
    "aws:cloudtrail/trail:Trail": (
        (
            "name(R) s3BucketName s3KeyPrefix kmsKeyId isMultiRegionTrail includeGlobalServiceEvents "
            "enableLogFileValidation enableLogging cloudWatchLogsGroupArn cloudWatchLogsRoleArn "
            "advancedEventSelectors tags"
        ),
        "arn homeRegion",
    ),
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig": (
        "name(R) destinationArn(R) tags",
        "arn ownerId shareStatus",
    ),
    "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation": (
        "resolverQueryLogConfigId(R) resourceId(R)",
        "",
    ),
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": (
        "awsServiceName(R) customSuffix(R) description tags",
        "arn name path uniqueId createDate",
    ),
    "aws:iam/instanceProfile:InstanceProfile": (
        "name(R) path(R) role tags",
        "arn uniqueId createDate",
    ),
    "aws:cfg/recorder:Recorder": (
        "name(R) roleArn recordingGroup recordingMode",
        "",
    ),
    "aws:cfg/deliveryChannel:DeliveryChannel": (
        "name(R) s3BucketName s3KeyPrefix s3KmsKeyArn snapshotDeliveryProperties",
        "",
    ),
    "aws:cfg/recorderStatus:RecorderStatus": (
        "name(R) isEnabled",
        "",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        (
            "name(R) description updateDefaultVersion imageId instanceType ebsOptimized userData keyName "
            "instanceInitiatedShutdownBehavior metadataOptions monitoring iamInstanceProfile "
            "blockDeviceMappings networkInterfaces tagSpecifications tags"
        ),
        "arn latestVersion defaultVersion",
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        (
            "name(R) internal(R) loadBalancerType(R) ipAddressType subnets securityGroups "
            "enableCrossZoneLoadBalancing enableDeletionProtection tags"
        ),
        "arn arnSuffix dnsName zoneId vpcId",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        (
            "name(R) port(R) protocol(R) targetType(R) vpcId(R) preserveClientIp proxyProtocolV2 "
            "deregistrationDelay connectionTermination healthCheck tags"
        ),
        "arn arnSuffix",
    ),
    "aws:lb/listener:Listener": (
        "loadBalancerArn(R) port protocol defaultActions tags",
        "arn",
    ),
    "aws:autoscaling/group:Group": (
        (
            "name(R) minSize maxSize desiredCapacity vpcZoneIdentifiers targetGroupArns healthCheckType "
            "healthCheckGracePeriod defaultInstanceWarmup launchTemplate serviceLinkedRoleArn enabledMetrics "
            "metricsGranularity instanceMaintenancePolicy instanceRefresh terminationPolicies tags"
        ),
        "arn",
    ),
    "aws:rds/subnetGroup:SubnetGroup": (
        "name(R) description subnetIds tags",
        "arn vpcId",
    ),
    "aws:rds/parameterGroup:ParameterGroup": (
        "name(R) family(R) description(R) parameters tags",
        "arn",
    ),
    "aws:rds/instance:Instance": (
        (
            "identifier replicateSourceDb engine(R) engineVersion instanceClass allocatedStorage "
            "maxAllocatedStorage storageType storageEncrypted(R) kmsKeyId(R) multiAz dbName(R) username(R) "
            "manageMasterUserPassword masterUserSecretKmsKeyId iamDatabaseAuthenticationEnabled port "
            "dbSubnetGroupName vpcSecurityGroupIds parameterGroupName publiclyAccessible networkType "
            "caCertIdentifier backupRetentionPeriod backupWindow maintenanceWindow copyTagsToSnapshot "
            "deletionProtection deleteAutomatedBackups skipFinalSnapshot finalSnapshotIdentifier "
            "autoMinorVersionUpgrade allowMajorVersionUpgrade applyImmediately enabledCloudwatchLogsExports "
            "performanceInsightsEnabled performanceInsightsKmsKeyId performanceInsightsRetentionPeriod tags"
        ),
        "arn address resourceId masterUserSecrets",
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        "sourceDbInstanceArn(R) kmsKeyId(R) retentionPeriod(R)",
        "",
    ),
    "aws:backup/vault:Vault": (
        "name(R) kmsKeyArn(R) forceDestroy tags",
        "arn",
    ),
    "aws:backup/vaultPolicy:VaultPolicy": (
        "backupVaultName(R) policy",
        "backupVaultArn",
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": (
        "backupVaultName(R) minRetentionDays(R) maxRetentionDays(R) changeableForDays(R)",
        "backupVaultArn",
    ),
    "aws:backup/plan:Plan": (
        "name(R) rules tags",
        "arn version",
    ),
    "aws:backup/selection:Selection": (
        "name(R) planId(R) iamRoleArn(R) resources(R)",
        "",
    ),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": (
        "name(R) scheduleExpression scheduleExpressionTimezone startWindowHours recoveryPointSelection tags",
        "arn",
    ),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": (
        (
            "name(R) restoreTestingPlanName(R) protectedResourceType(R) protectedResourceArns iamRoleArn "
            "restoreMetadataOverrides validationWindowHours"
        ),
        "",
    ),
    "aws:ssm/document:Document": (
        "name(R) documentType(R) documentFormat content tags",
        "arn documentVersion defaultVersion status",
    ),
    "aws:sns/topic:Topic": (
        "name(R) displayName kmsMasterKeyId tags",
        "arn owner",
    ),
    "aws:sns/topicPolicy:TopicPolicy": (
        "arn(R) policy",
        "owner",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        (
            "name(R) actionsEnabled alarmDescription namespace metricName metricQueries dimensions statistic period "
            "evaluationPeriods datapointsToAlarm comparisonOperator threshold treatMissingData alarmActions "
            "okActions tags"
        ),
        "arn",
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        "name(R) description eventPattern state tags",
        "arn",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (
        "rule(R) targetId(R) arn",
        "",
    ),
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy": (
        (
            "minimumPasswordLength requireLowercaseCharacters requireUppercaseCharacters requireNumbers "
            "requireSymbols allowUsersToChangePassword maxPasswordAge passwordReusePrevention"
        ),
        "",
    ),
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": (
        "accountId(R) blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets",
        "",
    ),
    "aws:ebs/encryptionByDefault:EncryptionByDefault": (
        "enabled",
        "",
    ),
    "aws:ebs/defaultKmsKey:DefaultKmsKey": (
        "keyArn(R)",
        "",
    ),
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": (
        "state",
        "",
    ),
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": (
        "state",
        "",
    ),
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": (
        "httpTokens httpPutResponseHopLimit httpEndpoint instanceMetadataTags",
        "",
    ),
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions": (
        "internetGatewayBlockMode",
        "awsAccountId awsRegion",
    ),
}
