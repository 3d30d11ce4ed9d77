"""Systems Manager's parameters where moto takes what AWS refuses: another type, no such key, too long a value.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (errors, and the sizes of tiers)
"""

from __future__ import annotations

from typing import Any, Final

from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.ssm.models import Parameter, SimpleSystemManagerBackend

STANDARD_VALUE: Final = 4096
"""Characters of a standard parameter's value; an advanced one has up to 8192 and is billed."""


class ParametersBackend(SimpleSystemManagerBackend):
    """moto's Systems Manager."""

    def put_parameter(
        self,
        name: str,
        description: str,
        value: str,
        parameter_type: str,
        allowed_pattern: str,
        keyid: str,
        *rest: Any,
        **more: Any,
    ) -> Parameter:
        """PutParameter."""
        there = self._parameters[name]
        if there and parameter_type and there[-1].parameter_type != parameter_type:
            message = f"{name} is a {there[-1].parameter_type}: the type of a parameter can't be changed"
            raise JsonRESTError("HierarchyTypeMismatchException", message)
        if keyid and not self._has_key(keyid):
            # AWS's page names no other error of a key.
            raise JsonRESTError("InvalidKeyId", f"{keyid} isn't an enabled key of this account and region")
        if len(value or "") > STANDARD_VALUE and more.get("tier") in (None, "Standard"):
            raise JsonRESTError(
                "ValidationException",
                f"Standard tier parameters support a maximum parameter value of {STANDARD_VALUE} characters.",
            )
        made: Parameter = super().put_parameter(
            name, description, value, parameter_type, allowed_pattern, keyid, *rest, **more
        )
        return made

    def _has_key(self, named: str) -> bool:
        """By id, ARN or alias; AWS makes its own key, `alias/aws/ssm`, when it is first used."""
        keys = kms_backends[self.account_id][self.region_name]
        alias = keys.get_alias_name(named)
        found = keys.get_key_id_from_alias(alias) if alias.startswith("alias/") else alias
        key = keys.keys.get(keys.get_key_id(found)) if found else None
        return named == "alias/aws/ssm" or (key is not None and key.key_state == "Enabled")
