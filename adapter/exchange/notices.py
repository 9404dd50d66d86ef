"""The twelve `state*` notices of the universal service, to and from Notice (reference, 3.3).

The table says the fields of each type in the order of the schema; what Notice has no place for travels in `details`.
A refusal's reason is a code or free text: both are read, the original is kept in `reason_text`. Text in a broken
encoding is repaired for `text` and for recognising the reason, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final as Constant

from lxml import etree

from adapter.domain.document import Sha256
from adapter.domain.incoming import IncomingNotice, NotUnderstood
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.errors import Final
from adapter.exchange.config import ExchangeConfig
from adapter.exchange.documents import document_id_of, guid_of, metadata, number, performers, typed_data
from adapter.exchange.encoding import repaired
from adapter.exchange.markup import Markup, element, instant, joined, stamp, text

NOTIFICATION: Constant = "http://esedo.nitec.kz/service/model/notification"

_CONTROL: Constant = ("controlTypeCode", "controlTypeNameKz", "controlTypeNameRu", "execDate")

FIELDS: Constant[Mapping[NoticeKind, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        NoticeKind.PROCESSED_IN_CENTRE: (
            "stateStartProcessResponse",
            ("date", "description", "idPortalInternal", "userUin"),
        ),
        NoticeKind.DELIVERED: ("stateDelivered", ("date", "idPortalInternal", "userUin")),
        NoticeKind.REGISTERED: (
            "stateRegistered",
            ("date", "idPortalInternal", "regNo", "secondSignNotifData", "userUin"),
        ),
        NoticeKind.NOT_VALID: (
            "stateNotValid",
            ("date", "idPortalInternal", "isValidReason", "secondSignNotifData", "userUin"),
        ),
        NoticeKind.EXECUTION: (
            "stateExecution",
            ("date", "execDate", "executive", "executivePhone", "idPortalInternal", "userUin"),
        ),
        NoticeKind.FINISHED: (
            "stateFinished",
            ("author", "idPortalInternal", "realDate", "resultCode", "resultText", "userUin"),
        ),
        NoticeKind.NEW_CONTROL: ("stateNewControl", _CONTROL),
        NoticeKind.PROLONGED: ("stateProlongExDate", _CONTROL),
        NoticeKind.NEW_DATE: ("stateNewExDate", _CONTROL),
        NoticeKind.OFF_CONTROL: ("stateTakeOfControl", ("execDate",)),
        NoticeKind.NEW_CONTROL_WRONG: ("stateNewControlWrong", ()),
        NoticeKind.OFF_CONTROL_WRONG: ("stateTakeOfControlWrong", ()),
    }
)
"""Kind -> the wire's type and its own fields in schema order."""

KIND_OF: Constant[Mapping[tuple[str, str], NoticeKind]] = MappingProxyType(
    {(NOTIFICATION, name): kind for kind, (name, _) in FIELDS.items()}
)

REASONS: Constant[Mapping[RefusalReason, tuple[str, str]]] = MappingProxyType(
    {
        RefusalReason.WRONG_LINK: ("1", "Ссылка не верна"),
        RefusalReason.SIGNATURE_NEGATIVE: ("2", "Отрицательный результат проверки ЭЦП"),
        RefusalReason.AGAINST_RULES: ("3", "Не соответствует регламенту"),
    }
)
"""isValidReason: code and words. A sample of 02.2026 has the words where the code belongs."""

_OWN_PLACE: Constant = frozenset({"date", "regNo", "isValidReason"})
_DISPLAYED: Constant = ("description", "resultText")
_NEVER_KEPT: Constant = frozenset({"userUin"})
"""A person's IIN: not copied out of the raw message."""


# --- writing ---------------------------------------------------------------------------------------------------------
def data_of(notice: Notice, *, performer: str, activity: str, at: datetime, config: ExchangeConfig) -> Markup:
    """The `data` element of a notice of ours. A date that the notice does not state is `at`; nothing else is invented.

    Raises Final `exchange.notice-incomplete` for a registration without a number or a refusal without a reason.
    """
    name, own = FIELDS[notice.kind]
    values = {**dict(notice.details), **_own_values(notice, at, config)}
    fields = joined(*(element(one, values[one]) for one in own if values.get(one)))
    routing = metadata(href=guid_of(notice.document_id), activity=activity, performer=performer, config=config)
    return typed_data("n", (NOTIFICATION, name), joined(routing, fields))


def _own_values(notice: Notice, at: datetime, config: ExchangeConfig) -> dict[str, str]:
    values = {"date": stamp(notice.said_at or at)}
    if notice.text is not None:
        values |= dict.fromkeys(_DISPLAYED, notice.text)
    if notice.kind is NoticeKind.REGISTERED:
        if not notice.registration_number:
            raise Final("exchange.notice-incomplete", params={"kind": notice.kind.value, "field": "regNo"})
        values["regNo"] = notice.registration_number
    if notice.kind is NoticeKind.NOT_VALID:
        values["isValidReason"] = _reason(notice, config)
    return values


def _reason(notice: Notice, config: ExchangeConfig) -> str:
    if notice.reason is not None and notice.reason in REASONS:
        code, words = REASONS[notice.reason]
        return code if config.receiver.not_valid_reason == "code" else words
    if not notice.reason_text:
        raise Final("exchange.notice-incomplete", params={"kind": notice.kind.value, "field": "isValidReason"})
    return notice.reason_text


# --- reading ---------------------------------------------------------------------------------------------------------
def incoming(
    content: etree._Element, kind: NoticeKind, *, raw: Sha256, own: str | None = None, repairs: bool = True
) -> IncomingNotice | NotUnderstood:
    """A notice; without a GUID a person must look.

    raw      digest of the message it stands in
    own      our participant id: of several performers the notice is then meant for us
    repairs  whether texts in a broken encoding are repaired for display
    """
    document_id = document_id_of(content)
    if document_id is None:
        return NotUnderstood(what="exchange.href-unreadable")
    _, names = FIELDS[kind]
    said = {name: value for name in names if (value := text(content, name)) is not None}
    shown = {name: repaired(value) if repairs else value for name, value in said.items()}
    reason_text = said.get("isValidReason")
    return IncomingNotice(
        notice=Notice(
            document_id=document_id,
            kind=kind,
            speaker=number(text(content, "metadataSystem", "from")),
            addressee=_addressee(content, own),
            said_at=instant(said.get("date")),
            registration_number=said.get("regNo"),
            reason=reason_of(shown["isValidReason"]) if reason_text is not None else None,
            reason_text=reason_text,
            text=_displayed(shown, reason_text),
            details=tuple(
                (name, value) for name, value in said.items() if name not in _OWN_PLACE and name not in _NEVER_KEPT
            ),
            sha256=raw,
        )
    )


def reason_of(stated: str) -> RefusalReason:
    """What a stated reason means: the code, the words however spaced and capitalised, else OTHER."""
    plain = " ".join(stated.split()).casefold().rstrip(". ")
    for reason, (code, words) in REASONS.items():
        if plain in {code, words.casefold()}:
            return reason
    return RefusalReason.OTHER


def _displayed(shown: Mapping[str, str], reason_text: str | None) -> str | None:
    for name in _DISPLAYED:
        if name in shown:
            return shown[name]
    repaired_reason = shown.get("isValidReason")
    return repaired_reason if repaired_reason != reason_text else None


def _addressee(content: etree._Element, own: str | None) -> str | None:
    """Us when we are among the performers, else the first of them."""
    found = performers(content)
    return own if own in found else next(iter(found), None)
