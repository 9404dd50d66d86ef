"""What is too large for the exchange, found before anything is signed.

Two limits, each with a finding of its own: one file has so many raw bytes at most, and the message of the exchange in which
it travels as base64 has so many. The container without its signature is measured as it will be packed: what is too large even
so is refused here; what only a signature could make too large is announced, and measured to the byte after signing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import signing
from adapter import conversion
from adapter.domain.outgoing import OutgoingDocument, message_bytes
from adapter.errors import Finding, Place, Severity
from adapter.usecases.convert import Composed
from adapter.usecases.findings import Places
from adapter.usecases.sign import container_objects

_ROOM = 64 * 1024
"""Bytes: what the names and the list of a container add to its contents, generously."""
_SIGNATURE_ROOM = 64 * 1024
"""Bytes: what a signature with its certificates, time-stamp and revocation evidence adds; 8 KiB without evidence."""
ANNOUNCEMENT = "docOutgoing"
"""The message that names the files, as findings call it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmitLimits:
    """What the exchange carries.

    max_file_bytes      one file, raw, in one call of the exchange's file store
    max_message_bytes   one message: the file as base64 in its envelope (domain/outgoing.py)
    """

    max_file_bytes: int = 10 * 1024 * 1024
    max_message_bytes: int = 15_000_000

    def carries(self, size: int) -> bool:
        """Whether a file of so many bytes passes both; exactly the limit does."""
        return size <= self.max_file_bytes and message_bytes(size) <= self.max_message_bytes


def size_findings(composed: Composed, limits: SubmitLimits, places: Places | None = None) -> tuple[Finding, ...]:
    """Every file that is known to be too large, each with its place, size and limit; exactly the limit passes."""
    page = len(composed.rendition.content)
    guid = composed.document.document_id.removeprefix("urn:uuid:")
    found: list[Finding] = [*too_large(f"{guid}.pdf", page, limits), *_attachments_too_large(composed, limits)]
    if not found and not limits.carries(_unpacked(composed) + _ROOM + _SIGNATURE_ROOM):
        packed = _packed(composed)
        name = f"{guid}.asice"
        found = [packed] if isinstance(packed, Finding) else [*too_large(name, packed, limits)]
        if isinstance(packed, int) and not found and not limits.carries(packed + _SIGNATURE_ROOM):
            params = {"file": name, "size": packed, "limit": limits.max_file_bytes, "message": limits.max_message_bytes}
            found = [Finding(code="submit.file-near-limit", severity=Severity.WARNING, params=params)]
    return places.of_document(composed.report, tuple(found)) if places is not None else tuple(found)


def too_large(file: str, size: int, limits: SubmitLimits, *, place: Place | None = None) -> tuple[Finding, ...]:
    """What a file of so many bytes breaks: the limit of a file, else that of the message around it; sizes in bytes."""
    where = place or Place()
    if size > limits.max_file_bytes:
        params = {"file": file, "size": size, "limit": limits.max_file_bytes}
        return (Finding(code="submit.file-too-large", severity=Severity.ERROR, params=params, place=where),)
    if not limits.carries(size):
        return (_message_too_large(file, size, message_bytes(size), limits, where),)
    return ()


def announcement_too_large(content: OutgoingDocument, limits: SubmitLimits) -> tuple[Finding, ...]:
    """The message that names the files carries the office's signature over them, with all its evidence."""
    raw = len(content.office_signature or b"")
    words = content.description.kk + content.description.ru
    size = message_bytes(raw) + len(words.encode())
    if size <= limits.max_message_bytes:
        return ()
    return (_message_too_large(ANNOUNCEMENT, raw, size, limits, Place()),)


def _message_too_large(file: str, raw: int, size: int, limits: SubmitLimits, place: Place) -> Finding:
    params = {"file": file, "raw": raw, "size": size, "limit": limits.max_message_bytes}
    return Finding(code="submit.message-too-large", severity=Severity.ERROR, params=params, place=place)


def _attachments_too_large(composed: Composed, limits: SubmitLimits) -> list[Finding]:
    """Those that make the container too large by themselves, whatever packing does for them."""
    found: list[Finding] = []
    for number, attachment in enumerate(composed.report.header.attachments, start=1):
        if limits.carries(attachment.size_bytes):
            continue
        (given,) = [one for one in composed.attachments if one.name == attachment.file_name]
        alone = signing.DataObject(name=given.name, media_type=given.media_type, open=given.open)
        packed = _size_of([alone])
        if isinstance(packed, Finding) or not limits.carries(packed):
            path = conversion.xpath_of(composed.report, ("header", "attachments", number - 1))
            found += too_large(given.name, attachment.size_bytes, limits, place=Place(xpath=path))
    return found


def _unpacked(composed: Composed) -> int:
    attached = sum(one.size_bytes for one in composed.report.header.attachments)
    return len(composed.document.content) + len(composed.rendition.content) + attached


def _packed(composed: Composed) -> int | Finding:
    return _size_of(container_objects(composed))


def _size_of(objects: Sequence[signing.DataObject]) -> int | Finding:
    """Bytes of a container of these without a signature, or why there can be none."""
    measured = _Measure()
    try:
        signing.write_unsigned_container(objects, cast("Any", measured))
    except signing.SigningError as error:
        return Finding(code=error.code, severity=Severity.ERROR, params=dict(error.params))
    return measured.size


class _Measure:
    """A file that keeps how long it is and nothing else."""

    def __init__(self) -> None:
        self.size = 0
        self._at = 0

    def write(self, content: bytes) -> int:
        self._at += len(content)
        self.size = max(self.size, self._at)
        return len(content)

    def seek(self, place: int) -> int:
        self._at = place
        return place

    def tell(self) -> int:
        return self._at

    def truncate(self) -> int:
        self.size = self._at
        return self.size
