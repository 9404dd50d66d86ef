"""A document whose time-stamp was not to be had: taken over, stamped later, and proved by its folder all the same."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

import signing
from adapter.domain.delivery import Delivery, DeliveryState, Proof
from adapter.domain.outgoing import ContentKind
from adapter.domain.stamped_files import StampedFiles
from adapter.domain.statement import StatementKind
from adapter.errors import Retryable
from adapter.usecases.sign import Baseline
from adapter.usecases.sign_refusals import is_of_services
from adapter.usecases.verdict import PASSED
from signing.sandbox_services.tsa import SandboxTsa
from tests.contract import samples
from tests.doubles.memory_store import MemoryEvidenceFolder
from tests.unit.usecases.conftest import add
from tests.unit.usecases.houses import NOW, HandClock, House, issued, pki
from tests.unit.usecases.test_evidence import DOCUMENT, REPORT, _taken, failed, judged, listed_anew
from tests.unit.usecases.test_evidence_seal import Files

S = DeliveryState


@cache
def tsa_key(name: str = "SANDBOX TSA") -> signing.IssuedKey:
    return pki().issue("tsa", name, "Sandbox", key="ec-p256")


@dataclass
class Authority:
    """signing.Fetcher: silent until it is well; `first` happens before it answers."""

    clock: HandClock
    is_well: bool = False
    asked: int = 0
    says: Callable[[bytes], bytes] | None = None
    first: list[Callable[[], object]] = field(default_factory=list)

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        assert request.body is not None
        self.asked += 1
        while self.first:
            self.first.pop(0)()
        if not self.is_well:
            raise signing.SigningError("signing.fetch-failed", kind=request.kind, host="tsa", cause="http.no-answer")
        tsa = SandboxTsa(key=tsa_key(), clock=self.clock.now)
        return (self.says or tsa.answer)(request.body)


class Stamping(House):
    """A body whose signatures carry time-stamps, and are asked for them."""

    def __init__(self, body: str = "KZ-MOF") -> None:
        super().__init__(body)
        self.authority = Authority(self.clock)

    @property
    def baseline(self) -> Baseline:
        authority = signing.TimeStampAuthority(
            url="http://tsa/", fetcher=self.authority, nonce=lambda: 7, clock=self.clock.now
        )
        return Baseline(level="B-T", time_stamps=authority)

    def recovers(self) -> None:
        """The authority answers again, and what is known of its silence is old."""
        self.authority.is_well = True
        self.clock.at += timedelta(seconds=5)

    def stamped(self, delivery: Delivery) -> StampedFiles | None:
        with self.store.snapshot() as transaction:
            return transaction.outbox.stamped(delivery.id)

    def wake(self, delivery: Delivery) -> Delivery:
        """Time passes until it is due, and it is tried."""
        wake_at = self.delivery(delivery.id).wake_at
        assert wake_at is not None
        self.clock.at = max(wake_at, self.clock.at)
        assert self.deliver() is not None
        return self.delivery(delivery.id)


@pytest.fixture
def house() -> Stamping:
    return Stamping()


@pytest.fixture
def pending(house: Stamping) -> Delivery:
    """Handed over while the authority was silent."""
    return house.submit().report(REPORT, ()).delivery


def test_a_silent_authority_keeps_no_document_out_and_the_person_is_told(house: Stamping) -> None:
    told = house.submit().report(REPORT, ())
    assert told.delivery.state is S.QUEUED
    assert [(one.code, one.params) for one in told.findings if one.code.startswith("submit.")] == [
        ("submit.stamp-pending", {"reason": "signing.fetch-failed"})
    ]
    assert told.receipt is not None
    assert told.receipt.signed is not None
    assert house.authority.asked == 1
    assert house.told()[:2] == ["delivery.queued", "watch.stamp-pending"]
    content = told.delivery.content
    assert (content.stamp_pending, content.office_signature) == (True, None)


def test_an_authority_that_falls_silent_before_the_office_signs_keeps_no_document_out(house: Stamping) -> None:
    house.authority.is_well = True

    def once(body: bytes) -> bytes:
        house.authority.is_well, house.authority.says = False, None
        return SandboxTsa(key=tsa_key(), clock=house.clock.now).answer(body)

    house.authority.says = once
    told = house.submit().report(REPORT, ())
    content = told.delivery.content
    assert (content.stamp_pending, content.office_signature) == (True, None)
    assert "submit.stamp-pending" in {one.code for one in told.findings}
    house.recovers()
    travels = house.obtain_stamp(told.delivery)
    assert travels.files == content.files, "the head's time-stamp is there already"
    assert travels.office_signature is not None


def test_a_document_with_its_time_stamp_is_not_pending(house: Stamping) -> None:
    house.authority.is_well = True
    told = house.submit().report(REPORT, ())
    assert not told.delivery.content.stamp_pending
    assert "submit.stamp-pending" not in {one.code for one in told.findings}
    asked = house.authority.asked
    assert house.deliver() is not None
    assert (house.authority.asked, house.stamped(told.delivery)) == (asked, None)


def test_what_is_handed_over_twice_while_it_waits_is_one_delivery(house: Stamping, pending: Delivery) -> None:
    again = house.submit().report(REPORT, ())
    assert (again.replayed, again.delivery.id) == (True, pending.id)


def test_the_wait_uses_up_no_try_and_says_nothing_of_the_channel(house: Stamping, pending: Delivery) -> None:
    waits = []
    for _ in range(6):
        before = house.clock.at
        after = house.wake(pending)
        assert (after.state, after.attempts, after.ever_sent) == (S.QUEUED, 0, False)
        assert after.wake_at is not None
        waits.append(after.wake_at - house.clock.at)
        assert house.clock.at >= before
    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0]
    assert house.attempts(pending.id) == []
    with house.store.snapshot() as transaction:
        assert transaction.breakers.get("esedo").lets_through
    assert house.outgoing.sent == []


def test_it_leaves_with_its_time_stamp_and_what_was_handed_over_stays(house: Stamping, pending: Delivery) -> None:
    house.wake(pending)
    house.recovers()
    for _ in range(3):
        if house.wake(pending).state is S.SENT:
            break
    assert house.delivery(pending.id).state is S.SENT
    stamped = house.stamped(pending)
    assert stamped is not None
    assert (stamped.level, stamped.stamped_at) == ("B-T", house.clock.at)
    assert house.delivery(pending.id).content == pending.content
    handed_over, travels = (house.store.blobs.read(one.files[0].sha256) for one in (pending.content, stamped))
    assert signing.is_raised_from(travels, handed_over)
    report = signing.verify_container(
        travels, policy=house.trust.policy, anchors=house.trust.anchors, at=house.clock.at
    ).report
    assert report.indication.value == PASSED
    assert stamped.office_signature is not None
    office = signing.verify_detached(
        stamped.office_signature,
        [travels, house.store.blobs.read(stamped.files[1].sha256)],
        policy=house.trust.policy,
        anchors=house.trust.anchors,
        at=house.clock.at,
    )
    assert office.indication.value == PASSED
    assert house.told().count("delivery.stamped") == 1


def test_a_repeat_carries_the_bytes_of_the_first_try(house: Stamping, pending: Delivery) -> None:
    house.recovers()

    def closed(_: bytes) -> None:
        raise Retryable("exchange.busy", channel_closed=False)

    house.outgoing.answering.append(closed)
    assert house.wake(pending).state is S.QUEUED
    asked = house.authority.asked
    assert house.wake(pending).state is S.SENT
    assert house.outgoing.sent[0] == house.outgoing.sent[1]
    assert house.authority.asked == asked


def test_after_a_silence_nobody_is_asked_for_a_while(house: Stamping, pending: Delivery) -> None:
    other = add(house, replace(pending, id="other", key="urn:uuid:other", addressee="KZ-GA", message_id="m-other"))
    house.clock.at += timedelta(seconds=5)
    asked = house.authority.asked
    assert house.deliver() is not None
    assert house.deliver() is not None
    assert house.authority.asked == asked + 1
    assert {house.delivery(one.id).state for one in (pending, other)} == {S.QUEUED}


def test_a_wrong_clock_does_not_silence_it_for_ever(house: Stamping, pending: Delivery) -> None:
    day = timedelta(days=1)
    house.clock.at += day
    house.wake(pending)
    house.clock.at -= day
    asked = house.authority.asked
    with pytest.raises(Retryable):
        house.obtain_stamp(house.delivery(pending.id))
    assert house.authority.asked == asked + 1


def test_at_the_last_safe_try_it_goes_as_it_was_handed_over(house: Stamping, pending: Delivery) -> None:
    assert pending.deadline is not None
    house.clock.at = pending.deadline - house.plan.retry.lead
    assert house.wake(pending).state is S.SENT
    stamped = house.stamped(pending)
    assert stamped is not None
    assert (stamped.level, stamped.files) == ("B-B", pending.content.files)
    assert stamped.office_signature is not None
    assert house.told().count("watch.sent-without-time-stamp") == 1


def test_a_moment_before_the_last_safe_try_it_still_waits(house: Stamping, pending: Delivery) -> None:
    assert pending.deadline is not None
    safe = pending.deadline - house.plan.retry.lead
    house.clock.at = safe - timedelta(milliseconds=1)
    assert house.wake(pending).state is S.QUEUED
    assert house.delivery(pending.id).wake_at == safe


def test_what_is_late_in_any_case_waits_for_its_time_stamp(house: Stamping) -> None:
    deadline = house.submit().report(REPORT, ()).delivery.deadline
    assert deadline is not None
    other = Stamping()
    other.clock.at = deadline
    late = other.submit().report(REPORT, ()).delivery
    assert other.wake(late).state is S.QUEUED
    assert "watch.sent-without-time-stamp" not in other.told()


@pytest.mark.parametrize(
    "answer", [b"rubbish", b"\x30\x03\x02\x01\x00"], ids=["no answer of the protocol", "a refusal of another kind"]
)
def test_an_authority_that_is_not_to_be_believed_is_waited_for_too(house: Stamping, answer: bytes) -> None:
    house.authority.is_well, house.authority.says = True, lambda _: answer
    told = house.submit().report(REPORT, ())
    assert told.delivery.content.stamp_pending
    assert house.wake(told.delivery).state is S.QUEUED


def test_a_fault_of_the_document_is_waited_for_by_nobody(house: Stamping, pending: Delivery) -> None:
    """The certificate is no longer trusted when the authority is back: a person reads why, and nothing has left."""
    house.recovers()
    stranger = signing.SandboxPki.create(
        not_before=house.clock.at - timedelta(days=1), not_after=house.clock.at + timedelta(days=365)
    )
    sign = house.obtain_stamp.sign
    ours = replace(house.obtain_stamp, sign=replace(sign, trust=replace(sign.trust, anchors=stranger.trust_anchors())))
    deliver = replace(house.deliver, travels=ours)
    told = deliver()
    assert told is not None
    assert (told.after.state, told.after.reason) == (S.ABANDONED, "sign.own-verification")
    assert house.outgoing.sent == []
    assert house.store.blobs.read(pending.content.files[0].sha256)


def test_what_was_signed_under_a_clock_that_was_ahead_waits_for_that_time_and_silences_nobody(house: Stamping) -> None:
    """No token of today fits it; asking for one, and a person who resends, would be in vain."""
    day = timedelta(days=1)
    house.clock.at += day
    ahead = house.submit().report(REPORT, ()).delivery
    house.clock.at -= day
    house.authority.is_well = True
    add(house, replace(ahead, id="awake", key="urn:uuid:awake", message_id="m-awake", wake_at=house.clock.at))
    asked = house.authority.asked
    told = house.deliver()
    assert told is not None
    assert (told.after.state, told.error.code if told.error else None) == (S.QUEUED, "deliver.stamp-pending")
    assert house.authority.asked == asked
    assert house.obtain_stamp.sign.silence.lasts(house.clock.at) is None
    house.clock.at += day + timedelta(minutes=1)
    assert house.obtain_stamp(ahead).stamp_pending is False


def test_two_workers_settle_it_once(house: Stamping, pending: Delivery) -> None:
    """The first was taken for dead while it asked: what the second settled travels from both."""
    house.recovers()
    others: list[Any] = []
    house.authority.first.append(lambda: others.append(house.obtain_stamp(pending)))
    mine = house.obtain_stamp(pending)
    assert mine == others[0]
    assert house.told().count("delivery.stamped") == 1


def test_what_is_no_pending_document_travels_as_it_is(house: Stamping) -> None:
    notice = samples.notice_delivery(1)
    document = samples.delivery(2)
    assert house.obtain_stamp(notice) is notice.content
    assert house.obtain_stamp(document) is document.content
    assert house.authority.asked == 0


def test_settings_that_do_not_wait_end_submit_with_the_reason() -> None:
    class Refusing(Stamping):
        waits_for_stamp = False  # type: ignore[assignment]

    house = Refusing()
    with pytest.raises(Retryable) as refused:
        house.submit().report(REPORT, ())
    assert refused.value.code == "signing.fetch-failed"
    assert house.everything_queued() == []


def test_the_probe_asks_for_a_real_token_and_not_at_every_question(house: Stamping) -> None:
    assert House("KZ-MOF").probe_time_stamps() is None
    found = house.probe_time_stamps()
    assert found is not None
    assert (found.code, house.authority.asked) == ("signing.fetch-failed", 1)
    house.authority.is_well = True
    assert (house.probe_time_stamps(), house.authority.asked) == (found, 1)
    house.clock.at += timedelta(seconds=30)
    found = house.probe_time_stamps()
    assert found is not None
    assert (found.code, house.authority.asked) == (None, 2)
    house.authority.says = lambda _: b"rubbish"
    house.clock.at -= timedelta(seconds=1)  # a clock that went back does not keep the old answer
    found = house.probe_time_stamps()
    assert found is not None
    assert found.code == "signing.timestamp-unreadable"


# --- the folder -------------------------------------------------------------------------------------------------------
@cache
def _story() -> Files:
    """Handed over unstamped, stamped, registered, its receipt come back, and exported."""
    mof, mfa = Stamping(), House("KZ-MFA")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.recovers()
    mof.outgoing.answering.append(lambda _: _taken())
    assert mof.wake(mine).state is S.SENT
    mof.carried(replace(mine, content=mof.obtain_stamp(mine)), mfa)
    mfa.process()
    (receipt,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(receipt, mof)
    assert mof.process() is not None
    assert mof.delivery(mine.id).proof is Proof.DIGEST
    folder = MemoryEvidenceFolder()
    mof.clock.at = NOW  # the seal of the tests claims this time
    mof.export(DOCUMENT, folder)
    return {name: folder.get(name) for name in folder.names()}


@pytest.fixture
def files() -> Files:
    return dict(_story())


def test_the_receipt_names_the_container_that_travelled_and_the_folder_holds_both(files: Files) -> None:
    assert files["handed-over.asice"] != files["document.asice"]
    verdict = judged(files)
    assert verdict.indication == PASSED
    assert {one["id"]: one["conclusion"] for one in verdict.checks}["evidence.handed-over"] == "PASSED"
    assert any(name.endswith(f"{StatementKind.SUBMISSION_RECEIPT.value}.xml") for name in files)


def test_another_container_in_place_of_what_was_handed_over_fails(files: Files) -> None:
    forged = rewritten(files["handed-over.asice"], "document.pdf", lambda content: content + b" ")
    assert "evidence.handed-over" in failed(judged(listed_anew(files | {"handed-over.asice": forged})))
    assert failed(judged(listed_anew(files | {"handed-over.asice": files["document.asice"]}))) == {
        "evidence.node-digests"
    }


def test_what_was_handed_over_left_out_is_missed(files: Files) -> None:
    del files["handed-over.asice"]
    assert failed(judged(listed_anew(files))) == {"evidence.node-digests"}


# --- one container raised from another --------------------------------------------------------------------------------
def rewritten(container: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(container)) as source, zipfile.ZipFile(out, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            target.writestr(item, change(content) if item.filename == name else content)
    return out.getvalue()


SIGNATURE = "META-INF/signatures0.xml"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("document.xml", lambda content: content + b"\n"),
        ("META-INF/manifest.xml", lambda content: content + b"\n"),
        (SIGNATURE, lambda content: content.replace(b"SigningTime>2026", b"SigningTime>2025")),
        (SIGNATURE, lambda content: content.replace(b"<ds:SignatureValue", b"<!-- --><ds:SignatureValue")),
        (SIGNATURE, lambda content: content[:-20]),
    ],
    ids=["a data object", "the manifest", "a signed property", "a comment", "no XML"],
)
def test_any_other_difference_than_unsigned_properties_makes_it_another_container(
    files: Files, name: str, change: Callable[[bytes], bytes]
) -> None:
    lower, higher = files["handed-over.asice"], files["document.asice"]
    assert signing.is_raised_from(higher, lower)
    assert signing.is_raised_from(lower, lower)
    changed = rewritten(lower, name, change)
    assert changed != lower
    assert not signing.is_raised_from(higher, changed)


def test_an_entry_more_and_what_is_no_container_are_not_it(files: Files) -> None:
    lower, higher = files["handed-over.asice"], files["document.asice"]
    more = io.BytesIO(lower)
    with zipfile.ZipFile(more, "a") as target:
        target.writestr("more.txt", b"more")
    assert not signing.is_raised_from(higher, more.getvalue())
    assert not signing.is_raised_from(more.getvalue(), lower)
    assert not signing.is_raised_from(higher, b"PK\x03\x04")
    assert not signing.is_raised_from(higher, b"")


def test_without_a_signature_nothing_is_raised_from_anything() -> None:
    out = io.BytesIO()
    signing.write_unsigned_container([signing.DataObject.of("a.txt", "text/plain", b"a")], out)
    assert not signing.is_raised_from(out.getvalue(), out.getvalue())


def test_a_signature_by_another_key_over_the_same_objects_is_another_container(files: Files) -> None:
    objects = []
    with zipfile.ZipFile(io.BytesIO(files["handed-over.asice"])) as source:
        for item in source.infolist():
            if not item.filename.startswith("META-INF/") and item.filename != "mimetype":
                media = "application/xml" if item.filename.endswith(".xml") else "application/pdf"
                objects.append(signing.DataObject.of(item.filename, media, source.read(item)))
    out = io.BytesIO()
    signing.sign_container(
        objects,
        issued("head", "KZ-MFA").signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=HandClock().at,
        out=out,
    )
    assert not signing.is_raised_from(files["document.asice"], out.getvalue())


@pytest.mark.parametrize(
    ("code", "is_theirs"),
    [
        ("signing.timestamp-not-believed", True),
        ("signing.fetch-failed", True),
        ("sign.status-later", True),
        ("signing.certificate-revoked", False),
        ("sign.own-verification", False),
        ("keys.token-absent", False),
    ],
)
def test_faults_of_the_services_are_told_from_those_of_the_document(code: str, *, is_theirs: bool) -> None:
    assert is_of_services(code) is is_theirs


def test_a_closed_channel_is_probed_by_another_document_than_one_that_waits_for_its_time_stamp(
    house: Stamping, pending: Delivery
) -> None:
    """The oldest row is the probe; this one never gets as far as the channel, and must not stand before it for ever."""
    container = house.store.blobs.put(samples.CONTAINER)
    ready = samples.delivery(7, created_at=house.clock.at + timedelta(seconds=1), deadline=pending.deadline)
    add(house, replace(ready, wake_at=house.clock.at, changed_at=ready.created_at))
    assert container.sha256 == ready.content.files[0].sha256

    def closed(_: bytes) -> None:
        raise Retryable("http.no-connection", channel_closed=True)

    house.outgoing.answering += [closed] * 5
    for _ in range(60):
        house.clock.at += timedelta(seconds=5)
        house.deliver()
        house.deliver()
        if house.delivery(ready.id).state is S.SENT:
            break
    assert house.delivery(ready.id).state is S.SENT
    assert house.delivery(pending.id).state is S.QUEUED
