"""Names and tags: one scheme for every resource, so that a live resource tells whose it is and what part of it.

The tag `Name` is unique within a tenant's account and region per type. The engine's recovery relies on that: it finds
what a killed update created, but did not record, by its tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Place = Literal["primary", "recovery"]
"""Which of a tenant's two regions."""

PLACES: Final[tuple[Place, ...]] = ("primary", "recovery")

TENANT_TAG: Final = "honseki:tenant"
PART_TAG: Final = "honseki:part"


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of one component's resources: `{code}-{place}-{logical}`."""

    code: str
    """the municipality's six-digit code"""
    place: Place
    part: str
    """the component: `network`, `attachment`, `keys`, ..."""

    def name(self, logical: str) -> str:
        """What AWS calls it, where AWS takes names: `272191-primary-app-a`."""
        return f"{self.code}-{self.place}-{logical}"

    def logical(self, logical: str) -> str:
        """What Pulumi calls it. Without the code, which the stack's name holds already: `primary-app-a`."""
        return f"{self.place}-{logical}"

    def tags(self, logical: str) -> dict[str, str]:
        """The tags that every taggable resource carries."""
        return {"Name": self.name(logical), TENANT_TAG: self.code, PART_TAG: self.part}


@dataclass(frozen=True, slots=True)
class Where:
    """Whose resources, and where: what every component of a tenant needs to know."""

    code: str
    """the municipality's six-digit code"""
    account: str
    """the tenant's AWS account, twelve digits"""
    place: Place
    region: str
    """the AWS region of that place"""

    def naming(self, part: str) -> Naming:
        """The names of a component here."""
        return Naming(self.code, self.place, part)

    @property
    def log_prefix(self) -> str:
        """What the names of the tenant's log groups begin with; its key for logs serves these and no others."""
        return f"/honseki/{self.code}/{self.place}/"

    @property
    def letters(self) -> str:
        """The beginning of names that must begin with a letter, as RDS's must: `honseki-272191-primary`."""
        return f"honseki-{self.code}-{self.place}"

    @property
    def database_logs(self) -> str:
        """What the names of the log groups of the tenant's database begin with; RDS makes them of the identifier."""
        return f"/aws/rds/instance/{self.letters}/"

    @property
    def scaling_role(self) -> str:
        """The suffix of the name of the service-linked role that starts the tenant's servers here."""
        return f"{self.code}-{self.place}"

    def bucket(self, purpose: str) -> str:
        """A bucket's name, which is unique in the world: `honseki-123456789012-ap-northeast-1-audit`."""
        return f"honseki-{self.account}-{self.region}-{purpose}"

    def arn(self, service: str, resource: str) -> str:
        """An ARN in the tenant's account and in this region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
