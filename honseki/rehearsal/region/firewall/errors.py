"""DNS Firewall's errors, of the service model: https://docs.aws.amazon.com/Route53/latest/APIReference/API_Types_Amazon_Route_53_Resolver.html"""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


class InvalidError(JsonRESTError):
    """You have provided an invalid command."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class NotFoundError(JsonRESTError):
    """The specified resource doesn't exist."""

    def __init__(self, what: str, identifier: str) -> None:
        super().__init__("ResourceNotFoundException", f"[RSLVR-02404] Can't find the {what} {identifier}.")


class ConflictError(JsonRESTError):
    """The requested state transition isn't valid: something still uses the resource, or it is there already."""

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


class LimitExceededError(JsonRESTError):
    """The request caused one or more limits to be exceeded."""

    def __init__(self, message: str) -> None:
        super().__init__("LimitExceededException", message)
