"""The account factory and the carrier: what is in a municipality's account before Honseki comes.

Issuing again changes nothing that is there: what the tenant did with it (a confirmed connection, an accepted
interface) stays.
"""

from __future__ import annotations

import json

from moto.directconnect.models import directconnect_backends
from moto.iam.models import iam_backends

from honseki.rehearsal.region.directconnect.models import DirectConnect
from honseki.rehearsal.region.issues import DEPLOY_ROLE, OPERATOR_ACCOUNT, TenantIssue
from honseki.rehearsal.region.state import State

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OPERATOR_ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def issue(state: State, wanted: TenantIssue) -> None:
    """Make what is missing. Call it with the state's lock held; the caller commits."""
    state.ensure(wanted.account)
    iam = iam_backends[wanted.account]["aws"]
    if not any(role.name == DEPLOY_ROLE for role in iam.roles.values()):
        iam.create_role(
            role_name=DEPLOY_ROLE,
            assume_role_policy_document=json.dumps(_TRUST),
            path="/",
            permissions_boundary=None,
            description="Deploys the tenant. Issued with the account, not managed by the tenant's stack.",
            tags=[],
            max_session_duration="43200",
        )
    for connection in wanted.connections:
        _carrier(wanted.account, connection.region).hand_over_connection(connection)
    for interface in wanted.interfaces:
        _carrier(wanted.account, interface.region).hand_over_interface(interface)


def _carrier(account: str, region: str) -> DirectConnect:
    backend = directconnect_backends[account][region]
    if not isinstance(backend, DirectConnect):
        raise TypeError("extensions.install must come before the first request")
    return backend
