"""Entry logs in the rehearsal region: kept under a lock that holds, whatever is done to them, and told."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError

from honseki.cli.context import Context
from honseki.cli.entrylog import entrylog
from honseki.engine import cloud
from honseki.entrylog.days import Period
from honseki.entrylog.decide import retain_until
from honseki.entrylog.entries import BadExportError
from honseki.entrylog.store import AuditBucket, NoBucketError, bucket_name
from honseki.errors import Exit, HonsekiError, RefusedError
from honseki.rehearsal.region import control
from honseki.settings import Settings
from infra.model import Municipality
from stacks.inventory import load
from tests.conftest import make_home
from tests.entrylog.example import CONFIGURATION, days, row, text

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
IZUMI, TADAOKA = "272191", "273414"
REGION = "ap-northeast-1"
SOURCE = CONFIGURATION.sources[0]
TODAY = datetime.now(UTC).astimezone(SOURCE.zone).date()
"""The region locks by the real clock, so these tests live today."""
PAST = days(TODAY - timedelta(days=5), 5)
"""The last five days that are over."""


class _CrashError(BaseException):
    """What no code of ours catches."""


@dataclass(frozen=True)
class Lab:
    """Two municipalities whose accounts have an audit bucket, and the command line in this process."""

    settings: Settings
    clients: dict[str, Any]
    folder: Path

    def file(self, *rows: str, name: str = "export.csv") -> Path:
        path = self.folder / name
        path.write_bytes(text(rows).encode("cp932"))
        return path

    def run(self, *arguments: str | Path) -> int:
        result = entrylog.main([*map(str, arguments)], standalone_mode=False, obj=Context(None))
        return int(result)

    def ingest(self, path: Path, *more: str) -> int:
        return self.run("ingest", path, "--municipality", IZUMI, *more)

    def report(self, capsys: pytest.CaptureFixture[str], *more: str, code: str = IZUMI) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        done = self.run("report", code, "--json", *more)
        (municipality,) = json.loads(capsys.readouterr().out)["municipalities"]
        return done, municipality

    def name(self, code: str = IZUMI) -> str:
        return bucket_name(f"000000{code}", REGION)

    def versions(self, code: str = IZUMI) -> list[dict[str, Any]]:
        return list(self.clients[code].list_object_versions(Bucket=self.name(code)).get("Versions", ()))

    def version(self, kind: str, code: str = IZUMI) -> dict[str, str]:
        """What names the one stored object of that kind."""
        (found,) = (each for each in self.versions(code) if each["Key"].endswith(kind))
        return {"Bucket": self.name(code), "Key": found["Key"], "VersionId": found["VersionId"]}


def bucket(client: Any, code: str, **more: Any) -> None:
    where = {"LocationConstraint": REGION}
    client.create_bucket(Bucket=bucket_name(f"000000{code}", REGION), CreateBucketConfiguration=where, **more)


@pytest.fixture(scope="module")
def region(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Settings, dict[str, Municipality], dict[str, str]]]:
    settings = make_home(tmp_path_factory.mktemp("entrylog") / "honseki").settings
    fleet = {each.code: each for each in load(settings.fleet, [IZUMI, TADAOKA]).municipalities}
    yield settings, fleet, cloud.reach(settings, list(fleet.values()), print)
    control.stop(settings.region_home)


@pytest.fixture
def lab(
    region: tuple[Settings, dict[str, Municipality], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lab]:
    settings, fleet, env = region
    monkeypatch.setenv("HONSEKI_HOME", str(settings.home))
    monkeypatch.delenv("HONSEKI_TARGET", raising=False)
    info = control.status(settings.region_home)
    assert info is not None
    control.reset(settings.region_home)  # locked objects can't be deleted: only a new world is an empty one
    cloud.reach(settings, list(fleet.values()), print)
    clients = {code: cloud.Account(settings, each, env).client("s3", REGION) for code, each in fleet.items()}
    for code, client in clients.items():
        bucket(client, code, ObjectLockEnabledForBucket=True)
    return Lab(settings, clients, tmp_path)


def test_kept_under_a_lock_that_holds(lab: Lab) -> None:
    path = lab.file(*map(row, PAST))
    assert lab.ingest(path) == Exit.OK
    client = lab.clients[IZUMI]
    until = retain_until(PAST[-1], 400, SOURCE.zone)
    for kind in ("original.csv", "manifest.json"):
        version = lab.version(kind)
        assert version["Key"].startswith("entry-logs/example-dc/")
        read = client.head_object(**version)
        assert (read["ObjectLockMode"], read["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", until)
        for bypass in ({}, {"BypassGovernanceRetention": True}):
            with pytest.raises(ClientError, match="AccessDenied"):
                client.delete_object(**version, **bypass)
        assert client.get_object_retention(**version)["Retention"] == {"Mode": "COMPLIANCE", "RetainUntilDate": until}
        for less in (
            {"Mode": "COMPLIANCE", "RetainUntilDate": until - DAY},
            {"Mode": "GOVERNANCE", "RetainUntilDate": until},
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                client.put_object_retention(**version, Retention=less, BypassGovernanceRetention=True)
        key = {"Key": version["Key"], "VersionId": version["VersionId"]}
        answer = client.delete_objects(Bucket=lab.name(), Delete={"Objects": [key]}, BypassGovernanceRetention=True)
        assert [each["Code"] for each in answer["Errors"]] == ["AccessDenied"]
    assert client.get_object(**lab.version("original.csv"))["Body"].read() == path.read_bytes()
    manifest = json.loads(client.get_object(**lab.version("manifest.json"))["Body"].read())
    assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (manifest["rows"], manifest["municipality"], manifest["target"]) == (5, IZUMI, "rehearsal")
    assert [each["day"] for each in manifest["days"]] == [str(day) for day in PAST]
    assert manifest["original_version"] == lab.version("original.csv")["VersionId"]
    assert datetime.fromisoformat(manifest["retain_until"]) == until


def test_the_same_file_twice_is_one_copy(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    path = lab.file(*map(row, PAST))
    lab.ingest(path)
    before = lab.versions()
    assert lab.ingest(path.rename(path.with_name("other-name.csv"))) == Exit.OK
    assert "kept already" in capsys.readouterr().out
    assert lab.versions() == before


def test_bad_rows_store_nothing(lab: Lab) -> None:
    path = lab.file(row(PAST[0]), row(PAST[1], way="?"), row(PAST[2], result="?"))
    with pytest.raises(BadExportError) as caught:
        lab.ingest(path)
    assert [each.row for each in caught.value.problems] == [3, 4]
    assert caught.value.exit_code == Exit.BAD_INPUT
    assert lab.versions() == []


def test_one_municipality_that_cannot_keep_it_stores_nothing_for_anyone(lab: Lab) -> None:
    lab.clients[TADAOKA].delete_bucket(Bucket=lab.name(TADAOKA))
    both = ("--municipality", TADAOKA)
    with pytest.raises(NoBucketError, match="273414 has no audit bucket") as caught:
        lab.ingest(lab.file(row(PAST[0])), *both)
    assert "honseki up 273414" in caught.value.do
    bucket(lab.clients[TADAOKA], TADAOKA)
    with pytest.raises(NoBucketError, match="no object lock"):
        lab.ingest(lab.file(row(PAST[0])), *both)
    assert lab.versions() == []
    lab.clients[IZUMI].delete_bucket(Bucket=lab.name())
    with pytest.raises(NoBucketError, match="2 of 2 municipalities") as caught:
        lab.ingest(lab.file(row(PAST[0])), *both)
    assert "272191 has no audit bucket; the audit bucket of 273414 has no object lock" in caught.value.why


@pytest.mark.parametrize("crash_at", [0, 1, 2, 3])
def test_a_crash_between_puts_is_repaired_by_running_again(
    lab: Lab, crash_at: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lab.file(*map(row, PAST))
    both = ("--municipality", TADAOKA)
    put, calls = AuditBucket.put, itertools.count()

    def crashing(self: AuditBucket, *arguments: Any, **more: Any) -> str:
        if next(calls) >= crash_at:
            raise _CrashError
        return put(self, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(AuditBucket, "put", crashing)
        with pytest.raises(_CrashError):
            lab.ingest(path, *both)
    for code in (IZUMI, TADAOKA):
        kinds = [each["Key"].rpartition("/")[2] for each in lab.versions(code)]
        assert kinds in ([], ["original.csv"], ["manifest.json", "original.csv"])
        _done, found = lab.report(capsys, code=code)
        assert ("unfinished" in [each["kind"] for each in found["findings"]]) == (kinds == ["original.csv"])
    assert lab.ingest(path, *both) == Exit.OK
    for code in (IZUMI, TADAOKA):
        assert [each["Key"].rpartition("/")[2] for each in lab.versions(code)] == ["manifest.json", "original.csv"]
        assert lab.report(capsys, code=code)[0] == Exit.OK


def test_an_altered_export_is_refused_unless_it_is_said_why(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.ingest(lab.file(*map(row, PAST)))
    altered = lab.file(*map(row, PAST[:-1]), row(PAST[-1], person="C-9999"), name="again.csv")
    with pytest.raises(RefusedError, match="ALTERED") as caught:
        lab.ingest(altered)
    assert f"{PAST[-1]}: differs from export.csv" in caught.value.why
    assert len(lab.versions()) == 2
    assert lab.ingest(altered, "--supersede", "カードの読み違い") == Exit.OK
    assert len(lab.versions()) == 4
    done, found = lab.report(capsys)
    assert (done, found["findings"]) == (Exit.OK, [])
    (told,) = found["sources"][0]["superseded"]
    assert "カードの読み違い" in told
    assert str(PAST[-1]) in told


def test_nothing_to_report(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.ingest(lab.file(*map(row, PAST)))
    done, found = lab.report(capsys)
    assert done == Exit.OK
    assert found["sources"][0] | {"from": str(PAST[0]), "to": str(PAST[-1]), "days_with_log": 5} == found["sources"][0]
    assert found["attestation"]["state"] == "valid"
    assert lab.run("report", IZUMI) == Exit.OK
    table = capsys.readouterr().out
    for heading in ("入退室記録の報告", "rehearsal region, not AWS", "Findings", "証明書", "Attestation"):
        assert heading in table


def test_missing_and_late_days(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    long_ago = days(TODAY - timedelta(days=60), 30)
    lab.ingest(lab.file(*(row(day) for day in long_ago if day not in long_ago[3:5])))
    done, found = lab.report(capsys)
    assert done == Exit.CHANGES
    by_kind = {each["kind"]: each["days"] for each in found["findings"]}
    missing, late = str(Period(long_ago[3], long_ago[4])), by_kind["late"]
    assert by_kind["missing"] == [missing]
    assert late == [str(Period(long_ago[0], long_ago[2])), str(Period(long_ago[5], long_ago[21]))]
    assert lab.run("report", IZUMI) == Exit.CHANGES
    said = capsys.readouterr().out
    assert "記録のない日 Days without a log: 2 days without a log" in said.replace("\n", " ")
    # Nobody came, and now it is said so: late, but not missing.
    assert lab.ingest(lab.file(name="quiet.csv"), "--covers", missing) == Exit.OK
    _, found = lab.report(capsys)
    assert {each["kind"] for each in found["findings"]} == {"late"}


def test_what_is_laid_over_a_kept_file_or_deletes_it_is_told(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.ingest(lab.file(*map(row, PAST)))
    client, original = lab.clients[IZUMI], lab.version("original.csv")
    here = {"Bucket": lab.name(), "Key": original["Key"]}
    client.put_object(**here, Body=b"forged")
    done, found = lab.report(capsys)
    assert done == Exit.CHANGES
    assert [each["kind"] for each in found["findings"]] == ["altered"]
    assert "was overwritten (it has 2 versions)" in found["findings"][0]["what"]
    client.delete_object(**here)
    _, found = lab.report(capsys)
    assert any("was deleted" in each["what"] for each in found["findings"])


def test_a_stored_file_that_is_not_what_its_manifest_says_is_told(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.ingest(lab.file(*map(row, PAST)))
    done_in = lab.clients[IZUMI].get_object(**lab.version("manifest.json"))["Body"].read()
    # Somebody with the right to write makes up a whole export, and locks it: its digest gives it away.
    other = hashlib.sha256(b"what it says to be").hexdigest()
    made_up = done_in.replace(json.loads(done_in)["sha256"].encode(), other.encode())
    folder = f"entry-logs/example-dc/{other}"
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=500)}
    for name, body in (("original.csv", b"what it is"), ("manifest.json", made_up)):
        lab.clients[IZUMI].put_object(Bucket=lab.name(), Key=f"{folder}/{name}", Body=body, **lock)
    done, found = lab.report(capsys)
    assert done == Exit.CHANGES
    (finding,) = found["findings"]
    assert (finding["kind"], f"not {other[:12]}" in finding["what"]) == ("altered", True)


def test_what_belongs_to_no_source_and_what_is_no_manifest(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.ingest(lab.file(*map(row, PAST)))
    for key in ("entry-logs/gone-dc/x/original.csv", f"entry-logs/example-dc/{'0' * 64}/manifest.json"):
        lab.clients[IZUMI].put_object(Bucket=lab.name(), Key=key, Body=b"{}")
    _, found = lab.report(capsys)
    said = [each["what"] for each in found["findings"]]
    assert any("belongs to no source: entry-logs/gone-dc/x/original.csv" in each for each in said)
    assert any("is no manifest" in each for each in said)
    with pytest.raises(RefusedError, match="can't be read"):
        lab.ingest(lab.file(row(PAST[0]), name="next.csv"))


def test_nothing_is_kept(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    done, found = lab.report(capsys)
    assert (done, [each["kind"] for each in found["findings"]]) == (Exit.CHANGES, ["missing"])
    lab.clients[IZUMI].delete_bucket(Bucket=lab.name())
    done, found = lab.report(capsys)
    assert done == Exit.CHANGES
    assert "nothing is kept: 272191 has no audit bucket" in found["findings"][0]["what"]


@pytest.mark.parametrize("retention", [90, 400, 731])
def test_the_lock_follows_the_inventory(
    lab: Lab, retention: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = lab.folder / "fleet"
    fleet.mkdir()
    for file in lab.settings.fleet.glob("*.yaml"):
        (fleet / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    izumi = fleet / f"{IZUMI}.yaml"
    plain = izumi.read_text(encoding="utf-8")
    monkeypatch.setenv("HONSEKI_FLEET", str(fleet))

    def retain(days_: int) -> None:
        izumi.write_text(f"{plain}retention: {{days: {days_}}}\n", encoding="utf-8")

    def locked() -> set[datetime]:
        return {
            lab.clients[IZUMI].head_object(**lab.version(kind))["ObjectLockRetainUntilDate"]
            for kind in ("original.csv", "manifest.json")
        }

    retain(retention)
    lab.ingest(lab.file(*map(row, PAST)))
    assert locked() == {retain_until(PAST[-1], retention, SOURCE.zone)}
    retain(800)
    done, found = lab.report(capsys)
    assert (done, [each["kind"] for each in found["findings"]]) == (Exit.CHANGES, ["lock"])
    assert lab.run("extend", IZUMI) == Exit.OK
    assert locked() == {retain_until(PAST[-1], 800, SOURCE.zone)}
    assert lab.report(capsys)[0] == Exit.OK
    retain(90)
    assert lab.run("extend", IZUMI) == Exit.OK
    assert "0 locks extended" in capsys.readouterr().out
    assert locked() == {retain_until(PAST[-1], 800, SOURCE.zone)}
    assert len(lab.versions()) == 2


def test_what_need_not_be_kept_any_more_is_refused(lab: Lab) -> None:
    with pytest.raises(RefusedError, match="is older than the retention"):
        lab.ingest(lab.file(row(TODAY - timedelta(days=402))))
    assert lab.versions() == []


def test_two_at_the_same_moment_store_one_copy(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lab.file(*map(row, PAST))
    put = AuditBucket.put

    def overtaken(self: AuditBucket, key: str, body: bytes, **more: Any) -> str:
        put(self, key, body, **more)
        return put(self, key, body, **more)

    with monkeypatch.context() as patched:
        patched.setattr(AuditBucket, "put", overtaken)
        with pytest.raises(HonsekiError, match="another command is storing the same file") as caught:
            lab.ingest(path)
    assert caught.value.exit_code == Exit.BUSY
    assert lab.ingest(path) == Exit.OK
    assert len(lab.versions()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["report"],
        ["report", IZUMI, "--all"],
        ["report", IZUMI, "--from", "2026-13-01"],
        ["report", IZUMI, "--from", "2026-11-02", "--to", "2026-11-01"],
    ],
)
def test_wrong_usage(lab: Lab, arguments: list[str]) -> None:
    with pytest.raises(click.UsageError):
        lab.run(*arguments)
