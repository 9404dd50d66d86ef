"""Whatever is done to the audit trail past its triggers, `journal verify` says that it was done and where; on both engines."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

import signing
from adapter import conversion
from adapter.domain.audit_event import GENESIS, chain
from adapter.domain.head_stamp import HeadStamp, StampKind
from adapter.domain.statement import Due, LinkedEvent, NamedRuleset, SignedStatement, StatementKind, SubmissionReceipt
from adapter.errors import Final, Retryable
from adapter.storage import SqlStore, StorageConfig, open_store
from adapter.usecases.evidence_json import event_json, json_bytes
from adapter.usecases.journal_files import verify_segment, witnesses_in
from adapter.usecases.journal_report import JournalReport, JournalVerdict
from adapter.usecases.stamp_head import StampHead
from adapter.usecases.verified_container import Trust
from adapter.usecases.verify_journal import VerifyJournal
from signing.sandbox_services.services import SandboxServices
from signing.sandbox_services.tsa import SandboxTsa
from tests.contract import samples
from tests.postgresql import Postgresql
from tests.unit.usecases.houses import Counting, HandClock

NOW = samples.NOW
START = NOW + timedelta(minutes=1)
BROKEN, HOLDS, CANNOT_TELL = JournalVerdict.BROKEN, JournalVerdict.HOLDS, JournalVerdict.CANNOT_TELL
RAW = b"<raw/>"


# --- the world -------------------------------------------------------------------------------------------------------
@cache
def pki() -> signing.SandboxPki:
    return signing.SandboxPki.create(
        not_before=datetime(2025, 1, 1, tzinfo=UTC), not_after=datetime(2036, 1, 1, tzinfo=UTC)
    )


@cache
def key(kind: str, name: str) -> signing.IssuedKey:
    return pki().issue(kind, name, "Ministry", bin="991340000106", iin="123456789012", key="ec-p256")


class Authority:
    """A time-stamp authority in this process; silent when told."""

    def __init__(self, clock: HandClock) -> None:
        tsa = key("tsa", "SANDBOX TSA")
        self.services = SandboxServices.of(pki(), clock.now, tsa=SandboxTsa(key=tsa, clock=clock.now))
        self.is_silent = False

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        if self.is_silent:
            raise signing.SigningError("signing.fetch-failed", kind=request.kind, host="tsa", cause="http.no-answer")
        return self.services.fetch(request, limit)


class Trail:
    """A store with a trail in it, on one of the engines, and a hand that goes past its triggers."""

    def __init__(self, store: SqlStore, clock: HandClock, hand: Callable[[list[str]], None]) -> None:
        self.store, self.clock, self._hand = store, clock, hand
        self.authority = Authority(clock)
        self.trust = Trust(
            policy=signing.SANDBOX_DOCUMENT,
            anchors=signing.TrustAnchors.from_pem("sandbox", "sandbox", pki().anchor_pem()),
        )

    def happen(self, *numbers: int) -> None:
        with self.store.transaction() as t:
            for number in numbers:
                t.audit.append(
                    samples.event(number, details={"delivery": f"d-{number}", "sha256": samples.digest(RAW)})
                )

    def stamp_head(self, *, by_own_key: bool = False) -> StampHead:
        return StampHead(
            store=self.store,
            clock=self.clock,
            identifiers=Counting(),
            authority=None
            if by_own_key
            else signing.TimeStampAuthority(
                url="http://tsa/", fetcher=self.authority, nonce=lambda: 7, clock=self.clock.now
            ),
            own_key=lambda: key("employee", "OFFICE").signing_key(),
            policy=signing.DEFAULT_SIGNING,
            trust=self.trust,
        )

    def verify(self, *witnesses: bytes, **how: Any) -> JournalReport:
        verifier = VerifyJournal(store=self.store, clock=self.clock, trust=self.trust)
        return verifier([one for each in witnesses for one in witnesses_in(each, "kept.json")], **how)

    def by_hand(self, *statements: str) -> None:
        self._hand(list(statements))

    def events(self) -> list[Any]:
        with self.store.snapshot() as t:
            return list(t.audit.events())

    def rewrite(self, change: Callable[[Any], Any], *, without: str = "") -> None:
        """What an attacker who can do everything writes: the whole chain anew, and its head."""
        previous, made = GENESIS, []
        for item in self.events():
            if item.event.action == without:
                continue
            event = change(item.event)
            digest = chain(previous, event)
            made.append((len(made) + 1, event.action, digest, previous))
            previous = digest
        kept = [item.sequence for item in self.events() if item.event.action != without]
        # Out of each other's way first: `previous` is unique.
        statements = ["UPDATE audit_trail SET previous = 'x' || sequence"]
        statements += [f"DELETE FROM audit_trail WHERE action = '{without}'"] if without else []
        for old, (sequence, action, digest, before) in zip(kept, made, strict=True):
            statements.append(
                f"UPDATE audit_trail SET sequence = {sequence}, action = '{action}', digest = '{digest}',"
                f" previous = '{before}' WHERE sequence = {old}"
            )
        statements.append(f"UPDATE audit_head SET sequence = {len(made)}, digest = '{previous}'")
        self.by_hand(*statements)


def _unlocked_sqlite(path: Path) -> Callable[[list[str]], None]:
    def hand(statements: list[str]) -> None:
        connection = sqlite3.connect(path)
        for name in [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return hand


def _unlocked_postgresql(url: str) -> Callable[[list[str]], None]:
    def hand(statements: list[str]) -> None:
        with psycopg.connect(url) as connection:
            # Neither triggers nor references are held in such a session, as in one of whoever owns the database.
            connection.execute("SET session_replication_role = replica")
            for table, kind in (("statements", "kind"), ("head_stamps", "kind")):
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_{kind}")
            for statement in statements:
                connection.execute(statement)

    return hand


_TABLES = ("audit_trail", "audit_head", "head_stamps", "subscriptions", "blobs", "blob_chunks", "journal")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """Six events, a time-stamp over the sixth, the event that tells of it, three more: ten. Made once, and kept aside."""
    clock, folder = HandClock(START), tmp_path_factory.mktemp("trail")
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{folder}/elshi.db"
            hand = _unlocked_sqlite(folder / "elshi.db")
        else:
            server: Postgresql = request.getfixturevalue("postgresql")
            url = stack.enter_context(server.empty_database())
            hand = _unlocked_postgresql(url)
        store = stack.enter_context(
            closing(open_store(StorageConfig(url=url, temporary_directory=folder), clock=clock))
        )
        made = filled(Trail(store, clock, hand))
        made.by_hand(*(f"CREATE TABLE kept_{name} AS SELECT * FROM {name}" for name in _TABLES))
        yield made


@pytest.fixture
def trail(standing: Trail) -> Trail:
    """The same trail for every test: what the one before did to it is undone."""
    standing.clock.at = START
    standing.authority.is_silent = False
    standing.by_hand(
        "DELETE FROM statement_signatures",
        "DELETE FROM statements",
        "DELETE FROM deliveries",
        *(f"DELETE FROM {name}" for name in reversed(_TABLES)),
        *(f"INSERT INTO {name} SELECT * FROM kept_{name}" for name in _TABLES),
    )
    return standing


def filled(trail: Trail) -> Trail:
    trail.store.blobs.put(RAW)
    with trail.store.transaction() as t:
        t.journal.add(samples.entry(1, RAW))
    trail.happen(1, 2, 3, 4, 5, 6)
    assert trail.stamp_head()() is not None
    trail.happen(8, 9, 10)
    return trail


def told(report: JournalReport) -> list[tuple[str, object]]:
    return [
        (one.code, one.params.get("sequence", one.params.get("expected", one.params.get("sha256"))))
        for one in report.findings
    ]


# --- a whole trail ---------------------------------------------------------------------------------------------------
def test_a_whole_trail_holds_up_to_its_head_and_its_stamp(trail: Trail) -> None:
    report = trail.verify(reads_bytes=True)
    assert (report.verdict, report.findings) == (HOLDS, ())
    assert (report.events, report.stamps, report.stamped_up_to, report.bytes_checked) == (10, 1, 6, 1)
    last = trail.events()[-1]
    assert (report.head.sequence, report.head.digest) == (10, last.digest)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit_trail SET at = '2026-01-31T09:30:18.000000Z' WHERE sequence = 3", [("journal.edited", 3)]),
        ("UPDATE audit_trail SET actor = 'x' WHERE sequence = 3", [("journal.edited", 3)]),
        ("UPDATE audit_trail SET action = 'x' WHERE sequence = 3", [("journal.edited", 3)]),
        ("UPDATE audit_trail SET mandate = 'x' WHERE sequence = 3", [("journal.edited", 3)]),
        ("UPDATE audit_trail SET document_id = NULL WHERE sequence = 3", [("journal.edited", 3)]),
        ("UPDATE audit_trail SET details = replace(details, 'd-3', 'd-4') WHERE sequence = 3", [("journal.edited", 3)]),
        ("UPDATE audit_trail SET details = 'x' WHERE sequence = 3", [("journal.unreadable", 3)]),
        ("UPDATE audit_trail SET previous = 'x' WHERE sequence = 3", [("journal.not-following", 3), ("journal.edited", 3)]),
        (
            f"UPDATE audit_trail SET digest = '{'0' * 64}' WHERE sequence = 3",
            [("journal.edited", 3), ("journal.not-following", 4)],
        ),
        (f"UPDATE audit_trail SET digest = '{'0' * 64}' WHERE sequence = 10", [("journal.edited", 10), ("journal.head-differs", 10)]),
        ("UPDATE audit_trail SET sequence = 77 WHERE sequence = 10", [("journal.gap", 10), ("journal.head-differs", 77)]),
        ("DELETE FROM audit_trail WHERE sequence = 1", [("journal.gap", 1)]),
        ("DELETE FROM audit_trail WHERE sequence = 4", [("journal.gap", 4)]),
        ("DELETE FROM audit_trail WHERE sequence IN (4, 8)", [("journal.gap", 4), ("journal.gap", 8)]),
        ("DELETE FROM audit_trail WHERE sequence >= 9", [("journal.cut-off", 10)]),
        ("DELETE FROM audit_head", [("journal.head-missing", 10)]),
        (f"UPDATE audit_head SET digest = '{'0' * 64}'", [("journal.head-differs", 10)]),
        ("UPDATE audit_head SET sequence = 9", [("journal.head-differs", 10)]),
        ("DELETE FROM head_stamps", [("journal.stamp-missing", 7)]),
        (f"UPDATE head_stamps SET digest = '{'0' * 64}'", [("journal.stamp-differs", 6), ("journal.stamp-not-passed", 6)]),
        ("UPDATE head_stamps SET sequence = 5", [("journal.stamp-differs", 5), ("journal.stamp-not-passed", 5)]),
        (
            "UPDATE head_stamps SET stamped_at = '2026-03-01T00:00:00.000000Z'",
            [("journal.stamp-of-another-day", 6)],
        ),
        ("UPDATE blobs SET size = 5", [("journal.bytes-size", 5)]),
        ("UPDATE journal SET sha256 = 'gone'", [("journal.bytes-missing", "gone")]),
    ],
)  # fmt: skip
def test_one_change_past_the_triggers_is_found_where_it_was_made(
    trail: Trail, statement: str, expected: list[tuple[str, object]]
) -> None:
    trail.by_hand(statement)
    report = trail.verify()
    assert report.verdict is BROKEN
    assert told(report) == expected


def test_rows_that_changed_places_are_found(trail: Trail) -> None:
    trail.by_hand(
        "UPDATE audit_trail SET sequence = 1000 WHERE sequence = 3",
        "UPDATE audit_trail SET sequence = 3 WHERE sequence = 4",
        "UPDATE audit_trail SET sequence = 4 WHERE sequence = 1000",
    )
    report = trail.verify()
    assert report.verdict is BROKEN
    assert told(report) == [("journal.not-following", number) for number in (3, 4, 5)]


def test_a_row_put_in_between_is_found(trail: Trail) -> None:
    shift = [f"UPDATE audit_trail SET sequence = {n + 1} WHERE sequence = {n}" for n in range(10, 3, -1)]
    columns = "at, actor, action, mandate, document_id, details"
    forged = f"INSERT INTO audit_trail SELECT 4, {columns}, 'forged', digest FROM audit_trail WHERE sequence = 3"
    trail.by_hand(*shift, forged, "UPDATE audit_head SET sequence = 11")
    report = trail.verify()
    assert report.verdict is BROKEN
    assert told(report)[:2] == [("journal.not-following", 4), ("journal.edited", 4)]


def test_an_end_that_is_cut_off_with_its_head_is_found_by_the_stamp_over_it(trail: Trail) -> None:
    digest = trail.events()[3].digest
    trail.by_hand(
        "DELETE FROM audit_trail WHERE sequence > 4", f"UPDATE audit_head SET sequence = 4, digest = '{digest}'"
    )
    assert told(trail.verify()) == [("journal.stamp-differs", 6), ("journal.stamp-unrecorded", 6)]


# --- a chain that was written anew -----------------------------------------------------------------------------------
def forged(event: Any) -> Any:
    return replace(event, action="delivery.registered") if event.details.get("delivery") == "d-2" else event


def test_a_trail_that_was_written_anew_is_found_by_its_time_stamp(trail: Trail) -> None:
    trail.rewrite(forged)
    report = trail.verify()
    assert (report.verdict, told(report)) == (BROKEN, [("journal.stamp-differs", 6)])


def test_a_stamp_cannot_be_moved_to_the_forged_trail(trail: Trail) -> None:
    trail.rewrite(forged)
    trail.by_hand(f"UPDATE head_stamps SET digest = '{trail.events()[5].digest}'")
    report = trail.verify()
    assert (report.verdict, told(report)) == (BROKEN, [("journal.stamp-not-passed", 6)])


def test_a_forged_trail_without_stamps_looks_whole_and_is_called_doubtful_once_it_is_old(trail: Trail) -> None:
    kept = json_bytes([event_json(one) for one in trail.events()])
    trail.rewrite(forged, without="head.stamped")
    trail.by_hand("DELETE FROM head_stamps")
    assert trail.verify().verdict is HOLDS, "as good as new, which is what it says it is"
    trail.clock.move(days=3)
    report = trail.verify()
    assert (report.verdict, told(report)) == (CANNOT_TELL, [("journal.not-stamped", None)])
    report = trail.verify(kept)
    assert report.verdict is BROKEN
    assert told(report)[0] == ("journal.witness-differs", 2)
    assert ("journal.witness-beyond-end", 10) in told(report)


def test_a_time_stamp_of_strangers_is_none(trail: Trail) -> None:
    other = signing.SandboxPki.create(
        not_before=datetime(2025, 1, 1, tzinfo=UTC), not_after=datetime(2036, 1, 1, tzinfo=UTC)
    )
    stranger = replace(trail.trust, anchors=signing.TrustAnchors.from_pem("sandbox", "sandbox", other.anchor_pem()))
    report = VerifyJournal(store=trail.store, clock=trail.clock, trust=stranger)()
    assert (report.verdict, told(report)) == (CANNOT_TELL, [("journal.stamp-not-passed", 6)])


def test_damaged_bytes_are_found_only_by_reading_them(trail: Trail) -> None:
    trail.by_hand("DELETE FROM blob_chunks", f"INSERT INTO blob_chunks SELECT sha256, 0, {blob(trail)} FROM blobs")
    assert trail.verify().verdict is HOLDS
    report = trail.verify(reads_bytes=True)
    assert (report.verdict, told(report)) == (BROKEN, [("journal.bytes-damaged", samples.digest(RAW))])


def blob(trail: Trail) -> str:
    assert len(RAW) == 6
    return "x'616161616161'" if trail.store._database.url.get_backend_name() == "sqlite" else r"'\x616161616161'::bytea"


def test_what_others_keep_of_the_trail_agrees_with_a_whole_one(trail: Trail) -> None:
    kept = json.dumps({"events": [event_json(one) for one in trail.events()[2:4]]}).encode()
    assert trail.verify(kept).verdict is HOLDS


# --- what the node itself stated -------------------------------------------------------------------------------------
@pytest.fixture
def receipts(trail: Trail) -> list[bytes]:
    """Three submission receipts, each about its event of the trail; their content as it is handed out."""
    trail.store.blobs.put(samples.CONTAINER)
    with trail.store.transaction() as t:
        rows = [samples.delivery(number, deadline=START + timedelta(days=9)) for number in (1, 2, 3)]
        for row in rows:
            t.outbox.add(row)
        details = [{"delivery": row.id, "receipt": True} for row in rows]
        named = [t.audit.append(samples.event(action="delivery.queued", details=one)) for one in details]
        made = []
        for row, event in zip(rows, named, strict=True):
            said = SubmissionReceipt(
                body=row.sender,
                document_id=row.document_id,
                delivery_id=row.id,
                addressee=row.addressee,
                received_at=row.created_at,
                made_at=row.created_at,
                running=timedelta(seconds=1),
                xml=row.digest,
                container=row.content.files[0].sha256,
                audit_event=LinkedEvent(sequence=event.sequence, digest=event.digest, action=event.event.action),
                ruleset=NamedRuleset(id="R", version="1", sha256=samples.digest("rules")),
                files=row.content.files,
                due=Due(at=row.deadline, last_safe_try=row.deadline, passed=False),
            )
            made.append(
                t.statements.append(
                    StatementKind.SUBMISSION_RECEIPT,
                    document_id=row.document_id,
                    delivery_id=row.id,
                    made_at=row.created_at,
                    compose=lambda number, before, said=said: conversion.write_statement(
                        said, sequence=number, previous=before
                    ),
                )
            )
    return [one.content for one in made]


def test_what_the_node_stated_agrees_with_a_whole_trail_also_from_a_file(trail: Trail, receipts: list[bytes]) -> None:
    assert trail.verify(*receipts).verdict is HOLDS


@pytest.mark.parametrize(
    ("by_hand", "code", "place"),
    [
        ("DELETE FROM statements WHERE sequence = 2", "journal.statement-broken", 3),
        ("DELETE FROM statements WHERE sequence = 1", "journal.statement-broken", 2),
        ("UPDATE statements SET previous = '{zeros}' WHERE sequence = 3", "journal.statement-broken", 3),
        ("UPDATE statements SET digest = '{zeros}' WHERE sequence = 1", "journal.statement-broken", 1),
        ("UPDATE statements SET content = {noise} WHERE sequence = 2", "journal.statement-broken", 2),
        ("UPDATE statements SET content = {noise} WHERE sequence = 2", "journal.statement-unreadable", 2),
    ],
)
def test_a_change_to_what_was_stated_is_found_where_it_was_made(
    trail: Trail, receipts: list[bytes], by_hand: str, code: str, place: int
) -> None:
    trail.by_hand(by_hand.format(zeros="1" * 64, noise=blob(trail)))
    report = trail.verify()
    assert report.verdict is BROKEN
    assert (code, place) in [(one.code, one.params["sequence"]) for one in report.findings]


def test_a_trail_written_anew_is_found_by_a_receipt_in_somebodys_hands(trail: Trail, receipts: list[bytes]) -> None:
    """Whoever writes the trail anew, its stamps taken away, and our own copies of what was stated."""
    trail.by_hand("DELETE FROM head_stamps", "DELETE FROM statements")
    trail.rewrite(lambda event: replace(event, action="other") if event.action != "journal.stamped" else event)
    assert not [one for one in trail.verify().findings if one.code == "journal.witness-differs"]
    (found,) = [one for one in trail.verify(receipts[1]).findings if one.code == "journal.witness-differs"]
    assert found.params["sequence"] == 12, "the first receipt was queued with event 11"


@pytest.mark.parametrize(
    ("by_hand", "code", "place"),
    [
        ("DELETE FROM statements WHERE sequence = 3", "journal.statement-missing", 13),
        ("DELETE FROM statements", "journal.statement-missing", 11),
        ("UPDATE statements SET document_id = 'x' WHERE sequence = 2", "journal.statement-differs", 2),
        ("UPDATE statements SET delivery_id = 'delivery-0009' WHERE sequence = 2", "journal.statement-differs", 2),
        ("UPDATE statements SET kind = 'non-delivery' WHERE sequence = 2", "journal.statement-differs", 2),
        ("UPDATE statements SET made_at = '{later}' WHERE sequence = 2", "journal.statement-differs", 2),
        ("UPDATE statements SET kind = 'x' WHERE sequence = 2", "journal.statement-unreadable", 1),
        ("UPDATE deliveries SET addressee = 'KZ-GA' WHERE id = 'delivery-0002'", "journal.delivery-differs", 2),
        ("UPDATE deliveries SET sender = 'KZ-GA' WHERE id = 'delivery-0002'", "journal.delivery-differs", 2),
        ("UPDATE deliveries SET document_id = 'x' WHERE id = 'delivery-0002'", "journal.delivery-differs", 2),
        ("UPDATE deliveries SET digest = '{zeros}' WHERE id = 'delivery-0002'", "journal.delivery-differs", 2),
        ("UPDATE deliveries SET created_at = '{later}' WHERE id = 'delivery-0002'", "journal.delivery-differs", 2),
        ("UPDATE deliveries SET deadline = NULL WHERE id = 'delivery-0002'", "journal.delivery-differs", 2),
        ("UPDATE deliveries SET deadline = '{later}' WHERE id = 'delivery-0002'", "journal.delivery-differs", 2),
        ("UPDATE deliveries SET content = 'x' WHERE id = 'delivery-0002'", "journal.delivery-missing", 2),
        ("DELETE FROM deliveries WHERE id = 'delivery-0002'", "journal.delivery-missing", 2),
        ("UPDATE statement_signatures SET sha256 = 'gone' WHERE sequence = 2", "journal.bytes-missing", None),
    ],
)
def test_what_stands_beside_a_statement_is_held_against_it(
    trail: Trail, receipts: list[bytes], by_hand: str, code: str, place: int | None
) -> None:
    with_signed_forms(trail, receipts)
    assert trail.verify().verdict is HOLDS
    trail.by_hand(by_hand.format(zeros="1" * 64, later="2030-01-01T00:00:00.000000Z"))
    report = trail.verify()
    assert report.verdict is BROKEN
    assert (code, place) in [(one.code, one.params.get("sequence")) for one in report.findings]


def test_a_signed_form_that_says_something_else_is_found_by_reading_it(trail: Trail, receipts: list[bytes]) -> None:
    with_signed_forms(trail, receipts)
    assert trail.verify(reads_bytes=True).verdict is HOLDS
    other = "(SELECT sha256 FROM statement_signatures WHERE sequence = 1)"
    trail.by_hand(f"UPDATE statement_signatures SET sha256 = {other} WHERE sequence = 2")
    report = trail.verify(reads_bytes=True)
    assert (report.verdict, told(report)) == (BROKEN, [("journal.signed-form-differs", 2)])


def with_signed_forms(trail: Trail, receipts: list[bytes]) -> None:
    for number, content in enumerate(receipts, start=1):
        signed = signing.sign_xml(
            content, key("employee", "OFFICE").signing_key(), policy=signing.DEFAULT_SIGNING, signing_time=START
        )
        kept = trail.store.blobs.put(signed)
        with trail.store.transaction() as t:
            t.statements.add_signed(SignedStatement(sequence=number, sha256=kept.sha256, signed_at=START))


# --- nothing there, or nothing that can be read ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("also", "verdict", "code"),
    [((), BROKEN, "journal.emptied"), (("deliveries",), CANNOT_TELL, "journal.empty")],
)
def test_an_empty_trail_is_never_called_whole(
    trail: Trail, receipts: list[bytes], also: tuple[str, ...], verdict: JournalVerdict, code: str
) -> None:
    """Not of a node that has worked, nor where somebody looks into the wrong database."""
    trail.by_hand(*(f"DELETE FROM {one}" for one in ("statements", "head_stamps", "audit_trail", "audit_head", *also)))
    report = trail.verify()
    assert (report.verdict, [one.code for one in report.findings]) == (verdict, [code])


@pytest.mark.parametrize(
    "by_hand",
    [
        "UPDATE audit_trail SET sequence = 'x' WHERE sequence = 3",
        "UPDATE audit_trail SET at = x'00ff' WHERE sequence = 3",
        "UPDATE audit_head SET sequence = 'x'",
        "UPDATE head_stamps SET sequence = 'x'",
        "UPDATE head_stamps SET stamped_at = 'x'",
        "UPDATE head_stamps SET kind = 'x'",
        "UPDATE head_stamps SET token = 'x'",
        "UPDATE statements SET made_at = 'x' WHERE sequence = 2",
        "UPDATE statements SET content = 'x' WHERE sequence = 2",
        "UPDATE blobs SET size = 'x'",
    ],
)
def test_a_row_that_is_nothing_any_more_is_a_fault_and_no_defect(
    trail: Trail, receipts: list[bytes], by_hand: str
) -> None:
    if trail.store._database.url.get_backend_name() != "sqlite":
        pytest.skip("PostgreSQL refuses another kind of value in any column")
    trail.by_hand(by_hand)
    assert trail.verify().verdict is BROKEN


def test_a_database_that_does_not_answer_says_nothing_about_the_trail(trail: Trail) -> None:
    class Failing:
        """What is asked of it, but events: the connection is lost when they are read."""

        def __init__(self, real: Any) -> None:
            self._real = real

        def __getattr__(self, name: str) -> Any:
            return self if name == "audit" else getattr(self._real, name)

        def head(self) -> Any:
            return self._real.audit.head()

        def events(self, **_: object) -> Any:
            raise Retryable("storage.unreachable", params={"reason": "test"})

        @contextmanager
        def snapshot(self) -> Iterator[Any]:
            with self._real.snapshot() as real:
                yield Failing(real)

    with pytest.raises(Retryable, match=r"storage\.unreachable"):
        VerifyJournal(store=Failing(trail.store), clock=trail.clock, trust=trail.trust)()


# --- what no stamp reaches -----------------------------------------------------------------------------------------------
def test_what_was_written_anew_behind_an_old_stamp_is_called_doubtful(trail: Trail) -> None:
    assert trail.verify().verdict is HOLDS
    trail.clock.move(days=300)
    report = trail.verify()
    assert (report.verdict, [one.code for one in report.findings]) == (CANNOT_TELL, ["journal.not-stamped"])
    assert report.findings[0].params["reach"] == 6
    kept = json_bytes([event_json(one) for one in trail.events()])
    assert trail.verify(kept).verdict is HOLDS
    assert trail.stamp_head()() is not None
    assert trail.verify().verdict is HOLDS


def test_a_stamp_by_our_own_key_does_not_stand_in_where_an_authority_is_named(trail: Trail) -> None:
    """Who holds the database and the office's key writes anew what he likes and stamps it; the authority's stamps he cannot."""
    trail.by_hand("DELETE FROM head_stamps", "UPDATE audit_trail SET action = 'x' WHERE sequence = 7")
    trail.rewrite(forged)
    trail.clock.move(days=3)
    assert trail.stamp_head(by_own_key=True)() is not None
    without = VerifyJournal(store=trail.store, clock=trail.clock, trust=trail.trust)
    report = without()
    assert (report.verdict, told(report)) == (HOLDS, [("journal.own-key", None)])
    report = replace(without, has_authority=True)()
    assert (report.verdict, [one.code for one in report.findings]) == (
        CANNOT_TELL,
        ["journal.own-key", "journal.not-stamped"],
    )


def test_a_stamp_by_our_own_key_beside_one_of_an_authority_is_told(trail: Trail) -> None:
    trail.clock.move(days=1)
    assert trail.stamp_head(by_own_key=True)() is not None
    (note,) = trail.verify().findings
    assert (note.code, note.params["count"], note.params["all"]) == ("journal.own-key", 1, 2)


def test_the_answer_of_a_submission_is_no_witness_of_another_chain(trail: Trail, receipts: list[bytes]) -> None:
    """Its receipt has a number and a digest, too: of the statement."""
    answer = json.dumps({"documentId": "x", "receipt": {"sequence": 2, "digest": "0" * 64, "signed": None}}).encode()
    with pytest.raises(Final, match=r"journal\.no-witness"):
        witnesses_in(answer, "answer.json")


# --- stamping --------------------------------------------------------------------------------------------------------
def stamps(trail: Trail) -> list[HeadStamp]:
    with trail.store.snapshot() as t:
        return list(t.head_stamps.listed())


def test_the_head_is_stamped_once_a_day_and_only_when_something_happened(trail: Trail) -> None:
    stamp = trail.stamp_head()
    assert stamp() is None, "today is done"
    trail.clock.move(days=1)
    assert stamp() is not None
    assert [one.sequence for one in stamps(trail)] == [6, 10]
    for _ in range(3):
        trail.clock.move(days=1)
        assert stamp() is None, "nothing but the stamp's own event"
    assert trail.verify().verdict is HOLDS


def test_a_silent_authority_is_asked_by_the_schedule_and_told_after_a_day(trail: Trail) -> None:
    trail.authority.is_silent = True
    trail.clock.move(days=1)
    stamp = trail.stamp_head()
    while not (alarms := [one.event for one in trail.events() if one.event.action == "watch.head-not-stamped"]):
        assert stamp() is None
        trail.clock.move(minutes=16)
    assert alarms[0].details == {"receiver": "head-stamp", "code": "signing.fetch-failed"}
    assert timedelta(days=1) <= alarms[0].at - START <= timedelta(days=2, hours=1)
    trail.authority.is_silent = False
    assert stamp() is not None
    assert trail.verify().verdict is HOLDS


def test_without_an_authority_our_own_key_stands_in_and_the_verdict_says_so(trail: Trail) -> None:
    trail.by_hand("DELETE FROM head_stamps", "UPDATE audit_trail SET action = 'x' WHERE sequence = 7")
    trail.rewrite(lambda event: event)
    trail.clock.move(days=1)
    stamp = trail.stamp_head(by_own_key=True)()
    assert stamp is not None
    assert stamp.kind is StampKind.OWN_KEY
    report = trail.verify()
    assert (report.verdict, told(report)) == (HOLDS, [("journal.own-key", None)])
    trail.rewrite(forged)
    assert ("journal.stamp-differs", 10) in told(trail.verify())


# --- files -----------------------------------------------------------------------------------------------------------
def test_a_stretch_in_a_file_is_judged_by_itself(trail: Trail) -> None:
    rows = [event_json(one) for one in trail.events()[3:8]]
    assert verify_segment(json_bytes(rows), "audit.json").verdict is HOLDS
    assert verify_segment(json_bytes({"events": rows}), "feed.json").verdict is HOLDS
    assert told(verify_segment(json_bytes([*rows[:2], *rows[3:]]), "a")) == [("journal.gap", 6)]
    rows[1]["actor"] = "x"
    assert told(verify_segment(json_bytes(rows), "a")) == [("journal.edited", 5)]


@pytest.mark.parametrize(
    "content", [b"", b"x", b"[]", b"{}", b'{"events": 5}', b'[{"sequence": 1}]', b"[" * 2000, b"\xff"]
)
def test_a_file_that_is_no_trail_is_refused(content: bytes) -> None:
    with pytest.raises(Final, match=r"journal\.no-segment"):
        verify_segment(content, "a")
    with pytest.raises(Final, match=r"journal\.no-witness"):
        witnesses_in(content, "a")
