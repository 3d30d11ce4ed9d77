"""What the cloud says now, proven: every account and region asked, and what wasn't answered taken for unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from honseki.engine import cloud
from honseki.engine.settings import Settings
from honseki.live.access import assuming, caller
from honseki.live.answers import Answers, Entry
from honseki.live.collect import collect, write
from honseki.live.network import EACH, LISTED
from honseki.proof.answers import network
from honseki.proof.channels import examine
from honseki.proof.channels_answers import from_answers
from honseki.proof.channels_declared import tenancy
from honseki.proof.crossings import Admission, Tenancy
from honseki.proof.internet import internet
from honseki.proof.isolation import prove
from honseki.proof.network import Gap, Network, Vpc
from honseki.proving.answer import Answer
from infra.model import Fleet, Municipality

FILTERS: Final = frozenset({"NetworkAcls", "SecurityGroups", "NetworkInterfaces", "Reservations"})
"""Documents without which routing is known all the same."""
_OF_PACKETS: Final = frozenset(ask.name for ask in (*LISTED, *EACH))


def live(
    settings: Settings,
    everyone: Fleet,
    chosen: Sequence[Municipality],
    *,
    say: Callable[[str], None],
    keep: Path | None = None,
) -> Answer:
    """All pairs of tenants whose accounts exist, as their accounts answer; changes nothing.

    `keep`: a folder for the answers, in the layout that `--snapshot` reads. Raises `HonsekiError` where no account can
    be asked at all; an account that can't be asked alone is a gap.
    """
    issued = [m for m in everyone.municipalities if m.account_for(settings.target) is not None]
    accounts = {m.code: m.account_for(settings.target) for m in issued}
    env = cloud.reach(settings, issued, say)
    regions = list(dict.fromkeys(place.region for m in issued for place in (m.placement.primary, m.placement.recovery)))
    say(f"Asking {len(accounts)} accounts in {', '.join(regions)} ...")
    answers = collect(accounts, regions, assuming(settings.prove_role, regions[0], env))
    if keep is not None:
        say(f"Kept: {write(answers, keep)}")
    tenant_of = {account: code for code, account in accounts.items()}
    found = network(answers.documents, lambda vpc, account: tenant_of.get(account, str(vpc["VpcId"])))
    found = with_gaps(found, answers)
    isolation = prove(found)
    missing = {
        (entry.account, entry.region, entry.name): [f"{gap.operation}: {gap.text}" for gap in entry.gaps]
        for entry in answers.manifest.missing
    }
    codes = [m.code for m in chosen]
    channels = from_answers(answers.documents, tenant_of, missing)
    return Answer(
        source="live",
        isolation=isolation,
        names={m.code: m.name for m in everyone.municipalities},
        internet={code: internet(isolation, code) for code in codes if code in isolation.tenants},
        channels=examine(channels, admitting(tenancy(everyone, settings.target), caller(regions[0], env))),
        gaps=[said for entry in answers.manifest.missing for said in _said(entry)],
        among=frozenset(codes) if len(codes) < len(issued) else None,
    )


def admitting(people: Tenancy, operator: str) -> Tenancy:
    """The tenancy with the account of whoever runs Honseki, whom roles may trust.

    The role that deploys, and the one that reads if it is another, are issued with a tenant's account and admit the
    operator's account: without them nobody could ask. An admission is for a kind of policy and not for single roles, so
    any role of a tenant may trust that account here; its keys, buckets and all else may not name it.
    """
    why = "the account of whoever runs honseki, as STS says"
    return replace(people, admitted=(*people.admitted, Admission(operator, why, frozenset({"trust"}))))


def with_gaps(found: Network, answers: Answers) -> Network:
    """The network with what wasn't answered as gaps of the tenants that it concerns.

    A tenant without any VPC because nothing was answered gets one without addresses: it must not be left out.
    """
    vpcs = list(found.vpcs)
    gaps = list(found.gaps)
    tenants = {account: code for code, account in answers.tenants.items()}
    for entry in answers.manifest.missing:
        tenant = tenants.get(entry.account)
        if tenant is None or not _packets(entry):
            continue
        own = [vpc.id for vpc in vpcs if vpc.tenant == tenant and entry.region in (vpc.region, "aws-global")]
        if not own:
            stand_in = Vpc(f"not-told-{entry.account}-{entry.region}", tenant, entry.account, entry.region, ())
            vpcs.append(stand_in)
            own = [stand_in.id]
        why = "; ".join(dict.fromkeys(f"{gap.operation} {gap.reason}" for gap in entry.gaps))
        gaps.append(
            Gap(
                entry.name,
                f"{entry.account} {entry.region}",
                why,
                tuple(own),
                "filters" if entry.name in FILTERS else "routing",
            )
        )
    return replace(found, vpcs=tuple(vpcs), gaps=tuple(gaps))


def _packets(entry: Entry) -> bool:
    """Whether a document has to do with packets, and not with policies."""
    return entry.name in _OF_PACKETS


def _said(entry: Entry) -> Iterator[str]:
    for gap in entry.gaps:
        item = f" {gap.item}" if gap.item else ""
        yield f"{entry.account} {entry.region} {entry.name}{item}: {gap.operation} {gap.reason} ({gap.code})"
