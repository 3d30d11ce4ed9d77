"""Services of which no tenant may have anything: what their types do to packets, and let others in."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    Shared,
    known,
)

OTHERS: Final = (
    AwsType(
        "aws:accessanalyzer/analyzer:Analyzer",
        purpose="finds what is shared with other accounts",
        undeclared="the proof answers this before anything is made",
    ),
    AwsType("aws:ecr/repositoryPolicy:RepositoryPolicy", policies={"policy": "other"}),
    AwsType("aws:efs/fileSystemPolicy:FileSystemPolicy", policies={"policy": "other"}),
    AwsType("aws:lambda/permission:Permission", shared=Shared("function", ("principal",))),
    AwsType("aws:ram/principalAssociation:PrincipalAssociation", shared=Shared("ram", ("principal",))),
    AwsType("aws:ram/resourceShare:ResourceShare", shared=Shared("ram", ("principals",))),
    AwsType("aws:s3control/accessPointPolicy:AccessPointPolicy", policies={"policy": "bucket"}),
    AwsType("aws:secretsmanager/secret:Secret", policies={"policy": "secret"}),
    AwsType("aws:secretsmanager/secretPolicy:SecretPolicy", policies={"policy": "secret"}),
    AwsType("aws:sqs/queue:Queue", packets="none", policies={"policy": "queue"}),
    AwsType("aws:sqs/queuePolicy:QueuePolicy", packets="none", policies={"policy": "queue"}),
    *known("aws:alb", "Listener ListenerRule LoadBalancer TargetGroup TargetGroupAttachment", "converted"),
    *known("aws:alb", "ListenerCertificate", "none"),
    *known(
        "aws:ec2transitgateway",
        "PeeringAttachment PeeringAttachmentAccepter PrefixListReference Route RouteTable RouteTableAssociation "
        "RouteTablePropagation TransitGateway VpcAttachment VpcAttachmentAccepter",
        "converted",
    ),
    *known("aws:vpc", "SecurityGroupEgressRule SecurityGroupIngressRule", "converted"),
)
