"""The EC2 backend of one account and region: moto's, with EC2's own rules where a tenant meets them."""

from __future__ import annotations

from typing import Any

from honseki.rehearsal.region.compute.flow_logs import FlowLogs

MOST_TOKENS = 500


class ComputeBackend(FlowLogs):
    """Networks, routes, endpoints, flow logs, and idempotent requests."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.answered: dict[tuple[str, str], tuple[str, Any]] = {}
        """(operation, client token) -> (the request's parameters, the answer), the latest ones."""

    def remember(self, operation: str, token: str, parameters: str, answer: Any) -> None:
        """Keep an answer for a request that may come again."""
        self.answered[operation, token] = parameters, answer
        while len(self.answered) > MOST_TOKENS:
            del self.answered[next(iter(self.answered))]
