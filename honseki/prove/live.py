"""What the cloud says now, proven: every account and region asked, and what wasn't answered taken for unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from honseki.declare.graphs import Cache
from honseki.engine import cloud
from honseki.live.access import assuming, caller
from honseki.live.answers import Answers, Entry
from honseki.live.collect import collect, write
from honseki.live.network import EACH, LISTED
from honseki.prove.answer import Answer
from honseki.prove.declared import recovery
from honseki.reachability.addresses import spans
from honseki.reachability.answers import Answers as Documents
from honseki.reachability.answers import TenantOf, network
from honseki.reachability.answers.served import Sites, redundancy, with_databases_anywhere, with_sites
from honseki.reachability.channels import examine
from honseki.reachability.channels.answered import from_answers
from honseki.reachability.channels.crossings import Admission, Report, Tenancy
from honseki.reachability.channels.declared import tenancy
from honseki.reachability.internet import internet
from honseki.reachability.isolation import Isolation, prove
from honseki.reachability.n1 import Loss, NMinusOne, Outcome, n_minus_one
from honseki.reachability.network import Gap, Network, Vpc
from honseki.reachability.service import Served, Service, service
from honseki.settings import Settings
from infra.model import Fleet, Municipality, Target

FILTERS: Final = frozenset({"NetworkAcls", "SecurityGroups", "NetworkInterfaces", "Reservations"})
"""Documents without which routing is known all the same."""
_OF_PACKETS: Final = frozenset(ask.name for ask in (*LISTED, *EACH))
_RECOVERY: Final = "judged by what is declared for the recovery region: most of it runs only after a disaster"


def live(
    settings: Settings,
    everyone: Fleet,
    chosen: Sequence[Municipality],
    *,
    say: Callable[[str], None],
    keep: Path | None = None,
    losses: bool = True,
) -> Answer:
    """All five questions of the tenants whose accounts exist, as their accounts answer; changes nothing.

    `keep`: a folder for the answers, in the layout that `--snapshot` reads. `losses`: whether N-1 is asked. Raises
    `HonsekiError` where no account can be asked at all; an account that can't be asked alone is a gap.
    """
    issued = [m for m in everyone.municipalities if settings.target == "rehearsal" or m.account is not None]
    if not issued:
        cloud.require_accounts(settings, everyone.municipalities)
    accounts = {m.code: m.account_for(settings.target) for m in issued}
    env = cloud.reach(settings, issued, say)
    regions = list(dict.fromkeys(place.region for m in issued for place in (m.placement.primary, m.placement.recovery)))
    say(f"Asking {len(accounts)} accounts in {', '.join(regions)} ...")
    answers = collect(accounts, regions, assuming(settings.prove_role, regions[0], env))
    if keep is not None:
        say(f"Kept: {write(answers, keep)}")
    verdicts = LiveVerdicts(answers, everyone, settings.target)
    codes = [m.code for m in chosen]
    asked = [m for m in chosen if m.code in accounts]
    return Answer(
        source="live",
        isolation=verdicts.isolation,
        services={m.code: verdicts.service(m) for m in asked},
        losses={m.code: verdicts.losses(m, Cache(settings.cache / "graphs")) for m in asked} if losses else {},
        internet={code: internet(verdicts.isolation, code) for code in codes if code in verdicts.isolation.tenants},
        channels=verdicts.channels(caller(regions[0], env)),
        gaps=[said for entry in answers.manifest.missing for said in _said(entry)],
        among=frozenset(codes) if len(codes) < len(issued) else None,
    )


@dataclass(frozen=True)
class LiveVerdicts:
    """The five questions, answered from what the accounts said. Each is computed when it is first used."""

    answers: Answers
    everyone: Fleet
    target: Target

    @cached_property
    def isolation(self) -> Isolation:
        """All pairs of tenants."""
        found = network(self.answers.documents, self._tenant_of)
        return prove(with_gaps(with_sites(found, self.answers.documents, self._sites.values()), self.answers))

    def channels(self, operator: str) -> Report:
        """Policies and shares, with the account of whoever runs Honseki admitted (`admitting`)."""
        missing = {
            (entry.account, entry.region, entry.name): [f"{gap.operation}: {gap.text}" for gap in entry.gaps]
            for entry in self.answers.manifest.missing
        }
        found = from_answers(self.answers.documents, self._codes, missing)
        return examine(found, admitting(tenancy(self.everyone, self.target), operator))

    def service(self, municipality: Municipality) -> Service:
        """Whether the terminals are served; UNKNOWN if anything about packets wasn't answered.

        Judged by the tenant's own account alone: what others' add is a question of isolation.
        """
        if unknown := self._unknown(municipality):
            return unknown
        own, documents = self._own(municipality)
        return service(own, Served(municipality.code, municipality.placement.primary.region), redundancy(documents))

    def losses(self, municipality: Municipality, cache: Cache | None) -> NMinusOne:
        """The same after each loss. After the primary region's, by what is declared for the recovery region."""
        region = municipality.placement.primary.region
        if unknown := self._unknown(municipality):
            return NMinusOne((Outcome(Loss("region", region), unknown),))
        own, documents = self._own(municipality)
        after = recovery(municipality, None, self.target, cache, _RECOVERY)
        return n_minus_one(own, Served(municipality.code, region), redundancy(documents), after)

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {account: code for code, account in self.answers.tenants.items()}

    @property
    def _tenant_of(self) -> TenantOf:
        return lambda vpc, account: self._codes.get(account, str(vpc["VpcId"]))

    @cached_property
    def _sites(self) -> Mapping[str, Sites]:
        """By code: what the inventory says of the lines and of who is behind them."""
        return {
            m.code: Sites(
                m.code,
                self.answers.tenants[m.code],
                m.name,
                spans(m.prefixes),
                frozenset(name for line in m.lines for name in (line.connection, line.interface) if name),
            )
            for m in self.everyone.municipalities
            if m.code in self.answers.tenants
        }

    def _own(self, municipality: Municipality) -> tuple[Network, Documents]:
        account = self.answers.tenants[municipality.code]
        documents: Documents = {account: self.answers.documents[account]}
        found = with_sites(network(documents, self._tenant_of), documents, [self._sites[municipality.code]])
        return with_databases_anywhere(found, documents), documents

    def _unknown(self, municipality: Municipality) -> Service | None:
        account = self.answers.tenants[municipality.code]
        missing = [
            said
            for entry in self.answers.manifest.missing
            if entry.account == account and _packets(entry)
            for said in _said(entry)
        ]
        return Service("UNKNOWN", (), tuple(missing)) if missing else None


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
            stand_in = Vpc(f"not-answered-{entry.account}-{entry.region}", tenant, entry.account, entry.region, ())
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
