"""EC2's operations beside and over moto's."""

from __future__ import annotations

import re
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends

from honseki.rehearsal.region.compute.errors import Ec2Error
from honseki.rehearsal.region.compute.models import ComputeBackend
from honseki.rehearsal.region.compute.settings_responses import SettingsResponse

_CREATED = re.compile(r"Create|Run|Allocate|Request")
_LISTS = (
    "AddSubnetIds",
    "RemoveSubnetIds",
    "AddRouteTableIds",
    "RemoveRouteTableIds",
    "AddSecurityGroupIds",
    "RemoveSecurityGroupIds",
)


class ComputeResponse(SettingsResponse):
    """One request. The methods are named after the operations, as moto's dispatcher finds them."""

    @property
    def _backend(self) -> ComputeBackend:
        return cast(ComputeBackend, ec2_backends[self.current_account][self.region])

    def call_action(self) -> Any:
        """Serve the operation; a creation with a client token that was seen gets the answer of the first time.

        https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
        """
        operation, token = self._get_action(), self._get_param("ClientToken")
        if not token or not _CREATED.match(operation):
            return super().call_action()
        parameters = "&".join(sorted(f"{k}={v}" for k, v in self.querystring.items()))
        known = self._backend.answered.get((operation, token))
        if known is None:
            answer = super().call_action()
            if answer[0] < 400:
                self._backend.remember(operation, token, parameters, answer)
            return answer
        if known[0] != parameters:
            mismatch = Ec2Error(
                "IdempotentParameterMismatch",
                f"The request uses the client token {token} of an earlier one, but its parameters differ.",
            )
            return self.serialized(ActionResult(mismatch))
        return known[1]

    # --- route tables

    def describe_route_tables(self) -> ActionResult:
        """DescribeRouteTables."""
        wanted, filters = self._get_param("RouteTableIds", []), self._filters_from_querystring()
        tables = self._backend.describe_route_tables(wanted, filters)
        return ActionResult({"RouteTables": [self._backend.shown(table) for table in tables]})

    def enable_vgw_route_propagation(self) -> ActionResult:
        """EnableVgwRoutePropagation."""
        self._backend.propagate(self._get_param("RouteTableId"), self._get_param("GatewayId"))
        return EmptyResult()

    def disable_vgw_route_propagation(self) -> ActionResult:
        """DisableVgwRoutePropagation."""
        self._backend.stop_propagating(self._get_param("RouteTableId"), self._get_param("GatewayId"))
        return EmptyResult()

    # --- transit gateways

    def accept_transit_gateway_vpc_attachment(self) -> ActionResult:
        """AcceptTransitGatewayVpcAttachment."""
        accepted = self._backend.accept_attachment(self._get_param("TransitGatewayAttachmentId"))
        return ActionResult({"TransitGatewayVpcAttachment": accepted})

    # --- prefix lists

    def describe_prefix_lists(self) -> ActionResult:
        """DescribePrefixLists."""
        wanted, filters = self._get_param("PrefixListIds", []), self._filters_from_querystring()
        return ActionResult({"PrefixLists": self._backend.aws_prefix_lists(wanted, filters)})

    # --- network ACLs

    def create_network_acl_entry(self) -> ActionResult:
        """CreateNetworkAclEntry."""
        self._backend.create_network_acl_entry(**self._acl_entry())
        return EmptyResult()

    def replace_network_acl_entry(self) -> ActionResult:
        """ReplaceNetworkAclEntry."""
        self._backend.replace_network_acl_entry(**self._acl_entry())
        return EmptyResult()

    def _acl_entry(self) -> dict[str, Any]:
        # moto asks for ICMP type and code under names that its own parser doesn't give them.
        return {
            "network_acl_id": self._get_param("NetworkAclId"),
            "rule_number": self._get_param("RuleNumber"),
            "protocol": self._get_param("Protocol"),
            "rule_action": self._get_param("RuleAction"),
            "egress": self._get_param("Egress"),
            "cidr_block": self._get_param("CidrBlock"),
            "icmp_code": self._get_param("IcmpTypeCode.Code"),
            "icmp_type": self._get_param("IcmpTypeCode.Type"),
            "port_range_from": self._get_param("PortRange.From"),
            "port_range_to": self._get_param("PortRange.To"),
            "ipv6_cidr_block": self._get_param("Ipv6CidrBlock"),
        }

    # --- images

    def register_image(self) -> ActionResult:
        """RegisterImage."""
        self.error_on_dryrun()
        tags = self._parse_tag_specification().get("image", {})
        return ActionResult({"ImageId": self._backend.register(dict(self._get_params()), tags).id})

    # --- launch templates

    def create_launch_template(self) -> ActionResult:
        """CreateLaunchTemplate; the tags of the template itself are no part of its data."""
        self.error_on_dryrun()
        template = self._backend.create_launch_template(
            self._get_param("LaunchTemplateName"),
            self._get_param("VersionDescription"),
            self._get_param("LaunchTemplateData", {}),
            self._parse_tag_specification("launch-template"),
        )
        shown = {
            "CreateTime": template.create_time,
            "CreatedBy": self._root,
            "DefaultVersionNumber": template.default_version_number,
            "LatestVersionNumber": template.latest_version_number,
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Tags": template.tags,
        }
        return ActionResult({"LaunchTemplate": shown})

    def create_launch_template_version(self) -> ActionResult:
        """CreateLaunchTemplateVersion."""
        self.error_on_dryrun()
        name, identifier = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
        backend = self._backend
        template = backend.get_launch_template(identifier) if identifier else backend.get_launch_template_by_name(name)
        version = backend.create_template_version(
            template,
            self._get_param("SourceVersion"),
            self._get_param("LaunchTemplateData", {}),
            self._get_param("VersionDescription"),
        )
        shown = {
            "CreateTime": version.create_time,
            "CreatedBy": self._root,
            "DefaultVersion": template.is_default(version),
            "LaunchTemplateData": version.data,
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "VersionDescription": version.description,
            "VersionNumber": version.number,
        }
        return ActionResult({"LaunchTemplateVersion": shown})

    @property
    def _root(self) -> str:
        return f"arn:{self.partition}:iam::{self.current_account}:root"

    # --- VPC endpoints

    def modify_vpc_endpoint(self) -> ActionResult:
        """ModifyVpcEndpoint."""
        given: dict[str, Any] = {name: self._get_param(name, []) for name in _LISTS}
        given["PolicyDocument"] = self._get_param("PolicyDocument")
        given["ResetPolicy"] = self._get_bool_param("ResetPolicy", if_none=False)
        given["PrivateDnsEnabled"] = self._get_bool_param("PrivateDnsEnabled", if_none=None)
        self._backend.change_endpoint(self._get_param("VpcEndpointId"), given)
        return ActionResult({"Return": True})

    def delete_vpc_endpoints(self) -> ActionResult:
        """DeleteVpcEndpoints; unknown ids are reported one by one, with success for the others."""
        wanted = self._get_param("VpcEndpointIds", [])
        unknown = [i for i in wanted if i not in self._backend.vpc_end_points]
        self._backend.delete_vpc_endpoints(wanted)
        code, text = "InvalidVpcEndpoint.NotFound", "The Vpc Endpoint Id '{}' does not exist"
        return ActionResult(
            {"Unsuccessful": [{"ResourceId": i, "Error": {"Code": code, "Message": text.format(i)}} for i in unknown]}
        )
