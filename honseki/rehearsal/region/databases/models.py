"""The RDS backend of one account and region."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.ec2.models.subnets import Subnet
from moto.rds import urls
from moto.rds.exceptions import DBParameterGroupNotFoundError, DBSubnetGroupNotFoundError
from moto.rds.models import DBParameterGroup, DBSubnetGroup

from honseki.rehearsal.region.databases.backups import Backups
from honseki.rehearsal.region.databases.errors import DatabaseError


class DatabasesBackend(Backups):
    """Instances and their backups, subnet groups, parameter groups."""

    # --- subnet groups

    def create_subnet_group(
        self, subnet_name: str, description: str, subnets: list[Any], tags: list[dict[str, str]]
    ) -> DBSubnetGroup:
        """CreateDBSubnetGroup; its subnets are of one VPC and of two zones at least."""
        if subnet_name in self.subnet_groups:
            raise DatabaseError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{subnet_name}' already exists.")
        _check_subnets(subnets)
        return super().create_subnet_group(subnet_name, description, subnets, tags)

    def modify_db_subnet_group(self, subnet_name: str, description: str, subnets: list[Subnet]) -> DBSubnetGroup:
        """ModifyDBSubnetGroup (moto takes the group out and forgets it)."""
        group = self.subnet_groups.get(subnet_name)
        if group is None:
            raise DBSubnetGroupNotFoundError(subnet_name)
        _check_subnets(subnets)
        # moto's setter takes what its getter doesn't give.
        group.subnets = subnets
        if description is not None:
            group.description = description
        return group

    def delete_subnet_group(self, subnet_name: str) -> DBSubnetGroup:
        """DeleteDBSubnetGroup, which no instance may use."""
        for instance in self.databases.values():
            group = getattr(instance, "db_subnet_group", None)
            if group is not None and group.name == subnet_name.lower():
                text = (
                    f"Cannot delete the subnet group '{subnet_name}' because at least one database instance:"
                    f" {instance.db_instance_identifier} is still using it."
                )
                raise DatabaseError("InvalidDBSubnetGroupStateFault", text)
        return super().delete_subnet_group(subnet_name)

    # --- parameter groups

    def parameter_group(self, name: str) -> DBParameterGroup:
        """The group of that name."""
        if name not in self.db_parameter_groups:
            raise DBParameterGroupNotFoundError(name)
        return self.db_parameter_groups[name]

    def reset_parameters(self, name: str, parameters: list[str], *, everything: bool) -> DBParameterGroup:
        """ResetDBParameterGroup: parameters go back to the engine's defaults."""
        group = self.parameter_group(name)
        if not everything and not parameters:
            text = "Specify ResetAllParameters or at least one parameter."
            raise DatabaseError("InvalidParameterCombination", text)
        for parameter in list(group.parameters) if everything else parameters:
            group.parameters.pop(parameter, None)
        return group

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        """DeleteDBParameterGroup, which no instance may use."""
        users = [i for i in self.databases.values() if i.db_parameter_group_name == db_parameter_group_name]
        if users:
            text = f"One or more database instances are still members of this parameter group {db_parameter_group_name}"
            raise DatabaseError("InvalidDBParameterGroupState", f"{text}, so the group cannot be deleted")
        return super().delete_db_parameter_group(db_parameter_group_name)

    @property
    def _url_module(self) -> Any:
        from honseki.rehearsal.region.databases.responses import DatabasesResponse  # noqa: PLC0415 - need each other

        return SimpleNamespace(url_bases=urls.url_bases, url_paths={"{0}/$": DatabasesResponse.dispatch})


def _check_subnets(subnets: list[Subnet]) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html"""
    if len({subnet.vpc_id for subnet in subnets}) != 1:
        raise DatabaseError("InvalidSubnet", "The specified subnets are not all in one VPC.")
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < 2:
        raise DatabaseError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement."
            f" Current AZ coverage: {', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )
