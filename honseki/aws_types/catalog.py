"""All resource types that the declarations use, by their Pulumi token."""

from typing import Final

from honseki.aws_types import (
    account,
    alarms,
    autoscaling,
    backup_plans,
    backup_vaults,
    bucket_settings,
    buckets,
    cloudtrail,
    config_recorder,
    database_backups,
    database_groups,
    databases,
    directconnect,
    documents,
    events,
    firewall,
    flow_logs,
    gateways,
    iam,
    iam_services,
    kms,
    launch_templates,
    load_balancers,
    logs,
    network,
    network_acls,
    query_logs,
    restore_testing,
    routes,
    security_groups,
    topics,
)
from honseki.aws_types.core import ResourceType
from honseki.aws_types.errors import UnknownTypeError

_TYPES: Final = {
    each.token: each
    for each in (
        network.VPC,
        network.SUBNET,
        routes.ROUTE_TABLE,
        routes.DEFAULT_ROUTE_TABLE,
        routes.ROUTE_TABLE_ASSOCIATION,
        network_acls.NETWORK_ACL,
        network_acls.DEFAULT_NETWORK_ACL,
        security_groups.SECURITY_GROUP,
        security_groups.DEFAULT_SECURITY_GROUP,
        gateways.VPC_ENDPOINT,
        gateways.VPN_GATEWAY,
        flow_logs.FLOW_LOG,
        firewall.DOMAIN_LIST,
        firewall.RULE_GROUP,
        firewall.RULE,
        firewall.RULE_GROUP_ASSOCIATION,
        firewall.FIREWALL_CONFIG,
        kms.KEY,
        kms.ALIAS,
        kms.GRANT,
        logs.LOG_GROUP,
        iam.ROLE,
        iam.ROLE_POLICY,
        directconnect.GATEWAY,
        directconnect.GATEWAY_ASSOCIATION,
        directconnect.CONNECTION_CONFIRMATION,
        directconnect.PRIVATE_VIRTUAL_INTERFACE,
        directconnect.HOSTED_PRIVATE_VIRTUAL_INTERFACE_ACCEPTER,
        buckets.BUCKET,
        bucket_settings.VERSIONING,
        bucket_settings.OBJECT_LOCK,
        bucket_settings.ENCRYPTION,
        bucket_settings.PUBLIC_ACCESS_BLOCK,
        bucket_settings.OWNERSHIP_CONTROLS,
        bucket_settings.LIFECYCLE,
        bucket_settings.POLICY,
        logs.LOG_RESOURCE_POLICY,
        logs.LOG_METRIC_FILTER,
        cloudtrail.TRAIL,
        query_logs.QUERY_LOG_CONFIG,
        query_logs.QUERY_LOG_CONFIG_ASSOCIATION,
        iam_services.SERVICE_LINKED_ROLE,
        iam_services.INSTANCE_PROFILE,
        config_recorder.RECORDER,
        config_recorder.DELIVERY_CHANNEL,
        config_recorder.RECORDER_STATUS,
        launch_templates.LAUNCH_TEMPLATE,
        load_balancers.LOAD_BALANCER,
        load_balancers.TARGET_GROUP,
        load_balancers.LISTENER,
        autoscaling.GROUP,
        database_groups.SUBNET_GROUP,
        database_groups.PARAMETER_GROUP,
        databases.INSTANCE,
        database_backups.AUTOMATED_BACKUPS_REPLICATION,
        backup_vaults.VAULT,
        backup_vaults.VAULT_POLICY,
        backup_vaults.VAULT_LOCK,
        backup_plans.PLAN,
        backup_plans.SELECTION,
        restore_testing.RESTORE_TESTING_PLAN,
        restore_testing.RESTORE_TESTING_SELECTION,
        documents.DOCUMENT,
        topics.TOPIC,
        topics.TOPIC_POLICY,
        alarms.METRIC_ALARM,
        events.EVENT_RULE,
        events.EVENT_TARGET,
        account.PASSWORD_POLICY,
        account.ACCOUNT_PUBLIC_ACCESS_BLOCK,
        account.ENCRYPTION_BY_DEFAULT,
        account.DEFAULT_KMS_KEY,
        account.SNAPSHOT_BLOCK_PUBLIC_ACCESS,
        account.IMAGE_BLOCK_PUBLIC_ACCESS,
        account.INSTANCE_METADATA_DEFAULTS,
        account.VPC_BLOCK_PUBLIC_ACCESS,
    )
}


def get(token: str) -> ResourceType:
    """The table of the type `token` ("aws:ec2/vpc:Vpc").

    `UnknownTypeError`, which names it and all that are known, if there is none.
    """
    try:
        return _TYPES[token]
    except KeyError:
        raise UnknownTypeError(token, _TYPES) from None


def all_types() -> tuple[ResourceType, ...]:
    """Every table, in the order in which a tenant needs them."""
    return tuple(_TYPES.values())
