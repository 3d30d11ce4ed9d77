"""RDS instances, and replicas of them.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.database_groups import SERVICE, TAGGING, lower
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property

_MISSING: Final = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
# An instance keeps its resource id when it is renamed; identifiers don't look like one.
_RESOURCE_ID: Final = re.compile(r"db-[A-Z0-9]{2,255}")
# Property -> member, in calls and answers, where they differ by more than case.
_RENAMED: Final = {
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "username": "MasterUsername",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "parameterGroupName": "DBParameterGroupName",
    "caCertIdentifier": "CACertificateIdentifier",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "backupWindow": "PreferredBackupWindow",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "port": "Port",
    "replicateSourceDb": "SourceDBInstanceIdentifier",
}
_TOLD: Final = {
    "identifier": "DBInstanceIdentifier",
    "arn": "DBInstanceArn",
    "resourceId": "DbiResourceId",
    "instanceClass": "DBInstanceClass",
    "username": "MasterUsername",
    "address": "Endpoint.Address",
    "port": "Endpoint.Port || DbInstancePort",
    "dbSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
    "vpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
    "parameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "caCertIdentifier": "CACertificateIdentifier",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "backupWindow": "PreferredBackupWindow",
    "masterUserSecretKmsKeyId": "MasterUserSecret.KmsKeyId",
    "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
}
_CHANGEABLE: Final = (
    "identifier",
    "engineVersion",
    "instanceClass",
    "allocatedStorage",
    "maxAllocatedStorage",
    "storageType",
    "multiAz",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "iamDatabaseAuthenticationEnabled",
    "port",
    "dbSubnetGroupName",
    "vpcSecurityGroupIds",
    "parameterGroupName",
    "publiclyAccessible",
    "networkType",
    "caCertIdentifier",
    "backupRetentionPeriod",
    "backupWindow",
    "maintenanceWindow",
    "copyTagsToSnapshot",
    "deletionProtection",
    "autoMinorVersionUpgrade",
    "enabledCloudwatchLogsExports",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
)
# What the call that makes a replica doesn't take; https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
_NOT_OF_A_REPLICA: Final = ("backupRetentionPeriod", "backupWindow", "maintenanceWindow")


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


def _create(clients: Clients, inputs: Values) -> str:
    source = inputs.get("replicateSourceDb")
    operation = "CreateDBInstanceReadReplica" if source else "CreateDBInstance"
    skipped = {"tags", "applyImmediately", "allowMajorVersionUpgrade"}
    values = {name: value for name, value in inputs.items() if name not in skipped and value not in (None, "", [])}
    members = shapes.to_members(clients.input_shape(SERVICE, operation), values, _RENAMED)
    if inputs.get("tags"):
        members |= TAGGING.members(inputs["tags"])
    if source:
        members["SourceRegion"] = _region_of(source)  # of which botocore makes the signed request to the source
    answer = clients.call(SERVICE, operation, **members)
    identifier: str = answer["DBInstance"]["DbiResourceId"]
    return identifier


def _instance(clients: Clients, identifier: str, known: Values) -> Values | None:
    del known
    if _RESOURCE_ID.fullmatch(identifier):
        by_id = [{"Name": "dbi-resource-id", "Values": [identifier]}]
        return next(clients.pages(SERVICE, "DescribeDBInstances", "DBInstances", Filters=by_id), None)
    found = clients.call(SERVICE, "DescribeDBInstances", DBInstanceIdentifier=identifier)["DBInstances"]
    return next(iter(found), None)


def _facts(clients: Clients, identifier: str, item: Values) -> Live:
    """A replica doesn't say of itself what its source says: engine and names are the same."""
    del clients, identifier
    managed = bool(item.get("MasterUserSecret"))
    return {
        "id": item["DbiResourceId"],
        "enabledCloudwatchLogsExports": list(item.get("EnabledCloudwatchLogsExports") or ()),
        "performanceInsightsEnabled": bool(item.get("PerformanceInsightsEnabled")),
        **({"manageMasterUserPassword": True} if managed else {}),
        "masterUserSecrets": [
            {
                "secretArn": item["MasterUserSecret"]["SecretArn"],
                "secretStatus": item["MasterUserSecret"].get("SecretStatus", ""),
                "kmsKeyId": item["MasterUserSecret"].get("KmsKeyId", ""),
            }
        ]
        if managed
        else [],
    }


def _logs(live: Values, inputs: Values) -> dict[str, Any]:
    """Log exports are changed by naming what begins and what ends."""
    before = set(live.get("enabledCloudwatchLogsExports") or ())
    after = set(inputs.get("enabledCloudwatchLogsExports") or ())
    changes = {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}
    changed = {name: some for name, some in changes.items() if some}
    return {"CloudwatchLogsExportConfiguration": changed} if changed else {}


def _modify(clients: Clients, live: Values, inputs: Values, names: tuple[str, ...], *, at_once: bool) -> None:
    """One call for all of `names` that differs from what is live."""
    differing = {
        name: inputs[name]
        for name in names
        if inputs.get(name) is not None and not INSTANCE.by_name[name].same(inputs[name], live.get(name))
    }
    members: dict[str, Any] = {}
    if "enabledCloudwatchLogsExports" in names:
        differing.pop("enabledCloudwatchLogsExports", None)
        members |= _logs(live, inputs)
    if "maxAllocatedStorage" in names and not inputs.get("maxAllocatedStorage") and live.get("maxAllocatedStorage"):
        members["MaxAllocatedStorage"] = live["allocatedStorage"]  # so storage grows no more
    if "identifier" in differing:
        members["NewDBInstanceIdentifier"] = differing.pop("identifier")
    shape = clients.input_shape(SERVICE, "ModifyDBInstance")
    members |= shapes.to_members(shape, differing, {**_RENAMED, "port": "DBPortNumber"})
    if members:
        clients.call(
            SERVICE,
            "ModifyDBInstance",
            DBInstanceIdentifier=live["identifier"],
            ApplyImmediately=at_once,
            AllowMajorVersionUpgrade=bool(inputs.get("allowMajorVersionUpgrade")),
            **members,
        )


def _live(clients: Clients, identifier: str, inputs: Values) -> Live:
    live = INSTANCE.read(clients, identifier, inputs)
    if live is None:
        raise AwsError(SERVICE, "DescribeDBInstances", "DBInstanceNotFound", f"the instance {identifier} is gone")
    return live


def _set_instance(clients: Clients, identifier: str, inputs: Values) -> None:
    """Without applyImmediately, what means an outage waits for the maintenance window.

    Until then it shows as a difference; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html
    """
    at_once = bool(inputs.get("applyImmediately"))
    _modify(clients, _live(clients, identifier, inputs), inputs, _CHANGEABLE, at_once=at_once)


def _set_source(clients: Clients, identifier: str, inputs: Values) -> None:
    """What makes a replica leaves some of it out, which is set here, before anybody uses it.

    A replica whose declaration has no source any more is promoted: it becomes an instance of its own, for good.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
    """
    live = _live(clients, identifier, inputs)
    wanted, now = inputs.get("replicateSourceDb"), live.get("replicateSourceDb")
    if wanted and not INSTANCE.by_name["replicateSourceDb"].same(wanted, now):
        message = f"{identifier} is a replica of {now or 'nothing'}: it can't become one of {wanted}"
        raise AwsError(SERVICE, "ModifyDBInstance", "InvalidSource", message)
    if wanted:
        _modify(clients, live, inputs, _NOT_OF_A_REPLICA, at_once=True)
    elif now:
        clients.call(SERVICE, "PromoteReadReplica", DBInstanceIdentifier=live["identifier"])
        INSTANCE.wait_for(clients, identifier, _stands_alone)


def _stands_alone(item: Values | None) -> bool:
    return (
        item is not None
        and item["DBInstanceStatus"] == "available"
        and not item.get("ReadReplicaSourceDBInstanceIdentifier")
    )


def _delete(clients: Clients, identifier: str, known: Values) -> None:
    """What is protected is refused by RDS; a final snapshot is made unless the declaration said otherwise."""
    item = _instance(clients, identifier, known)
    if item is None:
        return
    members: dict[str, Any] = {"DeleteAutomatedBackups": known.get("deleteAutomatedBackups", True)}
    if known.get("skipFinalSnapshot"):
        members["SkipFinalSnapshot"] = True
    elif known.get("finalSnapshotIdentifier"):
        members |= {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": known["finalSnapshotIdentifier"]}
    else:
        message = f"finalSnapshotIdentifier is needed to delete {identifier}, for skipFinalSnapshot is false"
        raise AwsError(SERVICE, "DeleteDBInstance", "InvalidParameterCombination", message)
    clients.call(SERVICE, "DeleteDBInstance", DBInstanceIdentifier=item["DBInstanceIdentifier"], **members)


def _found(clients: Clients, inputs: Values) -> Iterator[str]:
    try:
        item = _instance(clients, inputs["identifier"], {})
    except AwsError as error:
        if error.code not in _MISSING:
            raise
        item = None
    if item is not None:
        yield item["DbiResourceId"]


def _arn(clients: Clients, identifier: str) -> str:
    """RDS tags by ARN, which has the identifier in it, which may change."""
    item = _instance(clients, identifier, {})
    if item is None:
        raise AwsError(SERVICE, "DescribeDBInstances", "DBInstanceNotFound", f"the instance {identifier} is gone")
    return str(item["DBInstanceArn"])


INSTANCE: Final = ResourceType(
    token="aws:rds/instance:Instance",
    service=SERVICE,
    properties=(
        Property("identifier", required=True, normal=lower),
        Property("replicateSourceDb"),
        Property("engine", replaces=True, computed=True),
        Property("engineVersion", computed=True),
        Property("instanceClass", required=True),
        Property("allocatedStorage", "integer", computed=True),
        Property("maxAllocatedStorage", "integer"),
        Property("storageType", computed=True),
        Property("storageEncrypted", "boolean", replaces=True, computed=True),
        Property("kmsKeyId", replaces=True, computed=True),
        Property("multiAz", "boolean", computed=True),
        Property("dbName", replaces=True, computed=True),
        Property("username", replaces=True, computed=True),
        Property("manageMasterUserPassword", "boolean"),
        Property("masterUserSecretKmsKeyId", computed=True),
        Property("iamDatabaseAuthenticationEnabled", "boolean", default=False),
        Property("port", "integer", computed=True),
        Property("dbSubnetGroupName", computed=True, normal=lower),
        Property("vpcSecurityGroupIds", "strings", computed=True),
        Property("parameterGroupName", computed=True, normal=lower),
        Property("publiclyAccessible", "boolean", default=False),
        Property("networkType", computed=True, choices=("IPV4", "DUAL")),
        Property("caCertIdentifier", computed=True),
        Property("backupRetentionPeriod", "integer", computed=True),
        Property("backupWindow", computed=True, normal=lower),
        Property("maintenanceWindow", computed=True, normal=lower),
        Property("copyTagsToSnapshot", "boolean", default=False),
        Property("deletionProtection", "boolean", default=False),
        Property("deleteAutomatedBackups", "boolean", default=True, write_only=True),
        Property("skipFinalSnapshot", "boolean", default=False, write_only=True),
        Property("finalSnapshotIdentifier", write_only=True),
        Property("autoMinorVersionUpgrade", "boolean", default=True),
        Property("allowMajorVersionUpgrade", "boolean", default=False, write_only=True),
        Property("applyImmediately", "boolean", default=False, write_only=True),
        Property("enabledCloudwatchLogsExports", "strings"),
        Property("performanceInsightsEnabled", "boolean", default=False),
        Property("performanceInsightsKmsKeyId", computed=True),
        Property("performanceInsightsRetentionPeriod", "integer", computed=True),
        TAGS,
    ),
    outputs=(
        Output("arn", follows=("identifier",)),
        Output("address", follows=("identifier",)),
        Output("resourceId"),
        Output("masterUserSecrets", follows=("manageMasterUserPassword", "masterUserSecretKmsKeyId"), kind="objects"),
    ),
    creating=_create,
    reading=Read(
        fetch=_instance,
        missing=_MISSING,
        renamed=_TOLD,
        also=_facts,
        state="DBInstanceStatus",
        busy=(
            *("creating", "backing-up", "modifying", "rebooting", "renaming", "resetting-master-credentials"),
            *("starting", "stopping", "upgrading", "maintenance", "deleting", "storage-config-upgrade"),
            *("configuring-enhanced-monitoring", "configuring-iam-database-auth", "configuring-log-exports"),
        ),
        failed=(
            *("failed", "incompatible-network", "incompatible-parameters", "incompatible-restore", "restore-error"),
            *("inaccessible-encryption-credentials", "insufficient-capacity", "storage-full"),
        ),
        gone=("deleted",),
    ),
    updates=(
        Update(("replicateSourceDb",), _set_source, at_creation=True),
        Update(_CHANGEABLE, _set_instance),
    ),
    deleting=_delete,
    finding=_found,
    natural=True,
    tagging=replace(TAGGING, lookup=_arn),
    timeout_s=4800.0,
    alone=(("identifier",),),
)
