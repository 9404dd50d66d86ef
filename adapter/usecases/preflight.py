"""What is too large for the exchange, found before anything is signed.

A file travels raw in one call of the exchange's file store; that its base64 fits into one message is held at start, where
the two limits are compared. The container without its signature is measured as it will be packed: what is too large even
so is found here, the last few kilobytes after signing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import signing
from adapter import conversion
from adapter.errors import Finding, Place, Severity
from adapter.usecases.convert import Composed
from adapter.usecases.findings import Places
from adapter.usecases.sign import container_objects

_ROOM = 64 * 1024
"""Bytes: what the names and the list of a container add to its contents, generously."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmitLimits:
    """What the exchange carries.

    max_file_bytes      one file in one call of the exchange's file store
    """

    max_file_bytes: int = 10 * 1024 * 1024


def size_findings(composed: Composed, limits: SubmitLimits, places: Places | None = None) -> tuple[Finding, ...]:
    """Every file that is known to be too large, each with its place, size and limit; exactly the limit passes."""
    limit = limits.max_file_bytes
    page = len(composed.rendition.content)
    guid = composed.document.document_id.removeprefix("urn:uuid:")
    found = [too_large(f"{guid}.pdf", page, limit)] if page > limit else []
    found += _attachments_too_large(composed, limit)
    if not found and _unpacked(composed) + _ROOM > limit:
        packed = _packed(composed)
        found = [packed] if isinstance(packed, Finding) else []
        if isinstance(packed, int) and packed > limit:
            found = [too_large(f"{guid}.asice", packed, limit)]
    return places.of_document(composed.report, tuple(found)) if places is not None else tuple(found)


def too_large(file: str, size: int, limit: int, *, place: Place | None = None) -> Finding:
    """The finding about one file; sizes in bytes."""
    params = {"file": file, "size": size, "limit": limit}
    return Finding(code="submit.file-too-large", severity=Severity.ERROR, params=params, place=place or Place())


def _attachments_too_large(composed: Composed, limit: int) -> list[Finding]:
    """Those that make the container too large by themselves, whatever packing does for them."""
    found = []
    for number, attachment in enumerate(composed.report.header.attachments, start=1):
        if attachment.size_bytes <= limit:
            continue
        (given,) = [one for one in composed.attachments if one.name == attachment.file_name]
        alone = signing.DataObject(name=given.name, media_type=given.media_type, open=given.open)
        packed = _size_of([alone])
        if isinstance(packed, Finding) or packed > limit:
            path = conversion.xpath_of(composed.report, ("header", "attachments", number - 1))
            found.append(too_large(given.name, attachment.size_bytes, limit, place=Place(xpath=path)))
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
