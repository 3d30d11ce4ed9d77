"""STS with AWS's refusals: a role is assumed only where it exists and where its trust policy names the caller.

moto lets anybody assume anything (its docstring says so). Rules and error:
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any, cast

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.iam.models import Role, iam_backends
from moto.sts import urls
from moto.sts.exceptions import STSValidationError
from moto.sts.models import AssumedRole, STSBackend, sts_backends
from moto.sts.responses import TokenResponse

from honseki.rehearsal.region.issues import OPERATOR_ACCOUNT
from honseki.rehearsal.region.state import State, touch
from honseki.rehearsal.region.trust import trusts

_ROLE_ARN = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")


class AccessDenied(ServiceException):
    """STS's refusal; it doesn't say whether account, role or trust is missing, as AWS doesn't."""

    code = "AccessDenied"


class Sessions(STSBackend):
    """moto's STS backend, with refusals. `state` is set by `extensions.install`."""

    state: State

    def caller(self, access_key: str) -> tuple[str, str]:
        """(user id, ARN) of whoever holds `access_key` in this account."""
        if role := self.get_assumed_role_from_access_key(access_key):
            return role.user_id, role.arn
        user = iam_backends[self.account_id][self.partition].get_user_from_access_key_id(access_key)
        if user:
            return user.id, user.arn
        if self.account_id == OPERATOR_ACCOUNT:
            return "AIDAREHEARSALOPERATR", f"arn:aws:iam::{OPERATOR_ACCOUNT}:user/operator"
        raise AccessDenied(f"The access key {access_key} isn't of account {self.account_id}")

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:  # noqa: ARG002
        """(user id, ARN, account); moto's signature."""
        return *self.caller(access_key_id), self.account_id

    def admit(self, access_key: str, role_arn: str, external_id: str | None, duration: int) -> None:
        """Return if the holder of `access_key` may have a session of `role_arn` for `duration` s; raise AWS's error."""
        _, caller_arn = self.caller(access_key)
        role = self._role(role_arn)
        if role is None or not trusts(json.loads(role.assume_role_policy_document), caller_arn, external_id):
            raise AccessDenied(
                f"User: {caller_arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            )
        if duration > int(role.max_session_duration or 3600):
            raise STSValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")

    def assume_role(
        self,
        region_name: str,
        role_session_name: str,
        role_arn: str,
        policy: str,
        duration: int,
        external_id: str,
    ) -> AssumedRole:
        """A session of a role, moto's signature; `admit` comes first."""
        account = role_arn.split(":")[4]
        _forget_ended(account)
        touch(account)
        return super().assume_role(region_name, role_session_name, role_arn, policy, duration, external_id)

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=urls.url_bases, url_paths={"{0}/$": SessionResponse.dispatch})

    def _role(self, role_arn: str) -> Role | None:
        match = _ROLE_ARN.fullmatch(role_arn)
        if match is None or not self.state.exists(match["account"]):
            return None
        self.state.ensure(match["account"])
        for role in iam_backends[match["account"]]["aws"].roles.values():
            if role.arn == role_arn:
                return role
        return None


class SessionResponse(TokenResponse):
    """moto's STS operations; AssumeRole asks first."""

    def assume_role(self) -> ActionResult:
        """AssumeRole."""
        sessions = cast(Sessions, self.backend)
        sessions.admit(
            self.get_access_key(),
            self._get_param("RoleArn"),
            self._get_param("ExternalId"),
            self._get_int_param("DurationSeconds", 3600),
        )
        return super().assume_role()


def _forget_ended(account: str) -> None:
    """Drop sessions that are over, so that an account doesn't grow with every deployment."""
    now = utcnow()
    sessions = sts_backends[account]["aws"]
    ended = [s for s in sessions.assumed_roles if s.expiration < now]
    sessions.assumed_roles = [s for s in sessions.assumed_roles if s.expiration >= now]
    keys = iam_backends[account]["aws"].access_keys
    for session in ended:
        keys.pop(session.access_key_id, None)
