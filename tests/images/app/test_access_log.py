"""The access log: who, what, when, which entries; nobody changes it unnoticed."""

from __future__ import annotations

import concurrent.futures

import psycopg
import pytest

from tests.images.app.postgres import OWNER, Postgres, Servers
from tests.images.app.running import USER, Running, Starter

pytestmark = pytest.mark.slow


@pytest.fixture
def database(fleet: Servers, starter: Starter) -> Postgres:
    """A migrated database that nobody has used."""
    primary = fleet.primary()
    starter.migrate(primary)
    return primary


def used(running: Running) -> int:
    """Eight accesses of four kinds; the id of the entry."""
    entry_id = int(running.add().body["id"])
    running.ask("GET", f"/entries/{entry_id}", actor="reader")
    running.ask("GET", "/entries", actor="reader")
    running.ask("GET", f"/entries/{entry_id + 1000}")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: running.add(), range(4)))
    return entry_id


def test_each_access_is_recorded_before_it_is_answered(starter: Starter, database: Postgres) -> None:
    running = starter.start(database)
    entry_id = used(running)
    with database.connect(user="honseki_auditor") as db:
        rows = db.execute(
            "SELECT actor, action, outcome, first_entry, last_entry FROM register.access_log ORDER BY seq LIMIT 4"
        ).fetchall()
        digests = db.execute("SELECT seq, encode(digest, 'hex') FROM register.access_log ORDER BY seq").fetchall()
    assert rows == [
        ("claimed:tester", "add", "done", entry_id, entry_id),
        ("claimed:reader", "read", "done", entry_id, entry_id),
        ("claimed:reader", "list", "done", entry_id, entry_id),
        ("claimed:tester", "read", "absent", entry_id + 1000, entry_id + 1000),
    ]
    forwarded = [running.line("access") for _ in range(8)]
    assert sorted((line["seq"], line["digest"]) for line in forwarded) == digests
    assert {line["log_group"] for line in forwarded} == {"/test/access"}
    done = starter.run(database, "verify", "--user", "honseki_auditor")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"8 records hold; the last one is 8:{digests[-1][1]}\n"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE register.access_log SET actor = 'x'",
        "DELETE FROM register.access_log",
        "TRUNCATE register.access_log",
        "SELECT actor FROM register.access_log",
        "UPDATE register.access_head SET seq = 0",
        "SELECT seq FROM register.access_head",
        "INSERT INTO register.access_log (seq, actor, action, outcome) VALUES (1, 'x', 'x', 'x')",
        "INSERT INTO register.access_log (actor, action, outcome, at) VALUES ('x', 'x', 'x', now())",
        "ALTER TABLE register.access_log DISABLE TRIGGER ALL",
        "UPDATE register.entry SET name = 'x'",
        "DELETE FROM register.entry",
        "DELETE FROM register.certificate",
        "DROP TABLE register.entry",
        "CREATE TABLE register.mine (id int)",
        "SELECT register.chain()",
    ],
)
def test_the_application_can_only_append(shared: Postgres, statement: str) -> None:
    with shared.connect(user=USER) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement)


@pytest.mark.parametrize("table", ["access_log", "entry", "certificate"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_owner_is_stopped_too_unless_he_removes_the_triggers(shared: Postgres, table: str, statement: str) -> None:
    column = {"access_log": "actor", "entry": "name", "certificate": "issued_by"}[table]
    with shared.connect() as db, pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        db.execute(statement.format(f"register.{table}", column, column))


TAMPERED = {
    "UPDATE register.access_log SET actor = 'claimed:other' WHERE seq = 3": "record 3 was changed",
    "UPDATE register.access_log SET at = at + interval '1 second' WHERE seq = 1": "record 1 was changed",
    "UPDATE register.access_log SET first_entry = NULL WHERE seq = 2": "record 2 was changed",
    "UPDATE register.access_log SET previous = digest WHERE seq = 2": "record 2 doesn't follow",
    "DELETE FROM register.access_log WHERE seq = 4": "record 4 is missing",
    "DELETE FROM register.access_log WHERE seq = 8": "ends at record 7, its head says 8",
}


def test_a_tampered_log_is_found(starter: Starter, database: Postgres) -> None:
    used(starter.start(database))
    with database.connect(autocommit=True) as db:
        db.execute("CREATE TEMP TABLE whole AS SELECT * FROM register.access_log")
        db.execute("ALTER TABLE register.access_log DISABLE TRIGGER USER")
        for statement, found in TAMPERED.items():
            db.execute(statement)
            done = starter.run(database, "verify", "--user", OWNER)
            assert done.returncode == 1, statement
            assert found in done.stderr
            db.execute("DELETE FROM register.access_log")
            db.execute("INSERT INTO register.access_log SELECT * FROM whole")
    assert starter.run(database, "verify", "--user", OWNER).returncode == 0


def test_a_log_written_anew_is_found_by_a_forwarded_record(starter: Starter, database: Postgres) -> None:
    """Who owns the database can make another chain that holds; not one with the digest that was forwarded."""
    running = starter.start(database)
    used(running)
    line = running.line("access")
    anchor = f"{line['seq']}:{line['digest']}"
    assert starter.run(database, "verify", "--user", OWNER, "--anchor", anchor).returncode == 0
    running.stop()
    with database.connect(autocommit=True) as db:
        db.execute("ALTER TABLE register.access_log DISABLE TRIGGER append_only")
        db.execute("CREATE TEMP TABLE old AS SELECT * FROM register.access_log")
        db.execute("TRUNCATE register.access_log")
        db.execute("UPDATE register.access_head SET seq = 0, digest = sha256('register.access_log')")
        db.execute(
            "INSERT INTO register.access_log (actor, action, outcome, first_entry, last_entry)"
            " SELECT 'claimed:other', action, outcome, first_entry, last_entry FROM old ORDER BY seq"
        )
    assert starter.run(database, "verify", "--user", OWNER).returncode == 0
    found = starter.run(database, "verify", "--user", OWNER, "--anchor", anchor)
    assert found.returncode == 1
    assert "not the one that was forwarded" in found.stderr
    later = starter.run(database, "verify", "--user", OWNER, "--anchor", f"99:{'ab' * 32}")
    assert "record 99 was forwarded and is missing" in later.stderr


def test_who_is_taken_from_the_terminals_certificate(starter: Starter, shared: Postgres) -> None:
    authority = str(starter.authority.certificate)
    running = starter.start(shared, client="terminal-07", clients_authority=authority)
    assert running.ask("POST", "/entries", {"request_id": "x"}, actor="somebody-else").status == 422
    added = running.add()
    assert added.status == 201
    assert running.ask("GET", f"/entries/{added.body['id']}").body["added_by"] == "terminal-07"
    nobody = starter.start(shared, clients_authority=authority)
    assert nobody.ask("GET", f"/entries/{added.body['id']}").status == 403
    assert nobody.ask("GET", "/healthz").status == 200
    assert nobody.ask("GET", "/readyz").status == 200
