"""The receipt: chained in the commit that takes the document over, signed after it, the same bytes for ever."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

import schemas
import signing
from adapter import conversion
from adapter.domain.document import Sha256
from adapter.domain.statement import (
    NonDelivery,
    StatedAnswer,
    StatedAttempt,
    Statement,
    StatementKind,
    SubmissionReceipt,
    first_break,
)
from adapter.errors import Conflict, Final, Retryable
from adapter.usecases.sign_statements import AGAIN_AFTER, machine_policy
from adapter.usecases.submit import Submit
from tests.contract.samples import NOW, digest
from tests.factories import fx1, fx2
from tests.unit.usecases.houses import ATTACHED, HandClock, House, issued
from tests.unit.usecases.test_submit import other_words

REPORT = fx1()
DOCUMENT = REPORT.header.document_id


def statements(house: House) -> tuple[Statement, ...]:
    with house.store.snapshot() as transaction:
        return transaction.statements.listed()


def without_key(house: House) -> Submit:
    """A submit whose receipt cannot be signed now."""
    return replace(house.submit(), take_over=replace(house.submit().take_over, statements=locked_signer(house)))


def locked_signer(house: House) -> Any:
    def absent() -> signing.SigningKey:
        house.keys_refused += 1
        raise Final("keys.no-password", params={"key": "office"})

    house.keys_refused = 0
    signer = house.sign_statements
    return replace(signer, key=absent, _reach=type(signer._reach)())


# --- what it says ----------------------------------------------------------------------------------------------------
def test_the_receipt_names_what_was_taken_over(mof: House) -> None:
    submitted = mof.submit().report(REPORT, ())
    assert submitted.receipt is not None
    statement = submitted.receipt.statement
    said, content = conversion.read_statement(mof.store.blobs.read(Sha256(submitted.receipt.signed or "")))
    delivery = submitted.delivery
    assert isinstance(said, SubmissionReceipt)
    assert content == statement.content
    assert (said.body, said.document_id, said.addressee, said.delivery_id) == (
        "KZ-MOF",
        DOCUMENT,
        "KZ-MFA",
        delivery.id,
    )
    assert (said.received_at, said.xml) == (mof.clock.at, delivery.digest)
    assert said.files == delivery.content.files
    assert said.container == delivery.content.files[0].sha256
    assert said.due is not None
    assert (said.due.at, said.due.passed) == (delivery.deadline, False)
    assert said.due.last_safe_try == delivery.deadline - mof.plan.retry.lead
    ruleset = mof.rulesets.find(said.ruleset.id, said.ruleset.version)
    assert said.ruleset.sha256 == ruleset.digest
    with mof.store.snapshot() as transaction:
        (event,) = transaction.audit.of_document(DOCUMENT)
    assert (said.audit_event.sequence, said.audit_event.digest) == (event.sequence, event.digest)
    assert said.running == mof.clock.running()


def test_signed_and_unsigned_satisfy_the_schema_and_the_signature_holds(mof: House) -> None:
    stated = mof.submit().report(REPORT, ()).receipt
    assert stated is not None
    signed = mof.store.blobs.read(Sha256(stated.signed or ""))
    for content in (stated.statement.content, signed):
        assert schemas.validate(content, "statement/v1") == ()
    root = etree.fromstring(stated.statement.content)
    assert etree.tostring(root, method="c14n", exclusive=True) == stated.statement.content
    judged = signing.verify_xml(
        signed, policy=machine_policy(mof.trust.policy), anchors=mof.trust.anchors, at=mof.clock.at
    )
    assert judged.report.indication is signing.Indication.TOTAL_PASSED


def test_a_receipt_of_what_came_after_the_deadline_says_so(mof: House) -> None:
    mof.clock.move(days=30)
    submitted = mof.submit().report(REPORT, ())
    assert submitted.receipt is not None
    said, _ = conversion.read_statement(submitted.receipt.statement.content)
    assert said.due is not None
    assert said.due.passed
    assert (submitted.delivery.warned, submitted.delivery.warn_at) == (100, None)


def test_words_of_other_systems_are_repeated_and_what_xml_cannot_carry_is_marked() -> None:
    said = NonDelivery(
        **_said(),
        state="uncertain",
        since=NOW,
        proof="none",
        next_try=NOW,
        reason="<&\"'\t\r\n",
        number="№ 7 \x00\ud800",
        attempts=(
            StatedAttempt(
                number=1, started_at=NOW, outcome="refused", message=digest("m"), code="\x01 код", ended_at=NOW
            ),
            StatedAttempt(number=2, started_at=NOW, outcome="open", message=digest("m"), code="", answer=digest("a")),
        ),
        answers=(
            StatedAnswer(
                kind="notice",
                says="delivered",
                received_at=NOW,
                verdict="verified",
                sha256=digest("n"),
                is_dispute=True,
            ),
        ),
        receipt=None,
    )
    content = conversion.write_statement(said, sequence=7, previous=digest("p"))
    assert schemas.validate(content, "statement/v1") == ()
    back, _ = conversion.read_statement(content)
    assert isinstance(back, NonDelivery)
    assert back.reason == said.reason
    assert back.number == "№ 7 \ufffd\ufffd"
    assert [one.code for one in back.attempts] == ["\ufffd код", None]
    assert conversion.write_statement(back, sequence=7, previous=digest("p")) == content


def _said() -> dict[str, Any]:
    submitted = House("KZ-MOF").submit().report(REPORT, ())
    assert submitted.receipt is not None
    said, _ = conversion.read_statement(submitted.receipt.statement.content)
    names = set(SubmissionReceipt.__dataclass_fields__) - {"ruleset", "files"}
    return {name: getattr(said, name) for name in names}


@pytest.mark.parametrize("content", [b"", b"<a/>", b"<NonDelivery xmlns='urn:x-elshi:statement:v1'/>"])
def test_what_is_no_statement_is_refused(content: bytes) -> None:
    with pytest.raises(Final, match=r"statement\.unreadable"):
        conversion.read_statement(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Body>KZ-MOF</Body>", b"<Body>KZ-MFA<!-- -->KZ-MOF</Body>"),
        (b"<Body>KZ-MOF</Body>", b"<Body>KZ<!-- -->-MOF</Body>"),
        (b"<Body>KZ-MOF</Body>", b"<Body><?x?>KZ-MOF</Body>"),
        (b"<SubmissionReceipt ", b"<!DOCTYPE a [<!ENTITY b 'c'>]><SubmissionReceipt "),
    ],
)
def test_a_signed_receipt_is_not_read_as_something_else_than_was_signed(mof: House, old: bytes, new: bytes) -> None:
    """The canonical form leaves comments out, so the signature would hold over a text that another reader cuts off."""
    stated = mof.submit().report(REPORT, ()).receipt
    assert stated is not None
    signed = mof.store.blobs.read(Sha256(stated.signed or ""))
    assert signed.count(old) == 1
    with pytest.raises(Final, match=r"statement\.unreadable"):
        conversion.read_statement(signed.replace(old, new))


# --- once ------------------------------------------------------------------------------------------------------------
def test_a_replay_answers_with_the_same_receipt_and_a_conflict_with_none(mof: House) -> None:
    first = mof.submit().report(REPORT, ())
    mof.clock.move(hours=1)
    again = mof.submit().report(REPORT, ())
    assert (again.replayed, again.receipt) == (True, first.receipt)
    with pytest.raises(Conflict) as conflict:
        mof.submit().report(other_words(REPORT), ())
    params = conflict.value.params
    assert params["known_sha256"] != params["new_sha256"]
    assert (params["known_at"], params["new_at"]) == (first.delivery.created_at, mof.clock.at)
    assert len(statements(mof)) == 1


def test_a_first_try_that_broke_off_in_the_transaction_leaves_no_statement(
    mof: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> bytes:
        raise Final("storage.full")

    with monkeypatch.context() as patch:
        patch.setattr(conversion, "write_statement", full)
        with pytest.raises(Final, match=r"storage\.full"):
            mof.submit().report(REPORT, ())
    assert (mof.everything_queued(), mof.told(), statements(mof)) == ([], [], ())
    assert mof.submit().report(REPORT, ()).replayed is False
    assert [one.sequence for one in statements(mof)] == [1]


# --- the signature ---------------------------------------------------------------------------------------------------
def test_a_key_that_is_not_to_be_had_fails_no_submit_and_the_receipt_comes_later(mof: House) -> None:
    submitted = without_key(mof).report(REPORT, ())
    assert submitted.receipt is not None
    assert (submitted.receipt.signed, submitted.receipt.pending) == (None, "keys.no-password")
    assert mof.delivery(submitted.delivery.id) == submitted.delivery
    assert mof.sign_statements() == 1
    _, signed = mof.reprint(DOCUMENT, StatementKind.SUBMISSION_RECEIPT)
    assert conversion.read_statement(signed)[1] == submitted.receipt.statement.content
    assert mof.sign_statements() == 0


def test_what_others_have_signed_is_not_looked_through_again(mof: House) -> None:
    mof.submit().report(REPORT, ())
    signer = mof.sign_statements
    assert signer() == 0
    assert signer._reach.signed_up_to == 1


def test_the_next_request_signs_what_is_unsigned(mof: House) -> None:
    without_key(mof).report(REPORT, ())
    again = mof.submit().report(REPORT, ())
    assert again.receipt is not None
    assert again.receipt.signed is not None
    _, content = conversion.read_statement(mof.store.blobs.read(again.receipt.signed))
    assert content == again.receipt.statement.content


def test_the_housekeeping_leaves_a_key_that_refused_alone_for_a_while(mof: House) -> None:
    without_key(mof).report(REPORT, ())
    signer = locked_signer(mof)
    for _ in range(3):
        assert signer() == 0
    assert mof.keys_refused == 1
    mof.clock.move(seconds=AGAIN_AFTER.total_seconds() + 1)
    assert signer() == 0
    assert mof.keys_refused == 2
    # A clock that was set back by a day does not silence it for a day.
    mof.clock.move(days=-1)
    assert signer() == 0
    assert mof.keys_refused == 3


def test_a_key_whose_certificate_has_ended_signs_no_receipt(mof: House) -> None:
    ended = replace(
        mof.sign_statements,
        key=issued("employee", "KZ-MOF", end=mof.clock.at - timedelta(days=1)).signing_key,
    )
    submit = replace(mof.submit(), take_over=replace(mof.submit().take_over, statements=ended))
    submitted = submit.report(REPORT, ())
    assert submitted.receipt is not None
    assert submitted.receipt.pending == "sign.certificate-expired"


def test_a_reprint_is_the_same_bytes_for_ever_whoever_signs(mof: House) -> None:
    """ECDSA gives other bytes each time, so a second signature would show."""
    statement = without_key(mof).report(REPORT, ()).receipt
    assert statement is not None
    signers, found, start = 6, [], threading.Barrier(6)

    def ask() -> None:
        start.wait()
        found.append(mof.reprint(DOCUMENT, StatementKind.SUBMISSION_RECEIPT)[1])

    threads = [threading.Thread(target=ask) for _ in range(signers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mof.clock.move(days=100)
    assert {*found, mof.reprint(DOCUMENT, StatementKind.SUBMISSION_RECEIPT)[1]} == {found[0]}
    assert len(found) == signers


def test_what_was_never_stated_is_told_apart_from_what_is_not_signed_yet(mof: House) -> None:
    with pytest.raises(Final, match=r"status\.no-such-document"):
        mof.reprint(DOCUMENT, StatementKind.SUBMISSION_RECEIPT)
    without_key(mof).report(REPORT, ())
    with pytest.raises(Final, match=r"statement\.none"):
        mof.reprint(DOCUMENT, StatementKind.NON_DELIVERY)
    with pytest.raises(Retryable, match=r"statement\.pending"):
        replace(mof.reprint, sign=locked_signer(mof))(DOCUMENT, StatementKind.SUBMISSION_RECEIPT)


# --- the chain -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def chain() -> tuple[Statement, ...]:
    """Four statements of one node."""
    house = House("KZ-MLSP", clock=HandClock())
    taken = house.submit().report(fx2(), ATTACHED)
    assert taken.receipt is not None
    first = taken.receipt.statement
    said, _ = conversion.read_statement(first.content)
    rows = [first]
    for number in range(2, 5):
        content = conversion.write_statement(said, sequence=number, previous=rows[-1].digest)
        rows.append(replace(first, sequence=number, content=content, previous=rows[-1].digest, digest=digest(content)))
    return tuple(rows)


def test_an_unaltered_chain_and_every_segment_of_it_hold(chain: tuple[Statement, ...]) -> None:
    assert first_break(()) is None
    for start in range(4):
        assert first_break(chain[start:]) is None


def relinked(rows: list[Statement]) -> list[Statement]:
    """As somebody with the database open would cover his traces: columns made to fit, contents left."""
    fitted: list[Statement] = []
    for number, row in enumerate(rows, start=1):
        previous = fitted[-1].digest if fitted else row.previous
        fitted.append(replace(row, sequence=number, previous=previous, digest=digest(row.content)))
    return fitted


def edited(row: Statement) -> Statement:
    return replace(row, content=row.content.replace(b"KZ-MFA", b"KZ-AP"))


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda c: [c[0], edited(c[1]), *c[2:]], 2),
        (lambda c: relinked([c[0], edited(c[1]), *c[2:]]), 3),
        (lambda c: [c[0], c[2], c[3]], 3),
        (lambda c: relinked([c[0], c[2], c[3]]), 2),
        (lambda c: [c[0], c[2], c[1], c[3]], 3),
        (lambda c: relinked([c[0], c[2], c[1], c[3]]), 2),
        (lambda c: [replace(c[0], previous=digest("x")), *c[1:]], 1),
        (lambda c: [c[0], replace(c[1], digest=digest("x")), *c[2:]], 2),
        (lambda c: [c[0], replace(c[1], sequence=9), *c[2:]], 9),
        (lambda c: [*c, replace(c[3], sequence=5)], 5),
        (lambda c: [replace(c[0], content=b"<SubmissionReceipt/>"), *c[1:]], 1),
    ],
    ids=[
        "edit",
        "edit, columns fitted",
        "gap",
        "gap, columns fitted",
        "reorder",
        "reorder, columns fitted",
        "first one follows another",
        "digest",
        "number",
        "one twice",
        "no place",
    ],
)
def test_any_edit_gap_or_reorder_is_found_where_it_is(chain: tuple[Statement, ...], change: Any, broken: int) -> None:
    assert first_break(change(list(chain))) == broken
