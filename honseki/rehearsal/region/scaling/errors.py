"""Auto Scaling's errors that moto doesn't raise.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html and its neighbours.
"""

from __future__ import annotations

from moto.autoscaling.exceptions import AutoscalingClientError


class ScalingError(AutoscalingClientError):
    """A client error with the service's own code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def invalid(message: str) -> ScalingError:
    """ValidationError."""
    return ScalingError("ValidationError", message)
