"""Resource shares: what is shared and with whom ends with the share."""

from __future__ import annotations

from typing import Any

from moto.ram import urls
from moto.ram.models import ResourceAccessManagerBackend


class SharesBackend(ResourceAccessManagerBackend):
    """moto's resource shares."""

    def delete_resource_share(self, resource_share_arn: str | None) -> dict[str, Any]:
        """DeleteResourceShare; moto keeps the deleted share's associations as if they were in force.

        https://docs.aws.amazon.com/ram/latest/APIReference/API_DeleteResourceShare.html
        """
        deleted = super().delete_resource_share(resource_share_arn)
        for share in self.resource_shares:
            if share.arn == resource_share_arn:
                share.principals, share.resource_arns = [], []
        return deleted

    @property
    def _url_module(self) -> Any:
        return urls
