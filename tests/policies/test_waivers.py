"""Waivers: until a date, by whom, why."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from policies.rules.core import Finding
from policies.waivers import Waiver, WaiverError, decide, load, too_long, unused

TODAY = datetime.date(2026, 11, 23)
FINDING = Finding("272191", "tags", "urn:pulumi:rehearsal-272191::honseki::aws:ec2/vpc:Vpc::primary-vpc", "tags", "x")


def waiver(**changes: object) -> Waiver:
    made = {"rule": "tags", "tenant": "272191", "where": "primary-*", "until": "2026-12-31", "by": "山田太郎"}
    return Waiver.model_validate({**made, "why": "fixed with the next release", **changes})


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, True),
        ({"tenant": "*"}, True),
        ({"until": "2026-11-23"}, True),
        ({"until": "2026-11-22"}, False),
        ({"tenant": "273414"}, False),
        ({"where": "recovery-*"}, False),
        ({"rule": "own-account"}, False),
    ],
)
def test_accepts_until_its_day_is_over(changes: dict[str, object], accepted: bool) -> None:
    assert decide(FINDING, [waiver(**changes)], TODAY).accepted is accepted


def test_days_left_are_said_and_an_expired_one_is_loud() -> None:
    assert "38 days left" in decide(FINDING, [waiver()], TODAY).says
    assert "EXPIRED 3 days ago" in decide(FINDING, [waiver(until="2026-11-20")], TODAY).says


def test_the_later_of_two_counts() -> None:
    assert decide(FINDING, [waiver(until="2026-11-01"), waiver()], TODAY).accepted


def test_a_waiver_of_nothing_and_one_for_years_are_told() -> None:
    assert unused([waiver(where="nowhere")], [FINDING])
    assert too_long([waiver(until="2030-01-01")], TODAY)
    assert not unused([waiver()], [FINDING])


def test_all_problems_of_a_file_at_once(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    assert load(file) == ()
    file.write_text(
        "- {rule: no-such, tenant: '272191', until: 2026-12-31, by: someone, why: 0123456789}\n"
        "- {rule: tags, tenant: everywhere, until: never, by: someone, why: because, extra: 1}\n",
        encoding="utf-8",
    )
    with pytest.raises(WaiverError) as raised:
        load(file)
    for said in ("no-such", "tenant", "until", "extra", "why"):
        assert said in str(raised.value)
