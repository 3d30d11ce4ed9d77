"""AWS's own prefix lists: the same ids in every account of a region, and with the addresses that AWS publishes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribePrefixLists.html (`Cidrs`),
https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from honseki.rehearsal.region.compute.networks import Networks

AWS: Final = "AWS"
"""The owner of AWS's own lists."""

_S3: Final = {
    "ap-northeast-1": (
        "pl-61a54008",
        ("3.5.152.0/21", "52.219.0.0/20", "52.219.16.0/22", "52.219.136.0/22", "52.219.152.0/22", "52.219.172.0/22"),
    ),
    "ap-northeast-3": (
        "pl-a4a540cd",
        ("3.5.240.0/22", "52.95.157.0/24", "52.95.158.0/23", "52.95.181.0/24", "52.95.182.0/23"),
    ),
}
"""Id and some of the ranges of S3, in the regions that the rehearsal has; AWS adds to the ranges now and then.
https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html (service `S3`)"""


class PrefixLists(Networks):
    """moto's lists, which have other ids in every account and North Virginia's addresses in every region."""

    def create_default_pls(self) -> None:
        """The lists that every account finds in a region."""
        super().create_default_pls()
        for made in list(self.managed_prefix_lists.values()):
            del self.managed_prefix_lists[made.id]
            name = str(made.prefix_list_name)
            made.id = f"pl-{hashlib.sha256(f'{self.region_name} {name}'.encode()).hexdigest()[:8]}"
            if name.endswith(".s3") and self.region_name in _S3:
                made.id, ranges = _S3[self.region_name]
                made.entries = {1: [{"Cidr": each} for each in ranges]}
            made.prefix_list_arn = made.arn(self.region_name, made.owner_id)
            self.managed_prefix_lists[made.id] = made

    def aws_prefix_lists(self, ids: list[str], filters: Any) -> list[dict[str, Any]]:
        """DescribePrefixLists: AWS's own lists with their addresses, which moto leaves out."""
        return [
            {
                "PrefixListId": each.id,
                "PrefixListName": each.prefix_list_name,
                "Cidrs": [entry["Cidr"] for entry in list(each.entries.values())[-1]],
            }
            for each in self.describe_managed_prefix_lists(ids, filters)
            if each.owner_id == AWS
        ]
