"""What a person may leave out of a report file, and what then stands there. The one place where anything is filled in.

    left out                      stands there
    documentType                  what the outermost key says
    action                        new
    ruleset                       the ruleset the program was asked to use
    documentId                    version 5 UUID of sender, year of registration and registration number
    caseId                        ruleset, reporting year, document type, sender (business documents and publications)
    recipient                     who the ruleset names for this document and day
    dueDate                       the day the ruleset gives for this document and reporting year
    name of a body                its name in the list of state bodies
    bin of sender and recipient   the number that the settings know of that body
    sizeBytes, digest             of the attached file's bytes; given ones are compared
Nothing that was written is changed. What cannot be filled in stays missing, and the reader of the form says so.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import schemas
from adapter.conversion.roots import Root
from adapter.domain.document import BodyCode, DocumentType
from adapter.domain.header import RulesetRef, case_id, derived_document_id
from adapter.domain.reference import SHA256_URI
from adapter.errors import Finding
from adapter.sources.nodes import Entries, Entry, Items, Node, Scalar, finding

_CHUNK: Final = 256 * 1024
_OWN_CASE: Final = frozenset(DocumentType) - {DocumentType.RECEIPT, DocumentType.PROCESSING_RESPONSE}


def _nobody(_kind: DocumentType, _on: dt.date) -> BodyCode | None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceContext:
    """What the file does not say and the program knows.

    due_date   the legal day of a document for a reporting year, from the ruleset; None where there is none
    recipient  who receives a document on a day, from the ruleset; None where nobody is named
    bins       the BIN of each body that the settings know; a Receipt is proof under the number that the document states
    open_file  opens an attached file by the name in the form, from the start; raises OSError when there is none. The
               name has no path in it. None: files are not at hand, the form must give size and digest
    """

    ruleset: RulesetRef
    due_date: Callable[[DocumentType, int], dt.date | None]
    recipient: Callable[[DocumentType, dt.date], BodyCode | None] = _nobody
    bins: Mapping[BodyCode, str] = field(default_factory=dict)
    open_file: Callable[[str], BinaryIO] | None = None


def complete(document: Entries, root: Root, context: SourceContext) -> tuple[Entries, tuple[Finding, ...]]:
    """The document with its header completed, and findings about attached files."""
    header = document.get("header")
    if not isinstance(header, Entries):
        return document, ()
    filled = _with(header, _requisites(header, root.document_type, context))
    for party in ("sender", "recipient"):
        if (body := filled.get(party)) is not None:
            filled = _replaced(filled, (party,), _numbered(body, context.bins))
    findings: list[Finding] = []
    attachments = filled.get("attachments", "attachment")
    if isinstance(attachments, Items) and context.open_file is not None:
        items = tuple(_attachment(item, context.open_file, findings) for item in attachments.items)
        filled = _replaced(filled, ("attachments", "attachment"), Items(line=attachments.line, items=items))
    return _replaced(document, ("header",), filled), tuple(findings)


def named(body: Entries) -> Entries:
    """A reference to a body, with the name that the list of state bodies has for its code when it lacks one."""
    code = _text(body, "code")
    if body.get("name") is not None or code is None:
        return body
    known = schemas.body(code)
    return body if known is None else _with(body, {"name": {"kk": known.kk, "ru": known.ru}})


def _numbered(body: Node, bins: Mapping[BodyCode, str]) -> Node:
    """A reference to a body, or its code alone, with the BIN that the settings know where it gives none."""
    code = body.text if isinstance(body, Scalar) else _text(body, "code")
    number = bins.get(BodyCode((code or "").strip()))
    if number is None:
        return body
    if isinstance(body, Entries):
        return _with(body, {"bin": number})
    return _node({"code": code, "bin": number}, body.line)


def _requisites(header: Entries, kind: DocumentType, context: SourceContext) -> dict[str, object]:
    """Every requisite that can be filled in; those that the form gives are dropped by the caller."""
    filled: dict[str, object] = {
        "documentType": kind.value,
        "action": "new",
        "ruleset": {"id": context.ruleset.id, "version": context.ruleset.version},
    }
    ruleset = header.get("ruleset")
    used = RulesetRef(
        id=_text(ruleset, "id") or context.ruleset.id, version=_text(ruleset, "version") or context.ruleset.version
    )
    sender = _sender(header)
    year = _year(_text(header, "reportingYear"))
    registered = _day(_text(header, "registrationDate"))
    number = _text(header, "registrationNumber")
    if year and (due := context.due_date(kind, year)):
        filled["dueDate"] = due.isoformat()
    if registered and (recipient := context.recipient(kind, registered)):
        filled["recipient"] = {"code": recipient}
    if sender and year and kind in _OWN_CASE:
        filled["caseId"] = case_id(used, year, kind, sender)
    if sender and number and registered:
        filled["documentId"] = derived_document_id(sender, number, registered)
    return filled


def _attachment(item: Node, open_file: Callable[[str], BinaryIO], findings: list[Finding]) -> Node:
    name = _text(item, "fileName")
    if not isinstance(item, Entries) or name is None:
        return item
    if name.startswith(".") or any(sign in name for sign in "/\\:\0"):
        findings.append(finding("source.attachment-name", item.line, file=name))
        return item
    try:
        size, sha256 = _facts_of(open_file, name)
    except OSError:
        findings.append(finding("source.attachment-missing", item.line, file=name))
        return item
    value = base64.b64encode(sha256).decode()
    digest = item.get("digest")
    told = _text(digest, "value") if (_text(digest, "algorithm") or SHA256_URI) == SHA256_URI else None
    if (_text(item, "sizeBytes") or str(size)) != str(size) or (told or value) != value:
        findings.append(finding("source.attachment-differs", item.line, file=name, size=size, digest=sha256.hex()))
    return _with(item, {"sizeBytes": str(size), "digest": {"value": value}})


def _facts_of(open_file: Callable[[str], BinaryIO], name: str) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    with open_file(name) as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.digest()


def _sender(header: Entries) -> BodyCode | None:
    sender = header.get("sender")
    code = sender.text if isinstance(sender, Scalar) else _text(sender, "code")
    return BodyCode(code.strip()) if code and code.strip() else None


def _text(node: Node | None, key: str) -> str | None:
    found = node.get(key) if isinstance(node, Entries) else None
    return found.text.strip() if isinstance(found, Scalar) and found.text and found.text.strip() else None


def _year(text: str | None) -> int | None:
    return int(text) if text and len(text) == len("2026") and text.isascii() and text.isdigit() and int(text) else None


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text and len(text) == len("2026-11-10") else None
    except ValueError:
        return None


def _with(node: Entries, added: dict[str, object]) -> Entries:
    """The map with what it lacks; an entry that is null counts as lacking. New entries stand on the map's own line."""
    kept = tuple(entry for entry in node.entries if not (entry.key in added and _is_null(entry.value)))
    present = {entry.key for entry in kept}
    new = (
        Entry(key=key, line=node.line, value=_node(value, node.line))
        for key, value in added.items()
        if key not in present
    )
    return Entries(line=node.line, entries=(*kept, *new))


def _replaced(node: Entries, keys: tuple[str, ...], value: Node) -> Entries:
    changed = (
        Entry(key=entry.key, line=entry.line, value=value if entry.key in keys else entry.value)
        for entry in node.entries
    )
    return Entries(line=node.line, entries=tuple(changed))


def _node(value: object, line: int) -> Node:
    if isinstance(value, dict):
        inner = (Entry(key=key, line=line, value=_node(item, line)) for key, item in value.items())
        return Entries(line=line, entries=tuple(inner))
    return Scalar(line=line, text=str(value), quoted=True)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text is None
