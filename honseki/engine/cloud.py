"""The cloud of a command: the rehearsal region (started if need be, with what is issued beforehand) or AWS.

Also the clients that look into one tenant's account, for recovery and for what must not be destroyed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from honseki.errors import HonsekiError
from honseki.settings import DEPLOY_ROLE, Settings
from infra.model import Municipality
from infra.model.municipality import NotReadyError

if TYPE_CHECKING:
    from honseki.aws_session import Keys, Session
    from honseki.aws_types.clients import Clients

Say = Callable[[str], None]


def reach(settings: Settings, municipalities: Sequence[Municipality], say: Say) -> dict[str, str]:
    """Make sure that the target's cloud can be worked with; returns the environment that leads to it.

    Rehearsal: starts the region if it doesn't run, and has it issue the accounts, roles, connections and interfaces
    that exist before Honseki comes. AWS: nothing (the usual AWS chain); that an account was issued is checked here.
    """
    if settings.target == "aws":
        require_accounts(settings, municipalities)
        return {}
    from honseki.rehearsal.issuing import tenant_issue  # noqa: PLC0415  only for the rehearsal
    from honseki.rehearsal.region import control  # noqa: PLC0415

    info = control.status(settings.region_home)
    if info is None:
        say("Starting the rehearsal region ...")
        info = control.start(settings.region_home)
    control.issue(info, [tenant_issue(municipality) for municipality in municipalities])
    return control.env(info)


def require_accounts(settings: Settings, municipalities: Sequence[Municipality]) -> None:
    """In AWS every municipality needs an account, issued beforehand; raises `HonsekiError` naming who has none."""
    if settings.target != "aws":
        return
    without = [municipality for municipality in municipalities if municipality.account is None]
    if without:
        raise HonsekiError(
            f"{len(without)} of {len(municipalities)} municipalities have no AWS account yet",
            where=", ".join(f"{settings.fleet.name}/{m.code}.yaml ({m.name})" for m in without[:5]),
            why="Honseki deploys into accounts that were issued beforehand, and creates none",
            do='have one issued, then write `account: "..."` into the file; or rehearse: --target rehearsal',
        )


def require_ready(settings: Settings, municipalities: Sequence[Municipality]) -> None:
    """In AWS a declaration needs accounts, an image and people; raises `HonsekiError` with all that is missing."""
    require_accounts(settings, municipalities)
    missing: dict[str, list[str]] = {}
    for municipality in municipalities:
        for need in (municipality.image_for, municipality.operators_for, municipality.readers_for):
            try:
                need(settings.target)
            except NotReadyError as error:
                what = str(error).partition(f"{municipality.code} {municipality.name}: ")[2] or str(error)
                missing.setdefault(what, []).append(municipality.code)
    if missing:
        raise HonsekiError(
            f"the inventory isn't ready for {settings.target}: {len(missing)} thing{'s' if len(missing) > 1 else ''} "
            "of rehearsals in it",
            where=str(settings.fleet),
            why="\n         ".join(f"{', '.join(codes[:5])}: {what}" for what, codes in missing.items()),
            do="write what is named (docs/engineer.md, AWS), or rehearse: --target rehearsal",
        )


class Account:
    """Clients inside one municipality's account, by the same role that deploys. Thread-safe; clients are kept."""

    def __init__(self, settings: Settings, municipality: Municipality, env: Mapping[str, str]) -> None:
        self._municipality = municipality
        self._account = municipality.account_for(settings.target)
        self._env = env
        self._regions: dict[str, Clients] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()

    def clients(self, region: str) -> Clients:
        """The clients of one region of the account."""
        from honseki.aws_types.clients import Clients  # noqa: PLC0415  botocore; most commands never need it

        with self._lock:
            if region not in self._regions:
                self._keys = self._keys or self._assume()
                session = _session(
                    (self._keys["AccessKeyId"], self._keys["SecretAccessKey"], self._keys["SessionToken"]),
                    closed=bool(self._env),
                )
                endpoint = self._env.get("AWS_ENDPOINT_URL")
                self._regions[region] = Clients(session, region=region, account=self._account, endpoint=endpoint)
            return self._regions[region]

    def client(self, service: str, region: str) -> Any:
        """A client of one service."""
        return self.clients(region)(service)

    def _assume(self) -> dict[str, str]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        role = f"arn:aws:iam::{self._account}:role/{DEPLOY_ROLE}"
        region = self._municipality.placement.primary.region
        sts = _own(self._env).create_client("sts", region_name=region, endpoint_url=self._env.get("AWS_ENDPOINT_URL"))
        try:
            return dict(sts.assume_role(RoleArn=role, RoleSessionName=f"honseki-{os.getpid()}")["Credentials"])
        except (ClientError, BotoCoreError) as error:
            raise HonsekiError(
                f"the role {role} can't be assumed",
                why=str(error),
                do="check your AWS credentials (aws sts get-caller-identity) and the role's trust policy",
            ) from error


def own_client(env: Mapping[str, str], service: str, region: str) -> Any:
    """A client in the caller's own account, which is the operator's. `env` is what `reach` returned.

    Many of its calls may be under way at once; what AWS throttles is tried again, ten times.
    https://docs.aws.amazon.com/ebs/latest/userguide/error-retries.html
    """
    from botocore.config import Config  # noqa: PLC0415  as above

    retries = {"total_max_attempts": 10, "mode": "standard"}
    config = Config(max_pool_connections=32, retries=retries)
    return _own(env).create_client(service, region_name=region, endpoint_url=env.get("AWS_ENDPOINT_URL"), config=config)


def _own(env: Mapping[str, str]) -> Session:
    """A session with the caller's own keys: the rehearsal region's, or those of the usual AWS chain."""
    from honseki.aws_session import keys_of  # noqa: PLC0415

    return _session(keys_of(env), closed=bool(env))


def _session(keys: Keys | None, *, closed: bool) -> Session:
    from honseki import aws_session  # noqa: PLC0415  botocore, as above

    return aws_session.session(keys, closed=closed)
