"""The bounded version of `make chaos`, and that its judge can say no: a comparison that finds nothing proves nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from adapter.composition.stand import Stand
from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState, Proof
from adapter.domain.incoming import JournalState
from adapter.domain.statement import GENESIS, Statement, StatementKind
from tests.chaos import books
from tests.chaos.books import Book, Exchange, Violation
from tests.chaos.plan import POINTS, Cast, injections
from tests.chaos.proxy import fate
from tests.chaos.report import is_good
from tests.chaos.run import GRACE, Wanted, play
from tests.chaos.stand import Shape
from tests.contract.samples import NOW, attempt, delivery, digest, entry, notice_delivery, registered
from tests.postgresql import PACKAGE
from tests.unit.usecases.houses import House

CAST = Cast(
    processes={"mof-serve": "serve", "mof-worker": "worker", "mof-submit": "submit", "mfa-worker-1": "worker"},
    hosts=("KZ-MOF", "mfa-1"),
    disks=("KZ-MOF",),
    links=("to-gateway",),
)
SEED = 50087
"""Among the first dozen injections of this plan are a crash of PostgreSQL, a jump of a clock, an outage of the time-stamp authority
and kills of each role."""


@pytest.mark.skipif(find_spec(PACKAGE) is None, reason=f"{PACKAGE} has no wheel for this machine")
def test_both_books_agree_after_kills_of_every_role_and_a_restart_of_the_database(stand: Stand, tmp_path: Path) -> None:
    shape = Shape(ministries=("KZ-MOF",), workers=2, small_disks=False, fault_rate=0.03, lease=4.0)
    outcome = play(stand, tmp_path / "run", shape, Wanted(documents=8, kills=8, seconds=15, settle=90, seed=SEED))

    assert outcome.violations == [], "\n".join(map(str, (*outcome.violations, *outcome.log, outcome.figures)))
    assert outcome.figures["tracebacks"] == []
    assert int(str(outcome.figures["documents"])) >= 8
    assert outcome.kills >= 4, outcome.log
    assert outcome.injected["database-immediate"] >= 1
    assert outcome.injected["time-stamps-out"] >= 1


# --- the plan ---------------------------------------------------------------------------------------------------------
def test_a_seed_is_a_plan_and_every_durable_step_comes_up_before_one_comes_up_twice() -> None:
    def first(seed: int) -> list[object]:
        return list(itertools.islice(injections(seed, CAST), 400))

    assert first(7) == first(7)
    assert first(7) != first(8)
    struck = [(CAST.processes[one.target], one.detail["point"]) for one in first(7) if one.kind == "kill-at-step"]
    points = {(role, point) for role in set(CAST.processes.values()) for point in POINTS[role]}
    assert set(struck[: len(points)]) == points
    assert {one.target for one in first(7) if one.kind == "kill-at-random"} == set(CAST.processes)
    fates = [fate("7", "to-gateway", number, 0.5).kind for number in range(60)]
    assert fates == [fate("7", "to-gateway", number, 0.5).kind for number in range(60)]
    assert len(set(fates)) == 5


# --- the judge --------------------------------------------------------------------------------------------------------
SENT = delivery(1, state=DeliveryState.REGISTERED, wake_at=None, registration_number="К-1", proof=Proof.DIGEST)
TRY = replace(attempt(1, of=SENT, message=digest("m")), outcome=AttemptOutcome.ACCEPTED, ended_at=NOW)
HREF = SENT.document_id.removeprefix("urn:uuid:")
ROW = registered(1, document_id=SENT.document_id, number="К-1", xml=SENT.digest, sender="KZ-MOF")


TOLD = notice_delivery(3, state=DeliveryState.SENT, wake_at=None)
TOLD_TRY = replace(attempt(1, of=TOLD, message=digest("n")), outcome=AttemptOutcome.ACCEPTED, ended_at=NOW)


def stated(sequence: int = 1, previous: str = GENESIS) -> Statement:
    content = f'<R previous="{previous}" sequence="{sequence}"></R>'.encode()
    return Statement(
        sequence=sequence,
        kind=StatementKind.SUBMISSION_RECEIPT,
        document_id=SENT.document_id,
        delivery_id=SENT.id,
        made_at=NOW,
        content=content,
        previous=previous,
        digest=digest(content),
    )


def ministry(**changes: object) -> Book:
    book = Book(
        body="KZ-MOF",
        deliveries=[SENT],
        attempts={SENT.id: (TRY,)},
        entries=[],
        registered=[],
        statements=[stated()],
        signed={1: digest("signed")},
    )
    for name, value in changes.items():
        setattr(book, name, value)
    return book


def foreign(*rows: object) -> Book:
    return Book(body="KZ-MFA", deliveries=[], attempts={}, entries=[], registered=list(rows))


def told(*messages: str) -> Exchange:
    exchange = Exchange()
    exchange.documents[HREF] = list(messages)
    return exchange


def told_of_notice(*messages: str) -> list[Violation]:
    exchange = told(SENT.message_id)
    exchange.notices["href"] = list(messages)
    book = ministry(deliveries=[SENT, TOLD], attempts={SENT.id: (TRY,), TOLD.id: (TOLD_TRY,)})
    return exchange_faults(book, exchange)


def strangers(sender: Book, receiver: Book) -> list[Violation]:
    return list(books._strangers({"KZ-MOF": sender, "KZ-MFA": receiver}))


def missing_bytes(**changes: object) -> list[Violation]:
    """In a store that keeps nothing."""
    nothing = {"attempts": {SENT.id: ()}, "signed": {}, "deliveries": []}
    return list(books._bytes(House("KZ-MOF"), ministry(**{**nothing, **changes})))


def of(**changes: object) -> Delivery:
    return replace(SENT, **changes)


def both(sender: Book, receiver: Book) -> list[Violation]:
    return list(books._both_sides(sender, receiver))


def row_faults(book: Book) -> list[Violation]:
    return list(books._rows(book, NOW, GRACE))


def exchange_faults(book: Book, exchange: Exchange) -> list[Violation]:
    return list(books._exchange({"KZ-MOF": book}, exchange))


LATE = NOW - GRACE - timedelta(seconds=1)
SOON = NOW + timedelta(days=1)
FAULTS: list[tuple[str, Callable[[], list[Violation]]]] = [
    ("lost: submit answered", lambda: list(books._submitted(ministry(deliveries=[]), {SENT.document_id: SENT.id}))),
    ("lost: submit named another", lambda: list(books._submitted(ministry(), {SENT.document_id: "other"}))),
    ("lost: not registered", lambda: both(ministry(deliveries=[of(state=DeliveryState.SENT)]), foreign(ROW))),
    ("lost: no row", lambda: both(ministry(), foreign())),
    ("lost: an attempt counted", lambda: exchange_faults(ministry(), told())),
    ("doubled: two rows", lambda: both(ministry(), foreign(ROW, replace(ROW, number="К-2")))),
    ("doubled: one number", lambda: both(ministry(), foreign(ROW, replace(ROW, document_id="urn:uuid:other")))),
    ("doubled: the two sides", lambda: both(ministry(), foreign(replace(ROW, number="К-2")))),
    ("doubled: registered with", lambda: both(ministry(), foreign(replace(ROW, xml=digest("other"))))),
    ("doubled: the two sides", lambda: both(ministry(deliveries=[of(registration_number=None)]), foreign(ROW))),
    ("doubled: registered with another c", lambda: both(ministry(), foreign(replace(ROW, container=digest("other"))))),
    (
        "doubled: registered with another c",
        lambda: both(ministry(deliveries=[of(content=replace(SENT.content, stamp_pending=True))]), foreign(ROW)),
    ),
    ("doubled: registered and never", lambda: strangers(ministry(deliveries=[]), foreign(ROW))),
    ("doubled: registered and never", lambda: strangers(ministry(), foreign(replace(ROW, sender="KZ-XX")))),
    ("doubled: registered and never", lambda: strangers(ministry(registered=[ROW]), foreign(ROW))),
    ("lost: to an addressee", lambda: strangers(ministry(deliveries=[of(addressee="KZ-XX")]), foreign())),
    ("receipt without bytes: not one", lambda: list(books._stated(ministry(statements=[])))),
    ("receipt without bytes: never", lambda: list(books._stated(ministry(signed={})))),
    ("the chain of statements", lambda: list(books._stated(ministry(statements=[stated(2)], signed={2: "s"})))),
    ("the chain of statements", lambda: list(books._stated(ministry(statements=[replace(stated(), content=b"")])))),
    ("receipt without bytes: storage", lambda: missing_bytes(deliveries=[SENT])),
    ("receipt without bytes: storage", lambda: missing_bytes(signed={1: digest("signed")})),
    ("receipt without bytes: storage", lambda: missing_bytes(attempts={SENT.id: (TRY,)})),
    ("the audit chain", lambda: list(books._chain(House("KZ-MOF"), "KZ-MOF"))),
    ("lost: a notice", told_of_notice),
    ("doubled: a notice taken", lambda: told_of_notice(TOLD.message_id, TOLD.message_id)),
    ("doubled: a notice with", lambda: told_of_notice(TOLD.message_id, "other")),
    ("doubled: more messages", lambda: exchange_faults(ministry(), told(SENT.message_id, SENT.message_id))),
    ("doubled: a message with", lambda: exchange_faults(ministry(), told("other"))),
    ("no proof", lambda: both(ministry(deliveries=[of(proof=Proof.NOTICE)]), foreign(ROW))),
    ("overdue: an open row", lambda: row_faults(ministry(deliveries=[delivery(2, wake_at=LATE)]))),
    ("unfinished: a row", lambda: row_faults(ministry(deliveries=[delivery(2, wake_at=SOON)]))),
    ("unfinished: a row", lambda: row_faults(ministry(deliveries=[notice_delivery(2, wake_at=NOW)]))),
    ("overdue: a message", lambda: row_faults(ministry(entries=[entry(1, wake_at=LATE)]))),
    ("unfinished: a message held", lambda: row_faults(ministry(entries=[entry(1, state=JournalState.HELD)]))),
    (
        "unfinished: an attempt",
        lambda: row_faults(ministry(attempts={SENT.id: (attempt(1, of=SENT, message=digest("m")),)})),
    ),
]


@pytest.mark.parametrize(("what", "faults"), FAULTS, ids=[f"{number} {one[0]}" for number, one in enumerate(FAULTS)])
def test_the_judge_names_what_does_not_hold(what: str, faults: Callable[[], list[Violation]]) -> None:
    assert any(one.what.startswith(what) for one in faults()), faults()


def test_the_judge_finds_nothing_in_books_that_agree() -> None:
    assert list(books._submitted(ministry(), {SENT.document_id: SENT.id})) == []
    assert both(ministry(), foreign(ROW)) == []
    assert row_faults(ministry()) == []
    assert exchange_faults(ministry(), told(SENT.message_id)) == []
    assert told_of_notice(TOLD.message_id) == []
    assert strangers(ministry(), foreign(ROW)) == []
    assert list(books._stated(ministry())) == []
    assert missing_bytes() == []
    assert callable(is_good)
