"""Into the accounts: sessions of the role that reads, and their clients. The only module here that makes clients.

Every account has clients of its own. Clients whose credentials are exchanged would save a third of the processor's
time, but a mistake there would show one tenant's network under another's name.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserFactory
from botocore.utils import parse_timestamp

from honseki import aws_session
from honseki.aws_session import Keys, Session
from honseki.errors import HonsekiError

Clients = Callable[[str, str], Any]
"""`clients(service, region)` makes a botocore client inside one account."""
Open = Callable[[str], Clients]
"""Opens an account by its id; raises `RoleError` where that is refused."""

# The service models are large: each is parsed once per process. Neither the loader nor the making of a client is safe
# in threads (https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients).
_LOADER: Final = aws_session.loader()
_MAKING: Final = threading.Lock()
_CONFIG: Final = Config(
    # Slows down by itself when AWS throttles, each client (an account's service in a region, as AWS counts) on its own.
    # https://docs.aws.amazon.com/boto3/latest/guide/retries.html#adaptive-retry-mode
    retries={"mode": "adaptive", "max_attempts": 8},
    connect_timeout=10,
    read_timeout=60,
)


class RoleError(HonsekiError):
    """An account's role can't be assumed."""

    def __init__(self, what: str, *, code: str, where: str = "", why: str = "", do: str = "") -> None:
        super().__init__(what, where=where, why=why, do=do)
        self.code = code


def assuming(role: str, region: str, env: Mapping[str, str]) -> Open:
    """Opens accounts by assuming the role of that name in each, with the caller's own credentials.

    `env` is what `honseki.engine.cloud.reach` returned: the rehearsal region's endpoint and keys, or nothing for AWS
    and its usual chain. `region` is where STS is asked. A session lasts an hour: AWS allows no more for a role that
    assumes a role (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
    """
    endpoint = env.get("AWS_ENDPOINT_URL")
    sts = _own(env)("sts", region)

    def opened(account: str) -> Clients:
        arn = f"arn:aws:iam::{account}:role/{role}"
        try:
            keys = sts.assume_role(RoleArn=arn, RoleSessionName=f"honseki-prove-{os.getpid()}")["Credentials"]
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise RoleError(
                f"the role {arn} can't be assumed",
                code=code,
                why=str(error),
                do="check your AWS credentials (aws sts get-caller-identity) and the role's trust policy",
            ) from error
        own = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return _clients(_session(own, closed=endpoint is not None), endpoint)

    return opened


def caller(region: str, env: Mapping[str, str]) -> str:
    """The account of whoever runs this, as STS says; `region` and `env` as for `assuming`.

    Raises `HonsekiError` if STS doesn't know the credentials, or there are none.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    try:
        return str(_own(env)("sts", region).get_caller_identity()["Account"])
    except (ClientError, BotoCoreError) as error:
        raise HonsekiError(
            "AWS doesn't accept your credentials",
            why=str(error),
            do="sign in again (aws sts get-caller-identity must answer)",
        ) from error


def _own(env: Mapping[str, str]) -> Clients:
    """Clients with the caller's own credentials."""
    return _clients(_session(aws_session.keys_of(env), closed=bool(env)), env.get("AWS_ENDPOINT_URL"))


def _clients(session: Session, endpoint: str | None) -> Clients:
    def client(service: str, region: str) -> Any:
        with _MAKING:
            made = session.create_client(service, region_name=region, endpoint_url=endpoint, config=_CONFIG)
        if endpoint and service == "s3control":
            made.meta.events.register("before-sign.s3-control", _without_account)
        return made

    return client


def _without_account(request: Any, **_: Any) -> None:
    """S3 Control has the account's id before the host's name, which the rehearsal region's address doesn't take."""
    request.url = re.sub(r"://\d{12}\.", "://", request.url, count=1)


def _session(keys: Keys | None, *, closed: bool) -> Session:
    session = aws_session.session(keys, closed=closed, models=_LOADER)
    # As the AWS CLI prints them: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html (iso8601).
    parsers = ResponseParserFactory()
    parsers.set_parser_defaults(timestamp_parser=_iso)
    session.register_component("response_parser_factory", parsers)
    return session


def _iso(value: Any) -> str:
    parsed: datetime = parse_timestamp(value)
    return parsed.isoformat()
