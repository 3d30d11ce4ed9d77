"""The replication of an RDS instance's automated backups to another region.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
"""

from collections.abc import Iterator
from typing import Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Read, ResourceType, Values
from honseki.aws_types.database_groups import SERVICE
from honseki.aws_types.properties import Property

_BACKUPS: Final = "DBInstanceAutomatedBackups"


def _start(clients: Clients, inputs: Values) -> str:
    """Called in the region that backups go to; the source is named by its ARN."""
    source: str = inputs["sourceDbInstanceArn"]
    members = {"KmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
    answer = clients.call(
        SERVICE,
        "StartDBInstanceAutomatedBackupsReplication",
        SourceDBInstanceArn=source,
        BackupRetentionPeriod=inputs["retentionPeriod"],
        SourceRegion=source.split(":")[3],
        **members,
    )
    identifier: str = answer["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"]
    return identifier


def _stop(clients: Clients, identifier: str, known: Values) -> None:
    live = known if known.get("sourceDbInstanceArn") else AUTOMATED_BACKUPS_REPLICATION.read(clients, identifier)
    if live is not None:
        source = live["sourceDbInstanceArn"]
        clients.call(SERVICE, "StopDBInstanceAutomatedBackupsReplication", SourceDBInstanceArn=source)


def _of_source(clients: Clients, inputs: Values) -> Iterator[str]:
    source = inputs["sourceDbInstanceArn"]
    path = f"{_BACKUPS}[?DBInstanceArn=='{source}' && DBInstanceAutomatedBackupsArn].DBInstanceAutomatedBackupsArn"
    return clients.pages(SERVICE, "DescribeDBInstanceAutomatedBackups", path)


AUTOMATED_BACKUPS_REPLICATION: Final = ResourceType(
    token="aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    service=SERVICE,
    properties=(
        Property("sourceDbInstanceArn", required=True, replaces=True),
        Property("kmsKeyId", replaces=True, computed=True),
        Property("retentionPeriod", "integer", replaces=True, default=7),
    ),
    creating=_start,
    reading=Read(
        "DescribeDBInstanceAutomatedBackups",
        f"{_BACKUPS}[0]",
        by="DBInstanceAutomatedBackupsArn",
        missing=("DBInstanceAutomatedBackupNotFound", "DBInstanceAutomatedBackupNotFoundFault"),
        renamed={"sourceDbInstanceArn": "DBInstanceArn", "retentionPeriod": "BackupRetentionPeriod"},
        state="Status",
        busy=("pending", "creating"),
        failed=("failed",),
        # What is kept of an instance that was deleted is replicated no more.
        gone=("retained", "deleted"),
    ),
    deleting=_stop,
    finding=_of_source,
    natural=True,
    timeout_s=4500.0,
    alone=(("sourceDbInstanceArn",),),
)
