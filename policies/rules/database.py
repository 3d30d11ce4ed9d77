"""The database: encrypted, in two zones, recoverable to any moment, in two regions (safeguard ④)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from infra.model.graph import Node
from policies.rules import tokens as t
from policies.rules.core import PLACE, TENANT, Found, rule
from policies.rules.subject import Place, Subject, at, get, items

PITR_DAYS: Final = 35
"""The most that RDS keeps: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html"""

_PARAMETERS: Final = {
    "rds.force_ssl": ("1", "true", "on"),
    "log_connections": ("1", "on", "all"),
    "log_disconnections": ("1", "on"),
    "password_encryption": ("scram-sha-256",),
}
_PRIVATE: Final = {
    "pgaudit.log_parameter": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
}
"""What would write statements' values, which are registers, into a log; and what PostgreSQL does by itself."""


@rule(
    "database-there",
    ja="データベース",
    en="The primary region has the database; the recovery region its replica or its backups",
    severity="critical",
    why="The register is kept there, and survives the loss of a region (safeguard ④).",
    remediation="Declare infra.database.Database in both places.",
    each=TENANT,
)
def database_there(tenant: Subject) -> Iterator[Found]:
    """Instance, replica where the tier says so, replication of automated backups, subnet and parameter groups."""
    primary, recovery = tenant.places["primary"], tenant.places["recovery"]
    where = tenant.above(primary, "Database")
    sources = [node for node in tenant.all(t.DATABASE, primary) if get(node, "replicateSourceDb") is None]
    if len(sources) != 1:
        yield Found(where, "", f"{len(sources)} databases in {primary.region}; there is to be one")
    if tenant.municipality.recovery == "replica" and not any(
        node.inputs.get("replicateSourceDb") is not None for node in tenant.all(t.DATABASE, recovery)
    ):
        yield Found(tenant.above(recovery, "Database"), "", f"no replica in {recovery.region}, which the tier asks for")
    if not tenant.all(t.DB_REPLICATION, recovery):
        yield Found(tenant.above(recovery, "Database"), "", f"automated backups aren't replicated to {recovery.region}")


@rule(
    "database-redundant",
    ja="データベースの冗長化",
    en="The database has a standby in another zone and can't be deleted by mistake",
    severity="critical",
    why="The loss of a zone must not stop the service (safeguard ④).",
    remediation="multiAz true (a Multi-AZ instance), deletionProtection true, a final snapshot.",
    each=(t.DATABASE,),
)
def database_redundant(node: Node, _: Subject) -> Iterator[Found]:
    """Multi-AZ (not required of a replica), deletion protection, final snapshot."""
    replica = node.inputs.get("replicateSourceDb") is not None
    if not replica and get(node, "multiAz") is not True:
        yield Found(node.urn, "multiAz", "has no standby in another zone")
    if get(node, "deletionProtection") is not True:
        yield Found(node.urn, "deletionProtection", "can be deleted by mistake")
    # Of a replica AWS takes none; its source has one.
    if get(node, "skipFinalSnapshot") is True and node.inputs.get("replicateSourceDb") is None:
        yield Found(node.urn, "skipFinalSnapshot", "nothing is left of it once it is deleted")
    if get(node, "deleteAutomatedBackups") is not False:
        yield Found(node.urn, "deleteAutomatedBackups", "its backups are deleted with it")


@rule(
    "database-encrypted",
    ja="データベースの暗号化",
    en="The database, its password and its performance data are encrypted with the tenant's own key",
    severity="critical",
    why="No leakage of what is recorded (68条の2).",
    remediation="storageEncrypted true, kmsKeyId; manageMasterUserPassword with its key, no password in the program.",
    each=(t.DATABASE,),
)
def database_encrypted(node: Node, _: Subject) -> Iterator[Found]:
    """Storage, password, Performance Insights."""
    replica = node.inputs.get("replicateSourceDb") is not None
    if get(node, "storageEncrypted") is not True:
        yield Found(node.urn, "storageEncrypted", "its storage isn't encrypted")
    if not get(node, "kmsKeyId"):
        yield Found(node.urn, "kmsKeyId", "has no key of the tenant's own")
    if not replica:
        if get(node, "manageMasterUserPassword") is not True:
            yield Found(node.urn, "manageMasterUserPassword", "its master password is somebody's to know")
        elif not get(node, "masterUserSecretKmsKeyId"):
            yield Found(node.urn, "masterUserSecretKmsKeyId", "its master password has no key of the tenant's own")
    for name in ("password", "passwordWo"):
        if node.inputs.get(name) is not None:
            yield Found(node.urn, name, "a password stands in the program")
    if get(node, "performanceInsightsEnabled") and not get(node, "performanceInsightsKmsKeyId"):
        yield Found(node.urn, "performanceInsightsKmsKeyId", "statements are kept without a key of the tenant's own")


@rule(
    "database-private",
    ja="データベースは非公開",
    en="The database is reached from the app tier only, by IAM sign-in",
    severity="critical",
    why="A public database is reached from the internet; a shared password leaves no history of who came.",
    remediation="publiclyAccessible false, iamDatabaseAuthenticationEnabled true, own security group and data subnets.",
    each=(t.DATABASE,),
)
def database_private(node: Node, _: Subject) -> Iterator[Found]:
    """Public access, sign-in, groups."""
    if get(node, "publiclyAccessible") not in (None, False):
        yield Found(node.urn, "publiclyAccessible", "is reached from outside the VPC")
    if get(node, "iamDatabaseAuthenticationEnabled") is not True:
        yield Found(node.urn, "iamDatabaseAuthenticationEnabled", "servers sign in by a lasting password")
    if not items(node, "vpcSecurityGroupIds"):
        yield Found(node.urn, "vpcSecurityGroupIds", "has the VPC's default group")
    if not get(node, "dbSubnetGroupName"):
        yield Found(node.urn, "dbSubnetGroupName", "stands in no data subnets of the tenant's")
    if get(node, "networkType") not in (None, "IPV4"):
        yield Found(node.urn, "networkType", f"{node.inputs['networkType']}: it has IPv6 addresses")
    if node.inputs.get("replicateSourceDb") is None and get(node, "engine") != "postgres":
        yield Found(node.urn, "engine", f"{node.inputs.get('engine')}: rules and drills are for PostgreSQL")


@rule(
    "database-recoverable",
    ja="任意時点への復旧",
    en="The database is recoverable to any moment of the last 35 days, in both regions",
    severity="critical",
    why="Backups are made at all times; the latest data can be recovered (safeguard ④).",
    remediation=f"backupRetentionPeriod {PITR_DAYS}; InstanceAutomatedBackupsReplication with retentionPeriod "
    f"{PITR_DAYS}.",
    each=(t.DATABASE, t.DB_REPLICATION),
)
def database_recoverable(node: Node, tenant: Subject) -> Iterator[Found]:
    """35 days here and there."""
    if node.type == t.DATABASE:
        days = get(node, "backupRetentionPeriod")
        if days != PITR_DAYS:
            yield Found(node.urn, "backupRetentionPeriod", f"{days} days, not {PITR_DAYS}")
        if get(node, "replicateSourceDb") is not None:
            of = tenant.named(get(node, "replicateSourceDb"), t.DATABASE)
            if of is None or of.region == node.region:
                yield Found(node.urn, "replicateSourceDb", "is no replica of the other region's database")
        if get(node, "copyTagsToSnapshot") is not True:
            yield Found(node.urn, "copyTagsToSnapshot", "its snapshots don't tell whose they are")
        return
    days = get(node, "retentionPeriod")
    if days != PITR_DAYS:
        yield Found(node.urn, "retentionPeriod", f"{days} days, not {PITR_DAYS}")
    if not get(node, "kmsKeyId"):
        yield Found(node.urn, "kmsKeyId", "copies have no key of the tenant's own")
    source = tenant.named(get(node, "sourceDbInstanceArn"), t.DATABASE)
    if source is not None and source.region == node.region:
        yield Found(node.urn, "sourceDbInstanceArn", "copies stay in the database's own region")


@rule(
    "database-logged",
    ja="データベースの記録",
    en="The database's logs are exported, TLS is forced, who did what is recorded",
    severity="high",
    why="Who read or changed which record must be found later (safeguard ③, 68条の2).",
    remediation="enabledCloudwatchLogsExports with postgresql, a log group for each; a parameter group of the "
    "tenant's own.",
    each=(t.DATABASE,),
)
def database_logged(node: Node, tenant: Subject) -> Iterator[Found]:
    """Exports with their log groups, and a parameter group of the tenant's own."""
    exports = items(node, "enabledCloudwatchLogsExports")
    if "postgresql" not in exports:
        yield Found(node.urn, "enabledCloudwatchLogsExports", f"exports {exports}, not postgresql")
    identifier = get(node, "identifier")
    for export in exports if isinstance(identifier, str) else []:
        name = f"/aws/rds/instance/{identifier}/{export}"
        if tenant.named(name, t.LOG_GROUP, region=node.region) is None:
            yield Found(
                node.urn, "enabledCloudwatchLogsExports", f"RDS makes {name} unencrypted and for ever: declare it"
            )
    value = get(node, "parameterGroupName")
    if not value or tenant.named(value, t.DB_PARAMETERS, region=node.region) is None:
        yield Found(node.urn, "parameterGroupName", f"{value!r} is no parameter group of the tenant's")


@rule(
    "database-parameters",
    ja="データベースの設定",
    en="Parameter groups force TLS and record who did what",
    severity="high",
    why="Without TLS a register passes readable; without pgaudit nobody knows who read it.",
    remediation="rds.force_ssl 1, shared_preload_libraries with pgaudit, pgaudit.log, log_connections, "
    "log_disconnections.",
    each=(t.DB_PARAMETERS,),
)
def database_parameters(node: Node, _: Subject) -> Iterator[Found]:
    """The parameters that matter."""
    said: dict[str, Any] = {str(at(each, "name")): at(each, "value") for each in items(node, "parameters")}
    for name, wanted in _PARAMETERS.items():
        if str(said.get(name, "")).lower() not in wanted:
            yield Found(node.urn, "parameters", f"{name} is {said.get(name)!r}, not {wanted[0]}")
    if "pgaudit" not in str(said.get("shared_preload_libraries", "")):
        yield Found(node.urn, "parameters", "pgaudit isn't loaded (shared_preload_libraries)")
    audited = {part.strip() for part in str(said.get("pgaudit.log", "")).lower().split(",")}
    if "all" not in audited and not {"ddl", "role", "write"} <= audited:
        yield Found(node.urn, "parameters", f"pgaudit.log is {said.get('pgaudit.log')!r}: changes aren't recorded")
    for name, silent in _PRIVATE.items():
        if str(said.get(name, silent)).lower() not in ("0", "off", "ddl", "none", "mod"):
            yield Found(node.urn, "parameters", f"{name} is {said[name]!r}: registers would stand in the log")
    if "log_parameter_max_length" not in said:
        yield Found(node.urn, "parameters", "log_parameter_max_length isn't 0: registers would stand in the log")


@rule(
    "database-subnets",
    ja="データ層の配置",
    en="The database may stand in the data subnets of all zones, and nowhere else",
    severity="high",
    why="A standby needs another zone (safeguard ④); the data tier has no way out of the VPC (safeguard ②).",
    remediation="subnetIds: the data subnets of all zones.",
    each=(t.DB_SUBNETS,),
)
def database_subnets(node: Node, tenant: Subject) -> Iterator[Found]:
    """Exactly the data tier."""
    place = tenant.place_of(node)
    if place is None:
        return
    zones = set()
    for i, value in enumerate(items(node, "subnetIds")):
        subnet = tenant.named(value, t.SUBNET, region=node.region)
        planned = place.plan.get(str(get(subnet, "cidrBlock"))) if subnet else None
        if planned is None or planned.role != "data":
            yield Found(node.urn, f"subnetIds[{i}]", "is outside the data tier")
        else:
            zones.add(planned.zone)
    if missing := sorted(set(place.zones) - zones):
        yield Found(node.urn, "subnetIds", f"leaves out {', '.join(missing)}")


@rule(
    "database-prepared",
    ja="復旧先の準備",
    en="Both regions have a subnet group and a parameter group for the database",
    severity="high",
    why="A database that is restored or promoted in the recovery region needs both (safeguard ④).",
    remediation="Declare infra.database.Database in both places.",
    each=PLACE,
)
def database_prepared(place: Place, tenant: Subject) -> Iterator[Found]:
    """The two groups."""
    for token, what in ((t.DB_SUBNETS, "subnet group"), (t.DB_PARAMETERS, "parameter group")):
        if not tenant.all(token, place):
            yield Found(tenant.above(place, "Database"), "", f"no {what} in {place.region}")
