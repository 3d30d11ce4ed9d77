"""What can go wrong with a resource, said so that the reader knows what to do."""

from collections.abc import Iterable
from typing import Final

from honseki.errors import HonsekiError

# Part of an error code, or (if it has a space in it) of the message -> what to do. The first that fits counts.
_HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("KMS key does not exist or is not allowed", "let the key's policy allow the service to use the key"),
    ("UnauthorizedOperation", "grant this action to the role that the provider assumes"),
    ("AccessDenied", "grant this action to the role that the provider assumes"),
    ("InvalidClientTokenId", "the credentials don't belong to this endpoint: check AWS_ENDPOINT_URL and the keys"),
    ("LimitExceeded", "the account's quota is used up: remove what isn't needed, or ask for a higher quota"),
    ("DependencyViolation", "something else still uses it; what isn't declared here was made by hand: remove it first"),
    ("DeleteConflict", "something else still uses it; what isn't declared here was made by hand: remove it first"),
    ("ResourceInUse", "something else still uses it; what isn't declared here was made by hand: remove it first"),
    ("AlreadyExists", "one of that name is there already: import it, or remove it"),
    ("Duplicate", "one of that name is there already: import it, or remove it"),
    ("AlreadyAssociated", "the subnet has an association already: import it, or remove it"),
    (
        "NotImplemented",
        "this rehearsal region doesn't serve the operation: leave the property out, or extend the region",
    ),
    (
        "UnknownOperation",
        "this rehearsal region doesn't serve the operation: leave the property out, or extend the region",
    ),
    ("Throttl", "too many calls at a time: run it again, it goes on where it stopped"),
    ("RequestLimitExceeded", "too many calls at a time: run it again, it goes on where it stopped"),
    ("NoAnswer", "nothing answers at the endpoint: start the rehearsal region, and check AWS_ENDPOINT_URL"),
    ("TimedOut", "the service accepted it but didn't finish in time: run it again, it goes on where it stopped"),
    ("NotFound", "something that it refers to is gone: refresh, then deploy again"),
    ("Invalid", "correct the declaration; the message names the value that the service refuses"),
    ("Validation", "correct the declaration; the message names the value that the service refuses"),
    ("Malformed", "correct the declaration; the message names the value that the service refuses"),
)


class ResourceError(HonsekiError):
    """Anything that the tables or the calls made from them can raise."""


class UnknownTypeError(ResourceError, KeyError):
    """A type token that has no table here."""

    def __init__(self, token: str, known: Iterable[str]) -> None:
        self.token = token
        self.known = tuple(sorted(known))
        super().__init__(
            f"unknown resource type {token!r}",
            why=f"no table describes it; known are {', '.join(self.known)}",
            do="declare one of these, or add a table for it to honseki/aws_types",
        )

    __str__ = HonsekiError.__str__  # a KeyError shows the repr of its argument


class AwsError(ResourceError):
    """A call that the service refused.

    `code` is AWS's error code ("InvalidVpcID.NotFound"), or one of ours where AWS gave none: "NoAnswer" (nothing
    listens), "InvalidParameters" (not even sent), "TimedOut" (never finished), "State:..." (failed later).
    """

    def __init__(self, service: str, operation: str, code: str, message: str) -> None:
        self.service = service
        self.operation = operation
        self.code = code
        super().__init__(f"{service} {operation} failed", why=f"{code}: {message}", do=_hint(f"{code}: {message}"))


class PartlyCreatedError(ResourceError):
    """The resource exists, but a call that should have completed it failed.

    `identifier` must be recorded, or the resource is lost from sight.
    """

    def __init__(self, identifier: str, cause: AwsError) -> None:
        self.identifier = identifier
        self.cause = cause
        super().__init__(
            f"{identifier} was created, but not completed: {cause.what}", where=cause.where, why=cause.why, do=cause.do
        )


def _hint(said: str) -> str:
    """What the reader can do about it."""
    code = said.partition(":")[0]
    for part, hint in _HINTS:
        if part in (said if " " in part else code):
            return hint
    return "read the message; if it isn't clear, repeat the call with the AWS CLI"
