"""Both channel ports without a network: what is prepared, how a push is judged, what is answered."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import schemas
import signing
from adapter import texts
from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.incoming import IncomingDocument, IncomingNotice, JournalState, NotUnderstood
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.domain.outgoing import OutgoingNotice, Words
from adapter.domain.receipt import MessageVerdict
from adapter.errors import Final, OutcomeUnknown, Retryable
from adapter.exchange import documents, envelope
from adapter.exchange.channel import EsedoChannel, redacted
from adapter.exchange.config import DocumentConfig, FilesConfig, GatewayConfig, ReceiverConfig, SecondSignConfig
from adapter.exchange.file_store import FileStore
from adapter.ports import Participant
from tests.unit.exchange import kit

T = "http://egov.bee.kz/eds/tempstorage/v2/"
NOTICE = kit.notice("stateDelivered", "<date>2026-11-20T16:39:58.000+05:00</date>")


class Book:
    """The address book: one body; remembers for which day it was asked."""

    def __init__(self) -> None:
        self.asked: list[date] = []

    def find(self, body: BodyCode, *, on: date) -> Participant:
        self.asked.append(on)
        if body != "KZ-MFA":
            raise Final("exchange.addressee-unknown", params={"body": body})
        return Participant(body=body, member=kit.PEER, name=Words(kk="a", ru="b"))

    def body_of(self, member: str) -> BodyCode | None:
        return BodyCode("KZ-MFA") if member == kit.PEER else None


class Blobs:
    def __init__(self, *contents: bytes) -> None:
        self.by_digest = {hashlib.sha256(one).hexdigest(): one for one in (kit.CONTENT, *contents)}

    def open(self, sha256: Sha256) -> BinaryIO:
        return io.BytesIO(self.by_digest[sha256])


def storing(message: bytes) -> Any:
    """The file store: takes every upload for as many minutes as the number of its name says, else 60."""
    root = schemas.parse_untrusted(message)
    process = root.findtext(".//fileProcessIdentifier")
    name = root.findtext(".//name") or ""
    minutes = int(name) if name.isdigit() else 60
    status = "<status><code>OK</code><status>OK</status></status>"
    content = (
        f'<tempStorageResponse xmlns="{T}"><type>UPLOAD</type><uploadResponse><uploadFileResults>'
        f"<fileProcessIdentifier>{process}</fileProcessIdentifier>{status}<fileIdentifier>TF-{name}</fileIdentifier>"
        f"<lifeTime>{minutes * 60_000}</lifeTime></uploadFileResults>{status}</uploadResponse></tempStorageResponse>"
    )
    return kit.http(kit.signed(kit.answer(data=f"<data>{content}</data>")))


def channel(*answers: Any, **settings: Any) -> tuple[EsedoChannel, kit.CannedHttp]:
    http = kit.CannedHttp(list(answers) or [storing])
    gateway = kit.gateway(http, kit.config(**settings))
    return EsedoChannel(gateway=gateway, file_store=FileStore(gateway=gateway), address_book=Book()), http


def data_in(message: bytes) -> etree._Element:
    found = schemas.parse_untrusted(message).find(".//requestData/data")
    assert found is not None
    return found


# --- out -------------------------------------------------------------------------------------------------------------
def test_a_prepared_document_is_signed_names_its_uploads_and_satisfies_every_schema() -> None:
    one, http = channel()
    prepared = one.prepare(kit.document(), message_id="m-1", files=Blobs(), at=kit.AT)
    assert len(http.posted) == 1
    assert prepared.message_id == "m-1"
    assert (prepared.files_expire_at or kit.AT) - kit.AT == FilesConfig().lifetime / 8
    data = data_in(prepared.message)
    assert data.findtext("attachments/fileIdentifier") == "TF-есеп.asice"
    root = schemas.parse_untrusted(prepared.message)
    assert schemas.validate(prepared.message, "shep/v10/envelope") == ()
    assert schemas.validate(etree.tostring(data), "esedo-out") == ()
    assert root.findtext(".//messageId") == "m-1"
    assert root.findtext(".//serviceId") == "ESEDO_UNIVERSAL_SERVICE"
    assert root.findtext(".//routeId") == "R_ESEDO"
    validation = signing.verify_envelope(
        prepared.message,
        policy=signing.SANDBOX_ENVELOPE,
        anchors=kit.keys().pki.trust_anchors(),
        at=kit.AT,
        pinned=(kit.keys().ours.certificate,),
    )
    assert validation.report.indication is signing.Indication.TOTAL_PASSED


def test_every_message_to_the_gateway_is_signed_without_white_space_between_elements() -> None:
    one, http = channel()
    prepared = one.prepare(kit.document(), message_id="m-1", files=Blobs(), at=kit.AT)
    for message in (*http.posted, prepared.message):
        body = envelope.sole_body(schemas.parse_untrusted(message))
        assert body is not None
        assert b"<ds:Signature" in message
        assert not any((node.tail or "").strip(" \r\n\t") != (node.tail or "") for node in body.iter())


def test_files_travel_in_order_and_the_shortest_life_counts() -> None:
    contents = {"30": b"thirty", "5": b"five", "": b"sixty"}
    files = tuple(kit.travelling(name or "x", content) for name, content in contents.items())
    one, http = channel()
    prepared = one.prepare(kit.document(files=files), message_id="m", files=Blobs(*contents.values()), at=kit.AT)
    assert [node.text for node in data_in(prepared.message).iter("fileIdentifier")] == ["TF-30", "TF-5", "TF-x"]
    assert prepared.files_expire_at is not None
    assert (prepared.files_expire_at - kit.AT).total_seconds() == 300
    assert len(http.posted) == 3


def test_a_file_over_the_limit_stops_before_the_first_upload() -> None:
    files = (kit.travelling("a", b"x"), kit.travelling("b", b"x" * 101))
    one, http = channel(files=FilesConfig(max_file_bytes=100))
    with pytest.raises(Final) as caught:
        one.prepare(kit.document(files=files), message_id="m", files=Blobs(), at=kit.AT)
    assert caught.value.code == "exchange.file-too-large"
    assert http.posted == []


def test_an_addressee_that_is_none_stops_before_the_first_upload() -> None:
    one, http = channel()
    with pytest.raises(Final):
        one.prepare(kit.document(addressee=BodyCode("KZ-XXX")), message_id="m", files=Blobs(), at=kit.AT)
    assert http.posted == []


def test_the_addressee_is_asked_for_on_the_day_of_almaty() -> None:
    one, _ = channel()
    one.prepare(kit.document(), message_id="m", files=Blobs(), at=kit.AT.replace(hour=20))
    assert one.address_book.asked == [date(2026, 11, 21)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("activity", "same"), [("same", True), ("distinct", False)])
def test_the_mark_and_the_section_are_one_guid_or_two(activity: Any, same: bool) -> None:
    one, _ = channel(document=DocumentConfig(activity_id=activity))
    data = data_in(one.prepare(kit.document(), message_id="m", files=Blobs(), at=kit.AT).message)
    assert (data.findtext("metadataSystem/activityId") == data.findtext("documentSectionId")) is same


def test_an_upload_whose_outcome_is_unknown_is_only_later() -> None:
    one, _ = channel(OutcomeUnknown("http.no-answer"))
    with pytest.raises(Retryable):
        one.prepare(kit.document(), message_id="m", files=Blobs(), at=kit.AT)


def uploads_in(http: kit.CannedHttp) -> list[str | None]:
    """Names of the files that were sent to the store, in order."""
    return [schemas.parse_untrusted(one).findtext(".//fileUploadRequests/name") for one in http.posted]


def two_files() -> Any:
    document = kit.document()
    (file,) = document.files
    other = replace(file, name="59", sha256=Sha256(hashlib.sha256(b"other").hexdigest()), size=5)
    return replace(document, files=(file, other))


def test_after_a_partial_success_only_the_missing_file_is_uploaded_again() -> None:
    one, http = channel(storing, kit.http(b"", 503), storing)
    with pytest.raises(Retryable):
        one.prepare(two_files(), message_id="m-1", files=Blobs(b"other"), at=kit.AT)
    prepared = one.prepare(two_files(), message_id="m-1", files=Blobs(b"other"), at=kit.AT)
    assert uploads_in(http) == ["есеп.asice", "59", "59"]
    names = [one.text for one in data_in(prepared.message).iterfind("attachments/fileIdentifier")]
    assert names == ["TF-есеп.asice", "TF-59"]
    again = one.prepare(two_files(), message_id="m-1", files=Blobs(b"other"), at=kit.AT)
    assert len(uploads_in(http)) == 5, "what is complete is forgotten: whoever prepares anew gets new files"
    assert again.message_id == "m-1"


@pytest.mark.parametrize(
    ("changes", "later"),
    [({"message_id": "m-2"}, 0), ({}, 31)],
    ids=["of another message", "soon forgotten by the store"],
)
def test_an_upload_is_used_again_only_for_its_own_message_and_while_it_lives(changes: Any, later: int) -> None:
    one, http = channel(storing, kit.http(b"", 503), storing)
    with pytest.raises(Retryable):
        one.prepare(two_files(), message_id="m-1", files=Blobs(b"other"), at=kit.AT)
    at = kit.AT + timedelta(minutes=later)
    one.prepare(two_files(), **({"message_id": "m-1"} | changes), files=Blobs(b"other"), at=at)
    assert uploads_in(http) == ["есеп.asice", "59", "есеп.asice", "59"]


def giving(message: bytes) -> Any:
    """The file store: gives every file, which is its own identifier, and wants to hear that it came."""
    root = schemas.parse_untrusted(message)
    identifier = root.findtext(".//fileIdentifiers") or ""
    kind = root.findtext(".//type")
    status = "<status><code>OK</code><status>OK</status></status>"
    content = base64.b64encode(identifier.encode()).decode()
    result = (
        f"<fileDownloadResults>{status}<fileIdentifier>{identifier}</fileIdentifier><content>{content}</content>"
        "<meta><needToBeConfirmed>true</needToBeConfirmed></meta></fileDownloadResults>"
    )
    part = "confirm" if kind == "CONFIRM" else "download"
    answer = (
        f'<tempStorageResponse xmlns="{T}"><type>{kind}</type><{part}Response>{result}{status}</{part}Response>'
        "</tempStorageResponse>"
    )
    return kit.http(kit.signed(kit.answer(data=f"<data>{answer}</data>")))


def test_after_a_partial_download_only_the_rest_is_fetched_and_nothing_is_confirmed_by_itself() -> None:
    one, http = channel(giving, kit.http(b"", 503), giving)
    with pytest.raises(Retryable):
        one.fetch_files(("A", "B", "C"), at=kit.AT)
    asked = [schemas.parse_untrusted(message) for message in http.posted]
    assert [root.findtext(".//type") for root in asked] == ["DOWNLOAD", "DOWNLOAD"]
    files = one.fetch_files(("A", "B", "C"), at=kit.AT)
    assert [file.content for file in files] == [b"A", b"B", b"C"]
    asked = [schemas.parse_untrusted(message) for message in http.posted[2:]]
    assert [(root.findtext(".//type"), root.findtext(".//fileIdentifiers")) for root in asked] == [
        ("DOWNLOAD", "B"),
        ("DOWNLOAD", "C"),
    ]
    assert [file.awaits_confirmation for file in files] == [True, True, True]
    one.confirm_files(("A", "C"), at=kit.AT)
    asked = [schemas.parse_untrusted(message) for message in http.posted[4:]]
    assert [(root.findtext(".//type"), root.findtext(".//fileIdentifiers")) for root in asked] == [
        ("CONFIRM", "A"),
        ("CONFIRM", "C"),
    ]
    one.fetch_files(("A", "B", "C"), at=kit.AT)
    assert len(http.posted) == 9, "what was handed over is remembered by whoever keeps it, and not here"


def test_what_waits_for_its_rest_is_forgotten_after_an_hour() -> None:
    one, http = channel(giving, kit.http(b"", 503), giving)
    with pytest.raises(Retryable):
        one.fetch_files(("A", "B"), at=kit.AT)
    one.fetch_files(("A", "B"), at=kit.AT + timedelta(hours=1))
    asked = [schemas.parse_untrusted(message).findtext(".//fileIdentifiers") for message in http.posted]
    assert asked == ["A", "B", "A", "B"]


def our_notice(**changes: Any) -> OutgoingNotice:
    fields: dict[str, Any] = {
        "document_id": DocumentId(f"urn:uuid:{kit.HREF}"),
        "kind": NoticeKind.NOT_VALID,
        "reason": RefusalReason.SIGNATURE_NEGATIVE,
    }
    return OutgoingNotice(notice=Notice(**(fields | changes)), sender=BodyCode("KZ-MOF"), addressee=BodyCode("KZ-MFA"))


def test_a_notice_needs_no_upload_and_no_directory_when_its_participant_is_known() -> None:
    one, http = channel()
    prepared = one.prepare(our_notice(addressee="77"), message_id="m", files=Blobs(), at=kit.AT)
    data = data_in(prepared.message)
    assert (data.findtext("metadataSystem/performers"), data.findtext("isValidReason")) == ("77", "2")
    assert (prepared.files_expire_at, http.posted, one.address_book.asked) == (None, [], [])  # type: ignore[attr-defined]
    assert schemas.validate(etree.tostring(data), "esedo-out") == ()


def test_a_notice_to_a_body_finds_its_participant() -> None:
    one, _ = channel()
    data = data_in(one.prepare(our_notice(), message_id="m", files=Blobs(), at=kit.AT).message)
    assert data.findtext("metadataSystem/performers") == kit.PEER


def test_send_posts_the_very_bytes_once_and_gives_the_answer_as_it_came() -> None:
    raw = kit.signed(kit.answer(words="Ð¡"))
    one, http = channel(kit.http(raw))
    accepted = one.send(b"the very bytes", at=kit.AT)
    assert (http.posted, http.repeatable) == ([b"the very bytes"], [False])
    assert accepted.answer == raw
    assert (accepted.verdict, accepted.code, accepted.text) == (MessageVerdict.VERIFIED, "SCSS001", "Ð¡")


def test_an_unlisted_code_is_not_understood() -> None:
    one, _ = channel(kit.http(kit.signed(kit.answer("SCSE777", "?"))))
    with pytest.raises(Final) as caught:
        one.send(b"x", at=kit.AT)
    assert (caught.value.code, caught.value.params["code"]) == ("exchange.not-understood", "SCSE777")


# --- in: judged ------------------------------------------------------------------------------------------------------
ID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"


def opened(raw: bytes, **settings: Any) -> Any:
    return channel(**settings)[0].open(raw, at=kit.AT)


def said(answer: bytes) -> Any:
    body = envelope.sole_body(schemas.parse_untrusted(answer))
    assert body is not None
    return envelope.read(body)


def assert_signed_by_us(answer: bytes) -> None:
    validation = signing.verify_envelope(
        answer,
        policy=signing.SANDBOX_ENVELOPE,
        anchors=kit.keys().pki.trust_anchors(),
        at=kit.AT,
        pinned=(kit.keys().ours.certificate,),
    )
    assert validation.report.indication is signing.Indication.TOTAL_PASSED
    assert schemas.validate(answer, "shep/v10/envelope") == ()


def test_a_verified_push_is_received_and_answered_with_success() -> None:
    found = opened(kit.signed(kit.push(NOTICE)))
    assert (found.state, found.verdict, found.code) == (JournalState.RECEIVED, MessageVerdict.VERIFIED, None)
    assert (found.message_id, found.status) == (ID, 200)
    answer = said(found.answer)
    assert (answer.code, answer.correlation_id) == ("SCSS001", ID)
    assert answer.message_id not in {ID, None}
    assert_signed_by_us(found.answer)


def test_the_answer_may_echo_the_id_and_may_stay_unsigned() -> None:
    found = opened(kit.signed(kit.push(NOTICE)), receiver=ReceiverConfig(answer_message_id="echo", sign_answer=False))
    assert said(found.answer).message_id == ID
    assert b"Signature" not in found.answer


@pytest.mark.parametrize("name", ["unsigned", "nobody pinned, other authority"])
def test_a_push_that_cannot_be_verified_is_quarantined_or_rejected(name: str) -> None:
    raw, settings = kit.push(NOTICE), GatewayConfig(certificates=(kit.keys().gateway.certificate,))
    if name != "unsigned":
        pki = kit.keys().pki
        other = signing.SandboxPki.create(not_before=pki.not_before, not_after=pki.not_after, name="Other authority")
        raw, settings = kit.signed(raw, other.issue("gateway", "g", "o", key="ec-p256")), GatewayConfig()
    held = opened(raw, gateway=settings)
    assert (held.state, held.verdict, held.code) == (
        JournalState.HELD,
        MessageVerdict.UNVERIFIED,
        "exchange.push-unverified",
    )
    assert (held.status, said(held.answer).code) == (200, "SCSS001")
    refused = opened(raw, gateway=replace(settings, unsigned_push="reject"))
    assert (refused.state, refused.code, refused.status) == (JournalState.REFUSED, "exchange.push-unverified", 500)
    assert said(refused.answer).codes[0] == "ELSHI-UNSIGNED"


SIGNED = kit.signed(kit.push(NOTICE))
BAD_SIGNATURES = {
    "changed": SIGNED.replace(b"16:39:58", b"16:39:59"),
    "stranger": kit.signed(kit.push(NOTICE), kit.keys().stranger),
    "href changed": SIGNED.replace(kit.HREF.encode(), kit.HREF.replace("7", "8").encode()),
}


@pytest.mark.parametrize("raw", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES)
def test_a_wrongly_signed_push_is_refused_with_a_fault_of_ours(raw: bytes) -> None:
    found = opened(raw)
    assert (found.state, found.verdict, found.code, found.status) == (
        JournalState.REFUSED,
        MessageVerdict.FAILED,
        "exchange.push-signature",
        500,
    )
    assert (said(found.answer).codes[0], found.message_id) == ("ELSHI-SIGNATURE", ID)
    assert_signed_by_us(found.answer)


@pytest.mark.parametrize("how", ["quarantine", "reject"])
@pytest.mark.parametrize("forged", kit.forgeries(kit.push(NOTICE)))
def test_a_forged_push_is_refused_and_never_held_as_if_it_were_unsigned(forged: str, how: Any) -> None:
    raw, _ = kit.forgeries(kit.push(NOTICE))[forged]
    gateway = GatewayConfig(certificates=(kit.keys().gateway.certificate,), unsigned_push=how)
    found = opened(raw, gateway=gateway)
    assert (found.state, found.verdict, found.code) == (
        JournalState.REFUSED,
        MessageVerdict.FAILED,
        "exchange.push-signature",
    )


def wrapped(signed: bytes) -> bytes:
    """The signed Body hidden in the Header, another one in its place."""
    start, end = signed.index(b"<soap:Body"), signed.index(b"</soap:Body>") + len(b"</soap:Body>")
    body = signed[start:end]
    forged = kit.push(kit.notice("stateNotValid"))
    inside = forged[forged.index(b"<soap:Body>") : forged.index(b"</soap:Body>") + len(b"</soap:Body>")]
    moved = signed[:start] + inside + signed[end:]
    return moved.replace(b"</soap:Header>", b"<hidden>" + body + b"</hidden></soap:Header>")


BROKEN = {
    "nothing": (b"", "xml.empty"),
    "noise": (b"\x00\x01\x02", None),
    "html": (b"<html><body>hello</body></html>", "exchange.push-not-xml"),
    "cut": (SIGNED[:-20], None),
    "dtd": (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + SIGNED, "xml.dtd"),
    "utf-16": (kit.push(NOTICE).decode().encode("utf-16"), "xml.not-utf-8"),
    "two bodies": (SIGNED.replace(b"</soap:Envelope>", b"<soap:Body/></soap:Envelope>"), "exchange.push-not-xml"),
    "wrapped": (wrapped(SIGNED), "exchange.push-not-xml"),
    "soap 1.2": (
        SIGNED.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"),
        "exchange.push-not-xml",
    ),
    "deep": (b"<a>" * 300 + b"</a>" * 300, None),
}


@pytest.mark.parametrize(("raw", "code"), BROKEN.values(), ids=BROKEN)
def test_whatever_is_broken_is_refused_with_a_fault_and_a_digest_for_an_id(raw: bytes, code: str | None) -> None:
    found = opened(raw)
    assert (found.state, found.status) == (JournalState.REFUSED, 500)
    assert found.message_id == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert said(found.answer).codes[0] == "ELSHI-XML"
    assert found.code == code if code else (found.code or "").startswith("xml.")
    assert_signed_by_us(found.answer)


def test_an_oversized_push_is_refused_before_it_is_parsed() -> None:
    found = opened(b"<" * 20_000_001)
    assert (found.state, found.code) == (JournalState.REFUSED, "exchange.push-too-large")
    assert said(found.answer).codes[0] == "ELSHI-SIZE"


@pytest.mark.parametrize("inside", ["", "<a/>", "<SendMessage/>", "<SendMessage><request/></SendMessage>"])
def test_a_signed_message_that_is_no_request_is_refused(inside: str) -> None:
    found = opened(kit.signed(kit.soap(inside)))
    assert (found.state, found.code) == (JournalState.REFUSED, "exchange.push-no-request")
    assert said(found.answer).codes[0] == "ELSHI-REQUEST"


def test_the_longest_id_of_a_request_is_taken_as_it_is() -> None:
    found = opened(kit.signed(kit.push(NOTICE, "x" * 255)))
    assert (found.state, found.message_id) == (JournalState.RECEIVED, "x" * 255)
    assert said(found.answer).correlation_id == "x" * 255


@pytest.mark.parametrize("message_id", ["", " ", "x" * 256])
def test_a_request_without_a_usable_id_is_known_by_its_digest(message_id: str) -> None:
    raw = kit.signed(kit.push(NOTICE, message_id))
    found = opened(raw, receiver=ReceiverConfig(answer_message_id="echo"))
    assert (found.state, found.message_id) == (
        JournalState.RECEIVED,
        f"sha256:{hashlib.sha256(raw).hexdigest()}",
    )
    answer = said(found.answer)
    assert answer.correlation_id is None
    assert answer.message_id


# --- in: understood --------------------------------------------------------------------------------------------------
def test_a_notice_is_understood_with_the_digest_of_its_message() -> None:
    found = channel()[0].interpret(SIGNED)
    assert isinstance(found, IncomingNotice)
    assert (found.notice.kind, found.notice.sha256) == (NoticeKind.DELIVERED, hashlib.sha256(SIGNED).hexdigest())


def test_our_own_document_is_understood_by_a_receiver() -> None:
    one, _ = channel()
    found = one.interpret(one.prepare(kit.document(), message_id="m", files=Blobs(), at=kit.AT).message)
    assert isinstance(found, IncomingDocument)
    assert found.document_id == kit.document().document_id


def test_a_notice_as_escaped_text_is_understood() -> None:
    escaped = f"<data>{NOTICE.replace('<', '&lt;')}</data>"
    plain, found = (channel()[0].interpret(kit.push(data)) for data in (NOTICE, escaped))
    assert isinstance(plain, IncomingNotice)
    assert isinstance(found, IncomingNotice)
    assert replace(found.notice, sha256=plain.notice.sha256) == plain.notice


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (
            NOTICE.replace("stateDelivered", "stateUnheardOf"),
            "{http://esedo.nitec.kz/service/model/notification}stateUnheardOf",
        ),
        (
            NOTICE.replace("model/notification", "model/document"),
            "{http://esedo.nitec.kz/service/model/document}stateDelivered",
        ),
        (NOTICE.replace("n:state", "m:state"), "data"),
        (NOTICE.replace("n:stateDelivered", "stateDelivered"), "{}stateDelivered"),
        ("<data/>", "{}data"),
        ("<data>words</data>", "{}data"),
        ("<data>&lt;!DOCTYPE a>&lt;a/></data>", "xml.dtd"),
        ("", "exchange.push-no-data"),
        (kit.notice("stateDelivered", routing=""), "exchange.href-unreadable"),
    ],
)
def test_what_is_not_known_is_kept_for_a_person(data: str, what: str) -> None:
    assert channel()[0].interpret(kit.push(data)) == NotUnderstood(what=what)


@pytest.mark.parametrize("raw", [b"", b"noise", kit.answer(), kit.fault("X"), *(raw for raw, _ in BROKEN.values())])
def test_interpret_never_raises_and_says_why_in_a_code_with_a_sentence(raw: bytes) -> None:
    found = channel()[0].interpret(raw)
    assert isinstance(found, NotUnderstood)
    assert found.what in texts.codes()


def test_the_pairs_of_namespace_and_type_share_no_name_so_that_rebinding_a_prefix_changes_nothing() -> None:
    from adapter.exchange import notices

    known = [documents.DOC_OUTGOING, *notices.KIND_OF]
    assert len({name for _, name in known}) == len(known)


# --- display ---------------------------------------------------------------------------------------------------------
def test_a_redacted_envelope_shows_the_message_and_no_account() -> None:
    one, http = channel(second_sign=SecondSignConfig(enabled=True))
    prepared = one.prepare(kit.document(), message_id="m-1", files=Blobs(), at=kit.AT)
    for message in (prepared.message, *http.posted):
        assert kit.CHANNEL_SECRET.encode() in message
        shown = redacted(message)
        assert not any(secret.encode() in shown for secret in kit.SECRETS)
        assert b"elshi_test" not in shown
        assert b"elshi_files" not in shown
    assert b"<messageId>m-1</messageId>" in redacted(prepared.message)
    assert "Ахметова".encode() in redacted(prepared.message)


def test_redaction_blanks_a_directory_account_and_nested_or_spelled_otherwise_ones() -> None:
    shown = redacted(
        b"<a><Login>l-1</Login><Password>p-1</Password><x:PASSWORD xmlns:x='urn:x'>p-2<b>p-3</b></x:PASSWORD></a>"
    )
    assert not any(secret in shown for secret in (b"l-1", b"p-1", b"p-2", b"p-3"))


def test_what_is_no_xml_is_not_shown_at_all() -> None:
    assert b"S3CRET" not in redacted(b"<password>S3CRET")


# --- any bytes -------------------------------------------------------------------------------------------------------
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(SIGNED)), st.integers(0, 40), st.binary(max_size=20)), min_size=1, max_size=4)
)
def test_no_damage_makes_open_or_interpret_raise_and_none_is_verified(damage: list[tuple[int, int, bytes]]) -> None:
    raw = SIGNED
    for place, length, instead in damage:
        raw = raw[:place] + instead + raw[place + length :]
    one, _ = channel(receiver=ReceiverConfig(sign_answer=False))
    found = one.open(raw, at=kit.AT)
    one.interpret(raw)
    if found.verdict is MessageVerdict.VERIFIED:
        # Damage outside the signed Body, for example in the white space of the header, leaves the message as it was.
        assert one.interpret(raw) == replace_digest(one.interpret(SIGNED), raw)


def replace_digest(found: Any, raw: bytes) -> Any:
    return IncomingNotice(notice=replace(found.notice, sha256=Sha256(hashlib.sha256(raw).hexdigest())))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_open_interpret_or_redacted_raise(raw: bytes) -> None:
    one, _ = channel(receiver=ReceiverConfig(sign_answer=False))
    assert one.open(raw, at=kit.AT).state is JournalState.REFUSED
    assert isinstance(one.interpret(raw), NotUnderstood)
    assert redacted(raw)
