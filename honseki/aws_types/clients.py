"""AWS clients for one account and one region, shared by threads."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import jmespath

from honseki.aws_types.errors import AwsError

if TYPE_CHECKING:
    # Loaded with the first call of AWS (a quarter of a second): a declaration evaluated without an engine makes none.
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.loaders import Loader
    from botocore.model import StructureShape

    from honseki.aws_session import Keys, Session

_MAKING: Final = threading.Lock()


# The service models are large: each is parsed once per process. Neither the loader nor the making of a client is safe
# in threads (https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients).
@cache
def _loader() -> Loader:
    from honseki import aws_session  # noqa: PLC0415  see above

    return aws_session.loader()


@cache
def _config() -> Config:
    from botocore.config import Config  # noqa: PLC0415  see above

    retries = {"mode": "standard", "max_attempts": 5}
    return Config(max_pool_connections=64, retries=retries, connect_timeout=10, read_timeout=60)


class Clients:
    """`clients(service)` is the boto3 (botocore) client of that service, pinned to an account and a region.

    One client per service is made and kept; use from several threads is safe.
    """

    def __init__(self, session: Session, *, region: str, account: str, endpoint: str | None = None) -> None:
        self.region = region
        self.account = account
        with _MAKING:
            self.partition: str = session.get_partition_for_region(region)
        self._session = session
        self._endpoint = endpoint
        self.on_this_machine = endpoint is not None and _is_loopback(endpoint)
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """The client of `service` ("ec2"), made once."""
        made = self._made.get(service)
        if made is None:
            with _MAKING:
                made = self._made.get(service) or self._session.create_client(
                    service, region_name=self.region, endpoint_url=self._endpoint, config=_config()
                )
                if self.on_this_machine and service == "s3control":
                    made.meta.events.register("before-sign.s3-control", self._without_account)
                self._made[service] = made
        return made

    def call(self, service: str, operation: str, **members: Any) -> dict[str, Any]:
        """Call `operation` ("CreateVpc") with botocore's own member names; raise `AwsError` where it is refused."""
        from botocore import xform_name  # noqa: PLC0415  see above
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  see above

        client = self(service)
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**members)
        except (ClientError, BotoCoreError) as error:
            raise _explained(service, operation, error) from error
        return answer

    def pages(self, service: str, operation: str, path: str, **members: Any) -> Iterator[Any]:
        """All items at `path` (JMESPath, a list) of all pages of an answer: complete, or an `AwsError`."""
        from botocore import xform_name  # noqa: PLC0415  see above
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  see above

        name = xform_name(operation)
        client = self(service)
        if not client.can_paginate(name):
            yield from jmespath.search(path, self.call(service, operation, **members)) or ()
            return
        try:
            for page in client.get_paginator(name).paginate(**members):
                yield from jmespath.search(path, page) or ()
        except (ClientError, BotoCoreError) as error:
            raise _explained(service, operation, error) from error

    def _without_account(self, request: Any, **_: Any) -> None:
        """S3 Control has the account's id before the host's name, which an address doesn't take."""
        request.url = request.url.replace(f"://{self.account}.", "://", 1)

    def input_shape(self, service: str, operation: str) -> StructureShape:
        """The shape of what `operation` takes, from botocore's model."""
        from botocore.model import StructureShape  # noqa: PLC0415  see above

        shape = self(service).meta.service_model.operation_model(operation).input_shape
        if not isinstance(shape, StructureShape):
            raise TypeError(f"{service} {operation} takes no members")
        return shape

    @classmethod
    def operator(cls, region: str, *, endpoint: str | None = None, keys: Keys | None = None) -> Clients:
        """Clients with the caller's own credentials: `keys`, else the standard AWS environment."""
        return cls._checked(_session(keys, closed=keys is not None), region=region, endpoint=endpoint)

    @classmethod
    def assume(
        cls,
        role_arn: str,
        *,
        region: str,
        session_name: str,
        endpoint: str | None = None,
        external_id: str | None = None,
        keys: Keys | None = None,
    ) -> Clients:
        """Clients in the account of `role_arn`, which the caller's own credentials (as for `operator`) may assume.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        caller = cls(_session(keys, closed=keys is not None), region=region, account="", endpoint=endpoint)
        members = {"RoleArn": role_arn, "RoleSessionName": session_name}
        if external_id is not None:
            members["ExternalId"] = external_id
        given = caller.call("sts", "AssumeRole", **members)["Credentials"]
        return cls._checked(
            _session(
                (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]), closed=endpoint is not None
            ),
            region=region,
            endpoint=endpoint,
        )

    @classmethod
    def _checked(cls, session: Session, *, region: str, endpoint: str | None) -> Clients:
        """The account is what STS says, never what a role's name says."""
        clients = cls(session, region=region, account="", endpoint=endpoint)
        clients.account = clients.call("sts", "GetCallerIdentity")["Account"]
        return clients


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _session(keys: Keys | None, *, closed: bool) -> Session:
    from honseki import aws_session  # noqa: PLC0415  see above

    return aws_session.session(keys, closed=closed, models=_loader())


def _explained(service: str, operation: str, error: ClientError | BotoCoreError) -> AwsError:
    from botocore.exceptions import ClientError, ParamValidationError  # noqa: PLC0415  see above

    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        return AwsError(service, operation, said.get("Code", "Unknown"), said.get("Message", str(error)))
    code = "InvalidParameters" if isinstance(error, ParamValidationError) else "NoAnswer"
    return AwsError(service, operation, code, str(error))
