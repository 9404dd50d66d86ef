from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from adapter.errors import Final, OutcomeUnknown, Retryable
from adapter.sandbox import OutgoingFile, rules_from_toml
from tests.unit.sandbox.conftest import Wire
from tests.unit.sandbox.soap import (
    DATE,
    FOREIGN,
    HREF,
    MINISTRY,
    OTHER,
    REGISTERED,
    Keys,
    answered,
    document,
    envelope,
    kind_of,
    meta,
    notice,
    participants,
    signed,
    verdict,
)


def kinds(wire: Wire, to: str) -> list[str]:
    return [kind_of(body) for receiver, body in wire.pushed if receiver == to]


def attempts(wire: Wire) -> list[tuple[str, int | None, str | None]]:
    events = [one for one in wire.sandbox.events() if one.what in {"push.delivered", "push.failed"}]
    return [(one.what, one.attempt, one.outcome) for one in events]


def test_a_document_reaches_its_performer_and_its_sender_hears_of_the_centre(wire: Wire) -> None:
    wire.call(envelope(document()))
    wire.sandbox.deliver_all()
    assert kinds(wire, "MFA") == ["docOutgoing"]
    assert kinds(wire, "MIN") == ["stateStartProcessResponse"]
    assert wire.sandbox.lanes.waiting() == 0


def test_what_is_pushed_is_signed_and_carries_no_password(wire: Wire) -> None:
    wire.call(envelope(document()))
    wire.sandbox.deliver_all()
    for _, body in wire.pushed:
        assert verdict(body, wire.keys) == "TOTAL-PASSED"
        root = etree.fromstring(body)
        assert root.findall(".//{*}password") == []
        assert root.findtext(".//{*}sessionId").startswith("{")


def test_the_document_arrives_with_every_field_as_it_was_sent(wire: Wire) -> None:
    sent = document("TF-1", "TF-2", own="<docKind>90000010</docKind>")
    wire.call(envelope(sent))
    wire.sandbox.deliver_all()
    arrived = next(etree.fromstring(dict(wire.pushed)["MFA"]).iter("data"))
    expected = etree.fromstring(sent)
    assert etree.tostring(arrived, method="c14n", exclusive=True) == etree.tostring(
        expected, method="c14n", exclusive=True
    )
    assert arrived.nsmap["d"] == "http://esedo.nitec.kz/service/model/document"


def test_notices_keep_their_order_towards_one_participant(wire: Wire) -> None:
    wire.call(envelope(document()))
    for said in (notice("stateDelivered", DATE), notice("stateRegistered", *REGISTERED)):
        assert wire.call(envelope(said, sender="mfa_test"), key=wire.keys.foreign).code == "SCSS001"
    wire.sandbox.deliver_all()
    assert kinds(wire, "MIN") == ["stateStartProcessResponse", "stateDelivered", "stateRegistered"]


def test_a_notice_of_the_sender_goes_to_the_performers(wire: Wire) -> None:
    wire.call(envelope(document()))
    head = meta(performers=(FOREIGN,))
    wire.call(envelope(notice("stateNewControl", "<execDate>2026-12-20T00:00:00+05:00</execDate>", head=head)))
    wire.sandbox.deliver_all()
    assert kinds(wire, "MFA") == ["docOutgoing", "stateNewControl"]


@pytest.mark.parametrize(
    "failure",
    [
        Retryable("http.no-connection"),
        OutcomeUnknown("http.no-answer"),
        Final("http.address-refused"),
        (503, b""),
        (200, b"<html/>"),
        (500, answered()),
        (200, answered("SCSE001")),
        (404, b"\xff\xfe"),
    ],
    ids=lambda each: f"{each[0]}-{len(each[1])}" if isinstance(each, tuple) else str(each),
)
def test_whatever_is_not_a_success_is_tried_again_with_the_same_bytes(wire: Wire, failure: object) -> None:
    wire.call(envelope(document()))
    success = wire.reply

    def fail(url: str, body: bytes) -> tuple[int, bytes]:
        if isinstance(failure, Exception):
            raise failure
        return failure

    wire.reply = fail
    wire.sandbox.deliver_all()
    wire.sandbox.deliver_all()
    assert wire.sandbox.lanes.waiting() == 2
    wire.reply = success
    wire.sandbox.deliver_all()
    assert wire.sandbox.lanes.waiting() == 0
    assert [attempt for what, attempt, _ in attempts(wire) if what == "push.delivered"] == [3, 3]
    assert len({body for to, body in wire.pushed if to == "MFA"}) == 1


def test_a_participant_without_an_endpoint_loses_nothing(wire: Wire) -> None:
    wire.sandbox.set_endpoint("MFA", None)
    wire.call(envelope(document()))
    wire.sandbox.deliver_all()
    wire.sandbox.set_endpoint("MFA", "http://MFA")
    wire.sandbox.deliver_all()
    assert kinds(wire, "MFA") == ["docOutgoing"]


def test_what_cannot_be_kept_is_not_accepted(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire(max_stored_bytes=1000)
    wire.reply = lambda url, body: (503, b"")
    assert wire.call(envelope(document())).code == "SCSS001"
    assert wire.call(envelope(document(head=meta("another-href")))).code == "SBX-SIZE"
    wire.reply = lambda url, body: (200, answered())
    wire.sandbox.deliver_all()
    assert wire.call(envelope(document(head=meta("another-href")))).code == "SCSS001"


def test_a_lane_that_hangs_holds_up_no_other(wire: Wire) -> None:
    wire.call(envelope(document()))
    wire.call(envelope(document(head=meta("another-href"))))
    success = wire.reply
    wire.reply = lambda url, body: (503, b"") if HREF.encode() in body else success(url, body)
    wire.sandbox.deliver_all()
    delivered = {one.href for one in wire.sandbox.events() if one.what == "push.delivered"}
    assert delivered == {"another-href"}


@pytest.mark.parametrize(
    ("choice", "documents", "code"),
    [("deliver-again", 2, "SCSS001"), ("drop", 1, "SCSS001"), ("refuse", 1, "SBX-HREF")],
)
def test_a_second_document_of_one_href_follows_the_switch(
    new_wire: Callable[..., Wire], choice: str, documents: int, code: str
) -> None:
    wire = new_wire(repeated_href=choice)
    wire.call(envelope(document()))
    assert wire.call(envelope(document())).code == code
    wire.sandbox.deliver_all()
    assert kinds(wire, "MFA") == ["docOutgoing"] * documents


def test_an_href_of_another_sender_is_refused(wire: Wire) -> None:
    wire.call(envelope(document()))
    head = meta(speaker=FOREIGN, performers=(MINISTRY,), org=90000004)
    answer = wire.call(envelope(document(head=head), sender="mfa_test"), key=wire.keys.foreign)
    assert answer.code == "SBX-HREF"


@pytest.mark.parametrize(("speaks", "number"), [("centre", "90000000"), ("performer", str(FOREIGN))])
def test_who_speaks_in_the_start_notice_is_a_switch(new_wire: Callable[..., Wire], speaks: str, number: str) -> None:
    wire = new_wire(start_notice_from=speaks)
    wire.call(envelope(document()))
    wire.sandbox.deliver_all()
    assert etree.fromstring(dict(wire.pushed)["MIN"]).findtext(".//from") == number


def test_the_start_notice_can_be_left_out(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire(sends_start_notice=False)
    wire.call(envelope(document()))
    wire.sandbox.deliver_all()
    assert kinds(wire, "MIN") == []


@pytest.mark.parametrize(
    ("plays", "said"),
    [
        ("nothing", []),
        ("delivers", ["stateDelivered"]),
        ("registers", ["stateDelivered", "stateRegistered"]),
        ("refuses", ["stateDelivered", "stateNotValid"]),
    ],
)
def test_a_played_body_answers_by_itself(
    new_wire: Callable[..., Wire], keys: Keys, plays: str, said: list[str]
) -> None:
    wire = new_wire(participants=participants(keys, play={"plays": plays}))
    wire.call(envelope(document(head=meta(performers=(OTHER,)))))
    wire.sandbox.deliver_all()
    assert kinds(wire, "MIN") == ["stateStartProcessResponse", *said]


def test_a_document_sent_by_the_sandbox_passes_its_own_eyes(wire: Wire) -> None:
    href = wire.sandbox.send_document(
        sender="PLAY",
        performer="MIN",
        files=(OutgoingFile(name="a.pdf", mime="application/pdf", content=b"a"),),
        fields={"docNo": "7-1"},
    )
    wire.sandbox.deliver_all()
    data = next(etree.fromstring(dict(wire.pushed)["MIN"]).iter("data"))
    assert data.findtext("docNo") == "7-1"
    assert data.findtext("metadataSystem/href") == href
    assert wire.sandbox.file_store.holds(data.findtext("attachments/fileIdentifier"))
    names = [one.tag for one in data]
    assert names == sorted(names, key=names.index)
    assert (
        wire.call(
            envelope(
                etree.tostring(data, encoding="unicode")
                .replace("90000005", "90000001")
                .replace("90000006", "90000002")
                .replace(f"<performers>{MINISTRY}", f"<performers>{FOREIGN}")
                .replace(href, "own-href")
            )
        ).code
        == "SCSS001"
    )
    assert [one.code for one in wire.sandbox.protocol_findings()] == []


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("sandbox.unknown-participant", {"sender": "WHO", "performer": "MIN"}),
        ("sandbox.unknown-participant", {"sender": "PLAY", "performer": "WHO"}),
        ("sandbox.unknown-field", {"sender": "PLAY", "performer": "MIN", "fields": {"docNumber": "1"}}),
    ],
)
def test_a_document_that_cannot_be_sent_is_refused(wire: Wire, code: str, arguments: dict[str, object]) -> None:
    with pytest.raises(Final) as refused:
        wire.sandbox.send_document(**arguments)
    assert refused.value.code == code


def test_answers_of_participants_are_looked_at(wire: Wire) -> None:
    wire.reply = lambda url, body: (200, answered())
    wire.call(envelope(document()))
    wire.sandbox.deliver_all()
    assert {one.code for one in wire.sandbox.protocol_findings("MFA")} == {"answer-signature"}
    wire.reply = lambda url, body: (
        200,
        signed(answered().replace(b"<responseData/>", b""), wire.keys.foreign),
    )
    wire.sandbox.send_document(sender="PLAY", performer="MFA")
    wire.sandbox.deliver_all()
    assert "missing-element" in {one.code for one in wire.sandbox.protocol_findings("MFA")}


def test_a_stranger_fault_needs_a_strangers_key(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire(stranger_key=None)
    with pytest.raises(Final, match="no-stranger-key"):
        wire.sandbox.add_faults(*rules_from_toml('[[fault]]\nname = "push-stranger-signed"'))
