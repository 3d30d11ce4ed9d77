"""Auto Scaling: what keeps the servers running."""

from __future__ import annotations

from typing import Final

from infra.types.record import (
    AwsType,
    BilledByInputs,
    Documented,
    Identity,
    Part,
    Schema,
    known,
)

GROUP: Final = AwsType(
    "aws:autoscaling/group:Group",
    purpose="keeps the servers running, over the zones",
    # Group metrics and Auto Scaling itself are free.
    cost=BilledByInputs(
        (
            "https://aws.amazon.com/ec2/pricing/on-demand/",
            "https://aws.amazon.com/ebs/pricing/",
            "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html",
            "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode.html",
        )
    ),
    # An instance refresh is beside the call that makes the group; CloudFormation has an update policy instead.
    schema=Schema(
        resource=Part(
            type="AWS::AutoScaling::AutoScalingGroup",
            paths={
                "name": "AutoScalingGroupName",
                "launchTemplate.id": "LaunchTemplate.LaunchTemplateId",
                "launchTemplate.name": "LaunchTemplate.LaunchTemplateName",
                "enabledMetrics": "MetricsCollection[0].Metrics",
                "metricsGranularity": "MetricsCollection[0].Granularity",
            },
        ),
        elsewhere={
            "instanceRefresh": "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html"
        },
        documented=(
            Documented(
                "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html",
                "at least 0 to 100 % stay healthy, at most 100 to 200 %",
                {
                    "properties": {
                        "instanceRefresh": {
                            "properties": {
                                "strategy": {"enum": ["Rolling", "ReplaceRootVolume"]},
                                "preferences": {
                                    "properties": {
                                        "minHealthyPercentage": {"type": "integer", "minimum": 0, "maximum": 100},
                                        "maxHealthyPercentage": {"type": "integer", "minimum": 100, "maximum": 200},
                                        "autoRollback": {"type": "boolean"},
                                    }
                                },
                            }
                        }
                    }
                },
            ),
            Documented(
                "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html",
                "sizes are not negative; a name has up to 255 characters",
                {
                    "properties": {
                        "name": {"maxLength": 255, "pattern": "^[^:]+$"},
                        "minSize": {"minimum": 0},
                        "maxSize": {"minimum": 0},
                        "desiredCapacity": {"minimum": 0},
                        "healthCheckType": {"pattern": "^(EC2|ELB|EBS|VPC_LATTICE)(,(EC2|ELB|EBS|VPC_LATTICE))*$"},
                    }
                },
            ),
        ),
    ),
    packets="converted",
    identity=Identity(id="{name}"),
    grants_nothing=("instanceMaintenancePolicy", "terminationPolicies"),
)
OTHERS: Final = (
    *known("aws:autoscaling", "Attachment TrafficSourceAttachment", "converted"),
    *known("aws:autoscaling", "LifecycleHook Notification Policy Schedule Tag", "none"),
)
