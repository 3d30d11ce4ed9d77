"""Elastic Load Balancing."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    BilledByInputs,
    Documented,
    Free,
    Identity,
    Part,
    Schema,
    known,
)

_LB_NAME: Final = {"maxLength": 32, "pattern": "^(?!internal-)[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$"}
LOAD_BALANCER: Final = AwsType(
    "aws:lb/loadBalancer:LoadBalancer",
    purpose="the terminals' one way to the servers",
    cost=BilledByInputs(("https://aws.amazon.com/elasticloadbalancing/pricing/",)),
    schema=Schema(
        resource=Part(
            type="AWS::ElasticLoadBalancingV2::LoadBalancer",
            paths={
                "loadBalancerType": "Type",
                "internal": "Scheme",
                "enableCrossZoneLoadBalancing": "LoadBalancerAttributes[load_balancing.cross_zone.enabled]",
                "enableDeletionProtection": "LoadBalancerAttributes[deletion_protection.enabled]",
            },
            values={"internal": {True: "internal", False: "internet-facing"}},
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
                "a name has up to 32 letters, digits and inner hyphens, and doesn't begin with internal-",
                {"properties": {"name": _LB_NAME}},
            ),
            Documented(
                "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html",
                "deletion protection and balancing over zones are on or off",
                {
                    "properties": {
                        "enableDeletionProtection": {"type": "boolean"},
                        "enableCrossZoneLoadBalancing": {"type": "boolean"},
                    }
                },
            ),
        ),
    ),
    packets="converted",
    identity=Identity(arn="arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/{name}/{id}"),
)
TARGET_GROUP: Final = AwsType(
    "aws:lb/targetGroup:TargetGroup",
    purpose="the servers behind the load balancer, and how their health is seen",
    cost=Free("https://aws.amazon.com/elasticloadbalancing/pricing/"),
    schema=Schema(
        resource=Part(
            type="AWS::ElasticLoadBalancingV2::TargetGroup",
            paths={
                "healthCheck.enabled": "HealthCheckEnabled",
                "healthCheck.healthyThreshold": "HealthyThresholdCount",
                "healthCheck.interval": "HealthCheckIntervalSeconds",
                "healthCheck.matcher": "Matcher.HttpCode",
                "healthCheck.path": "HealthCheckPath",
                "healthCheck.port": "HealthCheckPort",
                "healthCheck.protocol": "HealthCheckProtocol",
                "healthCheck.timeout": "HealthCheckTimeoutSeconds",
                "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
                "connectionTermination": "TargetGroupAttributes[deregistration_delay.connection_termination.enabled]",
                "deregistrationDelay": "TargetGroupAttributes[deregistration_delay.timeout_seconds]",
                "preserveClientIp": "TargetGroupAttributes[preserve_client_ip.enabled]",
                "proxyProtocolV2": "TargetGroupAttributes[proxy_protocol_v2.enabled]",
            },
        ),
        documented=(
            Documented(
                "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
                "intervals are 5 to 300 s, timeouts 2 to 120 s, thresholds 2 to 10; names as those of load balancers",
                {
                    "properties": {
                        "name": _LB_NAME,
                        "port": {"minimum": 1, "maximum": 65535},
                        "healthCheck": {
                            "properties": {
                                "interval": {"minimum": 5, "maximum": 300},
                                "timeout": {"minimum": 2, "maximum": 120},
                                "healthyThreshold": {"minimum": 2, "maximum": 10},
                                "unhealthyThreshold": {"minimum": 2, "maximum": 10},
                                "path": {"maxLength": 1024, "pattern": "^/"},
                            }
                        },
                    }
                },
            ),
            Documented(
                "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html",
                "draining lasts 0 to 3600 s; the others are on or off",
                {
                    "properties": {
                        "deregistrationDelay": {"type": "integer", "minimum": 0, "maximum": 3600},
                        "connectionTermination": {"type": "boolean"},
                        "proxyProtocolV2": {"type": "boolean"},
                        "preserveClientIp": {"enum": [True, False, "true", "false"]},
                    }
                },
            ),
        ),
    ),
    packets="converted",
    identity=Identity(arn="arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{id}"),
)
LISTENER: Final = AwsType(
    "aws:lb/listener:Listener",
    purpose="the port that terminals reach",
    cost=Free("https://aws.amazon.com/elasticloadbalancing/pricing/"),
    schema=Schema(
        resource=Part(type="AWS::ElasticLoadBalancingV2::Listener"),
        elsewhere={"tags": "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html"},
        documented=(
            Documented(
                "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html",
                "a port is 1 to 65535; protocols are those of application, network and gateway load balancers",
                {
                    "properties": {
                        "port": {"minimum": 1, "maximum": 65535},
                        "protocol": {
                            "enum": ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"]
                        },
                    }
                },
            ),
        ),
    ),
    packets="converted",
    identity=Identity(arn="arn:aws:elasticloadbalancing:{region}:{account}:listener/net/{id}"),
)
OTHERS: Final = (
    *known("aws:lb", "ListenerRule TargetGroupAttachment", "converted"),
    *known("aws:lb", "ListenerCertificate TrustStore TrustStoreRevocation", "none"),
)
