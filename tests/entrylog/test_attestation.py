"""How long the operator's attestation holds."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from honseki.entrylog.assess import Kind, attestation
from infra.model import Attestation, AttestedDocument
from infra.model.attestation import EXAMPLE_SHA256
from tests.entrylog.example import CHECKOUT
from tests.example import example_municipality

DIGEST = hashlib.sha256(b"an attestation").hexdigest()
ISSUED, EXPIRES = date(2026, 4, 1), date(2027, 3, 31)


def attested(**changes: object) -> Attestation:
    fields: dict[str, object] = {
        "operator": "DC",
        "document": AttestedDocument(title="証明書", sha256=DIGEST),
        "issued": ISSUED,
        "expires": EXPIRES,
    }
    return Attestation(**fields | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "state", "left"),
    [
        (date(2026, 3, 31), "pending", 366),
        (ISSUED, "valid", 365),
        (date(2027, 1, 30), "valid", 61),
        (date(2027, 1, 31), "expiring", 60),
        (EXPIRES, "expiring", 1),
        (date(2027, 4, 1), "expired", 0),
        (date(2028, 4, 1), "expired", -366),
    ],
)
def test_state(day: date, state: str, left: int) -> None:
    assert attested().state_on(day) == state
    assert attested().days_left(day) == left


@given(st.dates(), st.integers(1, 366))
def test_it_holds_exactly_on_the_days_from_issued_to_expires(day: date, warn: int) -> None:
    state = attested(warn_days=warn).state_on(day)
    assert (state in ("valid", "expiring")) == (ISSUED <= day <= EXPIRES)
    assert (state == "expired") == (attested().days_left(day) <= 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"issued": "2026-04-01"},  # texts are for the inventory's reader only
        {"expires": ISSUED},
        {"expires": ISSUED - timedelta(days=1)},
        {"warn_days": 0},
        {"warn_days": "60"},
        {"operator": " "},
        {"signed_by": "x"},
    ],
)
def test_what_it_refuses(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        attested(**changes)


def test_the_example_is_plainly_one() -> None:
    izumi = example_municipality()
    assert izumi.attestation is not None
    assert izumi.attestation.is_example
    assert "EXAMPLE" in izumi.attestation.document.title
    assert "made up" in izumi.attestation.operator
    shipped = (CHECKOUT / "stacks" / "example-attestation.txt").read_bytes()
    assert hashlib.sha256(shipped).hexdigest() == EXAMPLE_SHA256 == izumi.attestation.document.sha256
    assert b"EXAMPLE DOCUMENT" in shipped


def test_a_municipality_has_another_operator() -> None:
    given_ = attested()
    assert not given_.is_example
    assert attestation(given_, "aws", date(2026, 11, 23)) == ()


@pytest.mark.parametrize(
    ("given_", "target", "day", "what"),
    [
        (None, "rehearsal", ISSUED, "there is none"),
        (attested(), "aws", date(2026, 3, 1), "not valid before 2026-04-01"),
        (attested(), "aws", date(2027, 3, 22), "expires on 2027-03-31, 10 days left"),
        (attested(), "rehearsal", date(2027, 4, 3), "expired on 2027-03-31, 3 days ago"),
        (attested(document=AttestedDocument(title="例", sha256=EXAMPLE_SHA256)), "aws", date(2026, 5, 1), "example"),
    ],
)
def test_what_is_reported(given_: Attestation | None, target: str, day: date, what: str) -> None:
    (finding,) = attestation(given_, target, day)  # type: ignore[arg-type]
    assert finding.kind is Kind.ATTESTATION
    assert what in finding.what
    assert finding.do


def test_the_example_is_enough_for_a_rehearsal() -> None:
    example = attested(document=AttestedDocument(title="例", sha256=EXAMPLE_SHA256))
    assert attestation(example, "rehearsal", date(2026, 5, 1)) == ()
