"""AWS Backup's errors, of the service model: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Operations.html"""

from __future__ import annotations

from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)

__all__ = ["already_exists", "invalid", "not_allowed", "not_found"]


def already_exists(message: str) -> Exception:
    """The resource is there already."""
    return AlreadyExistsException(message)


def invalid(message: str) -> Exception:
    """A parameter's value is out of range or of the wrong kind."""
    return InvalidParameterValueException(message)


def not_allowed(message: str) -> Exception:
    """InvalidRequestException: not in this state."""
    return InvalidRequestException(message)


def not_found(message: str) -> Exception:
    """A resource that the operation needs isn't there."""
    return ResourceNotFoundException(message)
