"""The AWS Backup backend of one account and region."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.backup import urls
from moto.core.resource_tagging import TaggedResource

from honseki.rehearsal.region.backups.errors import not_found
from honseki.rehearsal.region.backups.testing import RestoreTesting

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATHS = (
    "{0}/backup-jobs$",
    "{0}/backup-jobs/(?P<job>[^/]+)$",
    "{0}/backup-vaults/(?P<name>[^/]+)/access-policy$",
    "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/$",
    "{0}/restore-testing/plans$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections/(?P<selection>[^/]+)$",
)
"""Beside moto's."""


class BackupsBackend(RestoreTesting):
    """Vaults, jobs, plans, selections, restore testing, and the tags of all."""

    def kinds(self) -> dict[str, str]:
        """ARN of everything that takes tags -> its kind."""
        return {
            **{vault.backup_vault_arn: "backup:backup-vault" for vault in self.vaults.values()},
            **{plan.arn: "backup:backup-plan" for plan in self.live_plans()},
            **{plan.arn: "backup:restore-testing-plan" for plan in self.testing_plans.values()},
            **{plan.report_plan_arn: "backup:report-plan" for plan in self.report_plans.values()},
        }

    def require(self, arn: str) -> str:
        """Refuse an ARN that isn't there."""
        if arn not in self.kinds():
            raise not_found(f"The resource {arn} does not exist.")
        return arn

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """For moto's Resource Groups Tagging API."""
        for arn, kind in self.kinds().items():
            yield TaggedResource(arn=arn, tags=self.tagger.get_tag_dict_for_resource(arn), resource_type=kind)

    @property
    def _url_module(self) -> Any:
        from honseki.rehearsal.region.backups.responses import BackupsResponse  # noqa: PLC0415 - they need each other

        paths = dict.fromkeys([*_PATHS, *urls.url_paths], BackupsResponse.dispatch)
        return SimpleNamespace(url_bases=urls.url_bases, url_paths=paths)
