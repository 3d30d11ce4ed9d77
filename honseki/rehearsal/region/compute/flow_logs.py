"""Flow logs: where they go is read from the destination's ARN, and their delivery status is that of the moment.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.flow_logs import FlowLogs as FlowLog
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends

from honseki.rehearsal.region.compute.endpoints import Endpoints


class FlowLogs(Endpoints):
    """Flow logs to log groups and buckets."""

    def create_flow_logs(
        self,
        resource_type: str,
        resource_ids: list[str],
        traffic_type: str,
        deliver_logs_permission_arn: str,
        log_destination_type: str,
        log_destination: str,
        log_group_name: str,
        log_format: str,
        max_aggregation_interval: int,
    ) -> tuple[list[FlowLog], list[Any]]:
        """CreateFlowLogs. A log group may be given by name or by ARN."""
        if not log_group_name and ":log-group:" in (log_destination or ""):
            log_group_name = log_destination.split(":log-group:")[1].removesuffix(":*")
        return super().create_flow_logs(
            resource_type,
            resource_ids,
            traffic_type,
            deliver_logs_permission_arn,
            log_destination_type,
            log_destination,
            log_group_name,
            log_format,
            max_aggregation_interval,
        )

    def describe_flow_logs(self, flow_log_ids: list[str] | None = None, filters: Any = None) -> list[FlowLog]:
        """DescribeFlowLogs. Without its log group or its role a flow log can't deliver."""
        found = super().describe_flow_logs(flow_log_ids, filters)
        for flow_log in found:
            if flow_log.log_destination_type == "cloud-watch-logs":
                delivers = self._delivers(flow_log)
                flow_log.deliver_logs_status = "SUCCESS" if delivers else "FAILED"
                flow_log.deliver_logs_error_message = None if delivers else "Access error"
        return found

    def _delivers(self, flow_log: FlowLog) -> bool:
        groups = logs_backends[self.account_id][self.region_name].groups
        roles = iam_backends[self.account_id][self.partition].roles.values()
        has_role = any(r.arn == flow_log.deliver_logs_permission_arn for r in roles)
        return has_role and flow_log.log_group_name in groups
