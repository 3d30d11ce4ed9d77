"""CloudWatch Logs where moto leaves something out: retentions, the key of a log group, metric filters.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html (the key must let the service in; the
commonest mistake of all, so the rehearsal makes it visible),
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html ("creates or updates")
"""

from __future__ import annotations

import fnmatch
import json
import time
from types import SimpleNamespace
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.logs import urls
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

_RETENTIONS = "1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"
RETENTIONS = [int(days) for days in _RETENTIONS.split()]
"""Days; anything else is refused."""

_CONTEXT = "kms:encryptioncontext:aws:logs:arn"


class KeyNotAllowedError(JsonRESTError):
    """The service's words: https://github.com/hashicorp/terraform-provider-aws/issues/29282"""

    def __init__(self, arn: str) -> None:
        super().__init__(
            "AccessDeniedException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'",
        )


class LogGroupsBackend(LogsBackend):
    """moto's log groups; keys are checked when they are given."""

    def create_log_group(self, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> LogGroup:
        """CreateLogGroup."""
        if kwargs.get("kmsKeyId"):
            self._require_key(kwargs["kmsKeyId"], log_group_name)
        return super().create_log_group(log_group_name, tags, **kwargs)

    def put_retention_policy(self, log_group_name: str, retention_in_days: str) -> None:
        """PutRetentionPolicy."""
        if int(retention_in_days) not in RETENTIONS:
            raise InvalidParameterException(
                constraint=f"Member must satisfy enum value set: {RETENTIONS}",
                parameter="retentionInDays",
                value=retention_in_days,
            )
        super().put_retention_policy(log_group_name, retention_in_days)

    def set_key(self, log_group_name: str, key_arn: str | None) -> None:
        """AssociateKmsKey, or DisassociateKmsKey with None."""
        if log_group_name not in self.groups:
            raise ResourceNotFoundException
        if key_arn:
            self._require_key(key_arn, log_group_name)
        self.groups[log_group_name].kms_key_id = key_arn

    def delete_log_group(self, log_group_name: str) -> None:
        """DeleteLogGroup, with its metric filters."""
        super().delete_log_group(log_group_name)
        kept = self.filters.metric_filters
        self.filters.metric_filters = [each for each in kept if each["logGroupName"] != log_group_name]

    def put_metric_filter(
        self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
    ) -> None:
        """PutMetricFilter, in the place of the one of that name."""
        self._without_filter(log_group_name, filter_name)
        super().put_metric_filter(filter_name, filter_pattern, log_group_name, metric_transformations)
        self.filters.metric_filters[-1]["creationTime"] = int(time.time() * 1_000)

    def describe_metric_filters(
        self, prefix: str | None = None, log_group_name: str | None = None, *args: Any, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """DescribeMetricFilters; a log group that isn't there is an error."""
        if log_group_name and log_group_name not in self.groups:
            raise ResourceNotFoundException
        return super().describe_metric_filters(prefix, log_group_name, *args, **kwargs)

    def delete_metric_filter(self, filter_name: str | None = None, log_group_name: str | None = None) -> None:
        """DeleteMetricFilter; one that isn't there is an error."""
        if not self._without_filter(log_group_name, filter_name):
            raise ResourceNotFoundException("The specified metric filter does not exist.")

    def _without_filter(self, log_group_name: str | None, filter_name: str | None) -> bool:
        """Take a filter out; True if it was there."""
        if log_group_name not in self.groups:
            raise ResourceNotFoundException
        kept, wanted = self.filters.metric_filters, (log_group_name, filter_name)
        self.filters.metric_filters = [each for each in kept if (each["logGroupName"], each["filterName"]) != wanted]
        return len(self.filters.metric_filters) < len(kept)

    def _require_key(self, key_arn: str, log_group_name: str) -> None:
        keys = kms_backends[self.account_id][self.region_name]
        key = keys.keys.get(key_arn.rsplit("/", 1)[-1])
        if key is None or not key.enabled or key.arn != key_arn:
            raise InvalidParameterException(f"The specified KMS Key Id could not be found. '{log_group_name}'")
        arn = f"arn:aws:logs:{self.region_name}:{self.account_id}:log-group:{log_group_name}"
        if not _lets_in(json.loads(key.policy), self.region_name, arn):
            raise KeyNotAllowedError(arn)

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=urls.url_bases, url_paths={"{0}/$": LogGroupsResponse.dispatch})


class LogGroupsResponse(LogsResponse):
    """One request."""

    @property
    def _backend(self) -> LogGroupsBackend:
        backend = self.logs_backend
        if not isinstance(backend, LogGroupsBackend):
            raise TypeError("extensions.install must come before the first request")
        return backend

    def associate_kms_key(self) -> str:
        """AssociateKmsKey, of a log group by name or by ARN."""
        self._backend.set_key(self._log_group(), self._get_param("kmsKeyId"))
        return "{}"

    def disassociate_kms_key(self) -> str:
        """DisassociateKmsKey."""
        self._backend.set_key(self._log_group(), None)
        return "{}"

    def _log_group(self) -> str:
        arn = self._get_param("resourceIdentifier") or ""
        name = self._get_param("logGroupName") or arn.partition(":log-group:")[2].removesuffix(":*")
        if not name:
            raise InvalidParameterException("Specify logGroupName, or the ARN of a log group as resourceIdentifier.")
        return str(name)


def _lets_in(policy: dict[str, Any], region: str, arn: str) -> bool:
    """True if a key policy allows the Logs service of `region` to encrypt for the log group `arn`."""
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return any(s["Effect"] == "Allow" and _names_service(s, region) and _covers(s, arn) for s in statements)


def _names_service(statement: dict[str, Any], region: str) -> bool:
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return bool({f"logs.{region}.amazonaws.com", "logs.amazonaws.com"} & set(_many(services)))


def _covers(statement: dict[str, Any], arn: str) -> bool:
    wanted = [
        pattern
        for tests in statement.get("Condition", {}).values()
        for key, patterns in tests.items()
        if key.lower() == _CONTEXT
        for pattern in _many(patterns)
    ]
    return not wanted or any(fnmatch.fnmatchcase(arn, p) for p in wanted)


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
