"""Puts our backends over and beside moto's, through moto's registry of backends.

A `BackendDict` makes an account's backend from its `backend` class on first use; giving it a subclass is all it takes.
Import this module (after `environment`) before the first request.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.backup.models import backup_backends
from moto.cloudtrail.models import cloudtrail_backends
from moto.config.models import config_backends
from moto.core import responses
from moto.core.common_models import BaseModel
from moto.core.utils import method_names_from_class
from moto.directconnect.models import directconnect_backends
from moto.ebs.models import ebs_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.kms import models as keys
from moto.kms.models import kms_backends
from moto.kms.utils import AbstractPrivateKey, generate_private_key
from moto.logs.models import logs_backends
from moto.ram.models import ram_backends
from moto.rds.models import rds_backends
from moto.route53resolver.models import route53resolver_backends
from moto.s3.models import s3_backends
from moto.ssm.models import ssm_backends
from moto.sts.models import sts_backends

from honseki.rehearsal.region.backups.models import BackupsBackend
from honseki.rehearsal.region.balancers import BalancersBackend
from honseki.rehearsal.region.blocks.models import BlocksBackend
from honseki.rehearsal.region.buckets import BucketsBackend
from honseki.rehearsal.region.compute.models import ComputeBackend
from honseki.rehearsal.region.databases.models import DatabasesBackend
from honseki.rehearsal.region.directconnect.models import DirectConnect
from honseki.rehearsal.region.documents import DocumentsBackend
from honseki.rehearsal.region.firewall.models import ResolverBackend
from honseki.rehearsal.region.grants import GrantsResponse
from honseki.rehearsal.region.identities import IdentitiesBackend
from honseki.rehearsal.region.keys import KeysBackend
from honseki.rehearsal.region.log_groups import LogGroupsBackend
from honseki.rehearsal.region.recorders import RecordersBackend
from honseki.rehearsal.region.scaling.models import ScalingBackend
from honseki.rehearsal.region.sessions import Sessions
from honseki.rehearsal.region.shares import SharesBackend
from honseki.rehearsal.region.state import State
from honseki.rehearsal.region.trails import TrailsBackend


def install(state: State) -> None:
    """Register every backend of ours, and take out costs of moto's that a long-lived server would feel."""
    Sessions.state = DirectConnect.state = ComputeBackend.state = GrantsResponse.state = state
    BlocksBackend.home = state.blocks
    sts_backends.backend = Sessions
    ec2_backends.backend = ComputeBackend
    ebs_backends.backend = BlocksBackend
    directconnect_backends.backend = DirectConnect
    kms_backends.backend = KeysBackend
    logs_backends.backend = LogGroupsBackend
    route53resolver_backends.backend = ResolverBackend
    s3_backends.backend = BucketsBackend
    backup_backends.backend = BackupsBackend
    rds_backends.backend = DatabasesBackend
    ram_backends.backend = SharesBackend
    autoscaling_backends.backend = ScalingBackend
    elbv2_backends.backend = BalancersBackend
    cloudtrail_backends.backend = TrailsBackend
    config_backends.backend = RecordersBackend
    ssm_backends.backend = DocumentsBackend
    iam_backends.backend = IdentitiesBackend
    _stop_tracking_instances()
    setattr(keys, "generate_private_key", _private_key)  # noqa: B010 - not exported, so not assignable for mypy
    setattr(responses, "method_names_from_class", functools.cache(method_names_from_class))  # noqa: B010


def _private_key(key_spec: str) -> AbstractPrivateKey | None:
    """moto makes an RSA key (a tenth of a second, sometimes more) even for the symmetric keys that have none."""
    return generate_private_key(key_spec) if key_spec.startswith(("RSA", "ECC")) else None


def _stop_tracking_instances() -> None:
    """moto keeps every object ever made in a list per class, for a dashboard: deleted resources stay in memory."""

    def new(cls: type[BaseModel], *_: Any, **__: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = new  # type: ignore[method-assign]
