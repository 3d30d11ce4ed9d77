"""EBS's errors, with the reason that programs read: https://docs.aws.amazon.com/ebs/latest/APIReference/CommonErrors.html"""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class BlocksError(ServiceException):
    """An error of the service's model. `reason` is one of the enumeration that the model has for the code."""

    def __init__(self, code: str, message: str, reason: str) -> None:
        super().__init__(code, message[:256])
        self.reason = reason


def invalid(message: str, reason: str = "INVALID_PARAMETER_VALUE") -> BlocksError:
    """ValidationException."""
    return BlocksError("ValidationException", message, reason)


def not_found(snapshot: str) -> BlocksError:
    """ResourceNotFoundException: no such snapshot of the caller's."""
    return BlocksError("ResourceNotFoundException", f"The snapshot '{snapshot}' does not exist.", "SNAPSHOT_NOT_FOUND")
