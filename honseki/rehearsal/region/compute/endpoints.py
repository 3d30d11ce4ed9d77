"""VPC endpoints: their network interfaces, routes and names follow what is changed.

https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html (one subnet per zone, private DNS),
https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html (routes to a prefix list).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.exceptions import InvalidRouteError, RouteAlreadyExistsError
from moto.ec2.models.vpcs import VPCEndPoint

from honseki.rehearsal.region.compute.errors import Ec2Error
from honseki.rehearsal.region.compute.transit import Transit

if TYPE_CHECKING:
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface


class Endpoints(Transit):
    """Interface and gateway endpoints."""

    def create_vpc_endpoint(
        self,
        vpc_id: str,
        service_name: str,
        endpoint_type: str | None,
        policy_document: str | None,
        route_table_ids: list[str],
        subnet_ids: list[str] | None = None,
        network_interface_ids: list[str] | None = None,
        dns_entries: dict[str, str] | None = None,
        client_token: str | None = None,
        security_group_ids: list[str] | None = None,
        tags: dict[str, str] | None = None,
        private_dns_enabled: bool | None = None,
    ) -> VPCEndPoint:
        """CreateVpcEndpoint. Interface endpoints get their interfaces here, and not moto's at a random address."""
        del network_interface_ids, dns_entries
        self.get_vpc(vpc_id)
        self._require_service(service_name)
        kind = endpoint_type or "Gateway"
        for table_id in route_table_ids:
            if self.get_route_table(table_id).vpc_id != vpc_id:
                raise Ec2Error("InvalidParameter", f"The route table {table_id} is not in {vpc_id}.")
        if kind == "Interface":
            default = self.get_security_group_by_name_or_id("default", vpc_id)
            security_group_ids = security_group_ids or ([default.id] if default else [])
            if private_dns_enabled:
                self._require_private_dns(vpc_id, service_name, None)
            self._require_zones(vpc_id, [], subnet_ids or [])
        endpoint = super().create_vpc_endpoint(
            vpc_id=vpc_id,
            service_name=service_name,
            # moto takes an interface endpoint without subnets as it is; the interfaces follow below.
            endpoint_type=kind,
            policy_document=policy_document,
            route_table_ids=route_table_ids,
            subnet_ids=[],
            client_token=client_token,
            security_group_ids=security_group_ids,
            tags=tags,
            private_dns_enabled=bool(private_dns_enabled) if kind == "Interface" else False,
        )
        if kind == "Interface":
            self._add_subnets(endpoint, subnet_ids or [])
            self._name(endpoint)
        return endpoint

    def change_endpoint(self, endpoint_id: str, given: dict[str, Any]) -> None:
        """ModifyVpcEndpoint. `given` holds the API's own parameters."""
        endpoint = self.describe_vpc_endpoints([endpoint_id])[0]
        subnets = [s for s in given["AddSubnetIds"] if s not in (endpoint.subnet_ids or [])]
        staying = [s for s in endpoint.subnet_ids or [] if s not in given["RemoveSubnetIds"]]
        self._require_zones(endpoint.vpc_id, staying, subnets)
        if given["PrivateDnsEnabled"] and not endpoint.private_dns_enabled:
            self._require_private_dns(endpoint.vpc_id, endpoint.service_name, endpoint.id)
        if given["PrivateDnsEnabled"] is not None:
            endpoint.private_dns_enabled = given["PrivateDnsEnabled"]
        if given["ResetPolicy"]:
            given["PolicyDocument"] = json.dumps(VPCEndPoint.DEFAULT_POLICY)
        self._remove_subnets(endpoint, given["RemoveSubnetIds"])
        self._add_subnets(endpoint, subnets)
        for table_id in given["RemoveRouteTableIds"]:
            self._remove_route(endpoint, table_id)
        for table_id in [t for t in given["AddRouteTableIds"] if t not in endpoint.route_table_ids]:
            self._add_route(endpoint, table_id)
        endpoint.modify(
            given["PolicyDocument"],
            [],
            [],
            given["AddRouteTableIds"],
            given["RemoveRouteTableIds"],
            given["AddSecurityGroupIds"],
            given["RemoveSecurityGroupIds"],
        )
        for eni_id in endpoint.network_interface_ids:
            self.enis[eni_id]._group_set = self._groups(endpoint)
        if endpoint.vpc_endpoint_type == "Interface":
            self._name(endpoint)

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> None:
        """DeleteVpcEndpoints, of those that exist."""
        for endpoint_id in vpce_ids or []:
            endpoint = self.vpc_end_points.pop(endpoint_id, None)
            if endpoint is not None:
                self._remove_subnets(endpoint, list(endpoint.subnet_ids or []))
                for table_id in endpoint.route_table_ids:
                    self._remove_route(endpoint, table_id)

    @staticmethod
    def _collect_default_endpoint_services(account_id: str, region: str) -> list[dict[str, str]]:
        """The services that have endpoints. moto asks eleven services' backends for them: not of a tenant's account."""
        del account_id
        return Transit._collect_default_endpoint_services(DEFAULT_ACCOUNT_ID, region)

    # --- parts

    def _require_service(self, name: str) -> None:
        offered = self._collect_default_endpoint_services(self.account_id, self.region_name)
        names = [s["ServiceName"] for s in offered] + [s.service_name for s in self.configurations.values()]
        if name not in names:
            raise Ec2Error("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")

    def _require_private_dns(self, vpc_id: str, service: str, own_id: str | None) -> None:
        vpc = self.get_vpc(vpc_id)
        if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
            raise Ec2Error(
                "InvalidParameter",
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes "
                f"set to true for {vpc_id}",
            )
        for other in self.vpc_end_points.values():
            if (
                (other.vpc_id, other.service_name) == (vpc_id, service)
                and other.private_dns_enabled
                and other.id != own_id
            ):
                raise Ec2Error(
                    "InvalidParameter",
                    "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                    f"{_private_name(service)} in the VPC {vpc_id}",
                )

    def _require_zones(self, vpc_id: str, staying: list[str], coming: list[str]) -> None:
        taken = {self.get_subnet(s).availability_zone for s in staying}
        for subnet_id in coming:
            subnet = self.get_subnet(subnet_id)
            if subnet.vpc_id != vpc_id:
                raise Ec2Error("InvalidParameter", f"The subnet {subnet_id} is not in {vpc_id}.")
            if subnet.availability_zone in taken:
                raise Ec2Error(
                    "DuplicateSubnetsInSameZone",
                    f"Found another VPC endpoint subnet in the availability zone of {subnet_id}.",
                )
            taken.add(subnet.availability_zone)

    def _groups(self, endpoint: VPCEndPoint) -> list[Any]:
        return [self.get_security_group_from_id(g) for g in endpoint.security_group_ids]

    def _add_subnets(self, endpoint: VPCEndPoint, subnet_ids: list[str]) -> None:
        for subnet_id in subnet_ids:
            eni: NetworkInterface = self.create_network_interface(
                self.get_subnet(subnet_id),
                private_ip_address=[],
                group_ids=endpoint.security_group_ids,
                description=f"VPC Endpoint Interface {endpoint.id}",
            )
            eni.interface_type, eni.requester_managed, eni.status = "vpc_endpoint", True, "in-use"
            endpoint.subnet_ids = [*(endpoint.subnet_ids or []), subnet_id]
            endpoint.network_interface_ids.append(eni.id)

    def _remove_subnets(self, endpoint: VPCEndPoint, subnet_ids: list[str]) -> None:
        for eni_id in list(endpoint.network_interface_ids):
            eni = self.enis[eni_id]
            if eni.subnet.id in subnet_ids:
                eni.subnet.del_subnet_ip(eni.private_ip_address)
                endpoint.network_interface_ids.remove(eni_id)
                del self.enis[eni_id]
        endpoint.subnet_ids = [s for s in endpoint.subnet_ids or [] if s not in subnet_ids]

    def _add_route(self, endpoint: VPCEndPoint, table_id: str) -> None:
        if endpoint.destination_prefix_list_id is None:
            return
        try:
            self.create_route(
                table_id,
                None,
                gateway_id=endpoint.id,
                destination_prefix_list_id=endpoint.destination_prefix_list_id,
            )
        except RouteAlreadyExistsError:
            raise Ec2Error(
                "RouteAlreadyExists", f"The route table {table_id} already has an endpoint for {endpoint.service_name}."
            ) from None

    def _remove_route(self, endpoint: VPCEndPoint, table_id: str) -> None:
        if endpoint.destination_prefix_list_id is None or table_id not in self.route_tables:
            return
        try:
            self.delete_route(table_id, None, None, endpoint.destination_prefix_list_id)  # type: ignore[arg-type]
        except InvalidRouteError:
            return  # somebody deleted it

    def _name(self, endpoint: VPCEndPoint) -> None:
        """The DNS names of an interface endpoint: regional, per zone, and the service's own if private DNS is on.

        https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#interface-endpoint-dns-hostnames
        """
        first = (endpoint.dns_entries or [{}])[0]  # moto's own guess, or what was named here before
        serial = first["dns_name"].split(".")[0].rsplit("-", 1)[-1]
        zone = first["hosted_zone_id"]
        service = endpoint.service_name.rsplit(".", 1)[-1]
        suffix = f"{service}.{self.region_name}.vpce.amazonaws.com"
        zones = [self.get_subnet(s).availability_zone for s in endpoint.subnet_ids or []]
        names = [f"{endpoint.id}-{serial}.{suffix}", *(f"{endpoint.id}-{serial}-{z}.{suffix}" for z in zones)]
        if endpoint.private_dns_enabled:
            names.append(_private_name(endpoint.service_name))
        endpoint.dns_entries = [{"dns_name": n, "hosted_zone_id": zone} for n in names]


def _private_name(service: str) -> str:
    _, _, region, name = service.split(".", 3)
    return f"{name}.{region}.amazonaws.com"
