"""EC2's errors that moto doesn't raise: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError


class Ec2Error(EC2ClientError):
    """A client error with EC2's own code (`DependencyViolation`, `InvalidParameterValue`, ...)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def in_use(resource: str, by: str) -> Ec2Error:
    """What refuses to go while something depends on it."""
    return Ec2Error("DependencyViolation", f"{resource} has a dependent object ({by}) and cannot be deleted.")
