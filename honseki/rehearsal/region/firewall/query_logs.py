"""Resolver query logging where moto leaves something out: its end, and its tags.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_DisassociateResolverQueryLogConfig.html,
https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_DeleteResolverQueryLogConfig.html
"""

from __future__ import annotations

from moto.route53resolver.exceptions import InvalidRequestException, ResourceNotFoundException
from moto.route53resolver.models import (
    ResolverQueryLogConfig,
    ResolverQueryLogConfigAssociation,
    Route53ResolverBackend,
)


class QueryLogs(Route53ResolverBackend):
    """Query logging configurations and their associations with VPCs."""

    def disassociate_query_log(self, config_id: str, vpc_id: str) -> ResolverQueryLogConfigAssociation:
        """End the association of a configuration with a VPC."""
        config = self.get_resolver_query_log_config(config_id)
        for identifier, kept in self.resolver_query_log_config_associations.items():
            if (kept.resolver_query_log_config_id, kept.resource_id) == (config_id, vpc_id):
                config.association_count -= 1
                return self.resolver_query_log_config_associations.pop(identifier)
        raise ResourceNotFoundException(
            f"[RSLVR-01602] The query logging configuration {config_id} is not associated with {vpc_id}."
        )

    def delete_query_log(self, config_id: str) -> ResolverQueryLogConfig:
        """Delete a configuration, of which every association must have ended first."""
        config = self.get_resolver_query_log_config(config_id)
        if config.association_count:
            raise InvalidRequestException(
                f"[RSLVR-01407] The query logging configuration {config_id} is associated with"
                f" {config.association_count} VPCs: disassociate them first."
            )
        self.tagger.delete_all_tags_for_resource(config.arn)
        return self.resolver_query_log_configs.pop(config_id)

    def _matched_arn(self, resource_arn: str) -> None:
        if all(config.arn != resource_arn for config in self.resolver_query_log_configs.values()):
            super()._matched_arn(resource_arn)
