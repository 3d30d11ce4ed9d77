"""VPCs, subnets, security groups and network ACLs, where moto is laxer than EC2.

https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html (it lets its members in and can't be
deleted), https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html (every ACL ends with a rule that denies),
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html (what must be gone first).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from moto.ec2.models import EC2Backend
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclEntry
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC

from honseki.rehearsal.region.compute.errors import Ec2Error, in_use

if TYPE_CHECKING:
    from collections.abc import Callable

Made = TypeVar("Made")

LAST_RULE = 32_767
"""The number of the final deny, which nobody makes or deletes; one's own rules go up to the number before it."""


class Networks(EC2Backend):
    """moto's EC2 with EC2's rules. An account is born without a default VPC, as an account factory issues it.

    https://docs.aws.amazon.com/controltower/latest/userguide/configure-without-vpc.html
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        self._born = False
        super().__init__(region_name, account_id)
        self._born = True

    # --- VPCs

    def create_default_vpc(self) -> VPC:
        """CreateDefaultVpc; nothing while the backend is being made."""
        return super().create_default_vpc() if self._born else None  # type: ignore[return-value]

    @property
    def default_vpc(self) -> VPC:
        """The default VPC that somebody created since, or EC2's error."""
        vpc = self.get_default_vpc()
        if vpc is None:
            raise Ec2Error("VPCIdNotSpecified", "No default VPC for this user")
        return vpc

    @default_vpc.setter
    def default_vpc(self, _: Any) -> None:
        """moto's constructor sets it."""

    def create_vpc(self, *args: Any, **kwargs: Any) -> VPC:
        """CreateVpc; the default security group lets its own members in, as EC2's does."""
        vpc = super().create_vpc(*args, **kwargs)
        group = self.get_security_group_by_name_or_id("default", vpc.id)
        if group is not None:
            self.authorize_security_group_ingress(
                group.id, "-1", "-1", "-1", [], source_groups=[{"GroupId": group.id}], vpc_id=vpc.id
            )
        return vpc

    def delete_vpc(self, vpc_id: str) -> VPC:
        """DeleteVpc: only what EC2 made with the VPC goes with it."""
        self.get_vpc(vpc_id)
        own = [
            *(g.id for g in self.groups[vpc_id].values() if g.name != "default"),
            *(a.id for a in self.network_acls.values() if a.vpc_id == vpc_id and not a.default),
            *(e.id for e in self.vpc_end_points.values() if e.vpc_id == vpc_id),
            *(i.id for i in self.enis.values() if i.subnet.vpc_id == vpc_id),
        ]
        if own:
            raise in_use(f"The vpc '{vpc_id}'", own[0])
        vpc = self._unguarded(lambda: super(Networks, self).delete_vpc(vpc_id))
        for acl in [a for a in self.network_acls.values() if a.vpc_id == vpc_id]:
            del self.network_acls[acl.id]
        for flow_log in [f for f in self.flow_logs.values() if f.resource_id == vpc_id]:
            del self.flow_logs[flow_log.id]
        return vpc

    def _unguarded(self, act: Callable[[], Made]) -> Made:
        """Run what EC2 itself does: making final rules, and deleting what callers may not."""
        before, self._guarded = self._guarded, False
        try:
            return act()
        finally:
            self._guarded = before

    _guarded = True

    # --- subnets

    def create_subnet(self, *args: Any, **kwargs: Any) -> Subnet:
        """CreateSubnet: never a default subnet, and without public addresses (moto takes the first of a zone for one).

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
        """
        subnet = super().create_subnet(*args, **kwargs)
        subnet.default_for_az = subnet.map_public_ip_on_launch = self.vpcs[subnet.vpc_id].is_default
        return subnet

    def delete_subnet(self, subnet_id: str) -> Subnet:
        """DeleteSubnet: network interfaces must be gone; its associations go with it."""
        subnet = self.get_subnet(subnet_id)
        for eni in self.enis.values():
            if eni.subnet.id == subnet.id:
                raise in_use(f"The subnet '{subnet_id}'", eni.id)
        for acl in self.network_acls.values():
            acl._associations = {k: a for k, a in acl._associations.items() if a.subnet_id != subnet_id}
        for table in self.route_tables.values():
            table._associations = {k: t for k, t in table._associations.items() if t != subnet_id}
        return super().delete_subnet(subnet_id)

    # --- security groups

    def _delete_security_group(self, vpc_id: str | None, group_id: str) -> None:
        group = self.get_security_group_from_id(group_id)
        if self._guarded and group is not None:
            if group.name == "default":
                named = f'the specified group: "{group_id}" name: "default"'
                raise Ec2Error("CannotDelete", f"{named} cannot be deleted by a user")
            self._require_unused(group_id)
        super()._delete_security_group(vpc_id, group_id)

    def _require_unused(self, group_id: str) -> None:
        for endpoint in self.vpc_end_points.values():
            if group_id in endpoint.security_group_ids:
                raise in_use(f"resource {group_id}", endpoint.id)
        for eni in self.enis.values():
            if any(g.id == group_id for g in eni._group_set):
                raise in_use(f"resource {group_id}", eni.id)
        for groups in self.groups.values():
            for other in groups.values():
                rules = [*other.ingress_rules, *other.egress_rules]
                if other.id != group_id and any(r.source_group.get("GroupId") == group_id for r in rules):
                    raise in_use(f"resource {group_id}", other.id)

    # --- network ACLs

    def create_network_acl(
        self, vpc_id: str, tags: list[dict[str, str]] | None = None, default: bool = False
    ) -> NetworkAcl:
        """CreateNetworkAcl: a new ACL denies everything, by the two final rules that EC2 shows."""
        acl = self._unguarded(lambda: super(Networks, self).create_network_acl(vpc_id, tags, default))
        if not default:
            for egress in (True, False):
                entry = NetworkAclEntry(
                    self, acl.id, LAST_RULE, "-1", "deny", egress, "0.0.0.0/0", None, None, None, None, None
                )
                acl.network_acl_entries.append(entry)
        return acl

    def create_network_acl_entry(
        self, network_acl_id: str, rule_number: int, *args: Any, **kwargs: Any
    ) -> NetworkAclEntry:
        """CreateNetworkAclEntry, numbers 1 to 32766."""
        if self._guarded and not 1 <= rule_number < LAST_RULE:
            raise Ec2Error("InvalidParameterValue", f"Value ({rule_number}) for parameter ruleNumber is invalid.")
        return super().create_network_acl_entry(network_acl_id, rule_number, *args, **kwargs)

    def delete_network_acl_entry(self, network_acl_id: str, rule_number: int, egress: bool) -> NetworkAclEntry:
        """DeleteNetworkAclEntry (and the first half of ReplaceNetworkAclEntry)."""
        acl = self.get_network_acl(network_acl_id)
        if rule_number == LAST_RULE:
            raise Ec2Error("InvalidParameterValue", f"The rule {LAST_RULE} cannot be deleted or replaced.")
        if not any((e.rule_number, e.egress) == (rule_number, egress) for e in acl.network_acl_entries):
            side = "egress" if egress else "ingress"
            raise Ec2Error(
                "InvalidNetworkAclEntry.NotFound",
                f"The specified {side} network ACL entry {rule_number} does not exist in {network_acl_id}.",
            )
        return super().delete_network_acl_entry(network_acl_id, rule_number, egress)

    def describe_network_acls(self, network_acl_ids: list[str] | None = None, filters: Any = None) -> list[NetworkAcl]:
        """DescribeNetworkAcls; moto tells an unknown ACL with a route table's error."""
        for wanted in network_acl_ids or []:
            self.get_network_acl(wanted)
        return super().describe_network_acls(network_acl_ids, filters)

    def delete_network_acl(self, network_acl_id: str) -> NetworkAcl:
        """DeleteNetworkAcl; not a VPC's default one."""
        if self.get_network_acl(network_acl_id).default:
            raise Ec2Error("InvalidParameterValue", f"cannot delete default network ACL {network_acl_id}")
        return super().delete_network_acl(network_acl_id)
