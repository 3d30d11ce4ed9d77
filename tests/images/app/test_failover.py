"""What is acknowledged is there afterwards, whatever happens to the database; what isn't is called by its name."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.images.app.postgres import OWNER, Postgres, Servers
from tests.images.app.running import Answer, Running, Starter, an_entry

pytestmark = pytest.mark.slow


class Clients:
    """Four clients that add until told to stop; each request ends acknowledged, refused or unknown."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()
        self.unknown: set[str] = set()
        self.other: list[Answer] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._add, daemon=True) for _ in range(4)]

    def _add(self) -> None:
        while not self._stop.is_set():
            sent = an_entry()
            key = str(sent["request_id"])
            try:
                answer = self._running.ask("POST", "/entries", sent)
            except OSError:
                self.unknown.add(key)
                continue
            if answer.status == 201:
                self.acknowledged.add(key)
            elif answer.status == 503 and answer.body["outcome"] == "none" and answer.headers["Retry-After"]:
                self.refused.add(key)
                time.sleep(0.02)
            elif answer.status == 504 and answer.body["outcome"] == "unknown" and answer.headers["Retry-After"]:
                self.unknown.add(key)
            else:
                self.other.append(answer)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(60)


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def more(clients: Clients, number: int) -> None:
    """Wait for so many further acknowledgements."""
    wanted = len(clients.acknowledged) + number
    until(lambda: len(clients.acknowledged) >= wanted)


def check(running: Running, clients: Clients) -> None:
    """The final read, against what the clients were told."""
    assert not clients.other
    read = [row["request_id"] for row in running.everything()]
    assert len(read) == len(set(read))
    assert clients.acknowledged - set(read) == set(), "acknowledged and lost"
    assert clients.refused & set(read) == set(), "refused and there"
    assert set(read) <= clients.acknowledged | clients.unknown


def whole(starter: Starter, server: Postgres) -> None:
    """The access log's chain holds."""
    done = starter.run(server, "verify", "--user", OWNER)
    assert done.returncode == 0, done.stderr


def test_no_acknowledged_entry_is_lost_when_the_postmaster_is_killed(starter: Starter, fleet: Servers) -> None:
    primary = fleet.primary()
    starter.migrate(primary)
    running = starter.start(primary)
    clients = Clients(running)
    with clients.at_work():
        for _ in range(3):
            more(clients, 30)
            primary.kill()
            refused = len(clients.refused)
            until(lambda before=refused: len(clients.refused) > before)  # type: ignore[misc]
            assert running.ask("GET", "/readyz").status == 503
            assert running.ask("GET", "/healthz").status == 200
            primary.start()
        more(clients, 30)
    check(running, clients)
    whole(starter, primary)


def test_it_follows_a_failover_to_the_second_host(starter: Starter, fleet: Servers) -> None:
    primary = fleet.primary()
    starter.migrate(primary)
    standby = fleet.standby(primary)
    primary.set("synchronous_standby_names", "standby")
    running = starter.start(primary, standby)
    clients = Clients(running)
    with clients.at_work():
        more(clients, 30)
        primary.kill()
        standby.promote()
        more(clients, 30)
    check(running, clients)
    whole(starter, standby)
    assert running.ask("GET", "/readyz").status == 200


def test_a_standby_is_refused_until_it_is_promoted(starter: Starter, fleet: Servers) -> None:
    primary = fleet.primary()
    starter.migrate(primary)
    standby = fleet.standby(primary)
    running = starter.start(standby)
    for answer in (running.add(), running.ask("GET", "/entries"), running.ask("GET", "/readyz")):
        assert answer.status == 503
        assert answer.headers["Retry-After"]
    primary.stop()
    standby.promote()
    until(lambda: running.ask("GET", "/readyz").status == 200)
    assert running.add().status == 201


def test_a_primary_that_becomes_read_only_is_noticed_on_open_connections(starter: Starter, fleet: Servers) -> None:
    primary = fleet.primary()
    starter.migrate(primary)
    running = starter.start(primary)
    assert running.add().status == 201
    primary.set("default_transaction_read_only", "on")
    answer = running.add()
    assert (answer.status, answer.body["outcome"]) == (503, "none")
    assert running.ask("GET", "/readyz").status == 503
    with primary.connect(autocommit=True) as db:
        db.execute("SET default_transaction_read_only = off")
        db.execute("ALTER SYSTEM RESET default_transaction_read_only")
        db.execute("SELECT pg_reload_conf()")
    until(lambda: running.ask("GET", "/readyz").status == 200)
    assert running.add().status == 201


def test_a_commit_that_no_standby_confirms_is_not_acknowledged(starter: Starter, fleet: Servers) -> None:
    primary = fleet.primary()
    starter.migrate(primary)
    running = starter.start(primary, workers=1, statement_timeout=1, request_timeout=3)
    assert running.add().status == 201
    primary.set("synchronous_standby_names", "nobody")
    sent = an_entry()
    answer = running.ask("POST", "/entries", sent)
    assert (answer.status, answer.body["outcome"]) == (504, "unknown")
    # The only worker is free again, and finds the log's head locked by the transaction that still waits.
    again = running.ask("POST", "/entries", sent)
    assert (again.status, again.body["outcome"]) == (503, "none")
    primary.set("synchronous_standby_names", "")
    until(lambda: running.ask("POST", "/entries", sent).status == 200)
    assert [row["request_id"] for row in running.everything()].count(str(sent["request_id"])) == 1


def test_a_commit_whose_wait_for_the_standby_is_cancelled_is_not_acknowledged(starter: Starter, fleet: Servers) -> None:
    """PostgreSQL then says COMMIT, with a warning: the entry lies on one server only. It isn't what was asked for."""
    primary = fleet.primary()
    starter.migrate(primary)
    running = starter.start(primary)
    primary.set("synchronous_standby_names", "nobody")
    answers: list[Answer] = []
    sent = an_entry()
    adding = threading.Thread(target=lambda: answers.append(running.ask("POST", "/entries", sent)))
    adding.start()
    with primary.connect(autocommit=True) as db:
        cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        until(lambda: db.execute(cancel).fetchone() == (True,), 10)
    adding.join(20)
    assert [(answer.status, answer.body["outcome"]) for answer in answers] == [(504, "unknown")]
    assert "01000" in running.line("unknown")["why"]
    primary.set("synchronous_standby_names", "")
    assert running.ask("POST", "/entries", sent).status == 200


def test_more_requests_than_the_queue_holds_are_refused_at_once(starter: Starter, shared: Postgres) -> None:
    running = starter.start(shared, workers=1, queue=1, statement_timeout=8, request_timeout=3)
    assert running.add().status == 201
    answers: list[Answer] = []
    with shared.connect() as blocker:
        blocker.execute("SELECT 1 FROM register.access_head FOR UPDATE")
        waiting = [threading.Thread(target=lambda: answers.append(running.add())) for _ in range(2)]
        for thread in waiting:
            thread.start()
            time.sleep(0.5)
        before = time.monotonic()
        refused = running.add()
        assert time.monotonic() - before < 2
        assert (refused.status, refused.body["outcome"]) == (503, "none")
        # A full queue is no reason to replace a server.
        assert running.ask("GET", "/readyz").status == 200
        for thread in waiting:
            thread.join(20)
        blocker.rollback()
    # One was with the database when its time was up, the other still waited for the connection.
    assert sorted(answer.status for answer in answers) == [503, 504]
    until(lambda: running.add().status == 201, 20)


def test_a_stop_lets_requests_under_way_end(starter: Starter, shared: Postgres) -> None:
    running = starter.start(shared)
    answers: list[Answer] = []
    with shared.connect() as blocker:
        blocker.execute("SELECT 1 FROM register.access_head FOR UPDATE")
        waiting = threading.Thread(target=lambda: answers.append(running.add()))
        waiting.start()
        time.sleep(0.5)
        running.process.terminate()
        assert running.line("stopping")["under_way"] == 1
        blocker.rollback()
    waiting.join(20)
    assert [answer.status for answer in answers] == [201]
    assert running.process.wait(20) == 0
