"""PostgreSQL as the store sees it: what it refuses at start, what each refusal means, what becomes of a lost answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from adapter.clock import ScenarioClock
from adapter.domain.audit_event import first_break
from adapter.domain.delivery import DeliveryState
from adapter.errors import Final, OutcomeUnknown, Retryable, SettingsRefused
from adapter.secret import Secret
from adapter.server.probes import Ready
from adapter.storage import SqlStore, StorageConfig, open_store
from adapter.storage.database import Database, refusals
from tests.contract.samples import CONTAINER, LEASE, NOW, delivery, entry, receipt, registered
from tests.contract.samples import event as audit_event
from tests.postgresql import Postgresql

SHORT = timedelta(milliseconds=300)


def clock() -> ScenarioClock:
    return ScenarioClock(NOW, monotonic=lambda: 0.0)


def opened(url: str, **changes: object) -> SqlStore:
    return open_store(replace(StorageConfig(url=url), **changes), clock=clock())


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.new_database()


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    made = opened(url, busy_timeout=timedelta(seconds=5))
    made.blobs.put(CONTAINER)
    yield made
    made.close()


def by_hand(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def survive(transaction: object) -> None:
    with pytest.raises(Retryable):
        transaction.audit.append(audit_event())


# --- settings -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://", "storage.url-unreadable"),
        ("postgresql+psycopg2://db/elshi", "storage.url-unsupported"),
        ("postgresql+asyncpg://db/elshi", "storage.url-unsupported"),
        ("postgresql://elshi:SECRET@db/elshi", "storage.url-has-password"),
        ("postgresql://db/elshi?password=SECRET", "storage.url-has-password"),
        ("postgresql://db/elshi?options=-csynchronous_commit%3Doff", "storage.url-has-options"),
        ("postgresql://db/elshi?passfile=x", "storage.url-has-options"),
    ],
)
def test_refuses_a_url_that_tells_too_much_or_too_little(url, code):
    config = StorageConfig(url=url)
    with pytest.raises(SettingsRefused) as refused:
        Database(config)
    assert [one.code for one in refused.value.findings] == [code]
    assert "SECRET" not in repr(config) + repr(refused.value) + repr(refused.value.findings)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://elshi@db/elshi",
        "postgresql+psycopg://elshi@db:5432/elshi?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql://elshi@/elshi?host=a:5432&host=b:5432&target_session_attrs=read-write",
    ],
)
def test_takes_a_url_of_a_server(url):
    assert refusals(StorageConfig(url=url, password=Secret("p"))) == ()


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [
        ("postgresql://db.example.kz/elshi", "verify-full"),
        ("postgresql:///elshi?host=db.example.kz:5432", "verify-full"),
        ("postgresql:///elshi?host=/run/postgresql&host=10.0.0.5", "verify-full"),
        ("postgresql://db/elshi?sslmode=disable", "disable"),
        ("postgresql:///elshi", None),
        ("postgresql://localhost/elshi", None),
        ("postgresql:///elshi?host=/run/postgresql", None),
        ("postgresql:///elshi?host=localhost:5433", None),
    ],
)
def test_a_server_on_another_machine_must_prove_its_name_unless_the_url_says_otherwise(url, sslmode):
    asked = {}
    database = Database(StorageConfig(url=url, password=Secret("p")))

    @event.listens_for(database._engine, "do_connect")
    def instead(_dialect, _record, _arguments, told):
        asked.update(told)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.reading():
        pass
    database.close()
    assert asked.get("sslmode") == sslmode
    assert asked["password"] == "p"


def test_refuses_a_database_of_another_encoding(postgresql):
    url = postgresql.new_database(migrated=False)
    with by_hand(url) as connection:
        connection.execute("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII'")
    with pytest.raises(SettingsRefused) as refused:
        opened(postgresql.url("ascii"))
    (finding,) = refused.value.findings
    assert (finding.code, finding.params["found"]) == ("storage.server-unfit", "SQL_ASCII")


def test_committed_means_on_the_disk_whatever_the_server_is_set_to(store):
    with store._database.reading() as transaction:
        told = {
            name: transaction.value(text(f"SHOW {name}"))
            for name in ("synchronous_commit", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert told == {
        "synchronous_commit": "on",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "1min",
    }


# --- at the door ----------------------------------------------------------------------------------------------------
def test_nobody_there_is_retryable(tmp_path):
    with pytest.raises(Retryable) as refused:
        opened(f"postgresql:///elshi?host={tmp_path}")
    assert refused.value.code == "storage.unreachable"
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(("user", "database"), [("stranger", "postgres"), ("elshi", "nowhere")])
def test_a_user_or_a_database_that_is_not_there_is_for_a_person(postgresql, user, database):
    with pytest.raises(Final) as refused:
        opened(postgresql.url(database).replace("elshi@", f"{user}@"))
    assert refused.value.code == "storage.login-refused"


def test_no_connection_left_is_retryable_and_passes(postgresql, url):
    with by_hand(url) as admin:
        admin.execute("CREATE ROLE narrow LOGIN CONNECTION LIMIT 0")
    with pytest.raises(Retryable) as refused:
        opened(url.replace("elshi@", "narrow@"))
    assert refused.value.code == "storage.no-connections"


def test_a_user_who_may_not_write_and_a_server_that_takes_no_changes_are_for_a_person(url, store):
    with by_hand(url) as admin:
        admin.execute("CREATE ROLE guest LOGIN")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest")
    guest = opened(url.replace("elshi@", "guest@"))
    with pytest.raises(Final) as refused, guest.transaction() as t:
        t.register.next_number("a")
    assert refused.value.code == "storage.not-permitted"
    guest.close()
    with by_hand(url) as admin:
        admin.execute("CREATE ROLE reader LOGIN SUPERUSER")
        admin.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    reader = opened(url.replace("elshi@", "reader@"))
    with pytest.raises(Final) as refused, reader.transaction() as t:
        t.register.next_number("a")
    assert refused.value.code == "storage.read-only"
    reader.close()


def test_a_node_whose_server_takes_no_changes_is_not_ready(url, store):
    """A standby answers every question and keeps nothing: what is sent there would be lost on the way."""
    with by_hand(url) as admin:
        admin.execute("CREATE ROLE standby LOGIN SUPERUSER")
    behind = opened(url.replace("elshi@", "standby@"))
    node: Any = SimpleNamespace(store=behind, clock=ScenarioClock(NOW, monotonic=lambda: 0.0))
    nothing: Any = None
    assert asyncio.run(Ready(node).answer(nothing)).status_code == 200
    with by_hand(url) as admin:
        admin.execute("ALTER ROLE standby SET default_transaction_read_only = on")
    behind.close()
    with pytest.raises(Retryable, match="storage.read-only"):
        asyncio.run(Ready(node).answer(nothing))
    behind.close()


# --- inside ---------------------------------------------------------------------------------------------------------
def append_behind(store: SqlStore, then: Callable[[object], object]) -> None:
    with store.transaction() as t:
        t.register.next_number("a")
        then(t)


@pytest.mark.parametrize("then", [lambda t: t.audit.append(audit_event(2)), survive], ids=["ends there", "goes on"])
def test_a_row_that_another_program_holds_is_busy_and_nothing_has_happened(url, then):
    """Whoever goes on after its transaction was lost does not end as if it had been kept."""
    store = opened(url, busy_timeout=SHORT)
    with store.transaction() as t:
        t.audit.append(audit_event())
    with psycopg.connect(url) as other:
        other.execute("SELECT * FROM audit_head FOR UPDATE")
        with pytest.raises(Retryable) as refused:
            append_behind(store, then)
    assert refused.value.code == "storage.busy"
    with store.transaction() as t:
        assert t.register.next_number("a") == 1
    store.close()


def test_two_who_wait_for_each_other_are_told_to_come_again_and_one_goes_through(store):
    names, ended = [("a", "b"), ("b", "a")], []
    start = threading.Barrier(2)

    def work(first: str, second: str) -> None:
        try:
            with store.transaction() as t:
                t.register.next_number(first)
                start.wait(10)
                t.register.next_number(second)
            ended.append("kept")
        except Retryable as error:
            ended.append(error.code)

    threads = [threading.Thread(target=work, args=pair) for pair in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["kept", "storage.busy"]


def test_two_first_events_of_a_trail_make_one_chain(store, url):
    told = []

    def append() -> None:
        with store.transaction() as t:
            told.append(t.audit.append(audit_event(2)))

    second = threading.Thread(target=append)
    with store.transaction() as t, by_hand(url) as watcher:
        t.audit.append(audit_event(1))
        second.start()
        while second.is_alive() and watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (
            0,
        ):
            pass
    second.join()
    assert [event.sequence for event in told] == [2]
    with store.transaction() as t:
        assert first_break(t.audit.events()) is None


def test_as_many_writers_as_a_process_has_may_each_read_bytes_while_they_write(store):
    kept = store.blobs.put(b"kept")
    count = store._database._kind.writers
    inside, read = threading.Barrier(count), []

    def work() -> None:
        with store.transaction():
            inside.wait(10)
            read.append(store.blobs.read(kept.sha256))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [b"kept"] * count


def test_no_value_of_a_row_enters_an_error(store):
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.outbox.add(delivery(1, reason_text="SECRET", attempts=-1))
    assert "SECRET" not in repr(refused.value) + str(refused.value) + repr(refused.value.params)


def test_a_name_that_no_index_takes_is_refused_alone(store):
    incompressible = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(4000))
    with store.transaction() as t:
        with pytest.raises(Final) as refused:
            t.outbox.add(delivery(1, key=incompressible))
        t.outbox.add(delivery(2))
    assert refused.value.code == "storage.too-long"
    with store.transaction() as t:
        assert [row.id for row in t.outbox.listed()] == [delivery(2).id]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_trail SET actor = 'nobody'",
        "DELETE FROM audit_trail",
        "TRUNCATE audit_trail",
        "UPDATE receipts SET says = 'other'",
        "DELETE FROM receipts",
        "TRUNCATE receipts",
        "UPDATE register SET number = 'other'",
        "DELETE FROM register",
        "TRUNCATE register",
        "DELETE FROM deliveries",
        "TRUNCATE deliveries CASCADE",
        "UPDATE deliveries SET state = 'queued'",
        "UPDATE deliveries SET state = 'nonsense'",
        "UPDATE deliveries SET content_kind = 'nonsense'",
        "UPDATE deliveries SET proof = 'nonsense'",
        "UPDATE deliveries SET lease = 'x'",
        "DELETE FROM blobs",
    ],
)
def test_a_hand_written_change_that_breaks_a_promise_is_refused(store, url, statement):
    store.blobs.put(b"<receipt/>")
    with store.transaction() as t:
        t.outbox.add(delivery(state="registered"))
        t.register.add(registered())
        t.receipts.add(receipt())
        t.audit.append(audit_event())
    with by_hand(url) as connection, pytest.raises(psycopg.IntegrityError):
        connection.execute(statement)


def test_rows_that_another_worker_is_writing_now_are_passed_over_and_not_waited_for(url):
    store = opened(url, busy_timeout=SHORT)
    store.blobs.put(CONTAINER)
    store.blobs.put(b"<raw/>")
    held = {"state": DeliveryState.CLAIMED, "lease": "l", "lease_until": NOW, "wake_at": NOW}
    with store.transaction() as t:
        for number in (1, 2):
            t.outbox.add(delivery(number, addressee=f"due-{number}"))
            t.outbox.add(delivery(number + 2, addressee=f"lapsed-{number}", **held))
            t.outbox.add(delivery(number + 4, addressee=f"awake-{number}", state=DeliveryState.SENT))
            t.journal.add(entry(number))
    with psycopg.connect(url) as other:
        for table, first in (("deliveries", delivery(1)), ("journal", entry(1))):
            other.execute(f"SELECT * FROM {table} WHERE id = %s FOR UPDATE", (first.id,))
        for number in (3, 5):
            other.execute("SELECT * FROM deliveries WHERE id = %s FOR UPDATE", (delivery(number).id,))
        with store.transaction() as t:
            assert t.outbox.claim(now=NOW, lease="a", lease_for=LEASE).id == delivery(2).id
            assert [row.id for row in t.outbox.lapsed(now=NOW)] == [delivery(4).id]
            assert [row.id for row in t.outbox.awake(now=NOW)] == [delivery(6).id]
            assert t.journal.claim(now=NOW, lease="a", lease_for=LEASE).id == entry(2).id
    store.close()


def test_the_next_due_row_of_a_backlog_is_found_by_its_indexes(store, url):
    with store.transaction() as t:
        for number in range(300):
            t.outbox.add(delivery(number, addressee=f"lane-{number % 100}"))
    with by_hand(url) as connection:
        connection.execute("ANALYZE deliveries")
    plan: list[str] = []

    @event.listens_for(store._database._engine, "before_cursor_execute")
    def explain(connection, cursor, statement, parameters, *rest):
        if statement.startswith("UPDATE deliveries"):
            found = cursor.connection.execute(f"EXPLAIN {statement}", parameters)
            plan.extend(row[0] for row in found)

    with store.transaction() as t:
        t.outbox.claim(now=NOW, lease="l", lease_for=LEASE)
    told = "\n".join(plan)
    assert "deliveries_due" in told, told
    assert "deliveries_lane" in told, told
    assert "Sort" not in told, told


# --- lost -----------------------------------------------------------------------------------------------------------
class Cable:
    """Between the store and its server: carries bytes until it is cut at a commit, before the server hears it or after."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.cut: Callable[[bytes], str | None] = lambda _: None
        self.is_torn = False
        self._server = server
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / ".s.PGSQL.5432"))
        self._door.listen(20)
        self._ends: list[socket.socket] = [self._door]
        threading.Thread(target=self._open, daemon=True).start()

    def _open(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            if self.is_torn:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._server / ".s.PGSQL.5432"))
            self._ends += (near, far)
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_asking: bool) -> None:
        try:
            while content := source.recv(65536):
                when = self.cut(content) if is_asking else None
                if when == "before":
                    break
                if when == "after":
                    # The server hears it and answers; nobody carries the answer back.
                    source.shutdown(socket.SHUT_RDWR)
                    target.sendall(content)
                    threading.Event().wait(0.3)
                    break
                target.sendall(content)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def cable(postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    folder = postgresql.folder / f"cable-{len(list(postgresql.folder.iterdir()))}"
    folder.mkdir()
    made = Cable(folder, postgresql.folder)
    made.folder = folder
    yield made
    made.close()


def through(cable: Cable, url: str) -> str:
    return url.partition("?")[0] + f"?host={cable.folder}"


def once(when: str, *, torn: bool = False, cable: Cable) -> Callable[[bytes], str | None]:
    left = [when]

    def cut(content: bytes) -> str | None:
        if b"COMMIT\0" not in content or not left:
            return None
        cable.is_torn = torn
        return left.pop()

    return cut


def test_a_commit_that_never_reached_the_server_is_told_so(cable, url, store):
    ours = opened(through(cable, url))
    cable.cut, added = once("before", cable=cable), []
    with pytest.raises(Retryable) as refused, ours.transaction() as t:
        added.append(t.outbox.add(delivery()))
    assert len(added) == 1
    assert refused.value.code == "storage.unreachable"
    with store.transaction() as t:
        assert t.outbox.listed() == ()
    with ours.transaction() as t:
        t.outbox.add(delivery())
    ours.close()


def test_a_commit_whose_answer_was_lost_is_found_to_have_been_kept(cable, url, store):
    ours = opened(through(cable, url))
    cable.cut = once("after", cable=cable)
    with ours.transaction() as t:
        t.outbox.add(delivery())
    with store.transaction() as t:
        assert t.outbox.listed() == (delivery(),)
    ours.close()


def test_a_commit_after_which_the_server_stays_away_is_unknown_and_the_same_again_is_a_replay(cable, url, store):
    ours = opened(through(cable, url), busy_timeout=timedelta(seconds=1))
    cable.cut, added = once("after", torn=True, cable=cable), []
    with pytest.raises(OutcomeUnknown) as unknown, ours.transaction() as t:
        added.append(t.outbox.add(delivery()))
    assert len(added) == 1
    assert unknown.value.code == "storage.commit-unknown"
    cable.is_torn = False
    with ours.transaction() as t:
        assert t.outbox.add(delivery()).replayed
    ours.close()


def add_while_the_connection_breaks(store: SqlStore, url: str, then: Callable[[object], object]) -> None:
    with store.transaction() as t:
        t.outbox.add(delivery(1))
        ends_others(url)
        then(t)


@pytest.mark.parametrize("then", [survive, lambda t: t.outbox.add(delivery(2))], ids=["goes on", "ends there"])
def test_a_connection_that_breaks_inside_a_transaction_keeps_nothing_of_it_and_the_store_works_on(url, store, then):
    with pytest.raises(Retryable) as refused:
        add_while_the_connection_breaks(store, url, then)
    assert refused.value.code == "storage.unreachable"
    with store.transaction() as t:
        assert t.outbox.listed() == ()
        t.outbox.add(delivery(1))


def test_a_server_that_was_started_anew_is_not_noticed_between_transactions(url, store):
    ends_others(url)
    with store.transaction() as t:
        t.outbox.add(delivery())
    ends_others(url)
    assert store.blobs.read(store.blobs.put(b"x").sha256) == b"x"


def ends_others(url: str) -> None:
    """As a restart does: every other connection to the database is ended by its administrator."""
    with by_hand(url) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
