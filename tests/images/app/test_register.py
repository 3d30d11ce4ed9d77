"""Adding, reading, certifying, against a real PostgreSQL."""

from __future__ import annotations

import concurrent.futures
import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from images.app.service.entry import Entry
from tests.images.app.authority import Authority
from tests.images.app.entries import entries, sent
from tests.images.app.postgres import OWNER, Postgres
from tests.images.app.running import Running, Starter, an_entry

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(shared: Postgres, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Starter(tmp_path_factory.mktemp("service"), authority).start(shared)
    yield running
    running.stop()


def test_an_entry_is_added_and_read_back(service: Running) -> None:
    sent = an_entry(name="葛\U000e0100", head_of_register="\ufa19山 \U00030000")
    added = service.ask("POST", "/entries", sent)
    assert added.status == 201, added.body
    read = service.ask("GET", added.headers["Location"])
    assert read.status == 200
    assert {key: read.body[key] for key in sent} == sent
    assert read.body["added_by"] == "claimed:tester"
    assert "rehearsals" in read.headers["Honseki-Notice"]


@settings(max_examples=40)
@given(entry=entries())
def test_whatever_is_taken_for_an_entry_is_kept_as_it_was_sent(service: Running, entry: Entry) -> None:
    """The database's own constraints refuse nothing that the validation lets through, and change nothing."""
    told = sent(entry, uuid.uuid4())
    added = service.ask("POST", "/entries", told)
    assert added.status == 201, added.body
    read = service.ask("GET", f"/entries/{added.body['id']}").body
    assert {name: read[name] for name in told} == told


def test_asking_again_with_the_same_id_adds_nothing(service: Running) -> None:
    sent = an_entry()
    first, second = (service.ask("POST", "/entries", sent) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    assert first.body["id"] == second.body["id"]
    assert second.body["repeated"] is True
    other = service.ask("POST", "/entries", {**sent, "name": "次郎"})
    assert other.status == 409
    assert service.ask("GET", f"/entries/{first.body['id']}").body["name"] == sent["name"]


def test_forty_adds_at_once_of_ten_ids_make_ten_entries(service: Running) -> None:
    sent = [an_entry() for _ in range(10)] * 4
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda entry: service.ask("POST", "/entries", entry), sent))
    assert sorted(answer.status for answer in answers) == [200] * 30 + [201] * 10
    assert len({answer.body["id"] for answer in answers}) == 10
    ids = {entry["request_id"] for entry in sent}
    assert sorted(row["request_id"] for row in service.everything() if row["request_id"] in ids) == sorted(ids)


def test_pages_come_by_id_without_gap_or_overlap(service: Running) -> None:
    for _ in range(5):
        assert service.add().status == 201
    whole = [row["id"] for row in service.everything()]
    assert whole == sorted(set(whole))
    found, after = [], 0
    while after is not None:
        page = service.ask("GET", f"/entries?after={after}&limit=3").body
        found += [row["id"] for row in page["entries"]]
        after = page["next"]
    assert found == whole


def test_a_reader_that_follows_the_ids_misses_nothing_while_others_add(service: Running) -> None:
    """Ids follow the order of the commits: what was read up to an id is all that will ever be there."""
    after = max((row["id"] for row in service.everything()), default=0)
    seen: list[int] = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        adding = [pool.submit(service.add) for _ in range(80)]
        while not all(job.done() for job in adding):
            page = service.ask("GET", f"/entries?after={seen[-1] if seen else after}&limit=1000").body["entries"]
            seen += [row["id"] for row in page]
    last = service.ask("GET", f"/entries?after={seen[-1] if seen else after}&limit=1000").body["entries"]
    seen += [row["id"] for row in last]
    assert seen == sorted(job.result().body["id"] for job in adding)


def test_a_certificate_is_issued_once_and_shows_a_change(service: Running) -> None:
    entry_id = service.add().body["id"]
    key = {"request_id": str(uuid.uuid4())}
    first, again = (service.ask("POST", f"/entries/{entry_id}/certificates", key) for _ in range(2))
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    number = first.headers["Honseki-Certificate"]
    assert re.fullmatch(r"272191-20[0-9]{2}-[0-9]{6}", number)
    for wanted in (number, "花子", "平成2年4月1日", "出生", "見本"):
        assert wanted in first.body
    verdicts = [
        service.ask("POST", "/certificates/verify", text.encode()).body["genuine"]
        for text in (first.body, first.body.replace("花子", "花代"), first.body + " ", "")
    ]
    assert verdicts == [True, False, False, False]
    other = service.add().body["id"]
    assert service.ask("POST", f"/entries/{other}/certificates", key).status == 409
    assert service.ask("POST", "/entries/999999999/certificates", {"request_id": str(uuid.uuid4())}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/entries/999999999", None, 404),
        ("GET", "/entries/9999999999999999999", None, 400),
        ("GET", "/entries?limit=0", None, 400),
        ("GET", "/entries?limit=1001", None, 400),
        ("GET", "/entries?before=1", None, 400),
        ("GET", "/nothing", None, 404),
        ("DELETE", "/entries/1", None, 405),
        ("POST", "/entries", b"{", 400),
        ("POST", "/entries", b'{"a": 1, "a": 2}', 400),
        ("POST", "/entries", b"[" * 60_000, 400),
        ("POST", "/entries", b"\xff", 400),
        ("POST", "/entries", b"1" * 70_000, 413),
        ("POST", "/entries", [], 422),
        ("POST", "/entries", an_entry(name=""), 422),
        ("POST", "/entries/1/certificates", {"request_id": "1"}, 422),
    ],
)
def test_what_is_refused(service: Running, method: str, path: str, body: object, status: int) -> None:
    answer = service.ask(method, path, body)
    assert answer.status == status
    assert answer.body["error"]
    assert "Honseki-Notice" in answer.headers


def test_the_journal_and_the_process_list_hold_no_register(service: Running) -> None:
    marked = an_entry(head_of_register="秘密 目印", registered_domicile="秘密の本籍")
    entry_id = service.ask("POST", "/entries", marked).body["id"]
    service.ask("GET", f"/entries/{entry_id}")
    service.ask("POST", "/entries", {**marked, "秘密": 1, "born_on": "秘密"})
    service.ask("POST", "/entries", {**marked, "name": "秘密 次郎"})
    service.ask("GET", "/%E7%A7%98%E5%AF%86")
    assert b" 400 " in service.raw("GET /秘密 秘密\r\n秘密\r\n\r\n".encode())
    refused = service.ask("POST", "/entries", {**marked, "秘密": 1, "event": "秘密"})
    assert refused.status == 422
    assert "秘密" not in json.dumps(refused.body, ensure_ascii=False)
    service.ask("GET", "/entries/987654321")
    deadline = time.monotonic() + 10
    while "987654321" not in (written := "".join(service.written)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert f'"first_entry": {entry_id},' in written
    assert "秘密" not in written
    arguments = Path(f"/proc/{service.process.pid}/cmdline").read_text()
    environment = Path(f"/proc/{service.process.pid}/environ").read_text()
    assert "password" not in arguments.lower()
    assert "PGPASSWORD" not in environment


def test_a_migration_can_be_repeated_and_the_application_cannot_do_it(starter: Starter, shared: Postgres) -> None:
    again = starter.run(shared, "migrate", "--user", OWNER)
    assert (again.returncode, again.stdout) == (0, ""), again.stderr
    refused = starter.run(shared, "migrate", "--user", "honseki_app")
    assert refused.returncode == 1
    assert "permission denied" in refused.stderr


def test_a_password_may_come_from_a_command(starter: Starter, shared: Postgres) -> None:
    token = ["cat", str(starter.folder / "password")]
    assert starter.start(shared, password_file=None, password_command=token).add().status == 201
    failing = starter.start(shared, password_file=None, password_command=["false"])
    answer = failing.add()
    assert answer.status == 503
    assert "no password" in answer.body["error"]


def test_a_server_that_another_authority_vouches_for_is_refused(
    starter: Starter, shared: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = Authority(tmp_path_factory.mktemp("stranger"), "stranger")
    answer = starter.start(shared, database_authority=str(stranger.certificate)).add()
    assert (answer.status, answer.body["outcome"]) == (503, "none")
