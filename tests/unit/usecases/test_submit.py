"""Convert, sign, verify, queue: in the outbox with its bytes and its event, or not at all."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

import signing
from adapter.composition import load_key
from adapter.domain.delivery import DeliveryState
from adapter.domain.report import TreatyInformation
from adapter.errors import Conflict, DocumentRefused, Final, Severity
from adapter.usecases.convert import Attached
from adapter.usecases.submit import Submit, Submitted
from tests.factories import RECORD, bi, fx1, fx2, fx8, put
from tests.unit.usecases.containers import altered
from tests.unit.usecases.houses import ATTACHED, House, forger, issued

REPORT = fx1()


def other_words(report: TreatyInformation) -> Any:
    return put(report, (*RECORD, "progress"), bi("Басқа мәтін есепте тұр.", "Другой текст стоит в отчёте."))


def nothing_is_there(house: House) -> None:
    assert house.everything_queued() == []
    assert house.told() == []


# --- the usual way ---------------------------------------------------------------------------------------------------
def test_a_report_is_queued_with_its_bytes_its_deadline_and_one_event(mof: House) -> None:
    submitted = mof.submit().report(REPORT, ())
    delivery = submitted.delivery
    assert (submitted.replayed, delivery.state, delivery.addressee) == (False, DeliveryState.QUEUED, "KZ-MFA")
    assert delivery.deadline is not None
    assert [file.name.rsplit(".", 1)[1] for file in delivery.content.files] == ["asice", "pdf"]
    for file in delivery.content.files:
        assert len(mof.store.blobs.read(file.sha256)) == file.size
    assert mof.told() == ["delivery.queued"]


def test_what_is_queued_verifies_under_our_own_verifier(mof: House) -> None:
    content = mof.submit().report(REPORT, ()).delivery.content
    container = mof.store.blobs.read(content.files[0].sha256)
    judged = signing.verify_container(container, policy=mof.trust.policy, anchors=mof.trust.anchors, at=mof.clock.at)
    assert judged.report.indication is signing.Indication.TOTAL_PASSED
    pieces = [mof.store.blobs.read(file.sha256) for file in content.files]
    office = signing.verify_detached(
        content.office_signature, pieces, policy=mof.trust.policy, anchors=mof.trust.anchors, at=mof.clock.at
    )
    assert office.indication is signing.Indication.TOTAL_PASSED


def test_attachments_are_under_the_one_signature() -> None:
    house = House("KZ-MLSP")
    delivery = house.submit().report(fx2(), ATTACHED).delivery
    judged = signing.verify_container(
        house.store.blobs.read(delivery.content.files[0].sha256),
        policy=house.trust.policy,
        anchors=house.trust.anchors,
        at=house.clock.at,
    )
    assert {one.name for one in judged.objects} == {
        "document.xml",
        "document.pdf",
        *(f"attachments/{item.name}" for item in ATTACHED),
    }


# --- again -----------------------------------------------------------------------------------------------------------
def test_the_same_report_again_is_the_delivery_that_stands_and_nothing_is_signed(mof: House) -> None:
    """Fault 1."""
    first = mof.submit().report(REPORT, ())
    again = mof.submit().report(REPORT, ())
    assert (again.replayed, again.delivery) == (True, first.delivery)
    assert mof.keys_asked == 1
    assert mof.told() == ["delivery.queued"]


def test_the_same_report_submitted_twice_at_once_is_queued_once_and_noted_once(mof: House) -> None:
    second, slow = _overtaken(mof, REPORT)
    assert slow.report(REPORT, ()).replayed
    assert mof.deliveries(REPORT.header.document_id) == [second[0].delivery]
    assert mof.told() == ["delivery.queued"]


def test_another_text_under_the_same_id_that_was_faster_stands(mof: House) -> None:
    second, slow = _overtaken(mof, other_words(REPORT))
    with pytest.raises(Conflict) as conflict:
        slow.report(REPORT, ())
    assert conflict.value.params["known_sha256"] == second[0].delivery.digest
    assert mof.deliveries(REPORT.header.document_id) == [second[0].delivery]
    assert mof.told() == ["delivery.queued"]


def _overtaken(house: House, faster: TreatyInformation) -> tuple[list[Submitted], Submit]:
    """A submit during whose signing another submission of `faster` runs from beginning to end."""
    submit = house.submit()
    submitted: list[Submitted] = []

    def key() -> signing.SigningKey:
        if not submitted:
            submitted.append(house.submit().report(faster, ()))
        return submit.sign.document_key()

    return submitted, replace(submit, sign=replace(submit.sign, document_key=key))


def test_the_same_id_with_other_text_is_a_conflict_that_names_both_digests_and_changes_nothing(mof: House) -> None:
    """Fault 7."""
    first = mof.submit().report(REPORT, ()).delivery
    with pytest.raises(Conflict) as conflict:
        mof.submit().report(other_words(REPORT), ())
    params = conflict.value.params
    assert (params["known_sha256"], params["known_at"]) == (first.digest, first.created_at)
    assert params["new_sha256"] not in {first.digest, ""}
    assert params["new_at"] == mof.clock.at
    assert mof.deliveries(REPORT.header.document_id) == [first]
    assert mof.keys_asked == 1


def test_a_first_try_that_failed_never_counts_as_seen(mof: House) -> None:
    """Fault 8: the token was absent, then it was there."""
    submit = mof.submit()

    def absent() -> signing.SigningKey:
        raise Final("keys.no-password")

    failing = replace(submit, sign=replace(submit.sign, document_key=absent))
    with pytest.raises(Final, match="keys.no-password"):
        failing.report(REPORT, ())
    nothing_is_there(mof)
    assert submit.report(REPORT, ()).replayed is False


def test_a_container_signed_elsewhere_is_taken_as_it_is(mof: House) -> None:
    elsewhere = House("KZ-MOF")
    delivery = elsewhere.submit().report(REPORT, ()).delivery
    content = elsewhere.store.blobs.read(delivery.content.files[0].sha256)
    submitted = mof.submit().container(mof.store.blobs.put(content))
    assert submitted.delivery.content.files[0].sha256 == delivery.content.files[0].sha256
    assert mof.keys_asked == 0
    assert mof.submit().container(mof.store.blobs.put(content)).replayed


# --- what is not taken -----------------------------------------------------------------------------------------------
def test_the_report_of_another_body_is_not_ours_to_send(mof: House) -> None:
    with pytest.raises(Final, match="submit.not-our-body") as refused:
        mof.submit().report(fx2(), ATTACHED)
    assert refused.value.params == {"sender": "KZ-MLSP", "body": "KZ-MOF"}
    nothing_is_there(mof)


def test_what_is_published_has_no_addressee_to_be_sent_to(mfa: House) -> None:
    """It is published, not delivered; the rules or the missing addressee say so."""
    with pytest.raises(Final) as refused:
        mfa.submit().report(fx8(), ())
    assert refused.value.code in {"submit.no-addressee", "document.refused"}
    nothing_is_there(mfa)


def test_a_marking_above_official_use_stops_before_anything_and_nothing_is_said_of_the_document(mof: House) -> None:
    secret = put(REPORT, ("header", "access_marking"), "secret")
    with pytest.raises(DocumentRefused) as refused:
        mof.submit().report(secret, ())
    assert [(one.code, one.severity) for one in refused.value.findings] == [("BR-18", Severity.STOP)]
    nothing_is_there(mof)
    assert mof.keys_asked == 0


@pytest.mark.parametrize(("part", "language"), [("kk", "kk"), ("ru", "ru")])
def test_a_text_that_lacks_one_language_is_refused_with_its_place(mof: House, part: str, language: str) -> None:
    lame = put(REPORT, (*RECORD, "progress", part), "")
    with pytest.raises(DocumentRefused) as refused:
        mof.submit().report(lame, ())
    places = [one.place.xpath or "" for one in refused.value.findings if one.severity is Severity.ERROR]
    assert any("/Progress" in place for place in places), places
    nothing_is_there(mof)


def test_every_fault_of_a_report_is_told_at_once(mof: House) -> None:
    lame = put(put(REPORT, (*RECORD, "progress", "kk"), ""), ("header", "signatory"), None)
    with pytest.raises(DocumentRefused) as refused:
        mof.submit().report(lame, ())
    assert [one.code for one in refused.value.findings if one.severity is Severity.ERROR] == [
        "BR-01a",
        "xsd.missing-element",
    ], "each fault once: by the rule where there is one, else by the schema"


@pytest.mark.parametrize(
    "attached",
    [
        ATTACHED[:1],
        (),
        (ATTACHED[0], replace(ATTACHED[1], open=lambda: io.BytesIO(b"other bytes"))),
        (*ATTACHED, Attached(name="extra.txt", media_type="text/plain", open=lambda: io.BytesIO(b"x"))),
    ],
    ids=["one missing", "all missing", "other bytes", "one too many"],
)
def test_attachments_are_those_that_the_header_declares(attached: tuple[Attached, ...]) -> None:
    house = House("KZ-MLSP")
    with pytest.raises(DocumentRefused) as refused:
        house.submit().report(fx2(), attached)
    assert {one.code for one in refused.value.findings} & {"BR-04b", "container.undeclared-object"}
    nothing_is_there(house)


# --- keys ------------------------------------------------------------------------------------------------------------
LONG_AGO, NEXT_YEAR = datetime(2026, 6, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (lambda: issued("head", "KZ-MOF", end=LONG_AGO), "sign.certificate-expired"),
        (lambda: issued("head", "KZ-MOF", start=NEXT_YEAR), "sign.certificate-not-yet-valid"),
        (lambda: issued("authentication", "KZ-MOF"), "sign.certificate-authentication-only"),
        (forger, "sign.own-verification"),
    ],
    ids=["expired", "not yet valid", "authentication only", "of an authority nobody trusts"],
)
def test_an_unfit_certificate_signs_nothing(mof: House, key: Any, code: str) -> None:
    with pytest.raises(Final) as refused:
        mof.submit(key()).report(REPORT, ())
    assert refused.value.code == code
    nothing_is_there(mof)


def test_the_error_of_an_expired_certificate_says_until_when_it_was_valid(mof: House) -> None:
    with pytest.raises(Final) as refused:
        mof.submit(issued("head", "KZ-MOF", end=LONG_AGO)).report(REPORT, ())
    assert refused.value.params["to"] == LONG_AGO


def test_somebody_who_is_not_the_head_does_not_sign_the_report(mof: House) -> None:
    with pytest.raises(DocumentRefused) as refused:
        mof.submit(issued("employee", "KZ-MOF")).report(REPORT, ())
    assert "BR-03c" in {one.code for one in refused.value.findings}
    nothing_is_there(mof)


def test_the_head_of_another_body_does_not_sign_the_report(mof: House) -> None:
    with pytest.raises(DocumentRefused) as refused:
        mof.submit(issued("head", "KZ-MLSP")).report(REPORT, ())
    assert "BR-03c" in {one.code for one in refused.value.findings}
    nothing_is_there(mof)


@pytest.mark.parametrize("password", [b"guessed-7", b"", "құпия".encode()])
def test_a_wrong_pin_is_one_clear_error_without_the_pin(password: bytes) -> None:
    key = issued("head", "KZ-MOF")
    for content in (key.pkcs12(b"the-right-one"), key.pem(b"the-right-one")):
        with pytest.raises(Final) as refused:
            load_key(content, password or None, file="head.p12")
        assert refused.value.code in {
            "signing.p12-wrong-password",
            "signing.pem-wrong-password",
            "signing.pem-password-needed",
        }
        assert refused.value.place.file == "head.p12"
        assert not password or password.decode() not in str(refused.value)


def test_an_altered_container_is_not_submitted(mof: House) -> None:
    for place, content in altered(_container()):
        with pytest.raises(Final) as refused:
            mof.submit().container(mof.store.blobs.put(content))
        assert refused.value.code == "submit.container-not-verified", place
    nothing_is_there(mof)


def test_an_empty_container_is_refused_with_its_verdict(mof: House) -> None:
    with pytest.raises(Final) as refused:
        mof.submit().container(mof.store.blobs.put(b""))
    assert (refused.value.code, refused.value.params["indication"]) == ("submit.container-not-verified", "TOTAL-FAILED")
    assert refused.value.params["reason"]
    nothing_is_there(mof)


def test_a_container_of_a_signer_nobody_trusts_is_refused_with_its_verdict(mof: House) -> None:
    elsewhere = signing.SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2028, 1, 1, tzinfo=UTC)
    )
    submit = mof.submit()
    trust = replace(submit.sign.trust, anchors=elsewhere.trust_anchors())
    with pytest.raises(Final) as refused:
        replace(submit, sign=replace(submit.sign, trust=trust)).container(mof.store.blobs.put(_container()))
    assert (refused.value.code, refused.value.params["indication"]) == (
        "submit.container-not-verified",
        "INDETERMINATE",
    )
    nothing_is_there(mof)


def _container() -> bytes:
    house = House("KZ-MOF")
    return house.store.blobs.read(house.submit().report(REPORT, ()).delivery.content.files[0].sha256)


def test_a_recipient_without_its_number_is_queued_with_a_warning_that_says_where(mof: House) -> None:
    told = mof.submit().report(put(REPORT, ("header", "recipient", "bin"), None), ())
    (warned,) = [one for one in told.findings if one.code == "submit.recipient-without-number"]
    assert (warned.severity, warned.place.xpath) == (Severity.WARNING, "/TreatyInformation/Header/Recipient")
    assert warned.params == {"body": "KZ-MFA"}
    assert mof.delivery(told.delivery.id).state is DeliveryState.QUEUED


def test_a_recipient_with_its_number_is_queued_without_that_warning(mof: House) -> None:
    assert "submit.recipient-without-number" not in {one.code for one in mof.submit().report(REPORT, ()).findings}
