"""What AWS would refuse is refused here: declared resources against AWS's own resource schemas."""

from honseki.aws_schema.check import Refusal, check
from honseki.aws_schema.coverage import Coverage, coverage

__all__ = ["Coverage", "Refusal", "check", "coverage"]
