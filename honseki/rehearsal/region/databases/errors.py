"""RDS's errors that moto doesn't raise: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html and
the pages of the operations."""

from __future__ import annotations

from moto.rds.exceptions import RDSClientError


class DatabaseError(RDSClientError):
    """A client error with RDS's own code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def backup_not_found(identifier: str) -> DatabaseError:
    """DBInstanceAutomatedBackupNotFound."""
    return DatabaseError("DBInstanceAutomatedBackupNotFound", f"Automated backup {identifier} not found.")
