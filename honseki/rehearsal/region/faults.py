"""Errors of the region's own, written as each AWS protocol writes them, so that every SDK shows code and message."""

from __future__ import annotations

import dataclasses
import json
import uuid
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from honseki.rehearsal.region.calls import Call


@dataclasses.dataclass(frozen=True)
class Answer:
    """A whole HTTP answer. `status` is the number only; header names as they go over the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Fault(Exception):  # noqa: N818 - the word that AWS uses
    """A refusal with AWS's own error code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


def answer(protocol: str, fault: Fault) -> Answer:
    """`fault` in the error format of an AWS protocol.

    Formats: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, and its neighbours.
    """
    request_id = str(uuid.uuid4())
    code, message = escape(fault.code), escape(fault.message)
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif protocol == "query":
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    elif protocol == "rest-xml":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    else:
        body = json.dumps({"__type": fault.code, "message": fault.message})
    kind = "application/x-amz-json-1.1" if body.startswith("{") else "text/xml"
    headers = (
        ("Content-Type", kind),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", fault.code),
    )
    return Answer(fault.status, headers, body.encode())


def unknown_key(call: Call) -> Fault:
    """The error of an access key that no account knows, per protocol.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (AuthFailure) and the common errors of
    the JSON services (UnrecognizedClientException) and of the query services (InvalidClientTokenId).
    """
    text = "The security token included in the request is invalid."
    if call.protocol == "ec2":
        return Fault(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
    if call.protocol in ("query", "rest-xml"):
        return Fault(403, "InvalidClientTokenId", text)
    return Fault(400, "UnrecognizedClientException", text)


def expired(call: Call) -> Fault:
    """The error of a session that has ended (same pages as `unknown_key`)."""
    text = "The security token included in the request is expired"
    if call.protocol == "ec2":
        return Fault(400, "RequestExpired", "Request has expired.")
    if call.protocol in ("query", "rest-xml"):
        return Fault(403, "ExpiredToken", text)
    return Fault(400, "ExpiredTokenException", text)


def not_served(call: Call, why: str) -> Fault:
    """What the rehearsal region can't do. 501, which no SDK retries."""
    return Fault(501, "RehearsalNotServed", f"The rehearsal region does not serve {call.name}: {why}")
