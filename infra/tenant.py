"""Tenant: what one municipality has in AWS, all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.account import Account, AccountArgs
from infra.attachment import Attachment, AttachmentArgs
from infra.audit import Audit, AuditArgs
from infra.backup import BackupRole, BackupRoleArgs, Plan, PlanArgs, RestoreTest, RestoreTestArgs, Vault, VaultArgs
from infra.database import Database, DatabaseArgs, dns_names
from infra.keys import Keys, KeysArgs
from infra.maintenance import Sessions, SessionsArgs, Workers, WorkersArgs
from infra.model import Municipality, Target
from infra.monitoring import Monitoring, MonitoringArgs
from infra.naming import PLACES, Place, Where
from infra.network import Network, NetworkArgs
from infra.servers import Servers, ServersArgs

DEPLOY_ROLE: Final = "honseki-deploy"
"""Issued together with the account; assumed for everything that Honseki does in it."""

ENDPOINT_ZONES: Final[Mapping[str, Mapping[Place, int]]] = {
    "backup": {"primary": 2, "recovery": 1},
    "replica": {"primary": 2, "recovery": 2},
}
"""In how many zones the interface endpoints stand, by recovery tier; `Endpoints` says why."""


class Tenant(pulumi.ComponentResource):
    """One municipality's environment over its two regions: each of the other components, in both or in the primary one.

    Serves 戸籍法施行規則 68条の2 as a whole. Everything is in the tenant's own account, reached through the role that
    was issued with it; a provider refuses to work if the credentials lead to any other account. Both providers are
    explicit: nothing of a tenant is ever served by ambient settings.

    `target` decides the account, and which placeholders of rehearsals are refused (`Municipality.account_for` and the
    like raise `NotReadyError`). Which program serves the resources, the official plugin or the rehearsal's, isn't known
    here.

    The recovery region has the same components. What differs is what runs: no server and no instance with
    `recovery: backup`, a replica and a server beside it with `recovery: replica`; no trail (the primary region's covers
    all regions), no backup plan (it receives copies), no lines (one gateway serves both).

    Runs up the sum of its parts, times the number of municipalities.
    """

    networks: Mapping[Place, Network]
    keys: Mapping[Place, Keys]
    attachment: Attachment
    audits: Mapping[Place, Audit]
    databases: Mapping[Place, Database]
    servers: Mapping[Place, Servers]
    vaults: Mapping[Place, Vault]
    workers: Workers
    monitoring: Mapping[Place, Monitoring]

    def __init__(self, municipality: Municipality, target: Target, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honseki:infra:Tenant", municipality.code, None, opts)
        account = municipality.account_for(target)
        self._municipality, self._target = municipality, target
        self._where = {
            place: Where(municipality.code, account, place, getattr(municipality.placement, place).region)
            for place in PLACES
        }
        self._served = {place: self._served_by(self._where[place]) for place in PLACES}

        self.keys = {
            place: Keys(f"{place}-keys", KeysArgs(self._where[place]), self._served[place]) for place in PLACES
        }
        self.attachment = Attachment(
            "attachment",
            AttachmentArgs(
                where=self._where["primary"], gateway_asn=municipality.asn.gateway, lines=municipality.lines
            ),
            self._served["primary"],
        )
        self.networks = {
            place: Network(f"{place}-network", self._network_args(place), self._served[place]) for place in PLACES
        }
        self.audits = self._audits()
        self.databases = self._databases()
        self.servers = {
            place: Servers(f"{place}-servers", self._servers_args(place), self._served[place]) for place in PLACES
        }
        self.vaults = self._backups()
        self.workers = self._maintenance()
        self.monitoring = {
            place: Monitoring(f"{place}-monitoring", self._monitoring_args(place), self._served[place])
            for place in PLACES
        }
        for place in PLACES:
            Account(
                f"{place}-account",
                AccountArgs(self._where[place], self.keys[place].arns["servers"]),
                self._served[place],
            )
        self.register_outputs({})

    def _served_by(self, where: Where) -> pulumi.ResourceOptions:
        provider = aws.Provider(
            f"{where.place}",
            region=where.region,
            assume_roles=[
                # Not a dictionary: pulumi-aws sends a provider's settings as JSON and would leave its keys as they are.
                aws.ProviderAssumeRoleArgs(
                    role_arn=f"arn:aws:iam::{where.account}:role/{DEPLOY_ROLE}",
                    session_name=f"honseki-{where.code}",
                )
            ],
            allowed_account_ids=[where.account],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.ResourceOptions(parent=self, providers=[provider])

    def _network_args(self, place: Place) -> NetworkArgs:
        municipality = self._municipality
        return NetworkArgs(
            where=self._where[place],
            cidr=getattr(municipality.addresses, place),
            zones=getattr(municipality.placement, place).zones,
            terminals=municipality.prefixes,
            gateway_asn=getattr(municipality.asn, place),
            dx_gateway_id=self.attachment.gateway_id,
            endpoint_zones=ENDPOINT_ZONES[municipality.recovery][place],
            logs_key_arn=self.keys[place].arns["logs"],
            retention_days=municipality.retention.cloudwatch_days(),
            dns_names=(*municipality.dns_names, *dns_names(self._where[place])),
        )

    def _audits(self) -> Mapping[Place, Audit]:
        def audit(place: Place, recovery: Where | None, config_role: pulumi.Input[str] | None) -> Audit:
            args = AuditArgs(
                where=self._where[place],
                recovery=recovery,
                retention=self._municipality.retention,
                logs_key_arn=self.keys[place].arns["logs"],
                audit_key_arn=self.keys[place].arns["audit"],
                vpc_id=self.networks[place].vpc_id,
                config_role_arn=config_role,
            )
            return Audit(f"{place}-audit", args, self._served[place])

        primary = audit("primary", self._where["recovery"], None)
        return {"primary": primary, "recovery": audit("recovery", None, primary.config_role_arn)}

    def _databases(self) -> Mapping[Place, Database]:
        municipality = self._municipality

        def database(place: Place, role: Any, source: pulumi.Input[str] | None) -> Database:
            network = self.networks[place]
            args = DatabaseArgs(
                where=self._where[place],
                role=role,
                vpc_id=network.vpc_id,
                subnet_ids=[subnet.id for subnet in network.subnets["data"]],
                app_cidrs=[subnet.cidr for subnet in network.subnets["app"]],
                capacity=municipality.capacity,
                retention=municipality.retention,
                key_arn=self.keys[place].arns["database"],
                logs_key_arn=self.keys[place].arns["logs"],
                source_arn=source,
            )
            return Database(f"{place}-database", args, self._served[place])

        primary = database("primary", "serving", None)
        role = "replica" if municipality.recovery == "replica" else "none"
        return {"primary": primary, "recovery": database("recovery", role, _instance(primary).arn)}

    def _servers_args(self, place: Place) -> ServersArgs:
        municipality, network, keys = self._municipality, self.networks[place], self.keys[place]
        image = municipality.image_for(self._target)
        return ServersArgs(
            where=self._where[place],
            running=self._running(place),
            most=2 * municipality.capacity.servers,
            server_type=municipality.capacity.server_type,
            image_id=getattr(image, place),
            image_digest=image.digest,
            image_key_arn=image.keys[place],
            vpc_id=network.vpc_id,
            subnet_ids=[subnet.id for subnet in network.subnets["app"]],
            app_cidrs=[subnet.cidr for subnet in network.subnets["app"]],
            data_cidrs=[subnet.cidr for subnet in network.subnets["data"]],
            terminals=municipality.prefixes,
            endpoint_group_id=network.endpoints.security_group_id,
            s3_prefix_list_id=network.endpoints.s3_prefix_list_id,
            volumes_key_arn=keys.arns["servers"],
            audit_key_arn=keys.arns["audit"],
            scaling_role_arn=keys.scaling_role_arn,
            database=self.databases[place].instance,
        )

    def _running(self, place: Place) -> int:
        capacity = self._municipality.capacity
        return capacity.servers if place == "primary" else self._municipality.recovery_servers

    def _backups(self) -> Mapping[Place, Vault]:
        municipality, where = self._municipality, self._where
        vaults: dict[Place, Vault] = {}
        for place in PLACES:
            other = where["recovery" if place == "primary" else "primary"]
            args = VaultArgs(where[place], other, municipality.backup, self.keys[place].arns["backup"])
            vaults[place] = Vault(f"{place}-vault", args, self._served[place])
        keys = [self.keys[place].arns[purpose] for place in PLACES for purpose in ("database", "backup")]
        role = BackupRole(
            "backup-role", BackupRoleArgs(where["primary"], where["recovery"], keys), self._served["primary"]
        )
        arn = _instance(self.databases["primary"]).arn
        Plan(
            "backup-plan",
            PlanArgs(where["primary"], municipality.backup, vaults["primary"], vaults["recovery"], role, arn),
            self._served["primary"],
        )
        for place in PLACES:
            database = self.databases[place]
            RestoreTest(
                f"{place}-restore-test",
                RestoreTestArgs(
                    where[place], vaults[place], role, arn, database.subnet_group_name, database.security_group_id
                ),
                self._served[place],
            )
        return vaults

    def _maintenance(self) -> Workers:
        municipality = self._municipality
        for place in PLACES:
            audit = self.audits[place]
            Sessions(
                f"{place}-sessions",
                SessionsArgs(self._where[place], audit.bucket.name, audit.groups["sessions"].name),
                self._served[place],
            )
        return Workers(
            "workers",
            WorkersArgs(
                places=[self._where[place] for place in PLACES],
                operators=municipality.operators_for(self._target),
                expires=f"{municipality.operator.expires}T00:00:00Z" if municipality.operator else None,
                readers=municipality.readers_for(self._target),
                key_arns=[self.keys[place].arns[purpose] for place in PLACES for purpose in ("logs", "audit")],
            ),
            self._served["primary"],
        )

    def _monitoring_args(self, place: Place) -> MonitoringArgs:
        serving = place == "primary"
        logs = {"flow": self.networks[place].flow_logs.log_group_name}
        trail = self.audits[place].groups["trail"].name if serving else None
        return MonitoringArgs(
            where=self._where[place],
            key_arn=self.keys[place].arns["alarms"],
            lines=self.attachment.interface_ids if serving else {},
            servers=self.servers[place],
            running=self._running(place),
            database=self.databases[place].instance,
            storage_gb=self._municipality.capacity.storage_gb,
            vault_name=self.vaults[place].name if serving else None,
            logs=logs if trail is None else {**logs, "trail": trail},
            trail_log=trail,
        )

    def exports(self) -> dict[str, Any]:
        """The stack's outputs: what drills, collectors and people look up without reading the state."""
        return {
            "dxGatewayId": self.attachment.gateway_id,
            "lines": dict(self.attachment.interface_ids),
            "operatorRole": self.workers.operator_arn,
            "cityRole": self.workers.reader_arn,
            "regions": {place: self._region_exports(place) for place in PLACES},
        }

    def _region_exports(self, place: Place) -> dict[str, Any]:
        network, servers = self.networks[place], self.servers[place]
        instance, balancer = self.databases[place].instance, servers.load_balancer
        return {
            "vpcId": network.vpc_id,
            "cidr": network.cidr,
            "vpnGatewayId": network.vpn_gateway_id,
            "subnetIds": {role: {s.zone: s.id for s in subnets} for role, subnets in network.subnets.items()},
            "routeTableIds": dict(network.route_table_ids),
            "endpointSecurityGroupId": network.endpoints.security_group_id,
            "s3PrefixListId": network.endpoints.s3_prefix_list_id,
            "flowLogGroup": network.flow_logs.log_group_name,
            "auditBucket": self.audits[place].bucket.name,
            "logGroups": {log: group.name for log, group in self.audits[place].groups.items()},
            "database": None if instance is None else instance.identifier,
            "loadBalancer": None if balancer is None else balancer.arn,
            "scalingGroup": servers.scaling_group_name,
            "vault": self.vaults[place].name,
            "onCallTopic": self.monitoring[place].topic_arn,
        }


def _instance(database: Database) -> aws.rds.Instance:
    if database.instance is None:
        raise ValueError("the serving database has no instance")
    return database.instance
