"""The EC2 backend of one account and region: moto's, with EC2's own rules where a tenant meets them."""

from __future__ import annotations

from typing import Any

from honseki.rehearsal.region.compute.images import Images

MOST_TOKENS = 500


class ComputeBackend(Images):
    """Networks, routes, endpoints, flow logs, launch templates, settings, images, and idempotent requests."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.answered: dict[tuple[str, str], tuple[str, Any]] = {}
        """(operation, client token) -> (the request's parameters, the answer), the latest ones."""

    def remember(self, operation: str, token: str, parameters: str, answer: Any) -> None:
        """Keep an answer for a request that may come again."""
        self.answered[operation, token] = parameters, answer
        while len(self.answered) > MOST_TOKENS:
            del self.answered[next(iter(self.answered))]

    def terminate_instances(self, instance_ids: list[str]) -> Any:
        """TerminateInstances; an interface that was made with its instance goes with it.

        moto keeps it unless DeleteOnTermination was given, and then its security group can't be deleted.
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html
        """
        for instance in self.get_multi_instances_by_id(instance_ids):
            for interface in instance.nics.values():
                if interface.description == "Primary network interface":
                    interface.delete_on_termination = True
        return super().terminate_instances(instance_ids)
