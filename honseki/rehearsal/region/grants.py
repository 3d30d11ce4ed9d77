"""Grants on KMS keys, across accounts: who may give one, what it allows, who may take it back.

As with KMS, a key of another account is named by its ARN, and its policy decides whether the caller may. The caller's
own identity policies aren't evaluated here.

https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html,
https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html,
https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html,
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, cast

from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.kms.exceptions import NotFoundException, ValidationException
from moto.kms.models import Grant, Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse
from moto.sts.models import sts_backends

from honseki.rehearsal.region import modelled
from honseki.rehearsal.region.sessions import Sessions
from honseki.rehearsal.region.state import State, touch
from honseki.rehearsal.region.trust import allows, role_or_user

_KEY: Final = re.compile(r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/(?P<id>[\w-]+)", re.ASCII)
_ROLE: Final = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/.+")


class _RefusedError(JsonRESTError):
    code = 400


class Given(Grant):
    """A grant that remembers which account gave it."""

    given_by: str = ""


def lacking(arn: str, principal: str, operations: Iterable[str]) -> list[str]:
    """Which of the operations no grant on the key lets `principal` do; all of them for a key that isn't there.

    The key's account must be in memory.
    """
    key = _find(arn)
    allowed = {
        operation
        for grant in (key.grants.values() if key is not None else ())
        if grant.grantee_principal == principal
        for operation in grant.operations
    }
    return sorted(set(operations) - allowed)


def _find(arn: str) -> Key | None:
    named = _KEY.fullmatch(arn)
    if named is None:
        return None
    return kms_backends[named["account"]][named["region"]].keys.get(named["id"])


class GrantsResponse(KmsResponse):
    """The four operations of grants."""

    state: State

    def create_grant(self) -> str:
        """CreateGrant. Asked again with the same name and parameters, it answers the grant of the first time."""
        problems = modelled.violations("kms", "CreateGrant", json.loads(self.body))
        if problems:
            raise ValidationException("; ".join(problems))
        grantee = self._get_param("GranteePrincipal")
        key = self._key("CreateGrant", {"kms:GranteePrincipal": grantee, "kms:GrantIsForAWSResource": "false"})
        if key.key_state == "PendingDeletion":
            raise _RefusedError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        for principal in (grantee, self._get_param("RetiringPrincipal")):
            self._check_principal(principal)
        made = Given(
            key.id,
            self._get_param("Name"),
            grantee,
            sorted(set(self._get_param("Operations"))),
            self._get_param("Constraints") or {},
            self._get_param("RetiringPrincipal"),
        )
        made.given_by = self.current_account
        for known in key.grants.values():
            if made.name and _told(known, key) == _told(made, key) | {"GrantId": known.id}:
                return json.dumps({"GrantId": known.id, "GrantToken": known.token})
        key.grants[made.id] = made
        return json.dumps({"GrantId": made.id, "GrantToken": made.token})

    def list_grants(self) -> str:
        """ListGrants, all on one page; of one id or one grantee if it is asked so."""
        key = self._key("ListGrants", {})
        wanted = {"GrantId": self._get_param("GrantId"), "GranteePrincipal": self._get_param("GranteePrincipal")}
        found = [_told(grant, key) for grant in key.grants.values()]
        shown = [each for each in found if all(not value or each[name] == value for name, value in wanted.items())]
        return json.dumps({"Grants": shown, "Truncated": False})

    def revoke_grant(self) -> str:
        """RevokeGrant: for those whom the key's policy lets."""
        key = self._key("RevokeGrant", {})
        if key.grants.pop(self._get_param("GrantId"), None) is None:
            raise NotFoundException(f"Grant ID {self._get_param('GrantId')} not found")
        return "{}"

    def retire_grant(self) -> str:
        """RetireGrant: for the retiring principal, the account that gave the grant, and a grantee that may."""
        if self._get_param("GrantToken"):
            # As with everything that isn't served: AWS's caller gets an error that says so (application.py), no echo.
            raise NotImplementedError("retiring a grant by its token; name it by KeyId and GrantId")
        key, grant = self._named()
        caller = role_or_user(self._caller())
        root = f"arn:aws:iam::{self.current_account}:root"
        grantee = "RetireGrant" in grant.operations and grant.grantee_principal == caller
        mine = isinstance(grant, Given) and grant.given_by == self.current_account
        if not (mine or grantee or grant.retiring_principal in (caller, root)):
            raise _RefusedError("AccessDeniedException", f"User: {caller} is not authorized to retire grant {grant.id}")
        touch(self._owner_of(key))
        del key.grants[grant.id]
        return "{}"

    # --- helpers

    def _named(self) -> tuple[Key, Grant]:
        key = self._there()
        grant = key.grants.get(self._get_param("GrantId"))
        if grant is None:
            raise NotFoundException(f"Grant ID {self._get_param('GrantId')} not found")
        return key, grant

    def _there(self) -> Key:
        """The key that is named, in this account by its id, in another by its ARN."""
        identifier = self._get_param("KeyId") or ""
        arn = _KEY.fullmatch(identifier)
        account = arn["account"] if arn else self.current_account
        here = arn is None or arn["region"] == self.region
        if here and self.state.exists(account):
            self.state.ensure(account)
            backend: KmsBackend = kms_backends[account][self.region]
            if (found := backend.keys.get(backend.get_key_id(identifier))) is not None:
                return found
        raise NotFoundException(f"Key '{identifier}' does not exist")

    def _key(self, action: str, facts: dict[str, str | None]) -> Key:
        """The key that is named, if its policy lets the caller; whose change is to be kept."""
        key = self._there()
        owner = self._owner_of(key)
        if owner != self.current_account:
            caller = self._caller()
            if not allows(json.loads(key.policy), f"kms:{action}", caller, facts):
                text = (
                    f"User: {caller} is not authorized to perform: kms:{action} on resource: {key.arn} because no "
                    f"resource-based policy allows the kms:{action} action"
                )
                raise _RefusedError("AccessDeniedException", text)
            if action != "ListGrants":
                touch(owner)
        return key

    def _caller(self) -> str:
        sessions = cast(Sessions, sts_backends[self.current_account]["aws"])
        return sessions.caller(self.get_access_key())[1]

    def _owner_of(self, key: Key) -> str:
        return str(key.arn.split(":")[4])

    def _check_principal(self, principal: str | None) -> None:
        """A role must be there; KMS keeps its id, so that another of the same name later isn't it."""
        named = _ROLE.fullmatch(principal or "")
        if named is None:
            return
        if self.state.exists(named["account"]):
            self.state.ensure(named["account"])
            if any(role.arn == principal for role in iam_backends[named["account"]]["aws"].roles.values()):
                return
        raise _RefusedError("InvalidArnException", f"ARN does not refer to a valid principal: {principal}")


def _told(grant: Grant, key: Key) -> dict[str, Any]:
    """As ListGrants tells it: without what wasn't given."""
    described = {
        "KeyId": key.arn,
        "GrantId": grant.id,
        "Name": grant.name,
        "GranteePrincipal": grant.grantee_principal,
        "RetiringPrincipal": grant.retiring_principal,
        "IssuingAccount": f"arn:aws:iam::{_issuer(grant, key)}:root",
        "Operations": grant.operations,
        "Constraints": grant.constraints,
    }
    return {name: value for name, value in described.items() if value not in (None, {}, "")}


def _issuer(grant: Grant, key: Key) -> str:
    return grant.given_by if isinstance(grant, Given) else str(key.arn.split(":")[4])
