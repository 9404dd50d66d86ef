"""The twelve notices, both ways."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import schemas
from adapter.domain.document import DocumentId, Sha256
from adapter.domain.incoming import IncomingNotice, NotUnderstood
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.errors import Final
from adapter.exchange import envelope, notices
from adapter.exchange.config import ReceiverConfig
from tests.unit.exchange import kit

DOCUMENT = DocumentId(f"urn:uuid:{kit.HREF}")
RAW = Sha256("0" * 64)


def of(kind: NoticeKind, **fields: Any) -> Notice:
    return Notice(document_id=DOCUMENT, kind=kind, **fields)


def written(notice: Notice, **changes: Any) -> bytes:
    fields: dict[str, Any] = {"performer": kit.PEER, "activity": "act-1", "at": kit.AT, "config": kit.config()}
    return notices.data_of(notice, **(fields | changes))


def read(markup: bytes | str, *, repairs: bool = True) -> Notice:
    root = schemas.parse_untrusted(markup if isinstance(markup, bytes) else markup.encode())
    kind = notices.KIND_OF[envelope.type_of(root) or ("", "")]
    found = notices.incoming(root, kind, raw=RAW, own=str(kit.US), repairs=repairs)
    assert isinstance(found, IncomingNotice)
    return found.notice


def test_there_is_a_wire_type_for_every_kind() -> None:
    assert set(notices.FIELDS) == set(NoticeKind)
    assert len(notices.KIND_OF) == 12


# --- written ---------------------------------------------------------------------------------------------------------
OURS = [
    of(NoticeKind.DELIVERED),
    of(NoticeKind.REGISTERED, registration_number="EX-1-000000-26-00001"),
    of(NoticeKind.NOT_VALID, reason=RefusalReason.SIGNATURE_NEGATIVE),
    of(NoticeKind.NOT_VALID, reason=RefusalReason.OTHER, reason_text="Гриф не допускается"),
]


@pytest.mark.parametrize("notice", OURS)
def test_what_we_send_as_a_receiver_satisfies_both_schemas(notice: Notice) -> None:
    assert schemas.validate(written(notice), "esedo-out") == ()
    assert schemas.validate(written(notice), "esedo") == ()


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_can_be_written_in_the_order_of_the_schema(kind: NoticeKind) -> None:
    _, own = notices.FIELDS[kind]
    values = {"idPortalInternal": "0", **dict.fromkeys(("execDate", "realDate"), "2026-12-01T00:00:00.000+05:00")}
    details = tuple(
        (name, values.get(name, "x")) for name in own if name not in {"date", "regNo", "isValidReason", "userUin"}
    )
    notice = of(kind, details=details, registration_number="1", reason=RefusalReason.AGAINST_RULES)
    markup = written(notice)
    assert schemas.validate(markup, "esedo") == ()
    assert [one.tag for one in schemas.parse_untrusted(markup)][1:] == [name for name in own if name != "userUin"]


def test_the_notice_of_the_reference_byte_for_byte() -> None:
    assert written(of(NoticeKind.NOT_VALID, reason=RefusalReason.SIGNATURE_NEGATIVE)).decode() == (
        '<data xsi:type="n:stateNotValid" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:n="http://esedo.nitec.kz/service/model/notification"><metadataSystem><activityId>act-1</activityId>'
        f"<from>{kit.US}</from><href>{kit.HREF}</href><performers>{kit.PEER}</performers><senderOrg>90000002</senderOrg>"
        "</metadataSystem><date>2026-11-20T10:15:00.000+05:00</date><isValidReason>2</isValidReason></data>"
    )


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        (RefusalReason.WRONG_LINK, "1", "Ссылка не верна"),
        (RefusalReason.SIGNATURE_NEGATIVE, "2", "Отрицательный результат проверки ЭЦП"),
        (RefusalReason.AGAINST_RULES, "3", "Не соответствует регламенту"),
    ],
)
def test_a_reason_is_written_as_code_or_as_words(reason: RefusalReason, code: str, words: str) -> None:
    notice = of(NoticeKind.NOT_VALID, reason=reason, reason_text="ignored")
    assert f"<isValidReason>{code}</isValidReason>".encode() in written(notice)
    by_words = kit.config(receiver=ReceiverConfig(not_valid_reason="text"))
    assert f"<isValidReason>{words}</isValidReason>".encode() in written(notice, config=by_words)


@pytest.mark.parametrize(
    "notice",
    [of(NoticeKind.REGISTERED), of(NoticeKind.NOT_VALID), of(NoticeKind.NOT_VALID, reason=RefusalReason.OTHER)],
)
def test_a_notice_that_says_too_little_is_not_sent(notice: Notice) -> None:
    with pytest.raises(Final) as caught:
        written(notice)
    assert caught.value.code == "exchange.notice-incomplete"


# --- read ------------------------------------------------------------------------------------------------------------
def test_reads_the_registration_of_the_reference() -> None:
    fields = "<date>2026-11-20T16:39:58.000+05:00</date><idPortalInternal>0</idPortalInternal><regNo>EX-1</regNo>"
    assert read(kit.notice("stateRegistered", fields)) == Notice(
        document_id=DOCUMENT,
        kind=NoticeKind.REGISTERED,
        speaker=kit.PEER,
        addressee=str(kit.US),
        said_at=datetime(2026, 11, 20, 11, 39, 58, tzinfo=UTC),
        registration_number="EX-1",
        details=(("idPortalInternal", "0"),),
        sha256=RAW,
    )


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_we_read_what_we_write(kind: NoticeKind) -> None:
    _, own = notices.FIELDS[kind]
    values = dict.fromkeys(("execDate", "realDate"), "2026-12-01T00:00:00.000+05:00")
    kept = [
        name for name in own if name not in {"date", "regNo", "isValidReason", "userUin", "description", "resultText"}
    ]
    details = tuple((name, values.get(name, "7")) for name in kept)
    notice = of(kind, details=details, registration_number="1", reason=RefusalReason.WRONG_LINK, text="words")
    found = read(written(notice))
    assert found.kind is kind
    assert [pair for pair in found.details if pair[1] != "words"] == list(details)
    assert found.registration_number == ("1" if kind is NoticeKind.REGISTERED else None)
    assert found.reason == (RefusalReason.WRONG_LINK if kind is NoticeKind.NOT_VALID else None)
    assert found.text == ("words" if kind in {NoticeKind.PROCESSED_IN_CENTRE, NoticeKind.FINISHED} else None)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ("1", RefusalReason.WRONG_LINK),
        (" 2 ", RefusalReason.SIGNATURE_NEGATIVE),
        ("3", RefusalReason.AGAINST_RULES),
        ("Отрицательный результат проверки ЭЦП", RefusalReason.SIGNATURE_NEGATIVE),
        ("отрицательный  результат\nпроверки эцп.", RefusalReason.SIGNATURE_NEGATIVE),
        ("ссылка не верна", RefusalReason.WRONG_LINK),
        ("не соответствует регламенту", RefusalReason.AGAINST_RULES),
        ("Отправьте заново", RefusalReason.OTHER),
        ("4", RefusalReason.OTHER),
        ("22", RefusalReason.OTHER),
    ],
)
def test_a_reason_is_read_as_code_or_words_and_kept_as_it_came(stated: str, reason: RefusalReason) -> None:
    found = read(kit.notice("stateNotValid", f"<isValidReason>{stated}</isValidReason>"))
    assert (found.reason, found.reason_text) == (reason, stated.strip())


def test_a_refusal_without_a_reason_has_none() -> None:
    found = read(kit.notice("stateNotValid", "<isValidReason/>"))
    assert (found.reason, found.reason_text) == (None, None)


def test_a_mangled_reason_is_understood_shown_repaired_and_kept_as_it_came() -> None:
    plain = "Отрицательный результат проверки ЭЦП"
    mangled = plain.encode("cp1251").decode("latin-1")
    found = read(kit.notice("stateNotValid", f"<isValidReason>{mangled}</isValidReason>"))
    assert (found.reason, found.reason_text, found.text) == (RefusalReason.SIGNATURE_NEGATIVE, mangled, plain)


def test_repair_can_be_switched_off() -> None:
    mangled = "Сообщение".encode().decode("latin-1")
    shown = read(kit.notice("stateStartProcessResponse", f"<description>{mangled}</description>"))
    as_it_is = read(
        kit.notice("stateStartProcessResponse", f"<description>{mangled}</description>"),
        repairs=False,
    )
    assert (shown.text, as_it_is.text) == ("Сообщение", mangled)
    assert shown.details == (("description", mangled),)


def test_a_persons_number_is_not_copied_out_of_the_message() -> None:
    found = read(kit.notice("stateDelivered", "<date>2026-11-20T16:39:58Z</date><userUin>123456789011</userUin>"))
    assert "123456789011" not in repr(found)


def test_an_unreadable_date_is_no_date() -> None:
    assert read(kit.notice("stateDelivered", "<date>20.11.2026</date>")).said_at is None


def test_we_are_the_addressee_when_we_are_among_several() -> None:
    routing = f"<metadataSystem><performers>5</performers><performers>{kit.US}</performers><href>{kit.HREF}</href></metadataSystem>"
    found = read(kit.notice("stateDelivered", routing=routing))
    assert (found.addressee, found.speaker) == (str(kit.US), None)


def test_a_notice_about_nothing_is_for_a_person() -> None:
    root = schemas.parse_untrusted(kit.notice("stateDelivered", routing="").encode())
    found = notices.incoming(root, NoticeKind.DELIVERED, raw=RAW)
    assert found == NotUnderstood(what="exchange.href-unreadable")
