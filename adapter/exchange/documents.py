"""`docOutgoing` of the universal service, to and from our values (reference, 3.2 and 8.1).

Every field of the table is written in its order. A text that we do not fill is an empty element, as in the template of
2026, or left out (`document.empty_elements`); a long or a dateTime is never empty. `secondSignData` always stands, so
that its absence is said and not guessed. Kazakh and Russian go in pairs.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final as Constant
from uuid import UUID

from lxml import etree

from adapter.domain.document import DocumentId
from adapter.domain.incoming import IncomingDocument, NotUnderstood
from adapter.domain.outgoing import OutgoingDocument, Words
from adapter.errors import Final
from adapter.exchange.config import ExchangeConfig
from adapter.exchange.markup import XSI, Markup, child, children, day, element, joined, midnight, stamp, text

DOCUMENT: Constant = "http://esedo.nitec.kz/service/model/document"
DOC_OUTGOING: Constant = (DOCUMENT, "docOutgoing")

_ORIGINAL: Constant = "1"
"""carrierType of an original electronic document; 3 would be an electronic copy of paper."""
_BOTH_LANGUAGES: Constant = "KZRU"
_URN: Constant = "urn:uuid:"
_ARMOUR: Constant = re.compile(r"-----[A-Z0-9 ]+-----")


def data_of(
    document: OutgoingDocument,
    *,
    files: Sequence[str],
    performer: str,
    activity: str,
    section: str,
    at: datetime,
    config: ExchangeConfig,
) -> Markup:
    """The `data` element of a document.

    files      identifiers given by the file store, in the order in which the files travel
    performer  participant id of the addressee
    activity   GUID of the mark (`activityId`); `section`: the same, or another when the settings say `distinct`

    Raises Final `exchange.office-signature-missing`, `exchange.language-missing`, `exchange.document-id`.
    """
    _require_both_languages(document)
    signature = _office_signature(document, config)
    language = _BOTH_LANGUAGES if config.document.doc_lang_case == "schema" else _BOTH_LANGUAGES.lower()
    texts = {
        "appendCount": str(len(document.files)),
        "authorNameKz": document.author.kk,
        "authorNameRu": document.author.ru,
        "carrierType": _ORIGINAL,
        "character": str(config.character),
        "controlTypeOuterCode": "",
        "controlTypeOuterNameKz": "",
        "controlTypeOuterNameRu": "",
        "description": f"{document.description.kk} / {document.description.ru}",
        "docDate": midnight(document.registration_date),
        "docKind": str(config.doc_kind),
        "docLang": language,
        "docNo": document.registration_number,
        "docNoR": "",
        "docRecPostKz": "",
        "docRecPostRu": "",
        "docToNumber": document.answers or "",
        "documentReceiverKz": document.recipient.kk,
        "documentReceiverRu": document.recipient.ru,
        "documentSectionId": section,
        "employeePhone": document.executor_phone,
        # A day: its first moment. The last one would be the next day for readers that still count +06:00.
        **({"executionDate": midnight(document.due_on)} if document.due_on else {}),
        "executor": document.executor,
        "idPortalInternal": "0",
        "outTime": stamp(at),
        "portalSign": "",
        "preparedDate": stamp(document.prepared_at),
        "resolutionText": "",
        "secondSignData": signature,
        "secondSignEnabled": "1" if signature else "0",
        "sectionId": "",
        "sheetCount": str(document.sheets),
        "signerNameKz": document.signer.kk,
        "signerNameRu": document.signer.ru,
        "userUin": "",
    }
    kept = texts.keys() if config.document.empty_elements == "as_template" else {"secondSignData"}
    fields = joined(*(element(name, value) for name, value in texts.items() if value or name in kept))
    attachments = joined(*(element("attachments", element("fileIdentifier", one)) for one in files))
    routing = metadata(href=guid_of(document.document_id), activity=activity, performer=performer, config=config)
    return typed_data("d", DOC_OUTGOING, joined(attachments, routing, fields))


def typed_data(prefix: str, type_: tuple[str, str], content: Markup) -> Markup:
    """`data` with its xsi:type; the prefix is declared on the element itself, where every reader looks first."""
    namespace, name = type_
    return element(
        "data",
        content,
        attributes={"xsi:type": f"{prefix}:{name}", "xmlns:xsi": XSI, f"xmlns:{prefix}": namespace},
    )


def metadata(*, href: str, activity: str, performer: str, config: ExchangeConfig) -> Markup:
    """`metadataSystem`: `href` is the key by which notices find their document."""
    return element(
        "metadataSystem",
        element("activityId", activity),
        element("from", str(config.participant.member)),
        element("href", href),
        element("performers", performer),
        element("senderOrg", str(config.participant.sender_org)),
    )


def guid_of(document_id: DocumentId) -> str:
    """The GUID that the exchange calls href. Raises Final `exchange.document-id` for what is no urn:uuid."""
    try:
        if document_id.startswith(_URN):
            return str(UUID(document_id.removeprefix(_URN)))
    except ValueError:
        pass
    raise Final("exchange.document-id", params={"document": document_id})


def _require_both_languages(document: OutgoingDocument) -> None:
    words = {
        "description": document.description,
        "author": document.author,
        "recipient": document.recipient,
        "signer": document.signer,
    }
    missing = [
        f"{name}.{language}"
        for name, both in words.items()
        for language, value in (("kk", both.kk), ("ru", both.ru))
        if not value.strip()
    ]
    if missing:
        raise Final("exchange.language-missing", params={"fields": ", ".join(missing)})


def _office_signature(document: OutgoingDocument, config: ExchangeConfig) -> str:
    if not config.is_office_signed:
        return ""
    if document.office_signature is None:
        raise Final("exchange.office-signature-missing", params={"document": document.document_id})
    return base64.b64encode(document.office_signature).decode("ascii")


# --- reading ---------------------------------------------------------------------------------------------------------
def incoming(content: etree._Element) -> IncomingDocument | NotUnderstood:
    """A `docOutgoing` addressed to us. Without a GUID or a sender it is a matter for a person."""
    document_id = document_id_of(content)
    sender = number(text(content, "metadataSystem", "from"))
    if document_id is None:
        return NotUnderstood(what="exchange.href-unreadable")
    if sender is None:
        return NotUnderstood(what="exchange.sender-missing")
    signer = Words(kk=text(content, "signerNameKz") or "", ru=text(content, "signerNameRu") or "")
    return IncomingDocument(
        document_id=document_id,
        sender=sender,
        files=_files(content),
        office_signature=_decoded(text(content, "secondSignData")),
        outgoing_number=text(content, "docNo") or "",
        outgoing_date=day(text(content, "docDate")),
        description=text(content, "description") or "",
        signer=signer if signer.kk or signer.ru else None,
    )


def document_id_of(content: etree._Element) -> DocumentId | None:
    """The document that a message speaks of; None when href is absent or no GUID (braces and upper case are read)."""
    href = text(content, "metadataSystem", "href")
    try:
        return None if href is None else DocumentId(f"{_URN}{UUID(href)}")
    except ValueError:
        return None


def number(value: str | None) -> str | None:
    """A participant id as a decimal string without leading zeros; None when absent or no number."""
    return str(int(value)) if value is not None and value.isascii() and value.isdigit() and len(value) <= 19 else None  # noqa: PLR2004 - a long has 19 digits


def performers(content: etree._Element) -> tuple[str, ...]:
    """Participant ids of the recipients, unreadable ones left out."""
    routing = child(content, "metadataSystem")
    found = () if routing is None else (number(text(one)) for one in children(routing, "performers"))
    return tuple(one for one in found if one is not None)


def _files(content: etree._Element) -> tuple[str, ...]:
    """Both forms: one `attachments` for each file (schema), or several identifiers inside one (seen)."""
    found = (
        text(one) for attachment in children(content, "attachments") for one in children(attachment, "fileIdentifier")
    )
    return tuple(one for one in found if one is not None)


def _decoded(value: str | None) -> bytes | None:
    """The CMS, with or without PEM armour. What is no base64 is given on as it stands: absent it is not, and the
    verification of the office signature shall say that it is broken.
    """
    if value is None:
        return None
    bare = "".join(_ARMOUR.sub("", value).split())
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        return value.encode()
