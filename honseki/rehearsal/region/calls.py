"""One request to the region, as far as the region itself must understand it: who signed it, for what, does it change.

The signature's credential scope names key, region and service
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). The signature itself
isn't verified: the region listens on loopback only, and its keys are no secrets.
"""

from __future__ import annotations

import dataclasses
import io
import re
from typing import Any

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]+)")
_READING = re.compile(
    r"(Describe|Get|List|Lookup|Head|BatchGet|Search|Simulate|Test|Filter|Validate|Verify|Encrypt$|Decrypt$|Generate(Data|Random|Mac))"
)


@dataclasses.dataclass(frozen=True)
class Call:
    """A signed AWS request. `operation` is empty for REST services, whose operation is in method and path."""

    access_key: str
    token: str
    region: str
    service: str
    operation: str
    method: str
    path: str
    protocol: str
    """`ec2`, `query`, `json`, `rest-json` or `rest-xml`: how an error must be written so that SDKs understand it."""

    @property
    def changes(self) -> bool:
        """True if the state may differ afterwards. AWS's read operations are recognised by their verbs."""
        if self.operation:
            return _READING.match(self.operation) is None
        return self.method not in ("GET", "HEAD", "OPTIONS")

    @property
    def name(self) -> str:
        """`service:Operation` for messages."""
        return f"{self.service}:{self.operation or f'{self.method} {self.path}'}"


def read_body(environ: dict[str, Any]) -> bytes:
    """The request's body; left in `environ` to be read again."""
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    body: bytes = stream.read(int(length)) if length else b""
    if not length and environ.get("wsgi.input_terminated"):
        body = stream.read()
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def read_call(environ: dict[str, Any]) -> Call | None:
    """The call in a WSGI environment, or None if it isn't signed (AWS Signature Version 4, header or query)."""
    body = read_body(environ)
    signed = environ.get("HTTP_AUTHORIZATION", "")
    if not signed and "X-Amz-Credential=" in environ.get("QUERY_STRING", ""):
        signed = environ["QUERY_STRING"].replace("%2F", "/").replace("X-Amz-", "")
    match = _CREDENTIAL.search(signed)
    if match is None:
        return None
    key, _, region, service = match.groups()
    service = service.lower()
    operation, protocol = "", "rest-xml" if service in ("s3", "route53", "cloudfront") else "rest-json"
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        operation, protocol = target.rsplit(".", 1)[-1], "json"
    elif "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        action = _ACTION.search(body)
        operation, protocol = (action[1].decode() if action else ""), "ec2" if service == "ec2" else "query"
    return Call(
        access_key=key,
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""),
        region=region,
        service=service,
        operation=operation,
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/"),
        protocol=protocol,
    )
