"""`destroy` refuses a tenant that holds what must be kept, says what and until when, and has changed nothing."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Home
from tests.system.conftest import THREE
from tests.system.live import REGIONS, Client, account_client, everything

pytestmark = pytest.mark.slow

DEPLOYED = THREE

CODE, NAME = "273414", "忠岡町"
PRIMARY, RECOVERY = REGIONS


@pytest.fixture(scope="module")
def client(endpoint: str) -> Client:
    """Clients in the account of a tenant that was just deployed."""
    return account_client(endpoint, f"000000{CODE}")


def stored(home: Home) -> dict[Path, bytes]:
    """The engine's own record of the tenant: `destroy` takes protection off there before it deletes."""
    found = [path for path in (home.path / "state").rglob(f"*rehearsal-{CODE}.json") if "stacks" in path.parts]
    assert found
    return {path: path.read_bytes() for path in found}


def kept(client: Client) -> dict[str, Any]:
    """What is listed of everything, and what is in the stores and on the switches that `destroy` turns first."""
    found: dict[str, Any] = dict(everything(client))
    for region in REGIONS:
        backup, s3 = client("backup", region), client("s3", region)
        found[f"{region} vaults"] = [
            backup.list_recovery_points_by_backup_vault(BackupVaultName=vault["BackupVaultName"])["RecoveryPoints"]
            for vault in backup.list_backup_vaults()["BackupVaultList"]
        ]
        found[f"{region} buckets"] = [
            s3.list_object_versions(Bucket=bucket_of(region, purpose)).get("Versions", [])
            for purpose in ("audit", "config")
        ]
        found[f"{region} databases"] = [
            (database["DBInstanceIdentifier"], database["DeletionProtection"])
            for database in client("rds", region).describe_db_instances()["DBInstances"]
        ]
    return found


def bucket_of(region: str, purpose: str) -> str:
    return f"honseki-000000{CODE}-{region}-{purpose}"


def refused(home: Home, client: Client) -> dict[str, Any]:
    """The error of a `destroy` that was refused and changed nothing."""
    before, recorded = kept(client), stored(home)
    done = home.honseki("destroy", CODE, "--confirm", NAME, "--json")
    assert done.returncode == 5, done.stdout + done.stderr
    assert kept(client) == before
    assert stored(home) == recorded
    return dict(json.loads(done.stdout)["error"])


def test_a_vault_with_recovery_points(home: Home, client: Client) -> None:
    backup, iam = client("backup", PRIMARY), client("iam", PRIMARY)
    (database,) = client("rds", PRIMARY).describe_db_instances()["DBInstances"]
    (vault,) = [each["BackupVaultName"] for each in backup.list_backup_vaults()["BackupVaultList"]]
    (role,) = [each["Arn"] for each in iam.list_roles()["Roles"] if each["RoleName"] == f"{CODE}-primary-backup"]
    job = backup.start_backup_job(
        BackupVaultName=vault,
        ResourceArn=database["DBInstanceArn"],
        IamRoleArn=role,
        Lifecycle={"DeleteAfterDays": 35},
    )
    assert backup.describe_backup_job(BackupJobId=job["BackupJobId"])["State"] == "COMPLETED"
    error = refused(home, client)
    assert f"{NAME} ({CODE}) holds what must be kept; nothing was destroyed" in error["what"]
    assert f"{vault} ({PRIMARY}): 1 recovery point(s), locked, until " in error["why"]
    assert str(job["CreationDate"].astimezone(datetime.UTC).date() + datetime.timedelta(days=35)) in error["why"]
    assert f"::{vault}" in error["where"] or "aws:backup/vault:Vault::primary-vault" in error["where"]
    assert error["do"]


@pytest.mark.parametrize(
    ("region", "purpose", "says"),
    [
        (PRIMARY, "audit", "1 object version(s), locked 400 days"),
        (RECOVERY, "audit", "1 object version(s), locked 400 days"),
        # AWS Config's has no lock: the lifecycle keeps what is in it.
        (PRIMARY, "config", "1 object version(s), kept 400 days"),
    ],
)
def test_a_bucket_with_objects(home: Home, client: Client, region: str, purpose: str, says: str) -> None:
    bucket = bucket_of(region, purpose)
    client("s3", region).put_object(Bucket=bucket, Key="AWSLogs/one", Body=b"what happened")
    error = refused(home, client)
    assert f"{bucket} ({region}): {says}, until " in error["why"]
    assert f"aws:s3/bucket:Bucket::{'primary' if region == PRIMARY else 'recovery'}-{purpose}" in error["where"]


def test_nobody_takes_an_object_out_to_get_on(client: Client) -> None:
    bucket, s3 = bucket_of(PRIMARY, "audit"), client("s3", PRIMARY)
    (version,) = s3.list_object_versions(Bucket=bucket)["Versions"]
    for which in ({}, {"VersionId": version["VersionId"]}):
        with pytest.raises(ClientError) as denied:
            s3.delete_object(Bucket=bucket, Key=version["Key"], **which)
        assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
