"""A document arrives: registered, refused, held or stopped; the sender is told, and nothing is done twice."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

import signing
from adapter import conversion, rules, texts
from adapter.domain.delivery import Delivery, DeliveryState, Proof
from adapter.domain.document import BodyCode
from adapter.domain.incoming import JournalState
from adapter.domain.notice import NoticeKind, RefusalReason
from adapter.domain.outgoing import ContentKind
from adapter.domain.receipt import ReceiptKind
from adapter.domain.reference import DocRef
from adapter.domain.report import ProcessingResponse, Receipt
from adapter.errors import Retryable, Severity
from adapter.ports import FetchedFile, KeptBlob
from adapter.usecases.process_message import Processed
from adapter.usecases.status import Status
from adapter.usecases.verified_container import CONTAINER_MEDIA_TYPE, judge_bytes, sha256_of
from tests.factories import fx1, put
from tests.unit.usecases.containers import altered
from tests.unit.usecases.houses import ALL_BINS, MEMBERS, NOW, HandClock, House, KnownAddresses, forger, issued, org
from tests.unit.usecases.test_apply_notice import say

REPORT = fx1()
DOCUMENT = REPORT.header.document_id
LATE = datetime(2026, 11, 12, 6, tzinfo=UTC)


@cache
def _sent() -> tuple[House, Delivery]:
    """One ministry and its report, made once: tests only read them."""
    house = House("KZ-MOF")
    return house, house.submit().report(REPORT, ()).delivery


def container_bytes() -> bytes:
    house, delivery = _sent()
    return house.store.blobs.read(delivery.content.files[0].sha256)


def arrive(to: House, *, container: bytes | None = None, **changes: Any) -> Processed:
    """The report comes to a body, with other container bytes when given, and is worked on once."""
    house, delivery = _sent()
    announced, _ = house.carried(delivery, to, **changes)
    if container is not None:
        first = announced.files[0]
        held = to.incoming.files[first]
        assert isinstance(held, FetchedFile)
        to.incoming.files[first] = replace(held, content=container)
    processed = to.process()
    assert processed is not None
    return processed


def notices(house: House, document: str = DOCUMENT) -> list[Any]:
    return [one.content.notice for one in house.deliveries(document) if one.content_kind is ContentKind.NOTICE]


def answers(house: House) -> list[Any]:
    """Reports of the containers that the house has queued: receipts and responses."""
    found = []
    for row in house.everything_queued():
        if row.content_kind is ContentKind.DOCUMENT:
            content = house.store.blobs.read(row.content.files[0].sha256)
            kept = KeptBlob(sha256=sha256_of(content), size=len(content))
            found.append(judge_bytes(content, kept, house.trust, at=house.clock.at).report)
    return found


def re_signed(xml: bytes, key: signing.IssuedKey | None = None, **objects: bytes) -> bytes:
    """A container over this XML and the printed form of the report, signed by the head unless said otherwise."""
    out = io.BytesIO()
    judged = signing.verify_container(
        container_bytes(), policy=signing.SANDBOX_DOCUMENT, anchors=House("KZ-MOF").trust.anchors, at=NOW
    )
    page = next(one.read() for one in judged.objects if one.name == "document.pdf")
    contents = {"document.xml": xml, "document.pdf": page} | objects
    signing.sign_container(
        [signing.DataObject.of(name, "application/octet-stream", content) for name, content in contents.items()],
        (key or issued("head", "KZ-MOF")).signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=NOW,
        out=out,
    )
    return out.getvalue()


@cache
def xml() -> bytes:
    judged = signing.verify_container(
        container_bytes(), policy=signing.SANDBOX_DOCUMENT, anchors=House("KZ-MOF").trust.anchors, at=NOW
    )
    return next(one.read() for one in judged.objects if one.name == "document.xml")


# --- registered ------------------------------------------------------------------------------------------------------
def test_a_good_report_is_registered_numbered_told_and_answered_with_our_receipt(mfa: House) -> None:
    processed = arrive(mfa)
    assert (processed.code, processed.entry.state) == ("receive.registered", JournalState.DONE)

    row = mfa.registered(DOCUMENT)
    assert (row.number, row.is_late, row.sender, row.verdict) == ("К-001", False, "KZ-MOF", "TOTAL-PASSED")
    assert row.office_verdict == "TOTAL-PASSED"
    assert row.container == sha256_of(container_bytes())
    assert mfa.store.blobs.read(row.container) == container_bytes()
    assert [one.kind for one in notices(mfa)] == [NoticeKind.DELIVERED, NoticeKind.REGISTERED]
    assert notices(mfa)[1].registration_number == "К-001"
    (receipt,) = answers(mfa)
    assert isinstance(receipt, Receipt)
    assert receipt.ref_document.digest.value.hex() == row.container
    assert receipt.incoming_number == "К-001"


def test_a_late_report_is_registered_and_flagged_and_never_refused() -> None:
    mfa = House("KZ-MFA", clock=HandClock(LATE))
    assert arrive(mfa).code == "receive.registered-late"
    assert mfa.registered(DOCUMENT).is_late


@pytest.mark.parametrize(("before", "late"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_late_begins_with_the_first_instant_of_the_next_day_in_almaty(before: timedelta, late: bool) -> None:
    mfa = House("KZ-MFA", clock=HandClock(datetime(2026, 11, 10, 19, tzinfo=UTC) - before))
    arrive(mfa)
    assert mfa.registered(DOCUMENT).is_late is late


def test_our_receipt_gives_the_sender_proof_of_the_very_bytes(mfa: House) -> None:
    mof = House("KZ-MOF")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.deliver()
    mof.carried(mine, mfa)
    mfa.process()
    (receipt,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(receipt, mof)
    assert mof.process() is not None

    assert mof.delivery(mine.id).proof is Proof.DIGEST
    kept = [one for one in mof.receipts(DOCUMENT) if one.kind is ReceiptKind.SIGNED_RECEIPT]
    assert [(one.stated_digest, one.is_dispute) for one in kept] == [(mine.content.files[0].sha256, False)]
    assert "receipt.verified" in mof.told()
    assert not any(isinstance(one, Receipt) for one in answers(mof)), "a receipt is not answered with a receipt"


def test_a_receipt_that_names_other_bytes_proves_nothing_and_is_a_dispute(mfa: House) -> None:
    """The container at the addressee is not the one that we sent: nothing but the receipt can show it."""
    mof = House("KZ-MOF")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.deliver()
    arrive(mfa)  # another signature over the same report
    (receipt,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(receipt, mof)
    assert mof.process() is not None
    assert mof.delivery(mine.id).proof is Proof.NONE
    assert [one.is_dispute for one in mof.receipts(DOCUMENT) if one.kind is ReceiptKind.SIGNED_RECEIPT] == [True]
    assert "receipt.dispute" in mof.told()


def test_numbers_follow_each_other_without_gaps(mfa: House) -> None:
    for number in range(1, 4):
        mof = House("KZ-MOF")
        report = put(REPORT, ("header", "document_id"), f"urn:uuid:00000000-0000-4000-8000-00000000000{number}")
        mof.carried(mof.submit().report(report, ()), mfa)
        mfa.process()
    with mfa.store.transaction() as transaction:
        assert [one.number for one in transaction.register.listed()] == ["К-001", "К-002", "К-003"]


# --- again -----------------------------------------------------------------------------------------------------------
def test_the_same_document_again_is_one_registration_one_receipt_and_the_same_number_told(mfa: House) -> None:
    arrive(mfa)
    before = mfa.registered(DOCUMENT)
    assert arrive(mfa, description="the exchange repeats itself").code == "receive.repeated"
    assert mfa.registered(DOCUMENT) == before
    assert len(answers(mfa)) == 1
    told = notices(mfa)
    assert [one.kind for one in told] == [NoticeKind.DELIVERED, NoticeKind.REGISTERED, NoticeKind.REGISTERED]
    assert {one.registration_number for one in told[1:]} == {"К-001"}


class _Overtaken:
    """Facts for the rules: just before, or just after they are gathered, the other worker has its whole turn."""

    def __init__(self, house: House, turn: Callable[[], Processed], *, is_before: bool) -> None:
        self._facts = house.facts
        self._turn = turn
        self._is_before = is_before
        self.faster: Processed | None = None
        self._has_begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._facts, name)

    def on_receipt(self, *asked: Any, **named: Any) -> rules.Facts:
        if self._is_before:
            self._once()
        found = self._facts.on_receipt(*asked, **named)
        self._once()
        return found

    def _once(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self.faster = self._turn()


def _in_two_hands(mfa: House, faster: bytes | None, *, is_before: bool) -> tuple[str, Processed]:
    """While one worker judges the report, another takes a second message about it from beginning to end, with other
    container bytes when given. The faster one's code, and what became of the slower one.
    """
    house, delivery = _sent()
    house.carried(delivery, mfa)
    files = dict(mfa.incoming.files)

    def turn() -> Processed:
        processed = arrive(mfa, container=faster, description="the exchange repeats itself")
        mfa.incoming.files.update(files)
        return processed

    overtaken = _Overtaken(mfa, turn, is_before=is_before)
    examine = replace(mfa.register_document.examine, facts=overtaken)  # type: ignore[arg-type]
    mfa.__dict__["register_document"] = replace(mfa.register_document, examine=examine)
    slower = mfa.process()
    assert slower is not None
    assert overtaken.faster is not None
    return overtaken.faster.code, slower


def test_the_same_document_in_two_hands_at_once_is_one_registration(mfa: House) -> None:
    faster, slower = _in_two_hands(mfa, None, is_before=False)
    assert (faster, slower.code) == ("receive.registered", "receive.registered")
    assert mfa.told().count("document.registered") == 1
    assert [one.kind for one in notices(mfa)] == [NoticeKind.DELIVERED, NoticeKind.REGISTERED]
    assert len(answers(mfa)) == 1


@pytest.mark.parametrize("is_before", [True, False], ids=["before the rules look", "after the rules have looked"])
def test_other_bytes_of_a_document_in_two_hands_at_once_wait_for_a_person(mfa: House, *, is_before: bool) -> None:
    faster, slower = _in_two_hands(mfa, re_signed(xml()), is_before=is_before)
    assert faster == "receive.registered"
    if not is_before:
        assert (slower.code, slower.entry.state) == ("receive.moved-meanwhile", JournalState.RECEIVED)
        mfa.clock.move(hours=1)
        again = mfa.process()
        assert again is not None
        slower = again
    assert (slower.code, slower.entry.state) == ("BR-19b", JournalState.HELD)
    assert mfa.registered(DOCUMENT).container != sha256_of(container_bytes())
    assert [one.kind for one in notices(mfa)] == [NoticeKind.DELIVERED, NoticeKind.REGISTERED], "nothing is refused"


class Killed(BaseException):
    """The process is gone."""


def test_a_crash_between_the_register_and_the_receipt_is_repaired_by_the_next_turn(
    mfa: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    house, delivery = _sent()
    house.carried(delivery, mfa)
    monkeypatch.setattr(type(mfa.answering), "receipt", die)
    with pytest.raises(Killed):
        mfa.process()
    monkeypatch.undo()
    before = mfa.registered(DOCUMENT)
    assert before is not None
    assert answers(mfa) == []

    mfa.clock.move(seconds=31)
    mfa.recover()
    processed = mfa.process()
    assert processed is not None
    assert processed.entry.state is JournalState.DONE
    assert mfa.registered(DOCUMENT) == before
    assert [type(one) for one in answers(mfa)] == [Receipt]


def test_a_crash_before_the_register_leaves_nothing_half_done(mfa: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.doubles.memory_store import MemoryRegister

    def die(*_: object, **__: object) -> None:
        raise Killed

    house, delivery = _sent()
    house.carried(delivery, mfa)
    monkeypatch.setattr(MemoryRegister, "add", die)
    with pytest.raises(Killed):
        mfa.process()
    monkeypatch.undo()
    assert mfa.registered(DOCUMENT) is None
    assert mfa.everything_queued() == []

    mfa.clock.move(seconds=31)
    mfa.recover()
    assert mfa.process() is not None
    assert mfa.registered(DOCUMENT).number == "К-001", "the number of the lost turn is not lost with it"


# --- refused ---------------------------------------------------------------------------------------------------------
def refusal(house: House) -> Any:
    told = notices(house)
    assert [one.kind for one in told] == [NoticeKind.DELIVERED, NoticeKind.NOT_VALID]
    assert house.registered(DOCUMENT) is None
    return told[1]


def test_an_altered_byte_anywhere_is_refused_as_a_negative_signature_and_never_registered() -> None:
    for place, content in altered(container_bytes(), samples=24):
        house = House("KZ-MFA")
        processed = arrive(house, container=content)
        assert house.registered(DOCUMENT) is None, place
        assert processed.code in {"receive.refused-signature-negative", "receive.indeterminate"}, place
        assert "document.registered" not in house.told()


def test_a_content_that_is_not_what_was_signed_is_refused_with_reason_two(mfa: House) -> None:
    content = bytearray(container_bytes())
    content[len(content) // 2] ^= 0xFF
    processed = arrive(mfa, container=bytes(content))
    assert processed.code == "receive.refused-signature-negative"
    assert refusal(mfa).reason is RefusalReason.SIGNATURE_NEGATIVE
    assert "document.refused" in mfa.told()


def test_a_report_against_the_rules_is_refused_with_every_finding_in_both_languages(mfa: House) -> None:
    """Signed properly, and without the due date that the rules ask for is read as such."""
    text = xml().decode().replace("KZ-MFA", "KZ-GA")
    assert "KZ-GA" in text
    processed = arrive(mfa, container=re_signed(text.encode()))
    assert processed.code == "receive.refused-against-rules"
    assert refusal(mfa).reason is RefusalReason.AGAINST_RULES
    (response,) = answers(mfa)
    assert isinstance(response, ProcessingResponse)
    assert "receive.other-addressee" in {one.rule_id for one in response.findings}
    for finding in response.findings:
        assert finding.text.kk
        assert finding.text.ru


def test_a_document_that_breaks_its_schema_is_refused(mfa: House) -> None:
    broken = xml().replace(b"<Progress>", b"<Progress><Extra/>", 1)
    assert arrive(mfa, container=re_signed(broken)).code == "receive.refused-against-rules"
    assert refusal(mfa).reason is RefusalReason.AGAINST_RULES


@pytest.mark.parametrize(
    "content",
    [
        b"not xml",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16"),
        b"<a" + b"<a>" * 5000,
        b"",
    ],
    ids=["no XML", "DTD", "UTF-16", "not closed", "empty"],
)
def test_a_signed_container_with_rubbish_inside_is_refused(mfa: House, content: bytes) -> None:
    assert arrive(mfa, container=re_signed(content)).code == "receive.refused-against-rules"
    assert refusal(mfa).reason is RefusalReason.AGAINST_RULES


def test_a_signed_container_without_the_document_is_refused(mfa: House) -> None:
    out = io.BytesIO()
    signing.sign_container(
        [signing.DataObject.of("letter.txt", "text/plain", b"hello")],
        issued("head", "KZ-MOF").signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=NOW,
        out=out,
    )
    assert arrive(mfa, container=out.getvalue()).code == "receive.refused-against-rules"


def test_a_file_that_the_header_does_not_know_is_refused_though_it_is_signed(mfa: House) -> None:
    smuggled = re_signed(xml(), **{"attachments/extra.txt": b"smuggled"})
    assert arrive(mfa, container=smuggled).code == "receive.refused-against-rules"
    (response,) = answers(mfa)
    assert "container.undeclared-object" in {one.rule_id for one in response.findings}


def test_a_printed_form_of_another_digest_is_refused(mfa: House) -> None:
    other = re_signed(xml(), **{"document.pdf": b"%PDF-1.7 another"})
    assert arrive(mfa, container=other).code == "receive.refused-against-rules"


def test_the_exchange_announces_another_sender_than_the_one_who_signed(mfa: House) -> None:
    assert arrive(mfa, sender=MEMBERS["KZ-MLSP"]).code == "receive.refused-against-rules"
    (response,) = answers(mfa)
    assert "receive.other-sender" in {one.rule_id for one in response.findings}


def test_the_exchange_announces_another_document_than_the_one_inside(mfa: House) -> None:
    other = "urn:uuid:00000000-0000-4000-8000-000000000042"
    assert arrive(mfa, document_id=other).code == "receive.refused-against-rules"
    assert mfa.registered(other) is None
    assert mfa.registered(DOCUMENT) is None


def test_a_report_for_somebody_else_is_refused() -> None:
    office = House("KZ-GA")
    assert arrive(office).code == "receive.refused-against-rules"


def test_a_file_that_the_exchange_has_forgotten_is_refused_with_reason_one(mfa: House) -> None:
    assert arrive(mfa, files=("nowhere",)).code == "receive.file-gone"
    assert refusal(mfa).reason is RefusalReason.WRONG_LINK


def test_a_message_without_a_container_is_refused(mfa: House) -> None:
    mfa.incoming.files["letter"] = FetchedFile(name="letter.pdf", media_type="application/pdf", content=b"%PDF-1.7")
    assert arrive(mfa, files=("letter",)).code == "receive.no-container"
    assert refusal(mfa).reason is RefusalReason.AGAINST_RULES


def test_a_container_is_known_by_its_name_or_by_its_media_type(mfa: House) -> None:
    mfa.incoming.files["x"] = FetchedFile(name="noname", media_type=CONTAINER_MEDIA_TYPE, content=container_bytes())
    assert arrive(mfa, files=("x",)).code == "receive.registered"


# --- held ------------------------------------------------------------------------------------------------------------
def test_a_signature_that_cannot_be_judged_is_held_and_never_told_as_invalid(mfa: House) -> None:
    processed = arrive(mfa, container=re_signed(xml(), forger()))
    assert (processed.code, processed.entry.state) == ("receive.indeterminate", JournalState.HELD)
    assert [one.kind for one in notices(mfa)] == [NoticeKind.DELIVERED]
    assert mfa.registered(DOCUMENT) is None
    assert "document.held" in mfa.told()


def test_a_certificate_that_has_expired_is_not_registered(mfa: House) -> None:
    """B-B without a time-stamp: whether it was signed before the end cannot be told."""
    expired = issued("head", "KZ-MOF", end=NOW - timedelta(days=1))
    processed = arrive(mfa, container=re_signed(xml(), expired))
    assert processed.code in {"receive.indeterminate", "receive.refused-signature-negative"}
    assert mfa.registered(DOCUMENT) is None


def test_a_certificate_for_logging_in_signs_no_document(mfa: House) -> None:
    processed = arrive(mfa, container=re_signed(xml(), issued("authentication", "KZ-MOF")))
    assert processed.code in {"receive.indeterminate", "receive.refused-signature-negative"}
    assert mfa.registered(DOCUMENT) is None


def test_the_head_of_another_body_signs_nothing_for_this_one(mfa: House) -> None:
    assert arrive(mfa, container=re_signed(xml(), issued("head", "KZ-MLSP"))).code == "receive.refused-against-rules"


def test_a_body_whose_number_nobody_knows_is_held_and_not_blamed() -> None:
    mfa = House("KZ-MFA", bins={})
    processed = arrive(mfa)
    assert (processed.code, processed.entry.state) == ("receive.signer-unknown", JournalState.HELD)
    assert mfa.registered(DOCUMENT) is None
    (held,) = Status(store=mfa.store).held()
    assert (held["code"], held["params"]) == ("receive.signer-unknown", {"body": "KZ-MOF"})


# --- whose receipt it is ---------------------------------------------------------------------------------------------
def receipt_back(*, signer: str = "KZ-MFA", **without: Any) -> tuple[House, Delivery, Processed]:
    """The report goes out, and a Receipt in the MFA's name comes back, signed by an employee of the body given.

    The certificate is a good one under the same anchors and the Receipt is right in every other way: only who signed it
    differs.
    """
    mof, mfa = House("KZ-MOF", **without), House("KZ-MFA")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.deliver()
    mfa.answering = replace(mfa.answering, submit=mfa.submit(issued("employee", signer)))
    mof.carried(mine, mfa)
    mfa.process()
    (receipt,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(receipt, mof)
    processed = mof.process()
    assert processed is not None
    return mof, mof.delivery(mine.id), processed


def assert_no_proof(mof: House, delivery: Delivery) -> None:
    assert delivery.proof is Proof.NONE
    assert ReceiptKind.SIGNED_RECEIPT not in {one.kind for one in mof.receipts(DOCUMENT)}
    assert "receipt.verified" not in mof.told()


def test_a_receipt_that_the_addressee_itself_signed_is_proof() -> None:
    _, delivery, processed = receipt_back()
    assert (processed.code, delivery.proof) == ("receive.registered", Proof.DIGEST)


def test_a_receipt_that_another_body_signed_in_the_addressees_name_is_refused() -> None:
    mof, delivery, processed = receipt_back(signer="KZ-MLSP")
    assert processed.code == "receive.refused-against-rules"
    assert_no_proof(mof, delivery)


@pytest.mark.parametrize("signer", ["KZ-MFA", "KZ-MLSP"])
def test_where_nothing_says_who_the_addressees_signer_is_no_receipt_is_proof(signer: str) -> None:
    """Right or forged, they look alike from here: a person is asked, and the other side is not told of a fault."""
    bins = {BodyCode(code): number for code, number in ALL_BINS.items() if code != "KZ-MFA"}
    mof, delivery, processed = receipt_back(signer=signer, bins=bins)
    assert (processed.code, processed.entry.state) == ("receive.signer-unknown", JournalState.HELD)
    assert_no_proof(mof, delivery)
    assert NoticeKind.NOT_VALID not in {
        one.content.notice.kind for one in mof.everything_queued() if one.content_kind is ContentKind.NOTICE
    }


def test_a_receipt_that_waited_is_proof_once_the_number_is_known_and_a_person_lets_it_go() -> None:
    bins = {BodyCode(code): number for code, number in ALL_BINS.items() if code != "KZ-MFA"}
    mof, delivery, processed = receipt_back(bins=bins)
    bins[BodyCode("KZ-MFA")] = ALL_BINS["KZ-MFA"]
    mof.intervene.release(processed.entry.id, person="A. Clerk", reason="the BIN is in the settings now")
    assert mof.process() is not None
    assert mof.delivery(delivery.id).proof is Proof.DIGEST


def test_a_receipt_for_another_sender_of_the_same_bytes_is_a_dispute() -> None:
    mof, mfa = House("KZ-MOF"), House("KZ-MFA")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.deliver()
    mof.carried(mine, mfa)
    mfa.answering = replace(mfa.answering, submit=OtherSender(mfa.submit(issued("employee", "KZ-MFA"))))
    mfa.process()
    (receipt,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(receipt, mof)
    assert mof.process() is not None
    assert mof.delivery(mine.id).proof is Proof.NONE
    assert [one.is_dispute for one in mof.receipts(DOCUMENT) if one.kind is ReceiptKind.SIGNED_RECEIPT] == [True]


class OtherSender:
    """Submits receipts that name another sender than the one whose document came in."""

    def __init__(self, submit: Any) -> None:
        self._submit = submit

    def report(self, report: Receipt, attachments: Any) -> Any:
        other = replace(report.sender, ref=org("KZ-MLSP"))
        return self._submit.report(replace(report, sender=other), attachments)


def test_the_same_document_id_with_other_bytes_is_held_and_the_first_stays(mfa: House) -> None:
    arrive(mfa)
    before = mfa.registered(DOCUMENT)
    other = re_signed(xml(), issued("head", "KZ-MOF"))
    assert sha256_of(other) != before.container
    processed = arrive(mfa, container=other, description="again")
    assert (processed.code, processed.entry.state) == ("BR-19b", JournalState.HELD)
    assert mfa.registered(DOCUMENT) == before
    assert len(answers(mfa)) == 1


# --- stopped ---------------------------------------------------------------------------------------------------------
def marked(marking: str = "secret") -> bytes:
    """The report's XML under another marking."""
    text = xml().decode()
    assert "AccessMarking>public</" in text
    return text.replace("AccessMarking>public</", f"AccessMarking>{marking}</", 1).encode()


def assert_nothing_kept(mfa: House, *contents: bytes) -> None:
    """Neither bytes nor words of the document: not in the store, the register, the trail or anything queued."""
    for content in contents:
        assert sha256_of(content) not in mfa.store.blobs
    assert mfa.registered(DOCUMENT) is None
    own_words = {REPORT.header.registration_number, "secret", REPORT.header.case_id, xml_digest(*contents)}
    with mfa.store.transaction() as transaction:
        written = [repr(one.event) for one in transaction.audit.events()]
    for row in mfa.everything_queued():
        written.append(repr(row))
        for file in getattr(row.content, "files", ()):
            content = mfa.store.blobs.read(file.sha256)
            if file.name.endswith(".asice"):
                written.append(object_of(content, "document.xml").decode())
    for word in own_words:
        assert not [one for one in written if word and word in one], word


def xml_digest(*contents: bytes) -> str:
    return sha256_of(contents[-1])


def object_of(container: bytes, name: str) -> bytes:
    found = signing.unverified_content(container, name, max_bytes=10_000_000)
    assert found is not None
    return found


@pytest.mark.parametrize("marking", ["secret", "top-secret", "unheard-of"])
def test_of_a_marking_above_official_use_nothing_is_kept_but_the_rule_and_the_time(mfa: House, marking: str) -> None:
    secret = marked(marking)
    container = re_signed(secret)
    processed = arrive(mfa, container=container)

    assert processed.code == "BR-18"
    assert processed.entry.document_id is None
    assert_nothing_kept(mfa, container, secret)
    with mfa.store.transaction() as transaction:
        events = [one.event for one in transaction.audit.events()]
    stopped = next(one for one in events if one.action == "document.stopped")
    assert (stopped.document_id, dict(stopped.details)) == (None, {"code": "BR-18"})
    assert not any(DOCUMENT in str(one.details) or one.document_id == DOCUMENT for one in events)


def test_the_sender_of_a_stopped_document_is_told_the_rule_and_what_to_do_and_nothing_else(mfa: House) -> None:
    arrive(mfa, container=re_signed(marked()))
    (notice,) = notices(mfa)
    assert (notice.kind, notice.reason, notice.reason_text) == (NoticeKind.NOT_VALID, RefusalReason.AGAINST_RULES, None)
    (response,) = answers(mfa)
    assert isinstance(response, ProcessingResponse)
    (finding,) = response.findings
    assert (finding.rule_id, finding.severity, finding.xpath) == ("BR-18", Severity.STOP, None)
    sentence = texts.render("BR-18", {}, texts.Language.RU)
    assert finding.text.ru == f"{sentence.what} {sentence.to_do}"
    assert response.header.recipient is not None
    assert response.header.recipient.code == "KZ-MOF"
    assert response.ref_document == DocRef(document_id=DOCUMENT)
    assert response.header.in_reply_to == (DocRef(document_id=DOCUMENT),)


def test_a_stopped_document_that_comes_again_is_answered_once(mfa: House) -> None:
    for word in ("one", "two"):
        assert arrive(mfa, container=re_signed(marked()), description=word).code == "BR-18"
    assert len(notices(mfa)) == len(answers(mfa)) == 1


def test_a_sender_that_the_directory_does_not_know_is_told_by_the_notice_alone(mfa: House) -> None:
    assert arrive(mfa, container=re_signed(marked()), sender="90009999").code == "BR-18"
    assert [one.addressee for one in notices(mfa)] == ["90009999"]
    assert answers(mfa) == []


def test_the_stop_goes_to_whom_the_exchange_names_and_not_to_the_body_inside(mfa: House) -> None:
    arrive(mfa, container=re_signed(marked()), sender=MEMBERS["KZ-MLSP"])
    (response,) = answers(mfa)
    assert response.header.recipient.code == "KZ-MLSP"
    assert [one.addressee for one in notices(mfa)] == [MEMBERS["KZ-MLSP"]]


def test_a_marking_is_looked_at_though_the_signature_cannot_be_judged(mfa: House) -> None:
    """Held documents are kept; one above official use must not be, whoever signed it."""
    container = re_signed(marked(), forger())
    assert arrive(mfa, container=container).code == "BR-18"
    assert_nothing_kept(mfa, container, marked())


def test_a_marking_is_found_behind_more_violations_than_are_listed(mfa: House) -> None:
    before = marked().rindex(b"<", 0, marked().index(b"CaseId>"))
    secret = marked()[:before] + b"<Extra/>" * 5000 + marked()[before:]
    container = re_signed(secret)
    assert arrive(mfa, container=container).code == "BR-18"
    assert_nothing_kept(mfa, container, secret)


UNREADABLE = {
    "an instruction": lambda xml: xml.replace(b"?>", b"?><?x y?>", 1),
    "another encoding": lambda xml: xml.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
    "no end": lambda xml: xml[:-20],
    "a document type": lambda xml: xml.replace(b"?>", b"?><!DOCTYPE x>", 1),
}


@pytest.mark.parametrize("how", UNREADABLE)
def test_a_marking_is_found_in_what_is_no_xml_we_read(mfa: House, how: str) -> None:
    secret = UNREADABLE[how](marked())
    container = re_signed(secret)
    assert arrive(mfa, container=container).code == "BR-18"
    assert_nothing_kept(mfa, container, secret)


@pytest.mark.parametrize("how", UNREADABLE)
def test_what_is_no_xml_we_read_and_plainly_public_is_refused_as_ever_and_kept(mfa: House, how: str) -> None:
    container = re_signed(UNREADABLE[how](xml()))
    assert arrive(mfa, container=container).code == "receive.refused-against-rules"
    assert mfa.store.blobs.read(sha256_of(container)) == container


LOOSE = {
    "the document itself": ("document.xml", marked),
    "the document as some text": ("letter.bin", lambda: b"\xef\xbb\xbf \n" + marked()),
    "a container by another name": ("document.zip", lambda: re_signed(marked())),
}


@pytest.mark.parametrize("what", LOOSE)
@pytest.mark.parametrize("beside", [False, True])
def test_a_marked_document_outside_its_container_is_not_kept_either(mfa: House, what: str, beside: bool) -> None:
    name, make = LOOSE[what]
    content = make()
    mfa.incoming.files["loose"] = FetchedFile(name=name, media_type="application/octet-stream", content=content)
    mfa.incoming.files["whole"] = FetchedFile(name="a.asice", media_type="", content=container_bytes())
    stopped = arrive(mfa, files=("whole", "loose") if beside else ("loose",))
    assert stopped.code == "BR-18"
    assert_nothing_kept(mfa, content)
    assert sha256_of(container_bytes()) not in mfa.store.blobs


def test_a_stop_is_noted_once_however_often_the_directory_is_silent(
    mfa: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownAddresses.body_of
    silent = iter([True, True, False])

    def body_of(book: KnownAddresses, member: str) -> BodyCode | None:
        if next(silent, False):
            raise Retryable("exchange.directory-silent")
        return known(book, member)

    monkeypatch.setattr(KnownAddresses, "body_of", body_of)
    assert arrive(mfa, container=re_signed(marked())).code == "exchange.directory-silent"
    for code in ("exchange.directory-silent", "BR-18"):
        mfa.clock.at += timedelta(hours=1)
        again = mfa.process()
        assert again is not None
        assert again.code == code
    with mfa.store.transaction() as transaction:
        noted = [one for one in transaction.audit.events() if one.event.action == "document.stopped"]
    assert len(noted) == len(notices(mfa)) == len(answers(mfa)) == 1


def test_a_stop_under_the_identifier_of_a_registered_document_refuses_nothing_after_the_fact(mfa: House) -> None:
    arrive(mfa)
    before = mfa.registered(DOCUMENT)
    container = re_signed(marked())
    assert arrive(mfa, container=container, description="again").code == "BR-18"
    assert mfa.registered(DOCUMENT) == before
    assert sha256_of(container) not in mfa.store.blobs
    assert NoticeKind.NOT_VALID not in {one.kind for one in notices(mfa)}


def test_the_sender_of_a_stopped_document_reads_the_rule_beside_its_delivery(mfa: House) -> None:
    """The response travels the ordinary way and is shown whether it comes before the notice or after it."""
    mof = House("KZ-MOF")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.deliver()
    arrive(mfa, container=re_signed(marked()))
    (response,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(response, mof)
    processed = mof.process()
    assert processed is not None
    assert processed.code == "receive.registered"
    shown = mof.delivery(mine.id).reason_text
    assert shown is not None
    assert shown.startswith("BR-18: ")

    say(mof, NoticeKind.NOT_VALID, document=DOCUMENT, reason=RefusalReason.AGAINST_RULES, reason_text="3")
    refused = mof.delivery(mine.id)
    assert (refused.state, refused.reason, refused.reason_text) == (DeliveryState.REFUSED, "against-rules", shown)


# --- later -----------------------------------------------------------------------------------------------------------
def test_a_file_store_that_is_silent_is_asked_again_by_itself(mfa: House) -> None:
    mfa.incoming.files["slow"] = Retryable("exchange.file-later")
    processed = arrive(mfa, files=("slow",))
    assert (processed.entry.state, processed.code) == (JournalState.RECEIVED, "exchange.file-later")
    assert processed.entry.wake_at == mfa.clock.at + timedelta(seconds=4)
    assert mfa.process() is None

    mfa.incoming.files["slow"] = FetchedFile(name="a.asice", media_type="", content=container_bytes())
    mfa.clock.move(seconds=5)
    again = mfa.process()
    assert again is not None
    assert again.code == "receive.registered"


def test_a_file_store_that_stays_silent_ends_with_a_person(mfa: House) -> None:
    mfa.process = replace(mfa.process, tries=2)
    mfa.incoming.files["slow"] = Retryable("exchange.file-later")
    arrive(mfa, files=("slow",))
    mfa.clock.move(seconds=5)
    again = mfa.process()
    assert again is not None
    assert (again.entry.state, again.code) == (JournalState.HELD, "exchange.file-later")


def test_a_refusal_again_is_told_once(mfa: House) -> None:
    broken = xml().replace(b"<Progress>", b"<Progress><Extra/>", 1)
    content = re_signed(broken)
    codes = []
    for word in ("one", "two"):
        codes.append(arrive(mfa, container=content, description=word).code)
        mfa.clock.move(hours=1)
    assert codes == ["receive.refused-against-rules"] * 2
    assert [one.kind for one in notices(mfa)] == [NoticeKind.DELIVERED, NoticeKind.NOT_VALID]


def test_what_a_rejected_report_of_ours_was_found_to_lack_is_kept_as_a_receipt() -> None:
    """The ProcessingResponse comes back to the sender."""
    mof, mfa = House("KZ-MOF"), House("KZ-MFA")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.deliver()
    arrive(mfa, sender=MEMBERS["KZ-MLSP"])
    (response,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(response, mof)
    processed = mof.process()
    assert processed is not None
    assert processed.code == "receive.registered"
    kinds = [one.kind for one in mof.receipts(DOCUMENT)]
    assert ReceiptKind.PROCESSING_RESPONSE in kinds
    assert mof.delivery(mine.id).state is DeliveryState.SENT


def test_the_report_that_was_registered_is_the_report_that_was_written(mfa: House) -> None:
    arrive(mfa)
    row = mfa.registered(DOCUMENT)
    assert conversion.read(conversion.validated(xml())).header.document_id == DOCUMENT
    assert row.xml == sha256_of(xml())
