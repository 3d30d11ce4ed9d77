"""What lapses with time: refused in AWS, said in a rehearsal. Every day is given."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest

from honseki.check.lapses import require_current
from honseki.errors import RefusedError
from infra.model import Attestation, AttestedDocument, Municipality, Target
from infra.model.attestation import EXAMPLE_SHA256
from tests.conftest import Home, make_home
from tests.example import FLEET, copied, example_municipality

ISSUED, EXPIRES = date(2026, 4, 1), date(2027, 3, 31)
OWN = hashlib.sha256(b"an attestation").hexdigest()
BEFORE, WITHIN, NEARLY, AFTER = date(2025, 11, 30), date(2026, 11, 30), date(2027, 3, 1), date(2028, 2, 29)


def attested(sha256: str = OWN, access_until: date = date(2099, 1, 1)) -> Municipality:
    izumi = example_municipality()
    assert izumi.operator is not None
    document = AttestedDocument(title="証明書", sha256=sha256)
    return izumi.model_copy(
        update={
            "attestation": Attestation(operator="DC", document=document, issued=ISSUED, expires=EXPIRES),
            "operator": izumi.operator.model_copy(update={"expires": access_until}),
        }
    )


def said(municipality: Municipality, target: Target, day: date) -> list[str]:
    lines: list[str] = []
    require_current([municipality], target, day, lines.append)
    return lines


@pytest.mark.parametrize("target", ["aws", "rehearsal"])
def test_what_holds_is_not_talked_about(target: Target) -> None:
    assert said(attested(), target, WITHIN) == []


@pytest.mark.parametrize("target", ["aws", "rehearsal"])
def test_what_is_nearly_over_is_said(target: Target) -> None:
    (line,) = said(attested(), target, NEARLY)
    assert "expires on 2027-03-31, 31 days left (272191)" in line


@pytest.mark.parametrize(
    ("sha256", "day", "says"),
    [
        (OWN, BEFORE, "not valid before 2026-04-01"),
        (OWN, AFTER, "expired on 2027-03-31, 335 days ago"),
        (EXAMPLE_SHA256, WITHIN, "the shipped example"),
        (EXAMPLE_SHA256, NEARLY, "the shipped example"),
    ],
)
def test_in_aws_nothing_is_deployed_without_one_that_holds(sha256: str, day: date, says: str) -> None:
    with pytest.raises(RefusedError, match=says) as caught:
        said(attested(sha256), "aws", day)
    assert (caught.value.where, caught.value.exit_code) == ("272191", 5)
    assert caught.value.do


def test_in_aws_none_is_not_one() -> None:
    with pytest.raises(RefusedError, match="there is none"):
        said(attested().model_copy(update={"attestation": None}), "aws", WITHIN)


@pytest.mark.parametrize("sha256", [OWN, EXAMPLE_SHA256])
@pytest.mark.parametrize("day", [BEFORE, AFTER, date(2033, 1, 15)])
def test_a_rehearsal_says_so_and_goes_on(sha256: str, day: date) -> None:
    (line,) = said(attested(sha256), "rehearsal", day)
    assert line.startswith("ATTENTION: ")
    assert "A rehearsal holds no registers and goes on." in line


@pytest.mark.parametrize("target", ["aws", "rehearsal"])
def test_access_that_is_over_is_said_from_its_day_on(target: Target) -> None:
    ended = attested(access_until=WITHIN)
    assert said(ended, target, WITHIN - timedelta(days=1)) == []
    (line,) = said(ended, target, WITHIN)
    assert "ended on 2026-11-30" in line


def test_the_same_of_many_is_said_once() -> None:
    lines: list[str] = []
    fleet = [attested().model_copy(update={"code": code}) for code in ("011002", "272191", "273414", "473821")]
    require_current(fleet, "rehearsal", AFTER, lines.append)
    assert len(lines) == 1
    assert "(011002, 272191, 273414 and 1 more)" in lines[0]


@pytest.mark.parametrize("command", ["plan", "up"])
def test_the_commands_refuse_before_anything_else_is_done(
    command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lapsed")
    fleet = copied(FLEET, folder / "fleet")
    izumi = fleet / "272191.yaml"
    document = f"document: {{title: 証明書, sha256: {OWN}}}"
    over = f"attestation: {{operator: DC, {document}, issued: 2020-04-01, expires: 2021-03-31}}\n"
    izumi.write_text(izumi.read_text(encoding="utf-8") + 'account: "123456789012"\n' + over, encoding="utf-8")
    defaults = fleet / "_defaults.yaml"  # all else that AWS needs is there
    text = defaults.read_text(encoding="utf-8").replace("sha256:" + "0" * 64, "sha256:" + "0123456789abcdef" * 4)
    defaults.write_text(text.replace("arn:aws:iam::000000000000:", "arn:aws:iam::210987654321:"), encoding="utf-8")
    made = make_home(folder / "home")
    home = Home(made.path, dict(made.env) | {"HONSEKI_FLEET": str(fleet)})
    done = home.honseki("--target", "aws", command, "272191")
    assert done.returncode == 5, done.stderr
    assert "expired on 2021-03-31" in done.stderr
    assert not (home.path / "state").exists()
