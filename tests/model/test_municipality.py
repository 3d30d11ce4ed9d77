"""A municipality: strict, frozen, closed, consistent; its accounts; its retention."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.model import AccountNotIssuedError, Capacity, Fleet, Retention, UnknownMunicipalityError
from infra.model.municipality import CLOUDWATCH_DAYS
from tests.model.example import line, municipality, site


def test_it_counts_terminals_and_names_prefixes() -> None:
    izumi = municipality()
    assert izumi.terminals == 24
    assert izumi.prefixes == ("10.219.0.0/24", "10.219.1.0/24")
    assert str(izumi.lines[1].peering) == "169.254.1.4/30"
    assert (izumi.retention.days, izumi.capacity.servers, izumi.lines[0].mtu) == (400, 2, 1500)


def test_account_per_target() -> None:
    assert municipality().account_for("rehearsal") == "000000272191"
    issued = municipality(account="123456789012")
    assert issued.account_for("aws") == "123456789012"
    assert issued.account_for("rehearsal") == "000000272191"
    with pytest.raises(AccountNotIssuedError, match=r"no AWS account was issued for 272191 和泉市.*272191\.yaml"):
        municipality().account_for("aws")
    with pytest.raises(ValueError, match="'production' is not a target"):
        issued.account_for("production")  # type: ignore[arg-type]


def test_it_can_not_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        municipality().name = "堺市"  # type: ignore[misc]


@pytest.mark.parametrize(
    "changes",
    [
        {"code": 272191},
        {"nickname": "いずみ"},
        {"sites": [site()]},
        {"retention": {"days": "400"}},
        {"retention": {"days": 400.0}},
        {"capacity": {"servers": True}},
        {"recovery": "cold"},
        {"account": "000000272191"},
    ],
    ids=str,
)
def test_nothing_is_converted_and_nothing_unknown_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        municipality(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lines": (line(0),)}, "only one line"),
        ({"lines": ()}, "no line"),
        ({"lines": (line(0), line(1, location="Loc0"))}, r"lines\[1\].location: all lines end at Loc0"),
        ({"lines": (line(0), line(1, connection="dxcon-fg000000"))}, r"lines\[1\].connection"),
        ({"lines": (line(0), line(1, bgp_asn=64512))}, "asn.gateway too"),
        ({"sites": ()}, "no site"),
        ({"sites": (site(0), site(0, id="other"))}, r"sites\[1\].prefix: 10.219.0.0/24 overlaps"),
        ({"sites": tuple(site(n, terminals=1) for n in range(101))}, "101 sites are as many routes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_contradictions_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        municipality(**changes)


def test_a_third_line_may_share_a_location() -> None:
    assert len(municipality(lines=(line(0), line(1), line(2, location="Loc0"))).lines) == 3


@given(st.integers(90, 3653))
def test_cloudwatch_keeps_at_least_as_long_and_no_longer_than_it_must(days: int) -> None:
    kept = Retention(days=days).cloudwatch_days()
    assert kept in CLOUDWATCH_DAYS
    assert kept >= days
    assert not any(days <= other < kept for other in CLOUDWATCH_DAYS)


@given(st.integers(max_value=89) | st.integers(min_value=3654))
def test_other_retentions_are_refused(days: int) -> None:
    with pytest.raises(ValidationError, match="days is"):
        Retention(days=days)


def test_cloudwatch_days_are_those_of_the_api() -> None:
    """The service's own model names the values; a new one there is to be taken over here."""
    import botocore.session  # noqa: PLC0415

    session = botocore.session.get_session()
    documentation = session.get_service_model("logs").shape_for("Days").documentation
    text = documentation.split("Possible values are: ")[1].split(".")[0].replace("and ", "")
    assert tuple(int(value) for value in text.split(", ")) == CLOUDWATCH_DAYS


@pytest.mark.parametrize("servers", [1, 31])
def test_capacity_is_bounded(servers: int) -> None:
    with pytest.raises(ValidationError, match="write 2 to 30"):
        Capacity(servers=servers)


def other(**changes: Any) -> Any:
    lines = (line(0, connection="dxcon-fg111110"), line(1, connection="dxcon-fg111111"))
    return municipality(**{"code": "273414", "name": "忠岡町", "lines": lines} | changes)


def test_a_fleet_finds_by_code() -> None:
    fleet = Fleet(municipalities=(municipality(), other()))
    assert fleet.get("273414").name == "忠岡町"
    with pytest.raises(UnknownMunicipalityError, match="011002 is not among the 2 municipalities"):
        fleet.get("011002")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ((municipality(account="123456789012"), other(account="123456789012")), "account 123456789012 is 272191's"),
        ((municipality(), other(lines=(line(0), line(1)))), "connection dxcon-fg000000 is 272191's already"),
        ((other(), municipality()), "not in the order of their codes"),
        ((municipality(), municipality()), "not in the order of their codes, each once"),
    ],
    ids=["account", "connection", "order", "twice"],
)
def test_a_fleet_of_municipalities_that_share_something_is_refused(members: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Fleet(municipalities=members)


def test_the_model_brings_in_no_cloud_and_no_process() -> None:
    code = "import sys, infra.model; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "infra.model.municipality" in loaded
    assert not {"boto3", "botocore", "pulumi", "pulumi_aws", "yaml", "subprocess", "honseki"} & set(loaded)
