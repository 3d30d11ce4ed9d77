"""The provider's own configuration, and the two things that it refuses: another cloud, and another account."""

import http.client
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from honseki.aws_session import Keys
from honseki.aws_types.clients import Clients
from honseki.aws_types.errors import ResourceError
from honseki.rehearsal.provider.wire import UNKNOWN

BANNER_PATH: Final = "/honseki/banner"
# What the SDK's Provider always sends; there is nothing to skip here, so they say nothing.
_WITHOUT_EFFECT: Final = frozenset(
    {"skipCredentialsValidation", "skipRegionValidation", "skipMetadataApiCheck", "skipRequestingAccountId", "version"}
)
KNOWN: Final = frozenset({"region", "assumeRoles", "allowedAccountIds"}) | _WITHOUT_EFFECT
_SNAKE: Final = re.compile(r"_([a-z])")
# Other account or region: other resources.
PLACE: Final = ("region", "assumeRoles", "allowedAccountIds")


class RefusedProviderError(ResourceError):
    """A configuration that this provider doesn't serve; says why, and what to do."""


@dataclass(frozen=True)
class Settings:
    """Where the provider works."""

    region: str
    role_arn: str | None
    session_name: str
    external_id: str | None
    accounts: tuple[str, ...]


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration comes with everything but strings as JSON text."""
    return {name: _decoded(value) for name, value in values.items()}


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        decoded = json.loads(value)
    except ValueError:
        return value
    return decoded if isinstance(decoded, (list, dict, bool)) else value


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Property -> why this provider can't take it."""
    found = {
        name: f"this provider has no setting {name!r}. Known: {', '.join(sorted(KNOWN))}"
        for name in values
        if name not in KNOWN
    }
    roles = values.get("assumeRoles")
    if isinstance(roles, list) and len(roles) > 1:
        found["assumeRoles"] = "one role is assumed, not a chain of them"
    return found


def moves(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The settings by whose change the provider works elsewhere; the name of a session isn't a place."""
    found = ["region"] if old.get("region") != new.get("region") else []
    before, after = ([role.get("roleArn") for role in _roles(some)] for some in (old, new))
    return [*found, "assumeRoles"] if before != after else found


def _roles(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The roles in camelCase: the SDK leaves the keys of a role that is given as a plain dict as they are."""
    return [
        {_SNAKE.sub(lambda found: found[1].upper(), key): value for key, value in role.items() if value is not None}
        for role in values.get("assumeRoles") or ()
    ]


def settings(values: Mapping[str, Any]) -> Settings:
    """The configuration, complete; `RefusedProviderError` if it isn't one."""
    for name, reason in problems(values).items():
        raise RefusedProviderError(f"the provider's setting {name!r} can't be taken", why=reason, do="leave it out")
    region = values.get("region") or _environment("AWS_REGION") or _environment("AWS_DEFAULT_REGION")
    if not isinstance(region, str) or not region:
        raise RefusedProviderError("the provider has no region", do="set its `region`, or AWS_REGION")
    roles = _roles(values)
    role = roles[0] if roles else {}
    unknown = role.keys() - {"roleArn", "sessionName", "externalId"}
    if unknown:
        raise RefusedProviderError(
            "the provider's setting 'assumeRoles' can't be taken",
            why=f"no such setting of a role here: {', '.join(sorted(unknown))}",
            do="leave it out",
        )
    return Settings(
        region=region,
        role_arn=role.get("roleArn"),
        session_name=role.get("sessionName") or "honseki-rehearsal",
        external_id=role.get("externalId"),
        accounts=tuple(values.get("allowedAccountIds") or ()),
    )


def is_known(values: Mapping[str, Any]) -> bool:
    """Is everything that says where the provider works known yet?"""
    return not any(values.get(name) is UNKNOWN for name in PLACE)


def connect(chosen: Settings) -> Clients:
    """Clients in the account and region of `chosen`.

    `RefusedProviderError` if the endpoint isn't a rehearsal region, or the account isn't one of those allowed.
    """
    endpoint = _environment("AWS_ENDPOINT_URL")
    require_rehearsal(endpoint)
    if chosen.role_arn is None:
        clients = Clients.operator(chosen.region, endpoint=endpoint, keys=_keys())
    else:
        clients = Clients.assume(
            chosen.role_arn,
            region=chosen.region,
            session_name=chosen.session_name,
            endpoint=endpoint,
            external_id=chosen.external_id,
            keys=_keys(),
        )
    if chosen.accounts and clients.account not in chosen.accounts:
        raise RefusedProviderError(
            f"account {clients.account} isn't one that this provider may touch",
            why=f"allowedAccountIds is {', '.join(chosen.accounts)}; the role is {chosen.role_arn or 'none'}",
            do="check the role and the account in the inventory",
        )
    return clients


def require_rehearsal(endpoint: str) -> None:
    """Refuse whatever doesn't say of itself, on this machine, that it is a rehearsal region."""
    url = urlsplit(endpoint)
    if not endpoint:
        reason = "AWS_ENDPOINT_URL isn't set, so this would be AWS"
    elif url.scheme != "http" or not _is_loopback(url.hostname or ""):
        reason = f"AWS_ENDPOINT_URL is {endpoint}, which isn't on this machine"
    else:
        kind = _banner_kind(url.hostname or "", url.port or 80)
        if kind == "rehearsal":
            return
        reason = f"{endpoint}{BANNER_PATH} answers {kind!r}, not 'rehearsal'"
    raise RefusedProviderError(
        "this provider serves rehearsal regions only",
        why=reason,
        do="start the rehearsal region and take over its environment; for AWS itself, install Pulumi's own aws plugin",
    )


def _environment(name: str) -> str:
    """The engine hands its environment to the provider: that is how this process knows where the region is."""
    return os.environ.get(name, "")  # noqa: TID251


def _keys() -> Keys:
    return _environment("AWS_ACCESS_KEY_ID"), _environment("AWS_SECRET_ACCESS_KEY"), None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _banner_kind(host: str, port: int) -> str:
    """What the banner says it is; else what went wrong. Proxies aren't asked."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", BANNER_PATH)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            return f"status {answer.status}"
        banner = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return str(error)
    finally:
        connection.close()
    return str(banner.get("kind")) if isinstance(banner, dict) else "no JSON object"
