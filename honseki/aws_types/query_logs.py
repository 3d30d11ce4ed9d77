"""Logs of the DNS queries of a VPC, and the VPCs whose queries they are.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs.html
"""

from collections.abc import Iterator
from typing import Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Output, Read, ResourceType, Values
from honseki.aws_types.firewall import SERVICE, named, once
from honseki.aws_types.properties import TAGS, Property
from honseki.aws_types.tags import ApiTags

_MISSING: Final = ("ResourceNotFoundException",)

QUERY_LOG_CONFIG: Final = ResourceType(
    token="aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
    service=SERVICE,
    properties=(
        Property("name", required=True, replaces=True),
        # A log group's ARN is also written with ":*" at its end.
        Property("destinationArn", required=True, replaces=True, normal=lambda arn: arn.removesuffix(":*")),
        TAGS,
    ),
    outputs=(Output("arn"), Output("ownerId"), Output("shareStatus")),
    creating=Create("CreateResolverQueryLogConfig", "ResolverQueryLogConfig.Id", also=once),
    reading=Read(
        "GetResolverQueryLogConfig",
        "ResolverQueryLogConfig",
        by="ResolverQueryLogConfigId",
        missing=_MISSING,
        state="Status",
        busy=("CREATING",),
        failed=("FAILED",),
        gone=("DELETED",),
    ),
    deleting=Delete("DeleteResolverQueryLogConfig", by="ResolverQueryLogConfigId"),
    finding=named("ListResolverQueryLogConfigs", "ResolverQueryLogConfigs"),
    tagging=ApiTags(service=SERVICE, target="ResourceArn", listing="ListTagsForResource", listed="Tags"),
    tag_target="arn:{partition}:route53resolver:{region}:{account}:resolver-query-log-config/{id}",
)


def _associations(clients: Clients, inputs: Values) -> Iterator[str]:
    filters = [{"Name": "ResourceId", "Values": [inputs["resourceId"]]}]
    path = "ResolverQueryLogConfigAssociations[].Id"
    return clients.pages(SERVICE, "ListResolverQueryLogConfigAssociations", path, Filters=filters)


def _disassociate(clients: Clients, identifier: str, known: Values) -> None:
    """The call names both ends, not the association."""
    live = known if known.get("resourceId") else QUERY_LOG_CONFIG_ASSOCIATION.read(clients, identifier)
    if live is not None:
        clients.call(
            SERVICE,
            "DisassociateResolverQueryLogConfig",
            ResolverQueryLogConfigId=live["resolverQueryLogConfigId"],
            ResourceId=live["resourceId"],
        )


QUERY_LOG_CONFIG_ASSOCIATION: Final = ResourceType(
    token="aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
    service=SERVICE,
    properties=(
        Property("resolverQueryLogConfigId", required=True, replaces=True),
        Property("resourceId", required=True, replaces=True),
    ),
    creating=Create("AssociateResolverQueryLogConfig", "ResolverQueryLogConfigAssociation.Id"),
    reading=Read(
        "GetResolverQueryLogConfigAssociation",
        "ResolverQueryLogConfigAssociation",
        by="ResolverQueryLogConfigAssociationId",
        missing=_MISSING,
        state="Status",
        busy=("CREATING",),
        failed=("FAILED", "ACTION_NEEDED"),
        gone=("DELETED",),
    ),
    deleting=_disassociate,
    finding=_associations,
    natural=True,
    alone=(("resolverQueryLogConfigId", "resourceId"),),
)
