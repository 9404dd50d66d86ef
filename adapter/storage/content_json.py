"""What travels, what came and what the rules found, as JSON of a stated version, and back through a strict reader.

A key that the reader does not know is refused: a newer program wrote it, and dropping it would change what is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.domain.outgoing import Content, OutgoingDocument, OutgoingNotice, TravellingFile, Words
from adapter.errors import Finding, Place, Severity
from adapter.storage.strict_json import (
    Fields,
    as_bytes,
    as_date,
    as_instant,
    as_pair,
    as_text,
    as_truth,
    as_whole,
    each,
    written,
)

CONTENT_VERSION = 1
FILES_VERSION = 1
FINDINGS_VERSION = 1


# --- content ---------------------------------------------------------------------------------------------------------
def content_to_json(content: Content) -> str:
    """The content of a delivery; the same value gives the same text."""
    if isinstance(content, OutgoingDocument):
        return written({"version": CONTENT_VERSION, "document": _document(content)})
    return written({"version": CONTENT_VERSION, "notice": _outgoing_notice(content)})


def content_from_json(text: str) -> Content:
    """The reverse. Final `storage.unreadable-row` for anything that this version did not write."""
    top = Fields.parse(text, "content", CONTENT_VERSION)
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
        "files": [_file(file) for file in document.files],
        "officeSignature": None if document.office_signature is None else document.office_signature.hex(),
        "preparedAt": document.prepared_at.isoformat(),
        "answers": document.answers,
        "dueOn": None if document.due_on is None else document.due_on.isoformat(),
        # only where it says something: older programs refuse words that they do not know
        **({"stampPending": True} if document.stamp_pending else {}),
    }


def _read_document(value: object) -> OutgoingDocument:
    fields = Fields(value, "content.document")
    document = OutgoingDocument(
        document_id=DocumentId(fields.take("documentId", as_text)),
        document_type=fields.take("documentType", DocumentType),
        sender=BodyCode(fields.take("sender", as_text)),
        addressee=BodyCode(fields.take("addressee", as_text)),
        registration_number=fields.take("registrationNumber", as_text),
        registration_date=fields.take("registrationDate", as_date),
        description=fields.take("description", _read_words),
        author=fields.take("author", _read_words),
        recipient=fields.take("recipient", _read_words),
        signer=fields.take("signer", _read_words),
        executor=fields.take("executor", as_text),
        executor_phone=fields.take("executorPhone", as_text),
        sheets=fields.take("sheets", as_whole),
        files=fields.take("files", each(lambda value: _read_file(value, "content.document.files"))),
        office_signature=fields.maybe("officeSignature", as_bytes),
        prepared_at=fields.take("preparedAt", as_instant),
        answers=fields.maybe("answers", as_text),
        due_on=fields.maybe("dueOn", as_date),
        stamp_pending=fields.maybe("stampPending", as_truth) or False,
    )
    fields.end()
    return document


def _file(file: TravellingFile) -> dict[str, object]:
    return {"name": file.name, "mediaType": file.media_type, "size": file.size, "sha256": file.sha256}


def _read_file(value: object, what: str) -> TravellingFile:
    fields = Fields(value, what)
    file = TravellingFile(
        name=fields.take("name", as_text),
        media_type=fields.take("mediaType", as_text),
        size=fields.take("size", as_whole),
        sha256=Sha256(fields.take("sha256", as_text)),
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
    fields = Fields(value, "content.notice")
    content = OutgoingNotice(
        notice=fields.take("notice", _read_notice),
        sender=BodyCode(fields.take("sender", as_text)),
        addressee=BodyCode(fields.take("addressee", as_text)),
    )
    fields.end()
    return content


def _read_notice(value: object) -> Notice:
    fields = Fields(value, "content.notice.notice")
    sha256 = fields.maybe("sha256", as_text)
    notice = Notice(
        document_id=DocumentId(fields.take("documentId", as_text)),
        kind=fields.take("kind", NoticeKind),
        speaker=fields.maybe("speaker", as_text),
        addressee=fields.maybe("addressee", as_text),
        said_at=fields.maybe("saidAt", as_instant),
        registration_number=fields.maybe("registrationNumber", as_text),
        reason=fields.maybe("reason", RefusalReason),
        reason_text=fields.maybe("reasonText", as_text),
        text=fields.maybe("text", as_text),
        details=fields.take("details", each(as_pair)),
        sha256=None if sha256 is None else Sha256(sha256),
    )
    fields.end()
    return notice


def _words(words: Words) -> dict[str, str]:
    return {"kk": words.kk, "ru": words.ru}


def _read_words(value: object) -> Words:
    fields = Fields(value, "words")
    words = Words(kk=fields.take("kk", as_text), ru=fields.take("ru", as_text))
    fields.end()
    return words


# --- files -----------------------------------------------------------------------------------------------------------
def files_to_json(files: tuple[TravellingFile, ...]) -> str:
    """The files that came with a message, in their order."""
    return written({"version": FILES_VERSION, "files": [_file(file) for file in files]})


def files_from_json(text: str) -> tuple[TravellingFile, ...]:
    """The reverse. Final `storage.unreadable-row` for anything that this version did not write."""
    top = Fields.parse(text, "files", FILES_VERSION)
    files = top.take("files", each(lambda value: _read_file(value, "files")))
    top.end()
    return files


# --- findings --------------------------------------------------------------------------------------------------------
def findings_to_json(findings: tuple[Finding, ...]) -> str:
    """Findings of a registered document. A parameter that JSON cannot hold is kept as the text it would be shown as."""
    return written(
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
    top = Fields.parse(text, "findings", FINDINGS_VERSION)
    findings = top.take("findings", each(_read_finding))
    top.end()
    return findings


def _read_finding(value: object) -> Finding:
    fields = Fields(value, "findings")
    finding = Finding(
        code=fields.take("code", as_text),
        severity=fields.take("severity", Severity),
        params=fields.take("params", _params),
        place=Place(
            file=fields.maybe("file", as_text),
            line=fields.maybe("line", as_whole),
            xpath=fields.maybe("xpath", as_text),
        ),
    )
    fields.end()
    return finding


def _params(value: object) -> Mapping[str, object]:
    fields = Fields(value, "findings.params")
    return MappingProxyType({name: _frozen(part) for name, part in fields.left.items()})


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
    return written(dict(details))


def details_from_json(text: str) -> Mapping[str, str | int | bool | None]:
    """The reverse."""
    return MappingProxyType(dict(Fields(json.loads(text), "details").left))
