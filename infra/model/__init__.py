"""The types that everything else is about: municipalities, their sites, lines, regions and addresses.

Frozen, strict and closed pydantic types. Nothing here reads files or a clock.
"""

from infra.model.addresses import Addresses, PlannedSubnet, Role, SubnetPlan, plan_subnets
from infra.model.attestation import Attestation, AttestationState, AttestedDocument
from infra.model.codes import check_digit
from infra.model.fleet import Fleet, UnknownMunicipalityError
from infra.model.lines import AmazonAsn, Line
from infra.model.municipality import (
    AccountNotIssuedError,
    Municipality,
    NotReadyError,
    Placement,
    RegionPlacement,
    Retention,
    Site,
    Target,
)
from infra.model.service import Backup, Capacity, Image, Operator, Readers

__all__ = [
    "AccountNotIssuedError",
    "Addresses",
    "AmazonAsn",
    "Attestation",
    "AttestationState",
    "AttestedDocument",
    "Backup",
    "Capacity",
    "Fleet",
    "Image",
    "Line",
    "Municipality",
    "NotReadyError",
    "Operator",
    "Placement",
    "PlannedSubnet",
    "Readers",
    "RegionPlacement",
    "Retention",
    "Role",
    "Site",
    "SubnetPlan",
    "Target",
    "UnknownMunicipalityError",
    "check_digit",
    "plan_subnets",
]
