"""What AWS would refuse is refused here: declared resources against AWS's own resource schemas."""

from honseki.awsschema.check import Refusal, check
from honseki.awsschema.coverage import Coverage, coverage

__all__ = ["Coverage", "Refusal", "check", "coverage"]
