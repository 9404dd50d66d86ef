"""What travels and what the rules found, as JSON of a stated version, and back through a strict reader.

A key that the reader does not know is refused: a newer program wrote it, and dropping it would change what is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.domain.outgoing import Content, OutgoingDocument, OutgoingNotice, TravellingFile, Words
from adapter.errors import Final, Finding, Place, Severity

CONTENT_VERSION = 1
FINDINGS_VERSION = 1

T = TypeVar("T")


# --- content ---------------------------------------------------------------------------------------------------------
def content_to_json(content: Content) -> str:
    """The content of a delivery; the same value gives the same text."""
    if isinstance(content, OutgoingDocument):
        return _text({"version": CONTENT_VERSION, "document": _document(content)})
    return _text({"version": CONTENT_VERSION, "notice": _outgoing_notice(content)})


def content_from_json(text: str) -> Content:
    """The reverse. Final `storage.unreadable-row` for anything that this version did not write."""
    top = _Fields.parse(text, "content", CONTENT_VERSION)
    document = top.maybe("document", _read_document)
    notice = top.maybe("notice", _read_outgoing_notice)
    top.end()
    if document is not None and notice is None:
        return document
    if notice is not None and document is None:
        return notice
    raise top.unreadable("content")


def _document(document: OutgoingDocument) -> dict[str, object]:
    return {
        "documentId": document.document_id,
        "documentType": document.document_type.value,
        "sender": document.sender,
        "addressee": document.addressee,
        "registrationNumber": document.registration_number,
        "registrationDate": document.registration_date.isoformat(),
        "description": _words(document.description),
        "author": _words(document.author),
        "recipient": _words(document.recipient),
        "signer": _words(document.signer),
        "executor": document.executor,
        "executorPhone": document.executor_phone,
        "sheets": document.sheets,
        "files": [
            {"name": file.name, "mediaType": file.media_type, "size": file.size, "sha256": file.sha256}
            for file in document.files
        ],
        "officeSignature": None if document.office_signature is None else document.office_signature.hex(),
        "preparedAt": document.prepared_at.isoformat(),
        "answers": document.answers,
        "dueOn": None if document.due_on is None else document.due_on.isoformat(),
    }


def _read_document(value: object) -> OutgoingDocument:
    fields = _Fields(value, "content.document")
    document = OutgoingDocument(
        document_id=DocumentId(fields.take("documentId", _str)),
        document_type=fields.take("documentType", DocumentType),
        sender=BodyCode(fields.take("sender", _str)),
        addressee=BodyCode(fields.take("addressee", _str)),
        registration_number=fields.take("registrationNumber", _str),
        registration_date=fields.take("registrationDate", _date),
        description=fields.take("description", _read_words),
        author=fields.take("author", _read_words),
        recipient=fields.take("recipient", _read_words),
        signer=fields.take("signer", _read_words),
        executor=fields.take("executor", _str),
        executor_phone=fields.take("executorPhone", _str),
        sheets=fields.take("sheets", _int),
        files=fields.take("files", _each(_read_file)),
        office_signature=fields.maybe("officeSignature", _hex),
        prepared_at=fields.take("preparedAt", _instant),
        answers=fields.maybe("answers", _str),
        due_on=fields.maybe("dueOn", _date),
    )
    fields.end()
    return document


def _read_file(value: object) -> TravellingFile:
    fields = _Fields(value, "content.document.files")
    file = TravellingFile(
        name=fields.take("name", _str),
        media_type=fields.take("mediaType", _str),
        size=fields.take("size", _int),
        sha256=Sha256(fields.take("sha256", _str)),
    )
    fields.end()
    return file


def _outgoing_notice(content: OutgoingNotice) -> dict[str, object]:
    notice = content.notice
    return {
        "sender": content.sender,
        "addressee": content.addressee,
        "notice": {
            "documentId": notice.document_id,
            "kind": notice.kind.value,
            "speaker": notice.speaker,
            "addressee": notice.addressee,
            "saidAt": None if notice.said_at is None else notice.said_at.isoformat(),
            "registrationNumber": notice.registration_number,
            "reason": None if notice.reason is None else notice.reason.value,
            "reasonText": notice.reason_text,
            "text": notice.text,
            "details": [list(pair) for pair in notice.details],
            "sha256": notice.sha256,
        },
    }


def _read_outgoing_notice(value: object) -> OutgoingNotice:
    fields = _Fields(value, "content.notice")
    content = OutgoingNotice(
        notice=fields.take("notice", _read_notice),
        sender=BodyCode(fields.take("sender", _str)),
        addressee=BodyCode(fields.take("addressee", _str)),
    )
    fields.end()
    return content


def _read_notice(value: object) -> Notice:
    fields = _Fields(value, "content.notice.notice")
    sha256 = fields.maybe("sha256", _str)
    notice = Notice(
        document_id=DocumentId(fields.take("documentId", _str)),
        kind=fields.take("kind", NoticeKind),
        speaker=fields.maybe("speaker", _str),
        addressee=fields.maybe("addressee", _str),
        said_at=fields.maybe("saidAt", _instant),
        registration_number=fields.maybe("registrationNumber", _str),
        reason=fields.maybe("reason", RefusalReason),
        reason_text=fields.maybe("reasonText", _str),
        text=fields.maybe("text", _str),
        details=fields.take("details", _each(_pair)),
        sha256=None if sha256 is None else Sha256(sha256),
    )
    fields.end()
    return notice


def _words(words: Words) -> dict[str, str]:
    return {"kk": words.kk, "ru": words.ru}


def _read_words(value: object) -> Words:
    fields = _Fields(value, "words")
    words = Words(kk=fields.take("kk", _str), ru=fields.take("ru", _str))
    fields.end()
    return words


# --- findings --------------------------------------------------------------------------------------------------------
def findings_to_json(findings: tuple[Finding, ...]) -> str:
    """Findings of a registered document. A parameter that JSON cannot hold is kept as the text it would be shown as."""
    return _text(
        {
            "version": FINDINGS_VERSION,
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity.value,
                    "params": _plain(finding.params),
                    "file": finding.place.file,
                    "line": finding.place.line,
                    "xpath": finding.place.xpath,
                }
                for finding in findings
            ],
        }
    )


def findings_from_json(text: str) -> tuple[Finding, ...]:
    """The reverse. Final `storage.unreadable-row` for anything that this version did not write."""
    top = _Fields.parse(text, "findings", FINDINGS_VERSION)
    findings = top.take("findings", _each(_read_finding))
    top.end()
    return findings


def _read_finding(value: object) -> Finding:
    fields = _Fields(value, "findings")
    finding = Finding(
        code=fields.take("code", _str),
        severity=fields.take("severity", Severity),
        params=fields.take("params", _params),
        place=Place(
            file=fields.maybe("file", _str), line=fields.maybe("line", _int), xpath=fields.maybe("xpath", _str)
        ),
    )
    fields.end()
    return finding


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        # A StrEnum is its value and nothing more.
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return str(value)


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(part) for name, part in value.items()})
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


# --- details of an audit event ---------------------------------------------------------------------------------------
def details_to_json(details: Mapping[str, str | int | bool | None]) -> str:
    """Details of an audit event; TypeError for a value that the chain's canonical form does not know."""
    for name, value in details.items():
        if not (value is None or isinstance(value, bool | int | str)):
            raise TypeError(f"audit detail {name} is neither text, a whole number, a truth nor absent")
    return _text(dict(details))


def details_from_json(text: str) -> Mapping[str, str | int | bool | None]:
    """The reverse."""
    return MappingProxyType(dict(_Fields(json.loads(text), "details").left))


# --- the strict reader -----------------------------------------------------------------------------------------------
class _Fields:
    """The keys of one JSON object; each is taken once, and what is left at the end is refused."""

    def __init__(self, value: object, what: str) -> None:
        self.what = what
        if not isinstance(value, dict):
            raise self.unreadable("")
        self.left: dict[str, Any] = dict(value)

    @classmethod
    def parse(cls, text: str, what: str, version: int) -> _Fields:
        try:
            fields = cls(json.loads(text), what)
        except ValueError as error:
            raise Final("storage.unreadable-row", params={"what": what, "key": ""}) from error
        if fields.left.pop("version", None) != version:
            raise fields.unreadable("version")
        return fields

    def take(self, key: str, read: Callable[[Any], T]) -> T:
        """The value of a key that must be there."""
        if key not in self.left:
            raise self.unreadable(key)
        try:
            return read(self.left.pop(key))
        except (TypeError, ValueError) as error:
            raise self.unreadable(key) from error

    def maybe(self, key: str, read: Callable[[Any], T]) -> T | None:
        """The value of a key that may be absent or null."""
        if self.left.get(key) is None:
            self.left.pop(key, None)
            return None
        return self.take(key, read)

    def end(self) -> None:
        """Refuse what nobody took."""
        if self.left:
            raise self.unreadable(min(self.left))

    def unreadable(self, key: str) -> Final:
        """The refusal; names the key, never the value."""
        return Final("storage.unreadable-row", params={"what": self.what, "key": key})


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value


def _date(value: object) -> date:
    return date.fromisoformat(_str(value))


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_str(value))
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant


def _hex(value: object) -> bytes:
    return bytes.fromhex(_str(value))


def _pair(value: object) -> tuple[str, str]:
    if not isinstance(value, list):
        raise TypeError("not a pair")
    name, text = value
    return _str(name), _str(text)


def _params(value: object) -> Mapping[str, object]:
    fields = _Fields(value, "findings.params")
    return MappingProxyType({name: _frozen(part) for name, part in fields.left.items()})


def _each(read: Callable[[Any], T]) -> Callable[[object], tuple[T, ...]]:
    def reader(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise TypeError("not a list")
        return tuple(read(part) for part in value)

    return reader
