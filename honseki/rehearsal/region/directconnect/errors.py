"""Direct Connect's errors. Nearly everything that a caller does wrong is a DirectConnectClientException (400).

https://docs.aws.amazon.com/directconnect/latest/APIReference/API_CreateDirectConnectGatewayAssociation.html#API_CreateDirectConnectGatewayAssociation_Errors
"""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


class ClientError(JsonRESTError):
    """One or more parameters are not valid, or the state of a resource forbids it."""

    def __init__(self, message: str) -> None:
        super().__init__("DirectConnectClientException", message)


class DuplicateTagKeysError(JsonRESTError):
    """A tag key was specified more than once."""

    def __init__(self) -> None:
        super().__init__("DuplicateTagKeysException", "A tag key was specified more than once.")


class TooManyTagsError(JsonRESTError):
    """More than the 50 tags that a resource can have."""

    def __init__(self) -> None:
        super().__init__(
            "TooManyTagsException", "You have reached the limit on the number of tags that can be assigned."
        )
